/* The report's pictures: the steps and what ties them, coloured by how they fared, and when each ran. See
 * report_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_part.h"

#include "base/utf8.h"
#include "compiler/markup.h"
#include "engine/report_text.h"

#include <math.h>

enum {
    GRAPH_MAX = 800, /* steps; a larger graph is no picture any more */
    BAR_LEFT = 210,  /* timeline: where bars begin … */
    BAR_RIGHT = 900, /* … and end */
    BAR_STEP = 24,
};

/* ---- graph ------------------------------------------------------------------------------------------------------ */

static const char *
node_detail (const struct report_run *r, const struct report_step *s)
{
    if (s->seconds > 0)
        return arena_printf (r->arena, "%s · %s", s->status, report_duration (r->arena, s->seconds));
    return s->status;
}

static void
color_nodes (const struct report_run *r, struct drawing *d)
{
    for (size_t i = 0; i < r->steps.len; i++) {
        const struct report_step *s = &r->steps.items[i];
        if (!s->ir)
            continue;
        struct draw_node *n = &d->nodes.items[s->ir - r->pipeline->steps.items];
        n->state = s->state;
        n->detail = node_detail (r, s);
        n->href = arena_printf (r->arena, "#step-%zu", i);
    }
}

void
report_add_graph (const struct report_run *r, struct strbuf *out)
{
    if (!r->pipeline || r->pipeline->steps.len == 0 || r->pipeline->steps.len > GRAPH_MAX)
        return;
    struct drawing *d = draw_pipeline (r->arena, r->pipeline);
    color_nodes (r, d);
    cleanup_strbuf struct strbuf svg = { 0 };
    if (draw_svg (d, &svg, NULL) < 0)
        return;
    strbuf_adds (out, "<h2>Steps</h2>\n<div class=\"card graph\">\n");
    strbuf_add (out, strbuf_str (&svg), svg.len);
    strbuf_adds (out, "</div>\n");
}

/* ---- timeline --------------------------------------------------------------------------------------------------- */

/* The round number of seconds between two grid lines: 1, 2 or 5 times a power of ten, at most 8 lines. */
static double
grid_interval (double seconds)
{
    static const double steps[] = { 1, 2, 5, 10 };
    double power = pow (10, floor (log10 (fmax (seconds, 1e-3) / 8)));
    for (size_t i = 0; i < 4; i++)
        if (seconds / (power * steps[i]) <= 8)
            return power * steps[i];
    return power * 10;
}

static double
time_to_x (const struct report_run *r, double seconds)
{
    double all = fmax (r->seconds, 1e-3);
    return BAR_LEFT + (BAR_RIGHT - BAR_LEFT) * fmin (fmax (seconds, 0), all) / all;
}

static void
add_grid (const struct report_run *r, int height, struct strbuf *out)
{
    double step = grid_interval (r->seconds);
    for (int i = 0; i * step <= r->seconds * 1.0001; i++) {
        double x = time_to_x (r, i * step);
        strbuf_addf (out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>", x, x, height - 18);
        strbuf_addf (out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x, height - 3);
        markup_adds (out, i ? report_duration (r->arena, i * step) : "0");
        strbuf_adds (out, "</text>\n");
    }
}

static void
add_bar (const struct report_run *r, const struct report_step *s, const struct report_attempt *a, int y,
         struct strbuf *out)
{
    double x = time_to_x (r, a->began), w = fmax (time_to_x (r, a->ended) - x, 2);
    strbuf_addf (out, "<rect class=\"bar %s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"12\" rx=\"2.5\"><title>",
                 draw_state_name (a->state), x, y + 5, w);
    markup_adds (out, s->name);
    strbuf_addf (out, ": %s to %s</title></rect>", report_duration (r->arena, a->began),
                 report_duration (r->arena, a->ended));
    if (a != &s->attempts.items[s->attempts.len - 1])
        return;
    bool beside = x + w <= BAR_RIGHT - 70, inside = !beside && w > 70; /* else before the bar */
    strbuf_addf (out, "<text x=\"%.1f\" y=\"%d\"%s%s>%s</text>",
                 beside   ? x + w + 6
                 : inside ? x + w - 6
                          : x - 6,
                 y + 15, beside ? "" : " text-anchor=\"end\"", inside ? " class=\"in\"" : "",
                 report_duration (r->arena, s->seconds));
}

/* Text cut to the width of the column of names. */
static const char *
short_name (struct arena *a, const char *name)
{
    enum { MOST = 28 };
    if (utf8_columns (name) <= MOST)
        return name;
    size_t n = 0, len;
    for (size_t columns = 0; columns < MOST - 1 && name[n]; columns++, n += len)
        utf8_decode (name + n, strlen (name + n), &len);
    return arena_printf (a, "%.*s…", (int) n, name);
}

void
report_add_timeline (const struct report_run *r, struct strbuf *out)
{
    size_t rows = 0;
    vec_foreach (s, &r->steps)
        rows += s->attempts.len > 0;
    if (rows == 0)
        return;
    int height = (int) rows * BAR_STEP + 24, y = 0;
    strbuf_addf (out, "<h2>Time</h2>\n<div class=\"card time\"><svg viewBox=\"0 0 940 %d\" role=\"img\">\n", height);
    strbuf_adds (out, "<title>When each step ran</title>");
    add_grid (r, height, out);
    vec_foreach (s, &r->steps) {
        if (s->attempts.len == 0)
            continue;
        strbuf_addf (out, "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", BAR_LEFT - 12, y + 15);
        markup_adds (out, short_name (r->arena, s->name));
        strbuf_adds (out, "</text>");
        vec_foreach (a, &s->attempts)
            add_bar (r, s, a, y, out);
        strbuf_adds (out, "\n");
        y += BAR_STEP;
    }
    strbuf_adds (out, "</svg></div>\n");
}
