/* How large the cache is, and making it smaller. See cache.h.
 *
 * To look at every entry after every run would cost more the more there is. So .chard/cache/.size holds a number that
 * the cache is never larger than: whoever stores an entry adds its bytes first, under a lock, so that a process which
 * is killed in between leaves the number too large and never too small. Only when it passes the limit is everything
 * looked at, and the number made true. No number, or none that can be read: it is looked at, too.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/cache.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_SIZE (10ULL << 30)
#define UNKNOWN UINT64_MAX

/* ---- the number ---- */

static int
open_size (const struct state *s, struct arena *a, int flags)
{
    int fd = open (fs_join (a, s->cache, ".size"), flags | O_CLOEXEC, 0666);
    if (fd >= 0 && flock (fd, LOCK_EX) < 0) {
        close (fd);
        return -1;
    }
    return fd;
}

static uint64_t
read_size (int fd)
{
    char text[32], *end;
    ssize_t n = fd < 0 ? -1 : pread (fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    errno = 0;
    uint64_t size = strtoull (text, &end, 10);
    return n > 1 && isdigit ((unsigned char) text[0]) && *end == '\n' && errno == 0 ? size : UNKNOWN;
}

/* Whoever is killed in here leaves no whole line, and so no number. */
static void
write_size (int fd, uint64_t size)
{
    char text[32];
    size_t len = (size_t) snprintf (text, sizeof text, "%" PRIu64 "\n", size);
    if (ftruncate (fd, 0) < 0 || pwrite (fd, text, len, 0) != (ssize_t) len)
        return; /* a full disk: the same, no number */
}

void
cache_size_grow (const struct state *s, struct arena *a, uint64_t bytes)
{
    cleanup_fd int fd = open_size (s, a, O_RDWR);
    uint64_t size = read_size (fd);
    if (size != UNKNOWN)
        write_size (fd, size + bytes);
}

/* ---- looking at everything ---- */

struct entry {
    const char *path;
    uint64_t bytes;
    int64_t used; /* nanoseconds since 1970; 0: never finished */
};

static int
compare_used (const void *x, const void *y)
{
    int64_t a = ((const struct entry *) x)->used, b = ((const struct entry *) y)->used;
    return a < b ? -1 : a > b;
}

static struct entry
look_at (struct arena *a, const struct state *s, const char *name)
{
    struct entry e = { .path = fs_join (a, s->cache, name) };
    struct stat st;
    e.bytes = fs_tree_size (e.path);
    /* what has no entry.json was never finished: first to go */
    if (strlen (name) == HASH_HEX_SIZE - 1 && stat (fs_join (a, e.path, "entry.json"), &st) == 0)
        e.used = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
    return e;
}

/* Under another name first: never is half an entry to be found under its own. */
static int
remove_entry (struct arena *a, const struct state *s, const char *path)
{
    if (strncmp (fs_basename (path), "doomed-", 7) == 0) /* by a process that was killed then */
        return fs_remove_tree (path, NULL);
    char *doomed = arena_printf (a, "%s/doomed-%s", s->cache, fs_basename (path));
    if (fs_remove_tree (doomed, NULL) < 0 || rename (path, doomed) < 0)
        return -1;
    return fs_remove_tree (doomed, NULL);
}

int
cache_collect (struct state *s, uint64_t max_bytes, struct cache_usage *usage, struct error *err)
{
    struct cache_usage u = { 0 };
    if (!fs_is_dir (s->cache)) {
        *usage = u;
        return 0;
    }
    int locked = state_lock (s, true, err);
    if (locked != 0)
        return locked;
    struct arena *a = arena_create ();
    vec (struct entry) entries = { 0 };
    DIR *d = opendir (s->cache);
    for (struct dirent *e; d && (e = readdir (d));)
        if (e->d_name[0] != '.')
            vec_push (a, &entries, look_at (a, s, e->d_name));
    if (d)
        closedir (d);
    if (entries.len)
        qsort (entries.items, entries.len, sizeof *entries.items, compare_used);
    vec_foreach (e, &entries)
        u.bytes += e->bytes;
    u.entries = (int) entries.len;
    vec_foreach (e, &entries) {
        if (e->used != 0 && u.bytes <= max_bytes)
            break;
        if (remove_entry (a, s, e->path) < 0)
            continue;
        u.bytes -= e->bytes;
        u.freed += e->bytes;
        u.removed++;
        u.entries--;
    }
    cleanup_fd int size = open_size (s, a, O_RDWR | O_CREAT);
    if (size >= 0)
        write_size (size, u.bytes);
    arena_destroy (a);
    state_close (s);
    *usage = u;
    return 0;
}

void
cache_keep_within (struct state *s, uint64_t max_bytes)
{
    struct arena *a = arena_create ();
    int fd = open_size (s, a, O_RDONLY);
    uint64_t size = read_size (fd);
    struct cache_usage usage;
    if (fd >= 0)
        close (fd); /* and with it the lock, which cache_collect takes too */
    if (size == UNKNOWN || size > max_bytes)
        cache_collect (s, max_bytes, &usage, NULL);
    arena_destroy (a);
}

/* ---- sizes as people say them ---- */

int
cache_limit (uint64_t *bytes, struct error *err)
{
    const char *said = getenv ("CHARD_CACHE_SIZE");
    if (said && said[0])
        return cache_parse_size (said, bytes, err) < 0 ? error_wrap (err, "CHARD_CACHE_SIZE") : 0;
    *bytes = DEFAULT_SIZE;
    return 0;
}

int
cache_parse_size (const char *text, uint64_t *bytes, struct error *err)
{
    static const char letters[] = "KMGTP";
    char *end;
    double n = strtod (text, &end);
    double unit = 1;
    const char *letter = *end ? strchr (letters, toupper ((unsigned char) *end)) : NULL;
    if (letter) {
        bool decimal = end[1] == '\0' ? false : toupper ((unsigned char) end[1]) == 'B';
        unit = pow (decimal ? 1000 : 1024, (double) (letter - letters + 1));
        end += 1 + (end[1] == 'i') + (end[1] == 'B' || (end[1] == 'i' && end[2] == 'B'));
    } else if (*end == 'B')
        end++;
    if (end == text || *end || !(n >= 0) || n * unit > 9e18)
        return error_set (err, ERROR_USAGE, "“%s” is no size: write it as 500M or 10G", text);
    *bytes = (uint64_t) (n * unit);
    return 0;
}
