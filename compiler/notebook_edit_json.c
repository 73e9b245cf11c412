/* Where in nbformat's JSON a tag goes, and in which style; see notebook_edit.h. The text has been parsed before, so it
 * only has to be walked through.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_edit.h"

#include <stdlib.h>

/* How the file writes its objects and arrays of tags, as seen in cells that have some. */
struct habits {
    bool object_known, object_inline, array_known, array_inline;
};

/* How a container and its surroundings are written. */
struct layout_style {
    bool multiline;
    const char *newline, *indent, *unit; /* of the members; what one level more adds */
    const char *colon, *comma;           /* ": " or ":", ", " or "," */
};

struct editor {
    struct edits *edits;
    struct json_span t;
    struct habits habits;
};

/* ---- style ------------------------------------------------------------------------------------------------------ */

static const char *
slice (struct editor *e, size_t from, size_t to)
{
    return arena_strndup (e->edits->arena, e->t.data + from, to - from);
}

static bool
has_newline (const struct json_span *t, size_t from, size_t to)
{
    return from < to && memchr (t->data + from, '\n', to - from) != NULL;
}

/* What stands between the last line break before `at` and `at`, if it is white space only; else "". */
static const char *
indent_at (struct editor *e, size_t at)
{
    size_t i = at;
    while (i > 0 && (e->t.data[i - 1] == ' ' || e->t.data[i - 1] == '\t'))
        i--;
    return i > 0 && e->t.data[i - 1] == '\n' ? slice (e, i, at) : "";
}

/* What `inner` has more than `outer`; one blank if that can't be told. */
static const char *
difference (const char *inner, const char *outer)
{
    size_t n = strlen (outer);
    return strncmp (inner, outer, n) == 0 && inner[n] ? inner + n : " ";
}

/* Learns from the container at `container` (with its first member `m`) how its members are written. */
static struct layout_style
style_of (struct editor *e, size_t container, const struct json_member *m)
{
    const struct json_span *t = &e->t;
    size_t close = json_walk_skip_value (t, container) - 1;
    const char *colon = memchr (t->data + m->key + m->key_len, ':', t->len - m->key - m->key_len);
    bool spaced = colon && colon[1] == ' ';
    struct layout_style s = {
        .multiline = has_newline (t, m->gap, m->start), .newline = "\n", .indent = "", .unit = " "
    };
    s.colon = spaced ? ": " : ":";
    s.comma = spaced ? ", " : ",";
    if (!s.multiline)
        return s;
    s.indent = indent_at (e, m->start);
    s.unit = difference (s.indent, indent_at (e, close));
    const char *nl = memchr (t->data + m->gap, '\n', m->start - m->gap);
    s.newline = nl > t->data && nl[-1] == '\r' ? "\r\n" : "\n";
    return s;
}

static void
add_json_string (struct strbuf *b, const char *s)
{
    strbuf_addc (b, '"');
    for (; *s; s++)
        if (*s == '"' || *s == '\\')
            strbuf_addf (b, "\\%c", *s);
        else if ((unsigned char) *s < 0x20)
            strbuf_addf (b, "\\u%04x", (unsigned char) *s);
        else
            strbuf_addc (b, *s);
    strbuf_addc (b, '"');
}

static void
add_break (struct strbuf *b, const struct layout_style *s, int levels)
{
    strbuf_adds (b, s->newline);
    strbuf_adds (b, s->indent);
    for (int i = 0; i < levels; i++)
        strbuf_adds (b, s->unit);
}

/* The array of tags as the value of a member that stands `level` levels below `s`'s members. */
static void
add_array (struct editor *e, struct strbuf *b, const struct layout_style *s, int level,
           const struct notebook_edit_tag *tags, size_t n)
{
    bool multiline = s->multiline && !(e->habits.array_known && e->habits.array_inline);
    strbuf_addc (b, '[');
    for (size_t i = 0; i < n; i++) {
        if (multiline) {
            strbuf_adds (b, i ? "," : "");
            add_break (b, s, level + 1);
        } else {
            strbuf_adds (b, i ? s->comma : "");
        }
        add_json_string (b, tags[i].tag);
    }
    if (multiline)
        add_break (b, s, level);
    strbuf_addc (b, ']');
}

/* {"tags": [...]} as the value of one of `s`'s members. */
static void
add_metadata (struct editor *e, struct strbuf *b, const struct layout_style *s, const struct notebook_edit_tag *tags,
              size_t n)
{
    struct layout_style own = *s;
    own.multiline = s->multiline && !(e->habits.object_known && e->habits.object_inline);
    strbuf_addc (b, '{');
    if (own.multiline)
        add_break (b, &own, 1);
    strbuf_addf (b, "\"tags\"%s", s->colon);
    add_array (e, b, &own, 1, tags, n);
    if (own.multiline)
        add_break (b, &own, 0);
    strbuf_addc (b, '}');
}

/* ---- edits ------------------------------------------------------------------------------------------------------ */

static void
replace (struct editor *e, size_t from, size_t to, const struct strbuf *text)
{
    struct edit edit = { from, to - from, arena_strdup (e->edits->arena, strbuf_str (text)) };
    vec_push (e->edits->arena, &e->edits->all, edit);
}

static int
compare_keys (const struct json_span *t, const struct json_member *m, const char *key)
{
    size_t n = strlen (key), shorter = m->key_len < n ? m->key_len : n;
    int order = memcmp (t->data + m->key, key, shorter);
    return order ? order : m->key_len < n ? -1 : m->key_len > n;
}

/* Where a new member belongs: before the first whose key sorts behind it if the keys are sorted, else at the end. */
static bool
find_successor (const struct json_span *t, size_t object, const char *key, struct json_member *successor,
                struct json_member *last)
{
    struct json_walk w = { t, object + 1 };
    bool sorted = true, found = false;
    struct json_member before = { 0 };
    for (struct json_member m; json_walk_next (&w, true, &m); before = m) {
        if (before.end) {
            size_t n = before.key_len < m.key_len ? before.key_len : m.key_len;
            int order = memcmp (t->data + before.key, t->data + m.key, n);
            sorted &= order < 0 || (order == 0 && before.key_len <= m.key_len);
        }
        if (!found && compare_keys (t, &m, key) > 0) {
            *successor = m;
            found = true;
        }
        *last = m;
    }
    return sorted && found;
}

/* Puts `member` (its text: key and value) into an object that has others. */
static void
insert_member (struct editor *e, size_t object, const char *key, const struct layout_style *s, const char *member)
{
    struct json_member next = { 0 }, last = { 0 };
    cleanup_strbuf struct strbuf b = { 0 }, gap = { 0 };
    if (s->multiline)
        add_break (&gap, s, 0);
    else
        strbuf_adds (&gap, s->comma + 1);
    if (find_successor (&e->t, object, key, &next, &last)) {
        strbuf_addf (&b, "%s,%s", member, strbuf_str (&gap));
        replace (e, next.start, next.start, &b);
    } else {
        strbuf_addf (&b, ",%s%s", strbuf_str (&gap), member);
        replace (e, last.end, last.end, &b);
    }
}

/* A cell without metadata, against nbformat but seen. */
static int
insert_metadata (struct editor *e, size_t cell, const struct notebook_edit_tag *tags, size_t n, struct error *err)
{
    struct json_member first;
    cleanup_strbuf struct strbuf b = { 0 };
    if (!json_walk_first (&e->t, cell, true, &first))
        return error_set (err, ERROR_NOTEBOOK, "cell %d is empty", tags->cell);
    struct layout_style s = style_of (e, cell, &first);
    strbuf_addf (&b, "\"metadata\"%s", s.colon);
    add_metadata (e, &b, &s, tags, n);
    insert_member (e, cell, "metadata", &s, strbuf_str (&b));
    return 0;
}

/* Metadata {}: written like the cell around it. */
static void
fill_metadata (struct editor *e, size_t cell, const struct json_member *metadata, const struct notebook_edit_tag *tags,
               size_t n)
{
    struct layout_style s = style_of (e, cell, metadata);
    cleanup_strbuf struct strbuf b = { 0 };
    add_metadata (e, &b, &s, tags, n);
    strbuf_reserve (&b, 1);
    b.data[b.len - 1] = '\0'; /* the brackets are there */
    memmove (b.data, b.data + 1, b.len - 1);
    replace (e, metadata->value + 1, metadata->end - 1, &b);
}

static void
insert_tags (struct editor *e, size_t metadata, const struct json_member *first, const struct notebook_edit_tag *tags,
             size_t n)
{
    struct layout_style s = style_of (e, metadata, first);
    cleanup_strbuf struct strbuf b = { 0 };
    strbuf_addf (&b, "\"tags\"%s", s.colon);
    add_array (e, &b, &s, 0, tags, n);
    insert_member (e, metadata, "tags", &s, strbuf_str (&b));
}

/* "tags": []: written like the metadata around it. */
static void
fill_tags (struct editor *e, size_t metadata, const struct json_member *array, const struct notebook_edit_tag *tags,
           size_t n)
{
    struct layout_style s = style_of (e, metadata, array);
    cleanup_strbuf struct strbuf b = { 0 };
    add_array (e, &b, &s, 0, tags, n);
    b.data[b.len - 1] = '\0';
    memmove (b.data, b.data + 1, b.len - 1);
    replace (e, array->value + 1, array->end - 1, &b);
}

/* Behind the last tag, in the way the last one stands behind its comma or bracket. */
static void
append_tags (struct editor *e, const struct layout_style *s, const struct json_member *array,
             const struct notebook_edit_tag *tags, size_t n)
{
    struct json_walk w = { &e->t, array->value + 1 };
    struct json_member last = { 0 };
    size_t count = 0;
    for (struct json_member m; json_walk_next (&w, false, &m); count++)
        last = m;
    bool like_last = count > 1 || has_newline (&e->t, last.gap, last.start);
    const char *gap = like_last ? slice (e, last.gap, last.start) : s->comma + 1;
    cleanup_strbuf struct strbuf b = { 0 };
    for (size_t i = 0; i < n; i++) {
        strbuf_addf (&b, ",%s", gap);
        add_json_string (&b, tags[i].tag);
    }
    replace (e, last.end, last.end, &b);
}

/* All tags of one cell: `n` of them, at least one. */
static int
tag_cell (struct editor *e, size_t cell, const struct notebook_edit_tag *tags, size_t n, struct error *err)
{
    const struct json_span *t = &e->t;
    struct json_member metadata, array, first;
    if (!json_walk_find (t, cell, "metadata", &metadata))
        return insert_metadata (e, cell, tags, n, err);
    if (t->data[metadata.value] != '{')
        return error_set (err, ERROR_NOTEBOOK, "cell %d: its metadata is no object", tags->cell);
    if (!json_walk_first (t, metadata.value, true, &first)) {
        fill_metadata (e, cell, &metadata, tags, n);
        return 0;
    }
    if (!json_walk_find (t, metadata.value, "tags", &array)) {
        insert_tags (e, metadata.value, &first, tags, n);
        return 0;
    }
    if (t->data[array.value] != '[')
        return error_set (err, ERROR_NOTEBOOK, "cell %d: its tags are no list", tags->cell);
    struct layout_style s = style_of (e, metadata.value, &array);
    if (json_walk_first (t, array.value, false, &first))
        append_tags (e, &s, &array, tags, n);
    else
        fill_tags (e, metadata.value, &array, tags, n);
    return 0;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

static void
collect_cells (struct notebook_edit_cells *c, const struct json_span *t, size_t object)
{
    struct json_member list;
    if (!json_walk_find (t, object, "cells", &list) || t->data[list.value] != '[')
        return;
    struct json_walk w = { t, list.value + 1 };
    for (struct json_member m; json_walk_next (&w, false, &m);)
        if (t->data[m.value] == '{')
            vec_push (c->arena, &c->all, m.value);
}

/* nbformat 3 has its cells in worksheets. */
static void
collect_worksheets (struct notebook_edit_cells *c, const struct json_span *t, size_t root)
{
    struct json_member sheets;
    if (!json_walk_find (t, root, "worksheets", &sheets) || t->data[sheets.value] != '[')
        return;
    struct json_walk w = { t, sheets.value + 1 };
    for (struct json_member m; json_walk_next (&w, false, &m);)
        if (t->data[m.value] == '{')
            collect_cells (c, t, m.value);
}

void
notebook_edit_find_cells (struct notebook_edit_cells *c, const struct json_span *t)
{
    size_t root = json_walk_root (t);
    collect_cells (c, t, root);
    collect_worksheets (c, t, root);
}

/* The first cell in several lines that has something tells how this file likes it. */
static void
learn_habits (struct editor *e, const struct notebook_edit_cells *c)
{
    const struct json_span *t = &e->t;
    struct habits *h = &e->habits;
    vec_foreach (cell, &c->all) {
        struct json_member metadata, array, first;
        if (!json_walk_find (t, *cell, "metadata", &metadata) || t->data[metadata.value] != '{'
            || !has_newline (t, metadata.gap, metadata.start) || !json_walk_first (t, metadata.value, true, &first))
            continue;
        if (!h->object_known)
            h->object_inline = !has_newline (t, first.gap, first.start);
        h->object_known = true;
        if (h->array_known || !json_walk_find (t, metadata.value, "tags", &array) || t->data[array.value] != '['
            || !json_walk_first (t, array.value, false, &first))
            continue;
        h->array_inline = !has_newline (t, first.gap, first.start);
        h->array_known = true;
    }
}

int
notebook_edit_json (struct edits *edits, const char *data, size_t len, const struct notebook_edit_tag *tags, size_t n,
                    struct error *err)
{
    struct editor e = { .edits = edits, .t = { data, len } };
    struct notebook_edit_cells cells = { .arena = edits->arena };
    notebook_edit_find_cells (&cells, &e.t);
    learn_habits (&e, &cells);
    for (size_t i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && tags[i + same].cell == tags[i].cell; same++)
            ;
        if ((size_t) tags[i].cell >= cells.all.len)
            return error_set (err, ERROR_NOTEBOOK, "cell %d can't be found in the text", tags[i].cell);
        if (tag_cell (&e, cells.all.items[tags[i].cell], tags + i, same, err) < 0)
            return -1;
    }
    return 0;
}
