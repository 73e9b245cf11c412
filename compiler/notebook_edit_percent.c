/* Tags on the "# %%" lines of percent scripts; see notebook_edit.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_edit.h"

#include "compiler/percent_line.h"

#include <string.h>

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
find_tags (const char *data, const struct percent_line *l)
{
    static const char key[] = "tags=";
    for (size_t i = l->start; i + strlen (key) < l->end; i++)
        if (memcmp (data + i, key, strlen (key)) == 0)
            return i + strlen (key);
    return 0;
}

static int
tag_marker (struct edits *edits, const char *data, const struct percent_line *l, const struct notebook_edit_tag *tags,
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
add_marker (struct edits *edits, const char *data, const struct percent_line *l, const struct notebook_edit_tag *tags,
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
    size_t header, header_end;
    struct percent_line l = { .next = percent_line_first (data, len, &header, &header_end) };
    while (i < n && percent_line_at (data, len, l.next, &l)) {
        bool marker = percent_line_is_marker (data, &l);
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
