/* See notebook_percent.h. Format: Jupytext's "percent": a cell begins at a line "# %%", followed by an optional
 * title, an optional "[markdown]" or "[raw]", and key=value options, of which `tags=["a", "b"]` and
 * `notebook_path="…"` count here.
 * Markdown cells are comment lines or one bare triple-quoted string. A leading YAML header ("# ---") is passed over.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_percent.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <string.h>

struct line {
    const char *text;
    size_t len; /* without the line end */
};

static bool
starts_with (const struct line *l, const char *prefix)
{
    size_t n = strlen (prefix);
    return l->len >= n && memcmp (l->text, prefix, n) == 0;
}

/* "# %%" or "#%%", with anything behind. */
static bool
is_marker (const struct line *l)
{
    return starts_with (l, "# %%") || starts_with (l, "#%%");
}

static bool
next_line (const char **at, const char *end, struct line *l)
{
    if (*at >= end)
        return false;
    const char *nl = memchr (*at, '\n', (size_t) (end - *at));
    const char *stop = nl ? nl : end;
    *l = (struct line){ *at, (size_t) (stop - *at) };
    if (l->len && l->text[l->len - 1] == '\r')
        l->len--;
    *at = nl ? nl + 1 : end;
    return true;
}

/* tags=["a", 'b'] or tags="a,b": takes what is quoted. */
static void
read_tags (struct arena *a, struct cell *c, const char *header)
{
    const char *p = strstr (header, "tags=");
    if (!p)
        return;
    p += 5;
    bool list = *p == '[';
    for (p += list; *p && *p != ']'; p++) {
        if (*p != '"' && *p != '\'')
            continue;
        const char *close = strchr (p + 1, *p);
        if (!close)
            return;
        vec_push (a, &c->tags, arena_strndup (a, p + 1, (size_t) (close - p - 1)));
        p = close;
        if (!list)
            return;
    }
}

/* key="value" or key='value'; NULL if it isn't there. */
static const char *
read_option (struct arena *a, const char *header, const char *key)
{
    const char *p = strstr (header, key);
    if (!p)
        return NULL;
    p += strlen (key);
    const char *close = *p == '"' || *p == '\'' ? strchr (p + 1, *p) : NULL;
    return close ? arena_strndup (a, p + 1, (size_t) (close - p - 1)) : NULL;
}

static struct cell *
add_cell (struct arena *a, struct notebook *nb, const struct line *marker)
{
    struct cell *c = vec_add (a, &nb->cells);
    char *header = marker ? arena_strndup (a, marker->text, marker->len) : arena_strdup (a, "");
    c->notebook = nb;
    c->index = (int) nb->cells.len - 1;
    c->kind = strstr (header, "[markdown]") || strstr (header, "[md]") ? CELL_MARKDOWN
              : strstr (header, "[raw]")                               ? CELL_RAW
                                                                       : CELL_CODE;
    read_tags (a, c, header);
    c->notebook_path = read_option (a, header, "notebook_path=");
    return c;
}

/* Markdown lines lose their "# "; code lines are kept, Jupytext's commented-out magics ("# %matplotlib inline",
 * "# !ls") come back to life. */
static void
add_line (struct strbuf *b, const struct cell *c, const struct line *l)
{
    const char *text = l->text;
    size_t len = l->len;
    size_t cut = 0;
    if (c->kind != CELL_CODE)
        cut = starts_with (l, "# ") ? 2 : starts_with (l, "#") ? 1 : 0;
    else if (len > 3 && starts_with (l, "# ") && ((text[2] == '%' && isalpha ((unsigned char) text[3])) || text[2] == '!'))
        cut = 2;
    strbuf_add (b, text + cut, len - cut);
    strbuf_addc (b, '\n');
}

static void
end_cell (struct arena *a, struct notebook *nb, struct cell *c, struct strbuf *source)
{
    if (!c)
        return;
    while (source->len && source->data[source->len - 1] == '\n')
        source->data[--source->len] = '\0';
    for (char *nul; (nul = source->len ? memchr (source->data, '\0', source->len) : NULL);)
        *nul = ' ';
    c->source = arena_strndup (a, strbuf_str (source), source->len);
    c->len = source->len;
    c->code_index = c->kind == CELL_CODE ? nb->code_cells++ : -1;
    strbuf_clear (source);
}

/* Jupytext's YAML header stands between two "# ---" lines at the very top. */
static const char *
skip_header (const char *data, const char *end)
{
    const char *at = data;
    struct line l;
    if (!next_line (&at, end, &l) || !starts_with (&l, "# ---"))
        return data;
    while (next_line (&at, end, &l))
        if (starts_with (&l, "# ---"))
            return at;
    return data;
}

void
notebook_percent_read (struct arena *a, struct notebook *nb, const char *data, size_t len)
{
    const char *end = data + len, *at = data;
    if (len >= 3 && memcmp (at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    at = skip_header (at, end);
    cleanup_strbuf struct strbuf source = { 0 };
    struct cell *c = NULL;
    for (struct line l; next_line (&at, end, &l);) {
        if (is_marker (&l)) {
            end_cell (a, nb, c, &source);
            c = add_cell (a, nb, &l);
            continue;
        }
        if (!c && l.len == 0)
            continue;
        if (!c)
            c = add_cell (a, nb, NULL);
        add_line (&source, c, &l);
    }
    end_cell (a, nb, c, &source);
}
