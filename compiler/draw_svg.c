/* A drawing as SVG: sizes its boxes and labels, has them laid out (layout.h) and writes the element. Colours stand
 * twice: as attributes for simple viewers, and as style rules that follow a dark colour scheme. See draw.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/draw.h"
#include "compiler/layout.h"
#include "compiler/markup.h"

#include "base/utf8.h"
#include <math.h>
#include <stdio.h>

#define FONT "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

/* What stands on the page itself follows the page's theme where it has one, JupyterLab's or VS Code's. */
#define ON_PAGE "var(--jp-ui-font-color1,var(--vscode-foreground,"

enum {
    TITLE_SIZE = 13,
    DETAIL_SIZE = 10,
    LABEL_SIZE = 10,
    TITLE_MAX = 34, /* characters before it is cut */
    LABEL_MAX = 40,
    LABELS_MAX = 150, /* more edges than that, and labels would hide the picture */
    MARGIN = 14,
};

/* light fill, light stroke, dark fill, dark stroke */
static const struct {
    const char *fill, *stroke, *dark_fill, *dark_stroke;
} looks[] = {
    [DRAW_STATE_NONE] = { "#f6f8fa", "#8c98a8", "#22272e", "#7a8696" },
    [DRAW_STATE_WAITING] = { "#f6f8fa", "#b8c0cc", "#1f242b", "#515b68" },
    [DRAW_STATE_RUNNING] = { "#fff6dd", "#c48a12", "#3a3016", "#d9a72f" },
    [DRAW_STATE_DONE] = { "#e9f6ee", "#3c9a61", "#16301f", "#4db877" },
    [DRAW_STATE_CACHED] = { "#e8f1fb", "#4a86c5", "#172a3f", "#62a0e0" },
    [DRAW_STATE_FAILED] = { "#fdecea", "#cf4a3f", "#3d1a18", "#ee6a5f" },
    [DRAW_STATE_SKIPPED] = { "#f3f3f4", "#b5b8be", "#26282b", "#5b5f66" },
};

static const char *
state_class (enum draw_state s)
{
    return s == DRAW_STATE_NONE ? "plain" : draw_state_name (s);
}

static void
add_style (struct strbuf *out)
{
    strbuf_adds (out, "<style>.chard-graph{font-family:" FONT "}.chard-graph a{text-decoration:none}"
                      ".chard-graph .l{fill:" ON_PAGE "#586274))}"
                      "@media(prefers-color-scheme:dark){"
                      ".chard-graph .t{fill:#e6e9ee}.chard-graph .d{fill:#a3adba}"
                      ".chard-graph .l{fill:" ON_PAGE "#aab4c1))}"
                      ".chard-graph .e{stroke:#77818f}.chard-graph .h{fill:#77818f}");
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        strbuf_addf (out, ".chard-graph .s-%s rect{fill:%s;stroke:%s}", state_class ((enum draw_state) i),
                     looks[i].dark_fill, looks[i].dark_stroke);
    strbuf_adds (out, "}</style>\n");
}

/* The text, cut at `max` characters with an ellipsis; line breaks become a visible sign. */
static const char *
shorten (struct arena *a, const char *text, size_t max)
{
    cleanup_strbuf struct strbuf b = { 0 };
    size_t shown = 0, n = strlen (text);
    for (size_t i = 0, len; i < n; i += len) {
        uint32_t c = utf8_decode (text + i, n - i, &len);
        if (++shown > max) {
            strbuf_adds (&b, "…");
            break;
        }
        if (c == '\n' || c == '\r')
            strbuf_adds (&b, "↵");
        else
            strbuf_add (&b, text + i, len);
    }
    return arena_strdup (a, strbuf_str (&b));
}

static const char *
edge_label (struct arena *a, const struct draw_edge *e)
{
    cleanup_strbuf struct strbuf b = { 0 };
    size_t shown = 0;
    vec_foreach (n, &e->names) {
        if (shown && utf8_columns (strbuf_str (&b)) + utf8_columns (*n) + 2 > LABEL_MAX)
            break;
        strbuf_addf (&b, "%s%s", shown ? ", " : "", shorten (a, *n, LABEL_MAX));
        shown++;
    }
    if (shown < e->names.len)
        strbuf_addf (&b, " +%zu", e->names.len - shown);
    return arena_strdup (a, strbuf_str (&b));
}

static bool
has_room_for_labels (const struct drawing *d)
{
    return d->edges.len <= LABELS_MAX;
}

static double
text_width (const char *text, double size)
{
    return text ? markup_em_width (text, strlen (text)) * size : 0;
}

static void
size_everything (const struct drawing *d, struct layout *l)
{
    vec_foreach (n, &d->nodes) {
        struct layout_box *box = vec_add (l->arena, &l->boxes);
        double title = text_width (shorten (d->arena, n->title, TITLE_MAX), TITLE_SIZE);
        box->w = fmax (92, fmax (title, text_width (n->detail, DETAIL_SIZE)) + 28);
        box->h = n->detail ? 44 : 34;
    }
    vec_foreach (e, &d->edges) {
        struct layout_edge *edge = vec_add (l->arena, &l->edges);
        edge->from = e->from;
        edge->to = e->to;
        if (e->names.len && has_room_for_labels (d)) {
            edge->label_w = text_width (edge_label (d->arena, e), LABEL_SIZE) + 8;
            edge->label_h = 16;
        }
    }
}

/* The curve, then a small triangle from the curve's end to the tip. */
static void
add_arrow (const struct draw_edge *e, const struct layout_edge *at, struct strbuf *out)
{
    if (at->points.len == 0)
        return;
    const struct layout_point *p = at->points.items, *end = &p[at->points.len - 1];
    static const struct {
        const char *kind, *dash;
    } dashes[] = {
        { "order", "2 4" }, { "code", "1 3" }, { "import", "1 3" }, { "file", "7 3" }, { "state", "7 3 1 3" }
    };
    const char *dash = "";
    for (size_t i = 0; i < sizeof dashes / sizeof dashes[0]; i++)
        if (strcmp (e->kind, dashes[i].kind) == 0)
            dash = dashes[i].dash;
    strbuf_addf (out, "<path class=\"e\" fill=\"none\" stroke=\"#8c98a8\" stroke-width=\"1.2\"%s%s%s d=\"M%.1f,%.1f",
                 *dash ? " stroke-dasharray=\"" : "", dash, *dash ? "\"" : "", p[0].x, p[0].y);
    for (size_t i = 1; i < at->points.len; i++)
        strbuf_addf (out, "%s%.1f,%.1f", i % 3 == 1 ? "C" : " ", p[i].x, p[i].y);
    double dx = at->tip.x - end->x, dy = at->tip.y - end->y, length = hypot (dx, dy);
    strbuf_adds (out, "\"/>\n");
    if (length < 0.1)
        return;
    double nx = -dy / length * 3.2, ny = dx / length * 3.2;
    strbuf_addf (out, "<path class=\"h\" fill=\"#8c98a8\" d=\"M%.1f,%.1fL%.1f,%.1fL%.1f,%.1fZ\"/>\n", at->tip.x,
                 at->tip.y, end->x + nx, end->y + ny, end->x - nx, end->y - ny);
}

static void
add_title (const char *text, struct strbuf *out)
{
    strbuf_adds (out, "<title>");
    markup_adds (out, text);
    strbuf_adds (out, "</title>");
}

static void
add_edge (const struct drawing *d, const struct draw_edge *e, const struct layout_edge *at, struct strbuf *out)
{
    strbuf_addf (out, "<g class=\"edge k-%s\">", e->kind);
    cleanup_strbuf struct strbuf tip = { 0 };
    strbuf_addf (&tip, "%s → %s (%s)", d->nodes.items[e->from].title, d->nodes.items[e->to].title, e->kind);
    vec_foreach (n, &e->names)
        strbuf_addf (&tip, "%s%s", n == e->names.items ? ": " : ", ", *n);
    add_title (strbuf_str (&tip), out);
    add_arrow (e, at, out);
    if (at->label_w > 0) {
        strbuf_addf (
            out, "<text class=\"l\" fill=\"#586274\" font-size=\"%d\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">",
            LABEL_SIZE, at->label.x, at->label.y + LABEL_SIZE * 0.35);
        markup_adds (out, edge_label (d->arena, e));
        strbuf_adds (out, "</text>");
    }
    strbuf_adds (out, "</g>\n");
}

static void
add_node (const struct drawing *d, const struct draw_node *n, const struct layout_box *at, struct strbuf *out)
{
    double x = at->centre.x, y = at->centre.y;
    if (n->href) {
        strbuf_adds (out, "<a href=\"");
        markup_adds (out, n->href);
        strbuf_adds (out, "\">");
    }
    strbuf_addf (out, "<g class=\"node s-%s\">", state_class (n->state));
    add_title (n->tooltip ? n->tooltip : n->title, out);
    strbuf_addf (out,
                 "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"8\" fill=\"%s\" stroke=\"%s\""
                 " stroke-width=\"1.3\"%s/>",
                 x - at->w / 2, y - at->h / 2, at->w, at->h, looks[n->state].fill, looks[n->state].stroke,
                 n->state == DRAW_STATE_SKIPPED ? " stroke-dasharray=\"4 3\"" : "");
    strbuf_addf (
        out,
        "<text class=\"t\" fill=\"#1f2733\" font-size=\"%d\" font-weight=\"600\" text-anchor=\"middle\" x=\"%.1f\""
        " y=\"%.1f\">",
        TITLE_SIZE, x, y + (n->detail ? -2.5 : TITLE_SIZE * 0.35));
    markup_adds (out, shorten (d->arena, n->title, TITLE_MAX));
    strbuf_adds (out, "</text>");
    if (n->detail) {
        strbuf_addf (
            out, "<text class=\"d\" fill=\"#667085\" font-size=\"%d\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">",
            DETAIL_SIZE, x, y + 13);
        markup_adds (out, n->detail);
        strbuf_adds (out, "</text>");
    }
    strbuf_addf (out, "</g>%s\n", n->href ? "</a>" : "");
}

int
draw_svg (const struct drawing *d, struct strbuf *out, struct error *err)
{
    struct layout l = { .arena = d->arena };
    size_everything (d, &l);
    if (layout_graph (&l, err) < 0)
        return -1;
    double w = l.w + 2 * MARGIN, h = l.h + 2 * MARGIN;
    strbuf_addf (
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chard-graph\" role=\"img\" width=\"%.0f\" height=\"%.0f\""
        " viewBox=\"%d %d %.0f %.0f\" font-family=\"" FONT "\">\n",
        ceil (w), ceil (h), -MARGIN, -MARGIN, ceil (w), ceil (h));
    add_title (d->name ? d->name : "pipeline", out);
    add_style (out);
    for (size_t i = 0; i < d->edges.len; i++)
        add_edge (d, &d->edges.items[i], &l.edges.items[i], out);
    for (size_t i = 0; i < d->nodes.len; i++)
        add_node (d, &d->nodes.items[i], &l.boxes.items[i], out);
    strbuf_adds (out, "</svg>\n");
    return 0;
}
