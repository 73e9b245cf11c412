/* See picture.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/picture.h"

#include "cli/progress.h"
#include "engine/ansi.h"
#include "engine/report_style.h"

#include <string.h>

#define DAG_MAX 150 /* steps; laying out more takes longer than a moment, and nobody reads it */
#define SHRUNK_MAX 12 /* steps; a larger graph made to fit a cell's width is too small to be read */

/* A picture of a run that goes on is drawn anew within this time, unless its kernel is gone: then the page says so
 * itself. */
#define SILENCE "30s"

/* Nearer to the text's colour, so that it can be read on any page. */
#define ON_PAGE(state, colour)                                                                                         \
    ".chard-run ." state "{color:" colour ";"                                                                          \
    "color:color-mix(in srgb," colour " 75%,var(--jp-ui-font-color1,currentcolor))}"

/* Colours are JupyterLab's where it sets them, so that its dark theme is followed. */
static const char style[] =
    "<style>.chard-run{font-size:13px;line-height:1.45;color:var(--jp-ui-font-color1,inherit)}"
    ".chard-run .bar{height:4px;border-radius:2px;background:#8884;overflow:hidden;margin:4px 0 8px;max-width:640px}"
    ".chard-run .bar i{display:block;height:100%;background:#3c9a61}.chard-run .bar.failed i{background:#cf4a3f}"
    ".chard-run .bar.canceled i,.chard-run .bar.canceling i{background:#c48a12}"
    ".chard-run .dag{overflow:auto;max-height:600px}.chard-run svg{max-width:100%;height:auto}"
    ".chard-run .large svg{max-width:none}"
    ".chard-run table{display:grid;grid-template-columns:fit-content(28em) auto auto minmax(0,1fr);gap:1px "
    "14px;margin:6px 0}.chard-run tbody,.chard-run tr{display:contents}.chard-run "
    "td{text-align:left!important;padding:0;border:0}.chard-run td.brief{white-space:nowrap}.chard-run "
    "td.all{grid-column:1/-1;min-width:0}.chard-run .dim{opacity:.7}" ON_PAGE ("running", "#c48a12")
    ON_PAGE ("done", "#3c9a61") ON_PAGE ("cached", "#4a86c5") ON_PAGE ("failed", "#cf4a3f")
    ".chard-run pre{text-align:left;margin:2px 0 4px;max-height:260px;overflow:auto;white-space:pre-wrap}"
    ".chard-run .silent{max-height:0;overflow:hidden;animation:chard-silent 0s " SILENCE " forwards}"
    "@keyframes chard-silent{to{max-height:9em}}"
    ".chard-run summary{cursor:pointer}</style>";

/* ---- small things ----------------------------------------------------------------------------------------------- */

static double
seconds_of (const struct picture *p, const struct picture_step *s)
{
    return s->state == DRAW_STATE_RUNNING ? p->now - s->began : s->seconds;
}

static const char *
time_text (struct arena *a, double seconds)
{
    char text[32];
    if (seconds < 0)
        return "";
    progress_format_seconds (seconds, text);
    return arena_strdup (a, text);
}

static int
count (const struct picture *p, enum draw_state state)
{
    int n = 0;
    vec_foreach (s, &p->steps)
        n += s->state == state;
    return n;
}

static int
count_canceled (const struct picture *p)
{
    int n = 0;
    vec_foreach (s, &p->steps)
        n += s->canceled;
    return n;
}

/* What became of a step, or becomes. */
static const char *
word_of (const struct picture_step *s)
{
    return s->canceled ? "canceled" : draw_state_name (s->state);
}

static void
add_count (struct strbuf *out, int n, const char *word)
{
    if (n > 0)
        strbuf_addf (out, ", %d %s", n, word);
}

/* "good.ipynb: running, 2 of 4 steps, 1 cached, 1.2 s". */
static const char *
headline (const struct picture *p)
{
    cleanup_strbuf struct strbuf b = { 0 };
    int done = count (p, DRAW_STATE_DONE), cached = count (p, DRAW_STATE_CACHED);
    strbuf_addf (&b, "%s, %d of %zu steps", p->status, done + cached, p->steps.len);
    add_count (&b, cached, "cached");
    add_count (&b, count (p, DRAW_STATE_RUNNING), "running");
    add_count (&b, count (p, DRAW_STATE_FAILED), "failed");
    add_count (&b, count_canceled (p), "canceled");
    add_count (&b, count (p, DRAW_STATE_SKIPPED) - count_canceled (p), "skipped");
    strbuf_addf (&b, ", %s", time_text (p->arena, p->seconds < 0 ? p->now - p->began : p->seconds));
    return arena_strdup (p->arena, strbuf_str (&b));
}

static const struct picture_step *
find_step (const struct picture *p, const char *name)
{
    vec_foreach (s, &p->steps)
        if (strcmp (s->name, name) == 0)
            return s;
    return NULL;
}

/* ---- HTML ------------------------------------------------------------------------------------------------------- */

static void
add_bar (const struct picture *p, struct strbuf *out)
{
    size_t over = p->steps.len - (size_t) (count (p, DRAW_STATE_WAITING) + count (p, DRAW_STATE_RUNNING));
    strbuf_addf (out, "<div class=\"bar %s\"><i style=\"width:%.0f%%\"></i></div>\n", p->status,
                 p->steps.len ? 100.0 * (double) over / (double) p->steps.len : 0);
}

static void
add_dag (const struct picture *p, struct strbuf *out)
{
    if (!p->pipeline || p->pipeline->steps.len > DAG_MAX)
        return;
    struct drawing *d = draw_pipeline (p->arena, p->pipeline);
    for (size_t i = 0; i < d->nodes.len && i < p->pipeline->steps.len; i++) {
        const struct picture_step *s = find_step (p, p->pipeline->steps.items[i].name);
        struct draw_node *n = &d->nodes.items[i];
        if (!s)
            continue;
        const char *time = s->state == DRAW_STATE_CACHED ? "cached" : time_text (p->arena, seconds_of (p, s));
        n->state = s->state;
        n->tooltip = s->error ? s->error : s->note;
        n->detail = arena_printf (p->arena, "%s%s%s", n->detail ? n->detail : "", *time ? " · " : "", time);
    }
    strbuf_addf (out, "<div class=\"dag%s\">", d->nodes.len > SHRUNK_MAX ? " large" : "");
    draw_svg (d, out, NULL);
    strbuf_adds (out, "</div>\n");
}

static void
add_printed (const struct picture_step *s, struct strbuf *out)
{
    if (!s->printed)
        return;
    strbuf_adds (out, "<details><summary class=\"dim\">output</summary><pre>");
    ansi_add_html (out, s->printed, strlen (s->printed));
    strbuf_adds (out, "</pre></details>");
}

/* In a row of its own: a traceback is wider than the last column of a narrow table. */
static void
add_error (const struct picture_step *s, struct strbuf *out)
{
    if (!s->error)
        return;
    strbuf_adds (out, "<tr><td class=\"all\" colspan=\"4\"><details open=\"\"><summary class=\"failed\">");
    strbuf_add_html (out, s->error);
    strbuf_adds (out, "</summary>");
    if (s->trace) {
        strbuf_adds (out, "<pre>");
        ansi_add_html (out, s->trace, strlen (s->trace));
        strbuf_adds (out, "</pre>");
    }
    if (s->hint) {
        strbuf_adds (out, "<div class=\"dim\">hint: ");
        strbuf_add_html (out, s->hint);
        strbuf_adds (out, "</div>");
    }
    strbuf_adds (out, "</details></td></tr>\n");
}

static void
add_row (const struct picture *p, const struct picture_step *s, struct strbuf *out)
{
    strbuf_adds (out, "<tr><td>");
    strbuf_add_html (out, s->name);
    strbuf_addf (out, "</td><td class=\"brief %s\">%s</td><td class=\"brief dim\">%s</td><td>", word_of (s),
                 word_of (s), time_text (p->arena, seconds_of (p, s)));
    if (s->note) {
        strbuf_adds (out, "<span class=\"dim\">");
        strbuf_add_html (out, s->note);
        strbuf_adds (out, "</span>");
    }
    add_printed (s, out);
    strbuf_adds (out, "</td></tr>\n");
    add_error (s, out);
}

void
picture_html (const struct picture *p, struct strbuf *out)
{
    strbuf_adds (out, style);
    strbuf_adds (out, "<div class=\"chard-run\"><div><b>");
    strbuf_add_html (out, p->notebook);
    strbuf_adds (out, "</b> · ");
    strbuf_add_html (out, headline (p));
    strbuf_adds (out, "</div>\n");
    add_bar (p, out);
    add_dag (p, out);
    strbuf_adds (out, "<table>\n");
    vec_foreach (s, &p->steps)
        add_row (p, s, out);
    strbuf_adds (out, "</table>\n");
    vec_foreach (n, &p->notes) {
        strbuf_adds (out, "<div class=\"dim\">note: ");
        strbuf_add_html (out, *n);
        strbuf_adds (out, "</div>\n");
    }
    if (p->seconds < 0)
        strbuf_adds (out, "<div class=\"silent\">Nothing has been heard of this run for a while: was the kernel "
                          "restarted? <code>%chard runs list</code> tells what became of it.</div>\n");
    if (p->advice) {
        strbuf_adds (out, "<div class=\"dim\">");
        strbuf_add_html (out, p->advice);
        strbuf_adds (out, "</div>\n");
    }
    if (p->run) {
        strbuf_adds (out, "<div class=\"dim\">run ");
        strbuf_add_html (out, p->run);
        if (p->report) {
            strbuf_adds (out, " · report: ");
            strbuf_add_html (out, p->report);
        }
        strbuf_adds (out, "</div>\n");
    }
    strbuf_adds (out, "</div>");
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

void
picture_text (const struct picture *p, struct strbuf *out)
{
    strbuf_addf (out, "%s: %s\n", p->notebook, headline (p));
    vec_foreach (s, &p->steps) {
        strbuf_addf (out, "  %-20s %-8s %s", s->name, word_of (s), time_text (p->arena, seconds_of (p, s)));
        if (s->note)
            strbuf_addf (out, "  %s", s->note);
        strbuf_addc (out, '\n');
        if (s->error)
            strbuf_addf (out, "    %s\n", s->error);
        if (s->error && s->hint)
            strbuf_addf (out, "    hint: %s\n", s->hint);
    }
    vec_foreach (n, &p->notes)
        strbuf_addf (out, "note: %s\n", *n);
    if (p->advice)
        strbuf_addf (out, "%s\n", p->advice);
    if (p->report)
        strbuf_addf (out, "report: %s\n", p->report);
}
