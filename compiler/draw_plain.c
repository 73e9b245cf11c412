/* A drawing as lines for terminals: each box with its wave and what it waits for. See draw.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/draw.h"

#include "base/utf8.h"

/* The wave of each box: one more than the latest of those it waits for. Boxes come in topological order; an edge
 * that leads back (cells of a notebook that was never ordered) is passed over. */
static int *
find_waves (const struct drawing *d, int *count)
{
    int *waves = arena_alloc (d->arena, (d->nodes.len + 1) * sizeof *waves);
    *count = 0;
    for (size_t pass = 0, changed = 1; changed && pass <= d->nodes.len; pass++) {
        changed = 0;
        vec_foreach (e, &d->edges)
            if (e->from < e->to && waves[e->to] < waves[e->from] + 1) {
                waves[e->to] = waves[e->from] + 1;
                changed = 1;
            }
    }
    for (size_t i = 0; i < d->nodes.len; i++)
        if (waves[i] + 1 > *count)
            *count = waves[i] + 1;
    return waves;
}

/* One line, whatever line breaks or control characters a name holds. */
static const char *
printable (struct arena *a, const char *text)
{
    cleanup_strbuf struct strbuf b = { 0 };
    for (; *text; text++)
        if (*text == '\n')
            strbuf_adds (&b, "\\n");
        else if ((unsigned char) *text < 0x20 || *text == 0x7f)
            strbuf_addf (&b, "\\x%02x", (unsigned char) *text);
        else
            strbuf_addc (&b, *text);
    return arena_strdup (a, strbuf_str (&b));
}

static void
add_padded (struct strbuf *out, const char *text, size_t columns)
{
    strbuf_adds (out, text);
    for (size_t n = utf8_columns (text); n < columns; n++)
        strbuf_addc (out, ' ');
}

static const char *
text_name (const struct drawing *d, const struct draw_node *n)
{
    return printable (d->arena, n->name ? n->name : n->title);
}

static void
add_sources (const struct drawing *d, int to, const struct vec_int *incoming, struct strbuf *out)
{
    vec_foreach (i, incoming) {
        const struct draw_edge *e = &d->edges.items[*i];
        if (e->to != to)
            continue;
        strbuf_addf (out, "%s%s", i == incoming->items ? "  ← " : " · ", text_name (d, &d->nodes.items[e->from]));
        if (e->names.len == 0)
            strbuf_addf (out, " (%s)", e->kind);
        vec_foreach (n, &e->names)
            strbuf_addf (out, "%s%s", n == e->names.items ? ": " : ", ", printable (d->arena, *n));
    }
}

static size_t
widest (const struct drawing *d, bool detail)
{
    size_t width = 0;
    vec_foreach (n, &d->nodes) {
        const char *text = detail ? n->detail : text_name (d, n);
        size_t columns = text ? utf8_columns (text) : 0;
        if (columns > width)
            width = columns;
    }
    return width;
}

static void
trim_right (struct strbuf *b)
{
    while (b->len && b->data[b->len - 1] == ' ')
        b->data[--b->len] = '\0';
}

void
draw_text (const struct drawing *d, struct strbuf *out)
{
    int count;
    const int *waves = find_waves (d, &count);
    size_t titles = widest (d, false), details = widest (d, true);
    struct vec_int *incoming = arena_alloc (d->arena, (d->nodes.len + 1) * sizeof *incoming);
    for (size_t i = 0; i < d->edges.len; i++)
        vec_push (d->arena, &incoming[d->edges.items[i].to], (int) i);
    for (size_t i = 0; i < d->nodes.len; i++) {
        const struct draw_node *n = &d->nodes.items[i];
        strbuf_addf (out, "%4d  ", waves[i] + 1);
        add_padded (out, text_name (d, n), titles);
        if (details) {
            strbuf_adds (out, "  ");
            add_padded (out, n->detail ? n->detail : "", details);
        }
        if (n->state)
            strbuf_addf (out, "  %s", draw_state_name (n->state));
        add_sources (d, (int) i, &incoming[i], out);
        trim_right (out);
        strbuf_addc (out, '\n');
    }
}
