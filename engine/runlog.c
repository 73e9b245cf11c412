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
    return log;
}

void
runlog_destroy (struct runlog *log)
{
    if (!log)
        return;
    close (log->fd);
    free (log->path);
    free (log);
}

static double
wall_clock (void)
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
runlog_write (struct runlog *log, json_t *event, bool sync, struct error *err)
{
    json_object_set_new (event, "time", json_real (wall_clock ()));
    cleanup_free char *text = json_dumps (event, JSON_COMPACT | JSON_REAL_PRECISION (15));
    if (!text)
        return error_set (err, ERROR_ENVIRONMENT, "%s: an event can't be printed", log->path);
    size_t len = strlen (text);
    text[len] = '\n'; /* takes the NUL's place: append counts */
    if (append (log, text, len + 1) < 0 || (sync && fdatasync (log->fd) < 0))
        return error_errno (err, "%s", log->path);
    return 0;
}

static bool
is_alive (const char *path)
{
    cleanup_fd int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || flock (fd, LOCK_SH | LOCK_NB) == 0)
        return false;
    return errno == EWOULDBLOCK;
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
