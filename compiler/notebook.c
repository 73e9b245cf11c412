/* nbformat JSON -> struct notebook; percent scripts are notebook_percent.c's. See notebook.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "compiler/notebook_percent.h"
#include "doc/json_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A source is a string or a list of strings (nbformat "multiline_string"). */
static void
add_source (struct strbuf *b, const json_t *source)
{
    size_t i;
    json_t *piece;
    if (json_is_string (source))
        strbuf_add (b, json_string_value (source), json_string_length (source));
    json_array_foreach (source, i, piece)
        if (json_is_string (piece))
            strbuf_add (b, json_string_value (piece), json_string_length (piece));
}

void
cell_set_source (struct arena *a, struct cell *c, const char *data, size_t len)
{
    c->source = arena_strndup (a, data, len);
    c->len = len;
    if (!memchr (data, '\0', len))
        return;
    cleanup_strbuf struct strbuf clean = { 0 };
    int line = 1;
    for (size_t i = 0; i < len; i++) {
        line += data[i] == '\n';
        if (data[i]) {
            strbuf_addc (&clean, data[i]);
            continue;
        }
        strbuf_adds (&clean, "\xef\xbf\xbd");
        c->nul_line = c->nul_line ? c->nul_line : line;
    }
    c->source = arena_strndup (a, clean.data, clean.len);
    c->len = clean.len;
}

static const char *
copy_string (struct arena *a, const json_t *value)
{
    return json_is_string (value) ? arena_strdup (a, json_string_value (value)) : NULL;
}

static enum cell_kind
kind_of (const char *type)
{
    if (!type || strcmp (type, "code") == 0)
        return CELL_CODE;
    return strcmp (type, "raw") == 0 ? CELL_RAW : CELL_MARKDOWN;
}

static void
read_tags (struct arena *a, struct cell *c, const json_t *metadata)
{
    size_t i;
    json_t *tag;
    json_array_foreach (json_object_get (metadata, "tags"), i, tag)
        if (json_is_string (tag))
            vec_push (a, &c->tags, arena_strdup (a, json_string_value (tag)));
}

/* nbformat 3 has cells of type "heading" with a level; as Markdown they are '#' lines. */
static void
add_heading_marks (struct strbuf *b, const json_t *cell)
{
    const char *type = json_string_value (json_object_get (cell, "cell_type"));
    if (!type || strcmp (type, "heading") != 0)
        return;
    int level = (int) json_integer_value (json_object_get (cell, "level"));
    for (int i = 0; i < (level < 1 || level > 6 ? 1 : level); i++)
        strbuf_addc (b, '#');
    strbuf_addc (b, ' ');
}

static void
read_cell (struct arena *a, struct notebook *nb, const json_t *cell)
{
    struct cell *c = vec_add (a, &nb->cells);
    c->notebook = nb;
    const json_t *metadata = json_object_get (cell, "metadata");
    c->index = (int) nb->cells.len - 1;
    c->kind = kind_of (json_string_value (json_object_get (cell, "cell_type")));
    c->code_index = c->kind == CELL_CODE ? nb->code_cells++ : -1;
    c->id = copy_string (a, json_object_get (cell, "id"));
    c->notebook_path = copy_string (a, json_object_get (metadata, "notebook_path"));
    const json_t *count = json_object_get (cell, "execution_count");
    c->execution_count = (int) json_integer_value (count ? count : json_object_get (cell, "prompt_number"));
    cleanup_strbuf struct strbuf source = { 0 };
    add_heading_marks (&source, cell);
    const json_t *text = json_object_get (cell, "source");
    add_source (&source, text ? text : json_object_get (cell, "input")); /* "input": nbformat 3's code cells */
    cell_set_source (a, c, strbuf_str (&source), source.len);
    read_tags (a, c, metadata);
}

static void
read_cells (struct arena *a, struct notebook *nb, const json_t *list)
{
    size_t i;
    json_t *cell;
    json_array_foreach (list, i, cell)
        if (json_is_object (cell))
            read_cell (a, nb, cell);
}

/* "python" for whatever writers of notebooks call Python 3 or IPython: `python3`, `Python`, `Python 3.11`,
 * `ipython`. */
static const char *
language_name (const char *written)
{
    const char *rest = written;
    rest += *rest == 'i' || *rest == 'I';
    if (strncasecmp (rest, "python", 6) != 0)
        return written;
    rest += 6;
    rest += *rest == ' ';
    rest += *rest == '3';
    return rest[strspn (rest, ".0123456789")] ? written : "python";
}

void
notebook_set_metadata (struct arena *a, struct notebook *nb, const json_t *metadata)
{
    const json_t *spec = json_object_get (metadata, "kernelspec");
    const char *language = copy_string (a, json_object_get (spec, "language"));
    if (!language)
        language = copy_string (a, json_object_get (json_object_get (metadata, "language_info"), "name"));
    nb->language = language ? language_name (language) : "python";
    nb->kernel = copy_string (a, json_object_get (spec, "name"));
    json_t *kubeflow = json_object_get (metadata, "kubeflow_notebook");
    nb->kubeflow = json_is_object (kubeflow) ? json_incref (kubeflow) : NULL;
}

static int
read_json (struct arena *a, struct notebook *nb, const json_t *root, struct error *err)
{
    if (!json_is_object (root))
        return error_set (err, ERROR_NOTEBOOK, "not a notebook: the file holds no JSON object");
    const json_t *cells = json_object_get (root, "cells"), *sheets = json_object_get (root, "worksheets");
    if (!json_is_array (cells) && !json_is_array (sheets))
        return error_set (err, ERROR_NOTEBOOK, "not a notebook: it has no \"cells\" (nbformat 4) nor \"worksheets\""
                                               " (nbformat 3)");
    read_cells (a, nb, cells);
    size_t i;
    json_t *sheet;
    json_array_foreach (sheets, i, sheet)
        read_cells (a, nb, json_object_get (sheet, "cells"));
    notebook_set_metadata (a, nb, json_object_get (root, "metadata"));
    return 0;
}

static struct notebook *
notebook_begin (struct arena *a, const char *path)
{
    struct notebook *nb = arena_new (a, struct notebook);
    nb->path = arena_strdup (a, path);
    nb->dir = fs_absolute (a, fs_dirname (a, path));
    nb->name = fs_stem (a, path);
    nb->language = "python";
    return nb;
}

static bool
is_script (const char *path)
{
    size_t n = strlen (path);
    return n > 3 && strcmp (path + n - 3, ".py") == 0;
}

struct notebook *
notebook_parse (struct arena *a, const char *path, const char *data, size_t len, struct error *err)
{
    static const char *const skipped[] = { "outputs", "attachments", "widgets", NULL };
    struct notebook *nb = notebook_begin (a, path);
    if (is_script (path)) {
        notebook_percent_read (a, nb, data, len);
        return nb;
    }
    json_t *root = json_text_parse (data, len, skipped, err);
    int status = root ? read_json (a, nb, root, err) : -1;
    json_decref (root);
    if (status == 0)
        return nb;
    error_wrap (err, "%s", path);
    return NULL;
}

/* The file that has the text of the notebook at `path`. */
static const char *
text_of (const char *path)
{
    const char *unsaved = getenv (NOTEBOOK_UNSAVED), *text = getenv (NOTEBOOK_UNSAVED_TEXT);
    return unsaved && text && strcmp (unsaved, path) == 0 ? text : path;
}

struct notebook *
notebook_read (struct arena *a, const char *path, struct error *err)
{
    cleanup_free char *data = NULL;
    size_t len;
    if (fs_read (text_of (path), &data, &len, err) < 0)
        return NULL;
    return notebook_parse (a, path, data, len, err);
}

void
notebook_clear (struct notebook *nb)
{
    if (!nb)
        return;
    json_decref (nb->kubeflow);
    nb->kubeflow = NULL;
    vec_foreach (included, &nb->included)
        notebook_clear (*included);
}

struct place
cell_place (const struct cell *c, int line, int column)
{
    const struct notebook *nb = c->notebook;
    return (struct place){ c->index, line, column, nb && nb->included_by ? nb->path : NULL };
}

char *
cell_line (struct arena *a, const struct cell *c, int line)
{
    const char *p = c->source;
    for (; line > 1; line--) {
        p = strchr (p, '\n');
        if (!p)
            return NULL;
        p++;
    }
    return arena_strndup (a, p, strcspn (p, "\r\n"));
}
