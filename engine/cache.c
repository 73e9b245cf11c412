/* See cache.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/cache.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/gmac.h"
#include "doc/json_value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

/* ---- reading a result ---- */

static json_t *
load (struct arena *a, const char *dir, const char *name)
{
    return json_load_file (fs_join (a, dir, name), JSON_ALLOW_NUL, NULL);
}

static json_int_t
span_end (const json_t *span)
{
    return json_integer_value (json_array_get (span, 0)) + json_integer_value (json_array_get (span, 1));
}

/* Bytes that values.bin must have at least. */
static json_int_t
bytes_needed (const json_t *values)
{
    json_int_t most = 0;
    size_t i, j;
    const json_t *group, *span;
    json_array_foreach (json_object_get (values, "groups"), i, group) {
        if (span_end (json_object_get (group, "pickle")) > most)
            most = span_end (json_object_get (group, "pickle"));
        json_array_foreach (json_object_get (group, "buffers"), j, span)
            if (span_end (span) > most)
                most = span_end (span);
    }
    return most;
}

static bool
is_whole (struct arena *a, const struct result *r)
{
    const char *status = json_string_value (json_object_get (r->result, "status"));
    struct stat st;
    if (!status || strcmp (status, "ok") != 0 || !json_is_object (r->values))
        return false;
    json_int_t needed = bytes_needed (r->values);
    return needed == 0 || (stat (fs_join (a, r->dir, "values.bin"), &st) == 0 && st.st_size >= needed);
}

int
result_read (struct result *r, struct arena *a, const char *dir, struct error *err)
{
    struct result found = { .dir = dir };
    found.result = load (a, dir, "result.json");
    found.values = load (a, dir, "values.json");
    found.files = load (a, dir, "files.json");
    if (!is_whole (a, &found)) {
        result_clear (&found);
        return error_set (err, ERROR_ENVIRONMENT, "%s: not a whole result", dir);
    }
    *r = found;
    return 0;
}

void
result_clear (struct result *r)
{
    json_decref (r->values);
    json_decref (r->result);
    json_decref (r->files);
    *r = (struct result){ 0 };
}

const char *
result_value_digest (const struct result *r, struct arena *a, const char *name)
{
    size_t i;
    const json_t *group;
    json_array_foreach (json_object_get (r->values, "groups"), i, group)
        if (json_has_string (json_object_get (group, "names"), name)) {
            const char *hex = json_string_value (json_object_get (group, "sha256"));
            return hex ? arena_strdup (a, hex) : NULL;
        }
    return json_has_string (json_object_get (r->values, "unbound"), name) ? "unbound" : NULL;
}

/* ---- entries ---- */

/* Tells this boot of the machine from any other. */
static void
read_boot_id (char id[64])
{
    cleanup_fd int fd = open ("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read (fd, id, 36);
    id[n > 0 ? n : 0] = '\0';
}

static int
write_entry (struct arena *a, const char *dir, const char *key, struct error *err)
{
    char boot[64];
    read_boot_id (boot);
    json_auto_t *entry = json_pack ("{s:i,s:s,s:s,s:I}", "version", 1, "key", key, "boot", boot, "created",
                                    (json_int_t) time (NULL));
    cleanup_free char *text = json_dumps (entry, JSON_COMPACT);
    char *path = fs_join (a, dir, "entry.json");
    cleanup_fd int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t len = strlen (text);
    if (fd < 0 || write (fd, text, len) != (ssize_t) len)
        return error_errno (err, "%s", path);
    return 0;
}

/* Calls `add` with the bytes of a span of the file; false if they aren't all there. */
static bool
read_span (FILE *f, const json_t *span, void (*add) (void *to, const void *data, size_t len), void *to)
{
    static const size_t block = 1 << 20;
    cleanup_free char *buffer = xmalloc (block);
    json_int_t left = json_integer_value (json_array_get (span, 1));
    fseeko (f, (off_t) json_integer_value (json_array_get (span, 0)), SEEK_SET);
    while (left > 0) {
        size_t n = fread (buffer, 1, left < (json_int_t) block ? (size_t) left : block, f);
        if (n == 0)
            return false;
        add (to, buffer, n);
        left -= (json_int_t) n;
    }
    return true;
}

static void
add_to_hash (void *to, const void *data, size_t len)
{
    hash_add (to, data, len);
}

static void
add_to_gmac (void *to, const void *data, size_t len)
{
    gmac_add (to, data, len);
}

static bool
hash_buffer (struct hash *h, FILE *f, const json_t *span, bool fast)
{
    static const unsigned char key[] = "chard.hand-over.", iv[] = "values.bin.1";
    if (!fast)
        return read_span (f, span, add_to_hash, h);
    unsigned char tag[GMAC_SIZE];
    struct gmac *g = gmac_begin (key, iv, NULL);
    if (!g)
        return false;
    bool whole = read_span (f, span, add_to_gmac, g);
    gmac_end (g, tag);
    hash_add (h, tag, sizeof tag);
    return whole;
}

/* Digest of a group as step.py computes it: the pickle, then its buffers in order (templates/step.py, "RESULT"). */
static bool
group_matches (FILE *f, const json_t *group)
{
    const char *wanted = json_string_value (json_object_get (group, "sha256"));
    const char *algorithm = json_string_value (json_object_get (group, "algorithm"));
    bool fast = algorithm && strcmp (algorithm, "sha256-gmac") == 0;
    if (!wanted || (algorithm && !fast && strcmp (algorithm, "sha256") != 0))
        return false;
    struct hash *h = hash_begin ();
    bool whole = read_span (f, json_object_get (group, "pickle"), add_to_hash, h);
    size_t i;
    const json_t *span;
    json_array_foreach (json_object_get (group, "buffers"), i, span)
        whole &= hash_buffer (h, f, span, fast);
    char hex[HASH_HEX_SIZE];
    hash_end (h, hex);
    return whole && strcmp (hex, wanted) == 0;
}

static bool
values_match (struct arena *a, const struct result *r)
{
    cleanup_file FILE *f = fopen (fs_join (a, r->dir, "values.bin"), "re");
    size_t i;
    const json_t *group;
    json_array_foreach (json_object_get (r->values, "groups"), i, group)
        if (!f || !group_matches (f, group))
            return false;
    return true;
}

static bool
files_match (struct arena *a, const struct result *r)
{
    const char *path;
    json_t *file;
    json_object_foreach (r->files, path, file) {
        const char *stored = json_string_value (json_object_get (file, "stored"));
        const char *wanted = json_string_value (json_object_get (file, "sha256"));
        char hex[HASH_HEX_SIZE];
        if (stored && (hash_file (fs_join (a, r->dir, stored), hex, NULL) < 0 || !wanted || strcmp (hex, wanted) != 0))
            return false;
    }
    return true;
}

static bool
is_trusted (struct arena *a, const struct result *r, const char *key)
{
    char boot[64];
    read_boot_id (boot);
    json_auto_t *entry = load (a, r->dir, "entry.json");
    const char *made = json_string_value (json_object_get (entry, "boot"));
    if (made && strcmp (made, boot) == 0)
        return true;
    return values_match (a, r) && files_match (a, r) && write_entry (a, r->dir, key, NULL) == 0;
}

bool
cache_lookup (const struct state *s, struct arena *a, const char *key, struct result *found)
{
    char *dir = fs_join (a, s->cache, key);
    struct result r;
    if (!fs_is_dir (dir) || result_read (&r, a, dir, NULL) < 0)
        return false;
    if (!is_trusted (a, &r, key)) {
        result_clear (&r);
        return false;
    }
    utimensat (AT_FDCWD, fs_join (a, dir, "entry.json"), NULL, 0);
    *found = r;
    return true;
}

static void
link_to (struct arena *a, const char *entry, const char *key, const char *result_dir)
{
    char *target = arena_printf (a, "../../../../cache/%s", key);
    if (symlink (target, result_dir) < 0 && symlink (entry, result_dir) < 0)
        return; /* only for people and reports; the log names the entry too */
}

/* Puts `result_dir` where an entry may be: whoever looks sees the one or the other, never nothing. */
static int
put_in_place (const char *result_dir, const char *entry)
{
    if (rename (result_dir, entry) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -1;
    return renameat2 (AT_FDCWD, result_dir, AT_FDCWD, entry, RENAME_EXCHANGE);
}

char *
cache_store (const struct state *s, struct arena *a, const char *key, const char *result_dir, bool replace,
             struct error *err)
{
    char *entry = fs_join (a, s->cache, key);
    struct result old;
    bool keep = false;
    if (!replace && result_read (&old, a, entry, NULL) == 0) { /* another run was quicker */
        keep = is_trusted (a, &old, key);
        result_clear (&old);
    }
    if (write_entry (a, result_dir, key, err) < 0)
        return NULL;
    if (!keep)
        cache_size_grow (s, a, fs_tree_size (result_dir));
    if (!keep && put_in_place (result_dir, entry) < 0) {
        error_errno (err, "%s", entry);
        return NULL;
    }
    if (fs_exists (result_dir))
        fs_remove_tree (result_dir, NULL); /* ours, or the one whose place it took */
    link_to (a, entry, key, result_dir);
    return entry;
}

/* ---- files ---- */

static int
copy_file (const char *from, const char *to, struct error *err)
{
    cleanup_fd int in = open (from, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (in < 0 || fstat (in, &st) < 0)
        return error_errno (err, "%s", from);
    cleanup_free char *temporary = xasprintf ("%s.chard-%d.tmp", to, (int) getpid ());
    cleanup_fd int out = open (temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
    if (out < 0)
        return error_errno (err, "%s", to);
    ssize_t n;
    while ((n = copy_file_range (in, NULL, out, NULL, 1 << 30, 0)) > 0)
        ;
    cleanup_free char *buffer = n < 0 ? xmalloc (1 << 18) : NULL;
    while (buffer && (n = read (in, buffer, 1 << 18)) > 0)
        if (write (out, buffer, (size_t) n) != n) {
            n = -1;
            break;
        }
    if (n < 0 || rename (temporary, to) < 0) {
        error_errno (err, "%s", to);
        unlink (temporary);
        return -1;
    }
    return 0;
}

int
cache_keep_files (struct digests *d, struct arena *a, const char *result_dir, const char *notebook_dir,
                  const struct vec_str *paths, struct error *err)
{
    if (paths->len == 0)
        return 0;
    json_auto_t *files = json_object ();
    if (fs_mkdirs (fs_join (a, result_dir, "files"), err) < 0)
        return -1;
    for (size_t i = 0; i < paths->len; i++) {
        char *path = fs_join (a, notebook_dir, paths->items[i]);
        struct stat st;
        if (stat (path, &st) < 0)
            continue;
        json_t *file = json_pack ("{s:s}", "sha256", digests_path (d, a, path));
        json_object_set_new (files, paths->items[i], file);
        if (!S_ISREG (st.st_mode))
            continue;
        char *stored = arena_printf (a, "files/%zu", i);
        if (copy_file (path, fs_join (a, result_dir, stored), err) < 0)
            return -1;
        json_object_set_new (file, "stored", json_string (stored));
    }
    cleanup_free char *text = json_dumps (files, JSON_COMPACT);
    return fs_write (fs_join (a, result_dir, "files.json"), text, strlen (text), err);
}

int
cache_restore_file (struct digests *d, struct arena *a, const struct result *r, const char *notebook_dir,
                    const char *path, struct error *err)
{
    const json_t *file = json_object_get (r->files, path);
    const char *stored = json_string_value (json_object_get (file, "stored"));
    const char *wanted = json_string_value (json_object_get (file, "sha256"));
    char *target = fs_join (a, notebook_dir, path);
    if (!stored || !wanted || strcmp (digests_path (d, a, target), wanted) == 0)
        return 0;
    if (fs_mkdirs (fs_dirname (a, target), err) < 0)
        return -1;
    return copy_file (fs_join (a, r->dir, stored), target, err);
}
