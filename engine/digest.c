/* See digest.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/digest.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define REMEMBERED_MAX 20000

struct digests {
    char *file;
    json_t *known; /* path -> [inode, size, mtime in ns, digest] */
    bool changed;
};

struct digests *
digests_open (const struct state *s)
{
    struct digests *d = xcalloc (1, sizeof *d);
    d->file = xasprintf ("%s/digests.json", s->dir);
    d->known = json_load_file (d->file, 0, NULL);
    if (!json_is_object (d->known) || json_object_size (d->known) > REMEMBERED_MAX) {
        json_decref (d->known);
        d->known = json_object ();
    }
    return d;
}

void
digests_close (struct digests *d)
{
    if (!d)
        return;
    if (d->changed) {
        cleanup_free char *text = json_dumps (d->known, JSON_COMPACT);
        if (text)
            fs_write_unsynced (d->file, text, strlen (text), NULL); /* only a memory: losing it costs time */
    }
    json_decref (d->known);
    free (d->file);
    free (d);
}

static long long
in_ns (struct timespec t)
{
    return (long long) t.tv_sec * 1000000000 + t.tv_nsec;
}

static const char *
recall (const struct digests *d, const char *path, const struct stat *st)
{
    const json_t *row = json_object_get (d->known, path);
    if (json_integer_value (json_array_get (row, 0)) != (json_int_t) st->st_ino
        || json_integer_value (json_array_get (row, 1)) != (json_int_t) st->st_size
        || json_integer_value (json_array_get (row, 2)) != in_ns (st->st_mtim))
        return NULL;
    return json_string_value (json_array_get (row, 3));
}

static void
remember (struct digests *d, const char *path, const struct stat *st, const char *hex)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    if (in_ns (now) - in_ns (st->st_mtim) < 1000000000)
        return;
    json_object_set_new (d->known, path,
                         json_pack ("[IIIs]", (json_int_t) st->st_ino, (json_int_t) st->st_size,
                                    (json_int_t) in_ns (st->st_mtim), hex));
    d->changed = true;
}

static const char *
digest_file (struct digests *d, struct arena *a, const char *path, const struct stat *st)
{
    const char *known = recall (d, path, st);
    if (known)
        return arena_strdup (a, known);
    char hex[HASH_HEX_SIZE];
    if (hash_file (path, hex, NULL) < 0)
        return "absent";
    remember (d, path, st, hex);
    return arena_strdup (a, hex);
}

static const char *
digest_tree (struct digests *d, struct arena *a, const char *path)
{
    static const char *const any[] = { "", NULL };
    struct vec_str files = { 0 };
    if (fs_find (a, path, any, &files, NULL) < 0)
        return "absent";
    struct hash *h = hash_begin ();
    vec_foreach (f, &files) {
        hash_add_str (h, *f + strlen (path));
        hash_add_str (h, digests_path (d, a, *f));
    }
    char hex[HASH_HEX_SIZE];
    hash_end (h, hex);
    return arena_strdup (a, hex);
}

const char *
digests_path (struct digests *d, struct arena *a, const char *path)
{
    struct stat st;
    if (stat (path, &st) < 0)
        return "absent";
    if (S_ISDIR (st.st_mode))
        return digest_tree (d, a, path);
    return S_ISREG (st.st_mode) ? digest_file (d, a, path, &st) : "special";
}

/* ---- local modules ---- */

static char *
module_file (struct arena *a, const char *dir, const char *name)
{
    char *file = arena_printf (a, "%s/%s.py", dir, name);
    return fs_exists (file) ? file : NULL;
}

/* A directory counts as a package of ours only if Python files lie in it. */
static bool
module_package (struct arena *a, const char *dir, const char *name, struct vec_str *files)
{
    static const char *const python[] = { ".py", NULL };
    char *package = arena_printf (a, "%s/%s", dir, name);
    return fs_is_dir (package) && fs_find (a, package, python, files, NULL) == 0 && files->len > 0;
}

bool
digests_is_local_module (const char *dir, const char *name)
{
    struct arena *a = arena_create ();
    struct vec_str files = { 0 };
    bool local = module_file (a, dir, name) || module_package (a, dir, name, &files);
    arena_destroy (a);
    return local;
}

static const char *
word_after (const char *line, const char *keyword)
{
    size_t n = strlen (keyword);
    if (strncmp (line, keyword, n) != 0 || !isblank ((unsigned char) line[n]))
        return NULL;
    for (line += n; isblank ((unsigned char) *line); line++)
        ;
    return line;
}

static size_t
name_len (const char *s)
{
    size_t n = 0;
    while (isalnum ((unsigned char) s[n]) || s[n] == '_' || (unsigned char) s[n] >= 0x80)
        n++;
    return n;
}

/* Top-level names that one line of Python imports: "import a.b as c, d" gives a and d; "from a.b import c" gives a. */
static void
names_of_line (struct arena *a, const char *line, struct vec_str *names)
{
    while (isblank ((unsigned char) *line))
        line++;
    const char *from = word_after (line, "from"), *list = word_after (line, "import");
    if (from && name_len (from))
        vec_str_add_once (a, names, arena_strndup (a, from, name_len (from)));
    while (list && name_len (list)) {
        vec_str_add_once (a, names, arena_strndup (a, list, name_len (list)));
        size_t n = strcspn (list, ",\n#;");
        list = list[n] == ',' ? list + n + 1 : NULL;
        while (list && isblank ((unsigned char) *list))
            list++;
    }
}

static void
names_of_file (struct arena *a, const char *path, struct vec_str *names)
{
    cleanup_free char *data = NULL;
    size_t len;
    if (fs_read (path, &data, &len, NULL) < 0)
        return;
    for (char *line = data; line; line = strchr (line, '\n') ? strchr (line, '\n') + 1 : NULL)
        names_of_line (a, line, names);
}

void
digests_imports (struct arena *a, const struct vec_str *files, struct vec_str *names)
{
    vec_foreach (f, files)
        names_of_file (a, *f, names);
}

void
digests_local_modules (struct arena *a, const char *dir, const struct vec_str *imports, struct vec_str *files)
{
    struct vec_str names = { 0 };
    vec_foreach (name, imports)
        vec_str_add_once (a, &names, arena_strndup (a, *name, name_len (*name)));
    for (size_t i = 0; i < names.len; i++) { /* grows while it is walked */
        struct vec_str own = { 0 };
        char *file = names.items[i][0] ? module_file (a, dir, names.items[i]) : NULL;
        if (file)
            vec_push (a, &own, file);
        else if (names.items[i][0])
            module_package (a, dir, names.items[i], &own);
        vec_foreach (f, &own)
            if (vec_str_add_once (a, files, *f))
                names_of_file (a, *f, &names);
    }
    vec_str_sort (files);
}
