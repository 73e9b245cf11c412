/* Tags on the "# %%" lines of percent scripts; see notebook_edit.h. Lines are told apart as notebook_percent.c does it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_edit.h"

struct line {
    size_t start, end, next; /* end: without the line end */
};

static bool
next_line (const char *data, size_t len, size_t at, struct line *l)
{
    if (at >= len)
        return false;
    const char *nl = memchr (data + at, '\n', len - at);
    l->start = at;
    l->end = nl ? (size_t) (nl - data) : len;
    l->next = nl ? l->end + 1 : len;
    if (l->end > l->start && data[l->end - 1] == '\r')
        l->end--;
    return true;
}

static bool
starts_with (const char *data, const struct line *l, const char *prefix)
{
    size_t n = strlen (prefix);
    return l->end - l->start >= n && memcmp (data + l->start, prefix, n) == 0;
}

static bool
is_marker (const char *data, const struct line *l)
{
    return starts_with (data, l, "# %%") || starts_with (data, l, "#%%");
}

/* Behind a byte order mark and Jupytext's header between two "# ---" lines. */
static size_t
skip_header (const char *data, size_t len)
{
    size_t start = len >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct line l;
    if (!next_line (data, len, start, &l) || !starts_with (data, &l, "# ---"))
        return start;
    while (next_line (data, len, l.next, &l))
        if (starts_with (data, &l, "# ---"))
            return l.next;
    return start;
}

/* `"step:a", "x"`: whichever quotes the tag itself doesn't hold. */
static int
add_quoted (struct strbuf *b, const struct notebook_edit_tag *tags, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        char quote = strchr (tags[i].tag, '"') ? '\'' : '"';
        if (strchr (tags[i].tag, quote) || strpbrk (tags[i].tag, "\r\n"))
            return error_set (err, ERROR_NOTEBOOK, "the tag %s can't be written into a script", tags[i].tag);
        strbuf_addf (b, "%s%c%s%c", i ? ", " : "", quote, tags[i].tag, quote);
    }
    return 0;
}

static void
insert (struct edits *edits, size_t at, const char *text)
{
    struct edit e = { at, 0, arena_strdup (edits->arena, text) };
    vec_push (edits->arena, &edits->all, e);
}

/* Index of the ']' or behind the closing quote that ends the value of "tags=", `at` being where the value begins. */
static size_t
end_of_tags (const char *data, size_t at, size_t end)
{
    char quote = '\0';
    bool list = data[at] == '[';
    for (size_t i = at + list; i < end; i++) {
        if (quote && data[i] == quote) {
            quote = '\0';
            if (!list)
                return i + 1;
        } else if (!quote && (data[i] == '"' || data[i] == '\'')) {
            quote = data[i];
        } else if (!quote && list && data[i] == ']') {
            return i;
        }
    }
    return end;
}

static size_t
find_tags (const char *data, const struct line *l)
{
    static const char key[] = "tags=";
    for (size_t i = l->start; i + strlen (key) < l->end; i++)
        if (memcmp (data + i, key, strlen (key)) == 0)
            return i + strlen (key);
    return 0;
}

static int
tag_marker (struct edits *edits, const char *data, const struct line *l, const struct notebook_edit_tag *tags,
            size_t n, struct error *err)
{
    cleanup_strbuf struct strbuf b = { 0 };
    size_t value = find_tags (data, l), end = l->end;
    if (!value) {
        strbuf_adds (&b, " tags=[");
        while (end > l->start && (data[end - 1] == ' ' || data[end - 1] == '\t'))
            end--;
    } else {
        end = end_of_tags (data, value, l->end);
        bool empty = data[value] == '[' && strspn (data + value + 1, " \t") == end - value - 1;
        strbuf_adds (&b, empty ? "" : ", ");
        if (data[value] != '[')
            insert (edits, value, "[");
    }
    if (add_quoted (&b, tags, n, err) < 0)
        return -1;
    strbuf_adds (&b, value && data[value] == '[' ? "" : "]");
    insert (edits, end, strbuf_str (&b));
    return 0;
}

/* A first cell without a marker gets one. */
static int
add_marker (struct edits *edits, const char *data, const struct line *l, const struct notebook_edit_tag *tags,
            size_t n, struct error *err)
{
    cleanup_strbuf struct strbuf b = { 0 };
    strbuf_adds (&b, "# %% tags=[");
    if (add_quoted (&b, tags, n, err) < 0)
        return -1;
    strbuf_addf (&b, "]%s", l->next > l->end + 1 && data[l->end] == '\r' ? "\r\n" : "\n");
    insert (edits, l->start, strbuf_str (&b));
    return 0;
}

int
notebook_edit_percent (struct edits *edits, const char *data, size_t len, const struct notebook_edit_tag *tags,
                       size_t n, struct error *err)
{
    int cell = -1;
    size_t i = 0;
    struct line l = { .next = skip_header (data, len) };
    while (i < n && next_line (data, len, l.next, &l)) {
        bool marker = is_marker (data, &l);
        if (!marker && (cell >= 0 || l.end == l.start))
            continue;
        cell++;
        size_t same = 0;
        while (i + same < n && tags[i + same].cell == cell)
            same++;
        if (same && (marker ? tag_marker : add_marker) (edits, data, &l, tags + i, same, err) < 0)
            return -1;
        i += same;
    }
    return i == n ? 0 : error_set (err, ERROR_NOTEBOOK, "cell %d can't be found in the text", tags[i].cell);
}
