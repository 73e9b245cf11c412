/* Where in nbformat's JSON a tag goes, and in which style; see notebook_edit.h. The text has been parsed before, so this
 * reader only has to find its way: strings, brackets, and where members begin and end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_edit.h"

#include <stdlib.h>

struct text {
    const char *data;
    size_t len;
};

/* A member of an object, or an element of an array (whose key is empty). */
struct member {
    size_t gap;          /* where the white space before it begins: behind '{', '[' or ',' */
    size_t start;        /* of the key, or of the element */
    size_t key, key_len; /* without quotes */
    size_t value, end;
};

/* Looks through an object or array. */
struct walk {
    const struct text *t;
    size_t at; /* behind '{', '[' or the last member */
};

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
    struct text t;
    struct habits habits;
};

/* ---- finding one's way ------------------------------------------------------------------------------------------ */

static size_t
skip_space (const struct text *t, size_t i)
{
    while (i < t->len && strchr (" \t\r\n", t->data[i]) && t->data[i])
        i++;
    return i;
}

static size_t
skip_string (const struct text *t, size_t i)
{
    for (i++; i < t->len && t->data[i] != '"'; i++)
        if (t->data[i] == '\\')
            i++;
    return i < t->len ? i + 1 : t->len;
}

/* Index behind the value that begins at `i`. */
static size_t
skip_value (const struct text *t, size_t i)
{
    size_t depth = 0;
    do {
        char c = i < t->len ? t->data[i] : '\0';
        if (i >= t->len)
            return t->len;
        if (c == '"') {
            i = skip_string (t, i);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth -= depth > 0;
        else if (depth == 0)
            return i + strcspn (t->data + i, ",]} \t\r\n"); /* the text ends with a NUL */
        i++;
    } while (depth > 0);
    return i;
}

static bool
next_member (struct walk *w, bool object, struct member *m)
{
    const struct text *t = w->t;
    size_t i = skip_space (t, w->at);
    m->gap = w->at;
    if (i < t->len && t->data[i] == ',') {
        m->gap = i + 1;
        i = skip_space (t, i + 1);
    }
    if (i >= t->len || t->data[i] == '}' || t->data[i] == ']')
        return false;
    m->start = m->value = i;
    m->key = m->key_len = 0;
    if (object) {
        size_t close = skip_string (t, i);
        m->key = i + 1;
        m->key_len = close > i + 1 ? close - i - 2 : 0;
        i = skip_space (t, close);
        m->value = skip_space (t, i + (i < t->len && t->data[i] == ':'));
    }
    m->end = skip_value (t, m->value);
    if (m->end <= m->start)
        return false;
    w->at = m->end;
    return true;
}

static bool
is_key (const struct text *t, const struct member *m, const char *key)
{
    return m->key_len == strlen (key) && memcmp (t->data + m->key, key, m->key_len) == 0;
}

/* The last member of that name, as parsers take it. */
static bool
find_member (const struct text *t, size_t object, const char *key, struct member *found)
{
    struct walk w = { t, object + 1 };
    bool any = false;
    for (struct member m; next_member (&w, true, &m);)
        if (is_key (t, &m, key)) {
            *found = m;
            any = true;
        }
    return any;
}

static bool
first_member (const struct text *t, size_t container, bool object, struct member *m)
{
    struct walk w = { t, container + 1 };
    return next_member (&w, object, m);
}

/* ---- style ------------------------------------------------------------------------------------------------------ */

static const char *
slice (struct editor *e, size_t from, size_t to)
{
    return arena_strndup (e->edits->arena, e->t.data + from, to - from);
}

static bool
has_newline (const struct text *t, size_t from, size_t to)
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
style_of (struct editor *e, size_t container, const struct member *m)
{
    const struct text *t = &e->t;
    size_t close = skip_value (t, container) - 1;
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
compare_keys (const struct text *t, const struct member *m, const char *key)
{
    size_t n = strlen (key), shorter = m->key_len < n ? m->key_len : n;
    int order = memcmp (t->data + m->key, key, shorter);
    return order ? order : m->key_len < n ? -1 : m->key_len > n;
}

/* Where a new member belongs: before the first whose key sorts behind it if the keys are sorted, else at the end. */
static bool
find_successor (const struct text *t, size_t object, const char *key, struct member *successor, struct member *last)
{
    struct walk w = { t, object + 1 };
    bool sorted = true, found = false;
    struct member before = { 0 };
    for (struct member m; next_member (&w, true, &m); before = m) {
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
    struct member next = { 0 }, last = { 0 };
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
    struct member first;
    cleanup_strbuf struct strbuf b = { 0 };
    if (!first_member (&e->t, cell, true, &first))
        return error_set (err, ERROR_NOTEBOOK, "cell %d is empty", tags->cell);
    struct layout_style s = style_of (e, cell, &first);
    strbuf_addf (&b, "\"metadata\"%s", s.colon);
    add_metadata (e, &b, &s, tags, n);
    insert_member (e, cell, "metadata", &s, strbuf_str (&b));
    return 0;
}

/* Metadata {}: written like the cell around it. */
static void
fill_metadata (struct editor *e, size_t cell, const struct member *metadata, const struct notebook_edit_tag *tags,
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
insert_tags (struct editor *e, size_t metadata, const struct member *first, const struct notebook_edit_tag *tags,
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
fill_tags (struct editor *e, size_t metadata, const struct member *array, const struct notebook_edit_tag *tags,
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
append_tags (struct editor *e, const struct layout_style *s, const struct member *array,
             const struct notebook_edit_tag *tags, size_t n)
{
    struct walk w = { &e->t, array->value + 1 };
    struct member last = { 0 };
    size_t count = 0;
    for (struct member m; next_member (&w, false, &m); count++)
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
    const struct text *t = &e->t;
    struct member metadata, array, first;
    if (!find_member (t, cell, "metadata", &metadata))
        return insert_metadata (e, cell, tags, n, err);
    if (t->data[metadata.value] != '{')
        return error_set (err, ERROR_NOTEBOOK, "cell %d: its metadata is no object", tags->cell);
    if (!first_member (t, metadata.value, true, &first)) {
        fill_metadata (e, cell, &metadata, tags, n);
        return 0;
    }
    if (!find_member (t, metadata.value, "tags", &array)) {
        insert_tags (e, metadata.value, &first, tags, n);
        return 0;
    }
    if (t->data[array.value] != '[')
        return error_set (err, ERROR_NOTEBOOK, "cell %d: its tags are no list", tags->cell);
    struct layout_style s = style_of (e, metadata.value, &array);
    if (first_member (t, array.value, false, &first))
        append_tags (e, &s, &array, tags, n);
    else
        fill_tags (e, metadata.value, &array, tags, n);
    return 0;
}

/* ---- cells ------------------------------------------------------------------------------------------------------ */

struct cells {
    struct arena *arena;
    vec (size_t) all; /* where each begins, in the order of compiler/notebook.h */
};

static void
collect_cells (struct cells *c, const struct text *t, size_t object)
{
    struct member list;
    if (!find_member (t, object, "cells", &list) || t->data[list.value] != '[')
        return;
    struct walk w = { t, list.value + 1 };
    for (struct member m; next_member (&w, false, &m);)
        if (t->data[m.value] == '{')
            vec_push (c->arena, &c->all, m.value);
}

/* nbformat 3 has its cells in worksheets. */
static void
collect_worksheets (struct cells *c, const struct text *t, size_t root)
{
    struct member sheets;
    if (!find_member (t, root, "worksheets", &sheets) || t->data[sheets.value] != '[')
        return;
    struct walk w = { t, sheets.value + 1 };
    for (struct member m; next_member (&w, false, &m);)
        if (t->data[m.value] == '{')
            collect_cells (c, t, m.value);
}

/* The first cell in several lines that has something tells how this file likes it. */
static void
learn_habits (struct editor *e, const struct cells *c)
{
    const struct text *t = &e->t;
    struct habits *h = &e->habits;
    vec_foreach (cell, &c->all) {
        struct member metadata, array, first;
        if (!find_member (t, *cell, "metadata", &metadata) || t->data[metadata.value] != '{'
            || !has_newline (t, metadata.gap, metadata.start) || !first_member (t, metadata.value, true, &first))
            continue;
        if (!h->object_known)
            h->object_inline = !has_newline (t, first.gap, first.start);
        h->object_known = true;
        if (h->array_known || !find_member (t, metadata.value, "tags", &array) || t->data[array.value] != '['
            || !first_member (t, array.value, false, &first))
            continue;
        h->array_inline = !has_newline (t, first.gap, first.start);
        h->array_known = true;
    }
}

static size_t
skip_mark (const struct text *t)
{
    return t->len >= 3 && memcmp (t->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int
notebook_edit_json (struct edits *edits, const char *data, size_t len, const struct notebook_edit_tag *tags, size_t n,
                    struct error *err)
{
    struct editor e = { .edits = edits, .t = { data, len } };
    struct cells cells = { .arena = edits->arena };
    size_t root = skip_space (&e.t, skip_mark (&e.t));
    collect_cells (&cells, &e.t, root);
    collect_worksheets (&cells, &e.t, root);
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
