/* See notebook_percent.h. Format: Jupytext's "percent": a cell begins at a line "# %%", followed by an optional
 * title, an optional "[markdown]" or "[raw]", and key=value options, of which `tags=["a", "b"]` and
 * `notebook_path="…"` count here, and `language="bash"` for a cell in another language.
 * Markdown cells are comment lines or one bare triple-quoted string. A leading YAML header ("# ---") holds the
 * notebook's metadata.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_percent.h"

#include "base/strbuf.h"
#include "compiler/percent_line.h"
#include "doc/yaml.h"

#include <ctype.h>
#include <string.h>

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

/* A cell that is being read. */
struct reading {
    struct cell *cell; /* NULL before the first */
    bool commented;    /* its text stands in comments: Markdown, raw text, another language's code */
    struct strbuf source;
};

static void
begin_cell (struct arena *a, struct notebook *nb, struct reading *r, const char *header)
{
    struct cell *c = r->cell = vec_add (a, &nb->cells);
    c->notebook = nb;
    c->index = (int) nb->cells.len - 1;
    c->kind = strstr (header, "[markdown]") || strstr (header, "[md]") ? CELL_MARKDOWN
              : strstr (header, "[raw]")                               ? CELL_RAW
                                                                       : CELL_CODE;
    const char *language = c->kind == CELL_CODE ? read_option (a, header, "language=") : NULL;
    if (language)
        strbuf_addf (&r->source, "%%%%%s\n", language);
    r->commented = language || c->kind != CELL_CODE;
    read_tags (a, c, header);
    c->notebook_path = read_option (a, header, "notebook_path=");
}

/* "# %matplotlib inline", "# %%time", "# !ls": Jupytext comments IPython's lines out. */
static bool
is_commented_magic (const char *text, size_t len)
{
    size_t mark = len > 3 && memcmp (text, "# %%", 4) == 0 ? 4 : 3;
    if (len <= mark || text[0] != '#' || text[1] != ' ')
        return false;
    return text[2] == '!' || (text[2] == '%' && isalpha ((unsigned char) text[mark]));
}

/* Markdown lines lose their "# "; code lines are kept, commented-out magics come back to life. */
static void
add_line (struct reading *r, const char *text, size_t len)
{
    size_t cut = 0;
    if (r->commented)
        cut = len && text[0] == '#' ? 1 + (len > 1 && text[1] == ' ') : 0;
    else if (is_commented_magic (text, len))
        cut = 2;
    strbuf_add (&r->source, text + cut, len - cut);
    strbuf_addc (&r->source, '\n');
}

static void
end_cell (struct arena *a, struct notebook *nb, struct reading *r)
{
    struct cell *c = r->cell;
    struct strbuf *source = &r->source;
    if (!c)
        return;
    while (source->len && source->data[source->len - 1] == '\n')
        source->data[--source->len] = '\0';
    cell_set_source (a, c, strbuf_str (source), source->len);
    c->code_index = c->kind == CELL_CODE ? nb->code_cells++ : -1;
    strbuf_clear (source);
}

/* Jupytext keeps the notebook's metadata there under "jupyter"; a header that is no YAML is passed over. */
static void
read_header (struct arena *a, struct notebook *nb, const char *data, size_t start, size_t end)
{
    cleanup_strbuf struct strbuf text = { 0 };
    struct percent_line l = { .next = start };
    while (percent_line_at (data, end, l.next, &l)) {
        size_t cut = percent_line_starts_with (data, &l, "# ") ? 2 : percent_line_starts_with (data, &l, "#") ? 1 : 0;
        strbuf_add (&text, data + l.start + cut, l.end - l.start - cut);
        strbuf_addc (&text, '\n');
    }
    struct error ignored = { 0 };
    json_auto_t *header = text.len ? yaml_parse (strbuf_str (&text), text.len, &ignored) : NULL;
    notebook_set_metadata (a, nb, json_object_get (header, "jupyter"));
}

void
notebook_percent_read (struct arena *a, struct notebook *nb, const char *data, size_t len)
{
    size_t header, header_end;
    struct reading r = { 0 };
    struct percent_line l = { .next = percent_line_first (data, len, &header, &header_end) };
    read_header (a, nb, data, header, header_end);
    while (percent_line_at (data, len, l.next, &l)) {
        if (percent_line_is_marker (data, &l)) {
            end_cell (a, nb, &r);
            begin_cell (a, nb, &r, arena_strndup (a, data + l.start, l.end - l.start));
            continue;
        }
        if (!r.cell && l.end == l.start)
            continue;
        if (!r.cell)
            begin_cell (a, nb, &r, "");
        add_line (&r, data + l.start, l.end - l.start);
    }
    end_cell (a, nb, &r);
    strbuf_free (&r.source);
}
