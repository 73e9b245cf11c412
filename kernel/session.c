/* See session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/session.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "doc/json_text.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CELLS_MAX 10000 /* the oldest go first */
#define NO_FILE "session.ipynb"

struct executed {
    char *id;             /* cellId, or NULL */
    json_t *source, *tags; /* a string; an array or NULL */
    struct timespec when;
};

struct session {
    char *path, *language; /* or NULL */
    struct executed *cells;
    size_t n, cap;
};

struct session *
session_create (const char *path)
{
    struct session *s = xcalloc (1, sizeof *s);
    session_set_path (s, path);
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
    free (s->path);
    free (s);
}

void
session_set_path (struct session *s, const char *path)
{
    char *copy = path ? xstrdup (path) : NULL;
    free (s->path);
    s->path = copy;
}

const char *
session_path (const struct session *s)
{
    return s->path;
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
    if (!json_is_string (code) || json_string_length (code) == 0 || json_is_true (json_object_get (content, "silent"))
        || json_is_false (json_object_get (content, "store_history")))
        return;
    struct executed *c = find (s, id);
    if (c)
        clear_cell (c);
    else
        c = add (s);
    *c = (struct executed){ id ? xstrdup (id) : NULL, json_incref (code), json_is_array (tags) ? json_incref (tags) : NULL,
                            { 0 } };
    clock_gettime (CLOCK_REALTIME, &c->when);
}

/* ---- as a notebook ---------------------------------------------------------------------------------------------- */

static char *
print (const json_t *notebook)
{
    return json_dumps (notebook, JSON_COMPACT | JSON_REAL_PRECISION (17));
}

/* Whether the cell was executed after the file was saved, and differs. */
static bool
is_newer (const struct executed *c, const json_t *cell, const struct stat *st)
{
    if (c->when.tv_sec < st->st_mtim.tv_sec
        || (c->when.tv_sec == st->st_mtim.tv_sec && c->when.tv_nsec <= st->st_mtim.tv_nsec))
        return false;
    const json_t *source = json_object_get (cell, "source"), *tags = json_object_get (json_object_get (cell, "metadata"), "tags");
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

static int
merge (const struct session *s, json_t *notebook, const struct stat *st)
{
    int newer = 0;
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get (notebook, "cells"), i, cell) {
        const struct executed *c = find (s, json_string_value (json_object_get (cell, "id")));
        if (!c || !is_newer (c, cell, st))
            continue;
        json_object_set (cell, "source", c->source);
        json_t *metadata = json_object_get (cell, "metadata");
        if (c->tags && json_is_object (metadata))
            json_object_set (metadata, "tags", c->tags);
        newer++;
    }
    return newer;
}

/* The file with what is newer in the session; `nb->text` stays NULL where the file is as good, or can't be read: then the
 * command will say so. */
static void
merge_file (const struct session *s, struct session_notebook *nb)
{
    static const char *const skip[] = { "outputs", NULL };
    cleanup_free char *data = NULL;
    size_t len, n = strlen (s->path);
    struct stat st;
    if (n < 6 || strcmp (s->path + n - 6, ".ipynb") != 0 || stat (s->path, &st) < 0
        || fs_read (s->path, &data, &len, NULL) < 0)
        return;
    json_auto_t *notebook = json_text_parse (data, len, skip, NULL);
    nb->newer = notebook ? merge (s, notebook, &st) : 0;
    if (nb->newer > 0)
        nb->text = print (notebook);
}

static json_t *
notebook_of_cells (const struct session *s)
{
    json_t *cells = json_array ();
    for (size_t i = 0; i < s->n; i++) {
        json_t *tags = s->cells[i].tags ? json_incref (s->cells[i].tags) : json_array ();
        json_array_append_new (cells, json_pack ("{s:s,s:{s:o},s:O,s:[],s:n}", "cell_type", "code", "metadata", "tags", tags,
                                                 "source", s->cells[i].source, "outputs", "execution_count"));
    }
    return json_pack ("{s:o,s:{s:{s:s}},s:i,s:i}", "cells", cells, "metadata", "language_info", "name",
                      s->language ? s->language : "python", "nbformat", 4, "nbformat_minor", 4);
}

int
session_get_notebook (const struct session *s, struct arena *a, const json_t *metadata, const char *cwd,
                      struct session_notebook *nb, struct error *err)
{
    const json_t *sent = json_object_get (json_object_get (metadata, "chard"), "notebook");
    const char *there = arena_printf (a, "%s/" NO_FILE, cwd ? cwd : ".");
    *nb = (struct session_notebook){ .path = s->path ? arena_strdup (a, s->path) : there };
    if (json_is_array (json_object_get (sent, "cells")))
        nb->text = print (sent);
    else if (s->path)
        merge_file (s, nb);
    else if (s->n == 0)
        return error_set (err, ERROR_USAGE, "there is no notebook open and no cell was executed; name a notebook");
    else {
        json_auto_t *notebook = notebook_of_cells (s);
        nb->text = print (notebook);
    }
    return 0;
}
