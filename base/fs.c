/* See fs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ENDLESS ((size_t) 512 << 20) /* what no pipe or device holds that is meant to be read whole */

int
fs_read (const char *path, char **data, size_t *len, struct error *err)
{
    cleanup_fd int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno (err, "%s", path);
    struct stat st;
    if (fstat (fd, &st) < 0)
        return error_errno (err, "%s", path);
    if (S_ISDIR (st.st_mode))
        return error_set (err, ERROR_ENVIRONMENT, "%s: is a directory, not a file", path);
    size_t cap = st.st_size > 0 ? (size_t) st.st_size + 1 : 1 << 16;
    cleanup_free char *buffer = xmalloc (cap + 1);
    size_t used = 0;
    for (;;) {
        if (used == cap)
            buffer = xrealloc (buffer, (cap *= 2) + 1);
        ssize_t n = read (fd, buffer + used, cap - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno (err, "%s", path);
        if (n == 0)
            break;
        used += (size_t) n;
        if (used > ENDLESS && !S_ISREG (st.st_mode))
            return error_set (err, ERROR_ENVIRONMENT, "%s: no file, and it doesn't end", path);
    }
    buffer[used] = '\0';
    *data = buffer;
    *len = used;
    buffer = NULL;
    return 0;
}

static int
write_all (int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write (fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t) n;
    }
    return 0;
}

/* A device or pipe (-o /dev/null, /dev/stdout) is written to: nothing may take its place. */
static int
write_special (const char *path, const void *data, size_t len, struct error *err)
{
    cleanup_fd int fd = open (path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write_all (fd, data, len) < 0)
        return error_errno (err, "%s", path);
    return 0;
}

/* A link stays one: what it leads to is replaced. */
static int
write_file (const char *path, const void *data, size_t len, bool sync, struct error *err)
{
    struct stat st;
    bool exists = stat (path, &st) == 0;
    if (exists && !S_ISREG (st.st_mode) && !S_ISDIR (st.st_mode))
        return write_special (path, data, len, err);
    mode_t mode = exists ? st.st_mode & 07777 : 0666;
    cleanup_free char *target = realpath (path, NULL);
    cleanup_free char *temporary = xasprintf ("%s.%d.tmp", target ? target : path, (int) getpid ());
    cleanup_fd int fd = open (temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return error_errno (err, "%s", path);
    if (write_all (fd, data, len) < 0 || (sync && fsync (fd) < 0) || rename (temporary, target ? target : path) < 0) {
        error_errno (err, "%s", path);
        unlink (temporary);
        return -1;
    }
    return 0;
}

int
fs_write (const char *path, const void *data, size_t len, struct error *err)
{
    return write_file (path, data, len, true, err);
}

int
fs_write_unsynced (const char *path, const void *data, size_t len, struct error *err)
{
    return write_file (path, data, len, false, err);
}

int
fs_mkdirs (const char *path, struct error *err)
{
    cleanup_free char *p = xstrdup (path);
    for (char *slash = p + 1;; slash++) {
        slash = strchr (slash, '/');
        if (slash)
            *slash = '\0';
        if (mkdir (p, 0777) < 0 && !(errno == EEXIST && fs_is_dir (p)))
            return error_errno (err, "%s", p);
        if (!slash)
            return 0;
        *slash = '/';
    }
}

static int
remove_at (int parent, const char *name)
{
    if (unlinkat (parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    DIR *dir = fdopendir (fd);
    if (!dir) {
        close (fd);
        return -1;
    }
    int status = 0;
    for (struct dirent *e; (e = readdir (dir));)
        if (strcmp (e->d_name, ".") != 0 && strcmp (e->d_name, "..") != 0 && remove_at (fd, e->d_name) < 0)
            status = -1;
    closedir (dir);
    return unlinkat (parent, name, AT_REMOVEDIR) < 0 ? -1 : status;
}

int
fs_remove_tree (const char *path, struct error *err)
{
    return remove_at (AT_FDCWD, path) < 0 ? error_errno (err, "%s", path) : 0;
}

bool
fs_is_dir (const char *path)
{
    struct stat st;
    return stat (path, &st) == 0 && S_ISDIR (st.st_mode);
}

bool
fs_exists (const char *path)
{
    return access (path, F_OK) == 0;
}

static uint64_t
size_at (int parent, const char *name)
{
    struct stat st;
    if (fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (!S_ISDIR (st.st_mode))
        return S_ISREG (st.st_mode) ? (uint64_t) st.st_size : 0;
    int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir (fd);
    if (!dir) {
        if (fd >= 0)
            close (fd);
        return 0;
    }
    uint64_t total = 0;
    for (struct dirent *e; (e = readdir (dir));)
        if (strcmp (e->d_name, ".") != 0 && strcmp (e->d_name, "..") != 0)
            total += size_at (fd, e->d_name);
    closedir (dir);
    return total;
}

uint64_t
fs_tree_size (const char *path)
{
    return size_at (AT_FDCWD, path);
}

char *
fs_dirname (struct arena *a, const char *path)
{
    const char *slash = strrchr (path, '/');
    if (!slash)
        return arena_strdup (a, ".");
    return slash == path ? arena_strdup (a, "/") : arena_strndup (a, path, (size_t) (slash - path));
}

const char *
fs_basename (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

char *
fs_stem (struct arena *a, const char *path)
{
    const char *base = fs_basename (path);
    const char *dot = strrchr (base, '.');
    return dot && dot != base ? arena_strndup (a, base, (size_t) (dot - base)) : arena_strdup (a, base);
}

char *
fs_join (struct arena *a, const char *dir, const char *name)
{
    if (name[0] == '/' || strcmp (dir, ".") == 0)
        return arena_strdup (a, name);
    size_t n = strlen (dir);
    return arena_printf (a, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

char *
fs_absolute (struct arena *a, const char *path)
{
    if (path[0] == '/')
        return arena_strdup (a, path);
    cleanup_free char *cwd = getcwd (NULL, 0);
    while (path[0] == '.' && (path[1] == '/' || !path[1]))
        path += 1 + strspn (path + 1, "/");
    return *path ? fs_join (a, cwd ? cwd : "/", path) : arena_strdup (a, cwd ? cwd : "/");
}

char *
fs_normalize (struct arena *a, const char *path)
{
    char *out = arena_alloc (a, strlen (path) + 2);
    size_t start = path[0] == '/', n = start, fixed = start; /* what stands before `fixed` can't be taken back */
    out[0] = '/';
    for (const char *p = path + start; *p;) {
        size_t len = strcspn (p, "/");
        bool up = len == 2 && p[0] == '.' && p[1] == '.';
        if (up && n > fixed) {
            while (n > fixed && out[n - 1] != '/')
                n--;
            n -= n > fixed;
        } else if (len && !(len == 1 && *p == '.') && !(up && start)) {
            if (n > start)
                out[n++] = '/';
            memcpy (out + n, p, len);
            n += len;
            fixed = up ? n : fixed;
        }
        p += len + (p[len] == '/');
    }
    if (n == 0)
        out[n++] = '.';
    out[n] = '\0';
    return out;
}

char *
fs_relative (struct arena *a, const char *from, const char *path)
{
    const char *x = fs_normalize (a, from), *y = fs_normalize (a, path);
    size_t common = 0;
    if (x[1] == '\0')
        return arena_strdup (a, y[1] ? y + 1 : ".");
    for (size_t i = 0;; i++) {
        bool end_x = x[i] == '/' || !x[i], end_y = y[i] == '/' || !y[i];
        if (end_x && end_y)
            common = i;
        if (x[i] != y[i] || !x[i])
            break;
    }
    char *up = arena_strdup (a, "");
    for (const char *p = x + common; *p; p++)
        if (*p == '/')
            up = arena_printf (a, "%s../", up);
    const char *rest = y + common + (y[common] == '/');
    return fs_normalize (a, arena_printf (a, "%s%s", up, rest));
}

static bool
has_suffix (const char *name, const char *const *suffixes)
{
    size_t n = strlen (name);
    for (; *suffixes; suffixes++) {
        size_t m = strlen (*suffixes);
        if (n > m && strcmp (name + n - m, *suffixes) == 0)
            return true;
    }
    return false;
}

static int
find_in (struct arena *a, const char *dir, const char *const *suffixes, struct vec_str *found, struct error *err)
{
    DIR *d = opendir (dir);
    if (!d)
        return error_errno (err, "%s", dir);
    int status = 0;
    for (struct dirent *e; status == 0 && (e = readdir (d));) {
        if (e->d_name[0] == '.')
            continue;
        char *path = fs_join (a, dir, e->d_name);
        struct stat st;
        if (lstat (path, &st) < 0)
            continue;
        if (S_ISDIR (st.st_mode))
            status = find_in (a, path, suffixes, found, err);
        else if (S_ISREG (st.st_mode) && has_suffix (e->d_name, suffixes))
            vec_push (a, found, path);
    }
    closedir (d);
    return status;
}

static int
compare_str (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
}

int
fs_find (struct arena *a, const char *dir, const char *const *suffixes, struct vec_str *found, struct error *err)
{
    size_t before = found->len;
    if (find_in (a, dir, suffixes, found, err) < 0)
        return -1;
    if (found->len > before)
        qsort (found->items + before, found->len - before, sizeof *found->items, compare_str);
    return 0;
}
