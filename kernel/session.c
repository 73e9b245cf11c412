/* See session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/session.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "doc/json_text.h"
#include "kernel/unnamed.h"
#include "kernel/whereabouts.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CELLS_MAX 10000 /* the oldest go first */
#define NO_FILE "session.ipynb"

struct executed {
    char *id;             /* cellId, or NULL */
    json_t *source, *tags; /* a string, NULL if it was too large; an array or NULL */
    struct timespec when;
};

struct session {
    struct whereabouts file;
    char *language;        /* or NULL */
    char *root;            /* the folder from which clients count their paths, or NULL */
    struct timespec began;
    bool by_program;       /* the cell that came last can't ask a person for input */
    struct executed *cells;
    size_t n, cap;
};

struct session *
session_create (const char *path)
{
    struct session *s = xcalloc (1, sizeof *s);
    session_set_path (s, path);
    clock_gettime (CLOCK_REALTIME, &s->began);
    return s;
}

static void
clear_cell (struct executed *c)
{
    free (c->id);
    json_decref (c->source);
    json_decref (c->tags);
}

void
session_destroy (struct session *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        clear_cell (&s->cells[i]);
    free (s->cells);
    free (s->language);
    free (s->root);
    whereabouts_set (&s->file, NULL);
    free (s);
}

void
session_set_path (struct session *s, const char *path)
{
    whereabouts_set (&s->file, path);
}

const char *
session_path (struct session *s)
{
    return whereabouts_get (&s->file);
}

static const char *
client_path (const json_t *metadata)
{
    return json_string_value (json_object_get (json_object_get (metadata, "chard"), "path"));
}

/* Where the client's notebook is; NULL if we can't tell. */
static const char *
resolve (const struct session *s, struct arena *a, const json_t *metadata)
{
    const char *relative = client_path (metadata), *path = relative && s->root ? fs_join (a, s->root, relative) : NULL;
    return path && access (path, R_OK) == 0 ? path : NULL;
}

/* The file that a program runs which doesn't say so. */
static const char *
find_unnamed (const struct session *s, struct arena *a, const char **why)
{
    struct vec_str ran = { 0 };
    for (size_t i = 0; i < s->n; i++)
        if (s->cells[i].id || !s->cells[i].source)
            return NULL;
        else
            vec_push (a, &ran, json_string_value (s->cells[i].source));
    return unnamed_find (a, &ran, &s->began, why);
}

static const char *
find_path (struct session *s, struct arena *a, const json_t *metadata, const char **why)
{
    const char *path = resolve (s, a, metadata);
    if (!path)
        path = session_path (s);
    return path ? path : find_unnamed (s, a, why);
}

const char *
session_path_for (struct session *s, struct arena *a, const json_t *metadata)
{
    const char *ignored;
    return find_path (s, a, metadata, &ignored);
}

static size_t
folder_length (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? (size_t) (slash + 1 - path) : 0;
}

/* If the first `n` bytes of the path that we know end with the first `m` of the client's, what stands before is the
 * folder. */
static void
learn_root (struct session *s, const char *path, size_t n, const char *relative, size_t m)
{
    if (n <= m || path[n - m - 1] != '/' || strncmp (path + n - m, relative, m) != 0)
        return;
    free (s->root);
    s->root = xasprintf ("%.*s", (int) (n - m), path);
}

/* Learns the client's folder, and where a notebook is that has been moved: most often within its folder. */
static void
follow (struct session *s, const json_t *metadata)
{
    const char *relative = client_path (metadata);
    const char *path = relative ? session_path (s) : NULL;
    if (!path || !*path || !*relative)
        return;
    learn_root (s, path, strlen (path), relative, strlen (relative));
    if (access (path, F_OK) == 0)
        return;
    if (!s->root)
        learn_root (s, path, folder_length (path), relative, folder_length (relative));
    struct arena *a = arena_create ();
    const char *moved = resolve (s, a, metadata);
    if (moved)
        session_set_path (s, moved);
    arena_destroy (a);
}

void
session_set_language (struct session *s, const char *name)
{
    free (s->language);
    s->language = xstrdup (name);
}

/* ---- what was executed ------------------------------------------------------------------------------------------ */

static struct executed *
find (const struct session *s, const char *id)
{
    for (size_t i = 0; id && i < s->n; i++)
        if (s->cells[i].id && strcmp (s->cells[i].id, id) == 0)
            return &s->cells[i];
    return NULL;
}

static struct executed *
add (struct session *s)
{
    if (s->n == CELLS_MAX) {
        clear_cell (&s->cells[0]);
        memmove (s->cells, s->cells + 1, --s->n * sizeof *s->cells);
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->cells = xrealloc (s->cells, s->cap * sizeof *s->cells);
    }
    return &s->cells[s->n++];
}

void
session_note (struct session *s, const json_t *content, const json_t *metadata)
{
    json_t *code = json_object_get (content, "code"), *tags = json_object_get (metadata, "tags");
    const char *id = json_string_value (json_object_get (metadata, "cellId"));
    follow (s, metadata);
    if (content)
        s->by_program = json_is_false (json_object_get (content, "allow_stdin")) && !id;
    if (content && (!json_is_string (code) || json_string_length (code) == 0
                    || json_is_true (json_object_get (content, "silent"))
                    || json_is_false (json_object_get (content, "store_history"))))
        return;
    struct executed *c = find (s, id);
    if (c)
        clear_cell (c);
    else
        c = add (s);
    *c = (struct executed){ .id = id ? xstrdup (id) : NULL, .source = content ? json_incref (code) : NULL,
                            .tags = json_is_array (tags) ? json_incref (tags) : NULL };
    clock_gettime (CLOCK_REALTIME, &c->when);
}

/* ---- as a notebook ---------------------------------------------------------------------------------------------- */

static char *
print (const json_t *notebook)
{
    return json_dumps (notebook, JSON_COMPACT | JSON_REAL_PRECISION (17));
}

static bool
is_before (const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

/* Whether a cell was executed as something else than what the file has. */
static bool
differs (const struct executed *c, const json_t *cell)
{
    const json_t *source = json_object_get (cell, "source");
    const json_t *tags = json_object_get (json_object_get (cell, "metadata"), "tags");
    cleanup_strbuf struct strbuf text = { 0 };
    size_t i;
    const json_t *line;
    if (json_is_string (source))
        strbuf_adds (&text, json_string_value (source));
    json_array_foreach (source, i, line)
        strbuf_adds (&text, json_is_string (line) ? json_string_value (line) : "");
    return strcmp (strbuf_str (&text), json_string_value (c->source)) != 0
           || (c->tags && !json_equal (c->tags, tags) && json_array_size (c->tags) + json_array_size (tags) > 0);
}

/* How many cells were taken as they ran; -1 if one can't be. */
static int
merge (const struct session *s, json_t *notebook, const struct stat *st, struct error *err)
{
    int newer = 0;
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get (notebook, "cells"), i, cell) {
        const struct executed *c = find (s, json_string_value (json_object_get (cell, "id")));
        if (!c || is_before (&c->when, &st->st_mtim))
            continue;
        if (!c->source)
            return error_set (err, ERROR_USAGE, "cell %zu ran since the notebook was saved, and is too large to be "
                                                "kept here: save the notebook first", i);
        if (!differs (c, cell))
            continue;
        json_object_set (cell, "source", c->source);
        json_t *metadata = json_object_get (cell, "metadata");
        if (c->tags && json_is_object (metadata))
            json_object_set (metadata, "tags", c->tags);
        newer++;
    }
    return newer;
}

/* The file with what is newer in the session; `nb->text` stays NULL where the file is as good, or can't be read: then
 * the command will say so. */
static int
merge_file (const struct session *s, struct session_notebook *nb, struct error *err)
{
    static const char *const skip[] = { "outputs", NULL };
    cleanup_free char *data = NULL;
    size_t len, n = strlen (nb->path);
    struct stat st;
    if (stat (nb->path, &st) < 0)
        return error_set (err, ERROR_USAGE, "the notebook that was open here is gone: %s was renamed, moved or "
                                            "deleted; name the one you mean, or shut the kernel down and start it anew "
                                            "there", nb->path);
    if (n < 6 || strcmp (nb->path + n - 6, ".ipynb") != 0 || fs_read (nb->path, &data, &len, NULL) < 0)
        return 0;
    json_auto_t *notebook = json_text_parse (data, len, skip, NULL);
    int newer = notebook ? merge (s, notebook, &st, err) : 0;
    if (newer < 0)
        return -1;
    nb->newer = newer;
    if (newer > 0)
        nb->text = print (notebook);
    return 0;
}

static json_t *
notebook_of_cells (const struct session *s)
{
    json_t *cells = json_array ();
    for (size_t i = 0; i < s->n; i++) {
        json_t *tags = s->cells[i].tags ? json_incref (s->cells[i].tags) : json_array ();
        json_array_append_new (cells, json_pack ("{s:s,s:{s:o},s:O,s:[],s:n}", "cell_type", "code", "metadata", "tags",
                                                 tags, "source", s->cells[i].source, "outputs", "execution_count"));
    }
    return json_pack ("{s:o,s:{s:{s:s}},s:i,s:i}", "cells", cells, "metadata", "language_info", "name",
                      s->language ? s->language : "python", "nbformat", 4, "nbformat_minor", 4);
}

/* What this session executed, where no file says more. */
static int
take_cells (const struct session *s, struct session_notebook *nb, struct error *err)
{
    if (s->n == 0)
        return error_set (err, ERROR_USAGE, "there is no notebook open and no cell was executed; name a notebook");
    for (size_t i = 0; i < s->n; i++)
        if (!s->cells[i].source)
            return error_set (err, ERROR_USAGE, "a cell that ran here is too large to be kept; write the cells into a "
                                                "notebook and name it");
    json_auto_t *notebook = notebook_of_cells (s);
    nb->text = print (notebook);
    return 0;
}

int
session_get_notebook (struct session *s, struct arena *a, const json_t *metadata, const char *cwd,
                      struct session_notebook *nb, struct error *err)
{
    const json_t *sent = json_object_get (json_object_get (metadata, "chard"), "notebook");
    const char *why = "the program that runs this notebook doesn't say where it lies";
    const char *path = find_path (s, a, metadata, &why), *there = arena_printf (a, "%s/" NO_FILE, cwd ? cwd : ".");
    *nb = (struct session_notebook){ .path = path ? arena_strdup (a, path) : there };
    if (json_is_array (json_object_get (sent, "cells"))) {
        nb->text = print (sent);
        return 0;
    }
    nb->missed = !path && s->by_program ? why : NULL;
    return path ? merge_file (s, nb, err) : take_cells (s, nb, err);
}
