/* See state.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/state.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

static bool
can_hold_state (const char *dir, const char *state_dir)
{
    return access (fs_is_dir (state_dir) ? state_dir : dir, W_OK | X_OK) == 0;
}

static char *
fallback_dir (struct arena *a, const char *dir)
{
    char hex[HASH_HEX_SIZE];
    hash_bytes (dir, strlen (dir), hex);
    const char *state_home = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    if (state_home && state_home[0] == '/')
        return arena_printf (a, "%s/chard/%.16s", state_home, hex);
    return arena_printf (a, "%s/.local/state/chard/%.16s", home ? home : "/tmp", hex);
}

static char *
choose_dir (struct arena *a, const char *dir)
{
    const char *chosen = getenv ("CHARD_HOME");
    cleanup_free char *real = realpath (dir, NULL);
    if (chosen && chosen[0]) { /* the notebook's own folder: out of the way of its files */
        char *absolute = fs_absolute (a, chosen);
        cleanup_free char *home = realpath (absolute, NULL);
        return real && home && strcmp (real, home) == 0 ? fs_join (a, absolute, ".chard") : absolute;
    }
    char *beside = fs_join (a, real ? real : fs_absolute (a, dir), ".chard");
    return can_hold_state (dir, beside) ? beside : fallback_dir (a, real ? real : dir);
}

int
state_open (struct state *s, struct arena *a, const char *dir, bool create, struct error *err)
{
    struct state found = { .dir = choose_dir (a, dir), .lock = -1 };
    found.runs = fs_join (a, found.dir, "runs");
    found.cache = fs_join (a, found.dir, "cache");
    if (create) {
        if (fs_mkdirs (found.runs, err) < 0 || fs_mkdirs (found.cache, err) < 0)
            return -1;
        char *ignore = fs_join (a, found.dir, ".gitignore");
        if (!fs_exists (ignore) && fs_write (ignore, "*\n", 2, err) < 0)
            return -1;
    }
    *s = found;
    return 0;
}

int
state_lock (struct state *s, bool exclusive, struct error *err)
{
    cleanup_free char *path = xasprintf ("%s/lock", s->dir);
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno (err, "%s", path);
    int status;
    while ((status = flock (fd, exclusive ? LOCK_EX | LOCK_NB : LOCK_SH)) < 0 && errno == EINTR)
        ;
    if (status < 0 && exclusive && errno == EWOULDBLOCK) {
        close (fd);
        return 1;
    }
    if (status < 0 && errno != ENOLCK && errno != EOPNOTSUPP) {
        error_errno (err, "%s", path);
        close (fd);
        return -1;
    }
    state_close (s);
    s->lock = fd;
    return 0;
}

void
state_close (struct state *s)
{
    if (s->lock >= 0)
        close (s->lock);
    s->lock = -1;
}

char *
state_new_id (struct arena *a, int attempt)
{
    struct timespec now;
    struct tm local;
    char stamp[32];
    clock_gettime (CLOCK_REALTIME, &now);
    localtime_r (&now.tv_sec, &local);
    strftime (stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    return arena_printf (a, "%s-%03lx%x", stamp, now.tv_nsec / 1000000, (attempt + (unsigned) getpid ()) & 15);
}

char *
state_create_run (const struct state *s, struct arena *a, struct error *err)
{
    for (int attempt = 0; attempt < 1000; attempt++) {
        char *id = state_new_id (a, attempt);
        char *path = fs_join (a, s->runs, id);
        if (mkdir (path, 0777) == 0)
            return fs_mkdirs (fs_join (a, path, "steps"), err) < 0 ? NULL : id;
        if (errno != EEXIST) {
            error_errno (err, "%s", path);
            return NULL;
        }
        usleep (300);
    }
    error_set (err, ERROR_ENVIRONMENT, "%s: can't find a free name for the run", s->runs);
    return NULL;
}

char *
state_run_dir (const struct state *s, struct arena *a, const char *id)
{
    return fs_join (a, s->runs, id);
}

void
state_list_runs (const struct state *s, struct arena *a, struct vec_str *ids)
{
    DIR *d = opendir (s->runs);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir (d));)
        if (isdigit ((unsigned char) e->d_name[0]))
            vec_push (a, ids, arena_strdup (a, e->d_name));
    closedir (d);
    vec_str_sort (ids);
}

static bool
id_matches (const char *id, const char *wanted)
{
    size_t n = strlen (id), m = strlen (wanted);
    return strncmp (id, wanted, m) == 0 || (m < n && strcmp (id + n - m, wanted) == 0);
}

char *
state_choose_run (const struct vec_str *ids, const char *wanted, const char *where, struct error *err)
{
    const char *found = NULL;
    if (ids->len == 0) {
        error_set (err, ERROR_USAGE, "there are no runs in %s yet: chard run NOTEBOOK makes one", where);
        return NULL;
    }
    if (!wanted || strcmp (wanted, "latest") == 0)
        return (char *) ids->items[ids->len - 1];
    vec_foreach (id, ids) {
        if (strcmp (*id, wanted) == 0)
            return (char *) *id;
        if (!id_matches (*id, wanted))
            continue;
        if (found) {
            error_set (err, ERROR_USAGE, "more than one run fits “%s”: %s, %s", wanted, found, *id);
            return NULL;
        }
        found = *id;
    }
    if (!found)
        error_set (err, ERROR_USAGE, "there is no run “%s” in %s; the last one is %s", wanted, where,
                   ids->items[ids->len - 1]);
    return (char *) found;
}

char *
state_find_run (const struct state *s, struct arena *a, const char *wanted, struct error *err)
{
    struct vec_str ids = { 0 };
    state_list_runs (s, a, &ids);
    return state_choose_run (&ids, wanted, s->dir, err);
}

static void
sweep_step (struct arena *a, const char *dir)
{
    DIR *d = opendir (dir);
    for (struct dirent *e; d && (e = readdir (d));)
        if (strncmp (e->d_name, "result.tmp-", 11) == 0 || strncmp (e->d_name, "result.old-", 11) == 0)
            fs_remove_tree (fs_join (a, dir, e->d_name), NULL);
    if (d)
        closedir (d);
}

void
state_sweep_run (struct arena *a, const char *run_dir)
{
    char *steps = fs_join (a, run_dir, "steps");
    DIR *d = opendir (steps);
    for (struct dirent *e; d && (e = readdir (d));)
        if (e->d_name[0] != '.')
            sweep_step (a, fs_join (a, steps, e->d_name));
    if (d)
        closedir (d);
}

char *
state_step_dir (struct arena *a, int index, const char *name)
{
    char *dir = arena_printf (a, "%02d-%.40s", index, name);
    for (char *c = dir; *c; c++)
        if (!isascii ((unsigned char) *c) || (!isalnum ((unsigned char) *c) && !strchr ("._-", *c)))
            *c = '_';
    return dir;
}
