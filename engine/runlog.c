/* See runlog.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/runlog.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

struct runlog {
    int fd;
    off_t len; /* bytes of whole lines */
    char *path;
    json_t *events;
};

struct runlog *
runlog_create (const char *path, struct error *err)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        error_errno (err, "%s", path);
        return NULL;
    }
    flock (fd, LOCK_EX | LOCK_NB);
    struct runlog *log = xcalloc (1, sizeof *log);
    log->fd = fd;
    log->path = xstrdup (path);
    log->events = json_array ();
    return log;
}

void
runlog_destroy (struct runlog *log)
{
    if (!log)
        return;
    close (log->fd);
    json_decref (log->events);
    free (log->path);
    free (log);
}

double
runlog_now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_REALTIME, &t);
    return (double) t.tv_sec + (double) (t.tv_nsec / 1000000) / 1e3;
}

/* One line in one write; a short write (the disk is full) is taken back. */
static int
append (struct runlog *log, const char *line, size_t len)
{
    ssize_t n;
    while ((n = write (log->fd, line, len)) < 0 && errno == EINTR)
        ;
    if (n == (ssize_t) len) {
        log->len += n;
        return 0;
    }
    int saved = n < 0 ? errno : ENOSPC;
    if (ftruncate (log->fd, log->len) < 0)
        log->len = lseek (log->fd, 0, SEEK_END);
    errno = saved;
    return -1;
}

int
runlog_write (struct runlog *log, json_t *event, struct error *err)
{
    json_object_set_new (event, "time", json_real (runlog_now ()));
    cleanup_free char *text = json_dumps (event, JSON_COMPACT | JSON_REAL_PRECISION (15));
    if (!text)
        return error_set (err, ERROR_ENVIRONMENT, "%s: an event can't be printed", log->path);
    size_t len = strlen (text);
    text[len] = '\n'; /* takes the NUL's place: append counts */
    if (append (log, text, len + 1) < 0)
        return error_errno (err, "%s", log->path);
    json_array_append (log->events, event);
    return 0;
}

int
runlog_sync (struct runlog *log, struct error *err)
{
    return fdatasync (log->fd) < 0 ? error_errno (err, "%s", log->path) : 0;
}

static bool
is_alive (const char *path)
{
    cleanup_fd int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || flock (fd, LOCK_SH | LOCK_NB) == 0)
        return false;
    return errno == EWOULDBLOCK;
}

struct runlog_content
runlog_written (const struct runlog *log)
{
    struct runlog_content c = { .events = log->events, .alive = true };
    c.ended = runlog_last (&c, "run.end", NULL) != NULL;
    return c;
}

int
runlog_read (const char *path, struct runlog_content *content, struct error *err)
{
    cleanup_free char *data = NULL;
    size_t len;
    bool alive = is_alive (path);
    if (fs_read (path, &data, &len, err) < 0)
        return -1;
    struct runlog_content c = { .events = json_array (), .alive = alive };
    for (char *line = data; line < data + len;) {
        char *end = memchr (line, '\n', (size_t) (data + len - line));
        json_t *event = end ? json_loadb (line, (size_t) (end - line), JSON_ALLOW_NUL, NULL) : NULL;
        if (json_is_object (event))
            json_array_append_new (c.events, event);
        else {
            json_decref (event);
            c.torn = true;
        }
        line = end ? end + 1 : data + len;
    }
    c.ended = runlog_last (&c, "run.end", NULL) != NULL;
    *content = c;
    return 0;
}

void
runlog_content_clear (struct runlog_content *content)
{
    json_decref (content->events);
    *content = (struct runlog_content){ 0 };
}

static bool
is_event (const json_t *e, const char *event, const char *step)
{
    const char *kind = json_string_value (json_object_get (e, "event"));
    const char *of = json_string_value (json_object_get (e, "step"));
    return kind && strcmp (kind, event) == 0 && (!step || (of && strcmp (of, step) == 0));
}

/* Whether the last line, which the file must hold whole, is a run.end: as it is written, that comes first in it. */
static bool
ends_with_run_end (FILE *f)
{
    static const char wanted[] = "{\"event\":\"run.end\"";
    char tail[4096];
    long size = fseek (f, 0, SEEK_END) == 0 ? ftell (f) : -1;
    if (size < 0 || fseek (f, size > (long) sizeof tail ? size - (long) sizeof tail : 0, SEEK_SET) < 0)
        return false;
    size_t n = fread (tail, 1, sizeof tail, f);
    if (n == 0 || tail[n - 1] != '\n')
        return false;
    const char *before = memrchr (tail, '\n', n - 1), *line = before ? before + 1 : tail;
    return (size_t) (tail + n - line) >= sizeof wanted && memcmp (line, wanted, sizeof wanted - 1) == 0;
}

int
runlog_look_at (const char *path, struct runlog_glance *glance)
{
    bool alive = is_alive (path);
    cleanup_file FILE *f = fopen (path, "re");
    cleanup_free char *line = NULL;
    size_t cap = 0;
    ssize_t n = f ? getline (&line, &cap, f) : -1;
    json_t *begin = n > 0 && line[n - 1] == '\n' ? json_loadb (line, (size_t) n, JSON_ALLOW_NUL, NULL) : NULL;
    if (!is_event (begin, "run.begin", NULL)) {
        json_decref (begin);
        return -1;
    }
    *glance = (struct runlog_glance){ .begin = begin, .ended = ends_with_run_end (f), .alive = alive };
    return 0;
}

json_t *
runlog_last_of_steps (const struct runlog_content *content, const char *event)
{
    json_t *last = json_object (), *e;
    size_t i;
    json_array_foreach (content->events, i, e)
        if (is_event (e, event, NULL))
            json_object_set (last, json_string_value (json_object_get (e, "step")), e);
    return last;
}

json_t *
runlog_first (const struct runlog_content *content, const char *event, const char *step)
{
    size_t i;
    json_t *e;
    json_array_foreach (content->events, i, e)
        if (is_event (e, event, step))
            return e;
    return NULL;
}

json_t *
runlog_last (const struct runlog_content *content, const char *event, const char *step)
{
    for (size_t i = json_array_size (content->events); i-- > 0;)
        if (is_event (json_array_get (content->events, i), event, step))
            return json_array_get (content->events, i);
    return NULL;
}
