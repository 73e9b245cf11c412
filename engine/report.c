/* See report.h. A section of the page is a function; reading the run is report_run.c's, showing what cells showed is
 * report_output.c's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/utf8.h"
#include "compiler/markup.h"
#include "engine/report_output.h"
#include "engine/report_run.h"
#include "engine/report_style.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

enum {
    OUTPUTS_BUDGET = 64 << 20, /* bytes of all outputs together */
    FOLD_FROM = 40,            /* runs of more steps come with their steps folded */
    GRAPH_MAX = 800,           /* steps; a larger graph is no picture any more */
    LOG_TAIL = 8 << 10,
    BAR_LEFT = 210,  /* timeline: where bars begin … */
    BAR_RIGHT = 900, /* … and end */
    BAR_STEP = 24,
};

/* ---- small things ----------------------------------------------------------------------------------------------- */

/* <name class="class">text</name>; no class if NULL. */
static void
add_element (struct strbuf *out, const char *name, const char *class, const char *text)
{
    strbuf_addf (out, class ? "<%s class=\"%s\">" : "<%s>", name, class);
    markup_adds (out, text);
    strbuf_addf (out, "</%s>", name);
}

static const char *
duration_text (struct arena *a, double s)
{
    if (s < 0.0005)
        return "0 s";
    if (s < 0.9995)
        return arena_printf (a, "%.0f ms", s * 1000);
    if (s < 59.95)
        return arena_printf (a, "%.*f s", s < 9.995 ? 2 : 1, s);
    long whole = lround (s);
    if (whole < 3600)
        return arena_printf (a, "%ld min %ld s", whole / 60, whole % 60);
    return arena_printf (a, "%ld h %ld min", whole / 3600, whole / 60 % 60);
}

static const char *
bytes_text (struct arena *a, double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t u = 0;
    for (; bytes >= 999.5 && u + 1 < sizeof units / sizeof units[0]; u++)
        bytes /= 1000;
    return arena_printf (a, u > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

static const char *
date_text (struct arena *a, double when)
{
    time_t t = (time_t) when;
    struct tm tm;
    char text[64];
    localtime_r (&t, &tm);
    strftime (text, sizeof text, "%-d %B %Y, %H:%M:%S", &tm);
    return arena_strdup (a, text);
}

/* A JSON value as people write it: text without its quotes, numbers short. */
static const char *
value_text (struct arena *a, const json_t *v)
{
    if (!v)
        return "—";
    if (json_is_string (v))
        return arena_strdup (a, json_string_value (v));
    if (json_is_real (v))
        return arena_printf (a, "%.6g", json_real_value (v));
    cleanup_free char *text = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
    return arena_printf (a, "%.*s%s", 300, text ? text : "?", text && strlen (text) > 300 ? "…" : "");
}

static const char *
string_at (const json_t *o, const char *key)
{
    return json_string_value (json_object_get (o, key));
}

static bool
is_given (const char *s)
{
    return s && *s;
}

/* ---- head ------------------------------------------------------------------------------------------------------- */

static void
add_fact (struct strbuf *out, const char *name, const char *value)
{
    if (!is_given (value))
        return;
    strbuf_adds (out, "<div>");
    add_element (out, "dt", NULL, name);
    add_element (out, "dd", NULL, value);
    strbuf_adds (out, "</div>\n");
}

static int
count_state (const struct report_run *r, enum draw_state state)
{
    int n = 0;
    vec_foreach (s, &r->steps)
        n += s->state == state;
    return n;
}

static const char *
counts_text (const struct report_run *r)
{
    static const enum draw_state shown[] = { DRAW_STATE_DONE,    DRAW_STATE_CACHED,  DRAW_STATE_FAILED,
                                             DRAW_STATE_SKIPPED, DRAW_STATE_RUNNING, DRAW_STATE_WAITING };
    static const char *const words[] = { "ran", "cached", "failed", "skipped", "running", "waiting" };
    cleanup_strbuf struct strbuf b = { 0 };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int n = count_state (r, shown[i]);
        if (n)
            strbuf_addf (&b, "%s%d %s", b.len ? ", " : "", n, words[i]);
    }
    return arena_strdup (r->arena, strbuf_str (&b));
}

static const char *
run_name (const struct report_run *r)
{
    const char *notebook = string_at (r->begin, "notebook"), *name = string_at (r->begin, "name");
    return is_given (name) ? name : is_given (notebook) ? fs_basename (notebook) : r->id;
}

/* What Git knew of the sources; the files that weren't as committed are told below (add_uncommitted). */
static void
add_git_facts (const struct report_run *r, struct strbuf *out)
{
    const json_t *git = json_object_get (r->begin, "git");
    const char *commit = string_at (r->begin, "commit"), *branch = string_at (git, "branch");
    if (is_given (commit))
        add_fact (out, "Git commit", arena_printf (r->arena, "%.10s%s%s", commit, is_given (branch) ? " on " : "",
                                                   is_given (branch) ? branch : ""));
    add_fact (out, "Repository", is_given (string_at (git, "url")) ? string_at (git, "url") : string_at (git, "repository"));
    if (is_given (string_at (git, "snapshot")))
        add_fact (out, "Snapshot", arena_printf (r->arena, "refs/chard/runs/%s", r->id));
}

static void
add_uncommitted (const struct report_run *r, struct strbuf *out)
{
    const json_t *git = json_object_get (r->begin, "git"), *dirty = json_object_get (git, "dirty");
    json_int_t all = json_integer_value (json_object_get (git, "dirty_count"));
    size_t n = json_array_size (dirty);
    if (n == 0)
        return;
    strbuf_adds (out, "<p class=\"note\">Not as committed: ");
    for (size_t i = 0; i < n; i++) {
        const json_t *d = json_array_get (dirty, i);
        strbuf_adds (out, i ? ", " : "");
        add_element (out, "code", NULL, string_at (d, "path") ? string_at (d, "path") : "?");
        markup_adds (out, arena_printf (r->arena, " (%s)", string_at (d, "change") ? string_at (d, "change") : "?"));
    }
    if (all > (json_int_t) n)
        strbuf_addf (out, " and %d more", (int) (all - (json_int_t) n));
    strbuf_adds (out, "</p>\n");
}

static void
add_facts (const struct report_run *r, struct strbuf *out)
{
    const json_t *jobs = json_object_get (r->begin, "jobs");
    strbuf_adds (out, "<dl class=\"facts\">\n");
    add_fact (out, "Began", date_text (r->arena, r->began));
    add_fact (out, "Took", duration_text (r->arena, r->seconds));
    add_fact (out, r->steps.len == 1 ? "1 step" : arena_printf (r->arena, "%zu steps", r->steps.len),
              counts_text (r));
    if (json_is_integer (jobs))
        add_fact (out, "At once", value_text (r->arena, jobs));
    add_fact (out, "Python", string_at (r->begin, "python_version"));
    add_git_facts (r, out);
    add_fact (out, "Run", r->id);
    strbuf_adds (out, "</dl>\n");
}

/* What went wrong stands first, with a way to it. */
static void
add_failed_steps (const struct report_run *r, struct strbuf *out)
{
    for (size_t i = 0; i < r->steps.len; i++) {
        const struct report_step *s = &r->steps.items[i];
        if (s->state != DRAW_STATE_FAILED)
            continue;
        const char *type = string_at (s->error, "type"), *message = string_at (s->error, "message");
        strbuf_addf (out, "<div class=\"fail\"><p><a href=\"#step-%zu\">", i);
        markup_adds (out, s->name);
        strbuf_adds (out, "</a> ");
        markup_adds (out, s->status);
        if (type)
            markup_adds (out, arena_printf (r->arena, ": %s%s%s", type, is_given (message) ? ": " : "",
                                            message ? message : ""));
        strbuf_adds (out, "</p></div>\n");
    }
}

static void
add_run_notes (const struct report_run *r, struct strbuf *out)
{
    size_t i;
    json_t *e;
    json_array_foreach (r->log.events, i, e) {
        const char *event = string_at (e, "event"), *text = string_at (e, "text");
        if (event && text && strcmp (event, "run.note") == 0)
            add_element (out, "p", "note", text);
    }
    const char *error = string_at (runlog_last (&r->log, "run.end", NULL), "error");
    if (!is_given (error))
        return;
    strbuf_adds (out, "<div class=\"fail\">");
    add_element (out, "p", NULL, error);
    strbuf_adds (out, "</div>\n");
}

static void
add_header (const struct report_run *r, struct strbuf *out)
{
    const char *notebook = string_at (r->begin, "notebook");
    strbuf_adds (out, "<header>\n<h1>");
    markup_adds (out, run_name (r));
    add_element (out, "span", arena_printf (r->arena, "pill %s", r->status), r->status);
    strbuf_adds (out, "</h1>\n");
    add_element (out, "p", "sub", notebook ? notebook : "");
    if (r->pipeline && is_given (r->pipeline->description))
        add_element (out, "p", "sub", r->pipeline->description);
    add_facts (r, out);
    add_uncommitted (r, out);
    add_run_notes (r, out);
    add_failed_steps (r, out);
    strbuf_adds (out, "</header>\n<main>\n");
}

/* ---- graph ------------------------------------------------------------------------------------------------------ */

static const char *
node_detail (const struct report_run *r, const struct report_step *s)
{
    if (s->seconds > 0)
        return arena_printf (r->arena, "%s · %s", s->status, duration_text (r->arena, s->seconds));
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

static void
add_graph (const struct report_run *r, struct strbuf *out)
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
        markup_adds (out, i ? duration_text (r->arena, i * step) : "0");
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
    strbuf_addf (out, ": %s to %s</title></rect>", duration_text (r->arena, a->began),
                 duration_text (r->arena, a->ended));
    if (a != &s->attempts.items[s->attempts.len - 1])
        return;
    bool beside = x + w <= BAR_RIGHT - 70, inside = !beside && w > 70; /* else before the bar */
    strbuf_addf (out, "<text x=\"%.1f\" y=\"%d\"%s%s>%s</text>",
                 beside   ? x + w + 6
                 : inside ? x + w - 6
                          : x - 6,
                 y + 15, beside ? "" : " text-anchor=\"end\"", inside ? " class=\"in\"" : "",
                 duration_text (r->arena, s->seconds));
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

static void
add_timeline (const struct report_run *r, struct strbuf *out)
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

/* ---- metrics and parameters ------------------------------------------------------------------------------------- */

static const char *
change_text (struct arena *a, const json_t *now, const json_t *before)
{
    if (!before)
        return "";
    if (!json_is_number (now) || !json_is_number (before))
        return json_equal (now, before) ? "same" : "changed";
    double change = json_number_value (now) - json_number_value (before), old = fabs (json_number_value (before));
    if (change == 0)
        return "same";
    const char *sign = change > 0 ? "+" : "−";
    if (old > 0)
        return arena_printf (a, "%s%.4g (%s%.3g %%)", sign, fabs (change), sign, fabs (change) / old * 100);
    return arena_printf (a, "%s%.4g", sign, fabs (change));
}

static void
add_metric_row (const struct report_run *r, const char *step, const char *name, const json_t *value,
                struct strbuf *out)
{
    const json_t *before = json_object_get (json_object_get (r->previous_metrics, step), name);
    strbuf_adds (out, "<tr>");
    add_element (out, "td", NULL, name);
    add_element (out, "td", "soft", step);
    add_element (out, "td", "n", value_text (r->arena, value));
    if (r->previous) {
        add_element (out, "td", "n soft", value_text (r->arena, before));
        add_element (out, "td", "n soft", change_text (r->arena, value, before));
    }
    strbuf_adds (out, "</tr>\n");
}

static void
add_metrics (const struct report_run *r, struct strbuf *out)
{
    if (json_object_size (r->metrics) == 0)
        return;
    strbuf_adds (
        out, "<h2>Metrics</h2>\n<div class=\"card\"><table class=\"plain metrics\">\n<tr><th>Name</th><th>Step</th>"
             "<th class=\"n\">Value</th>");
    if (r->previous) {
        strbuf_adds (out, "<th class=\"n\">Run ");
        markup_adds (out, r->previous);
        strbuf_adds (out, "</th><th class=\"n\">Change</th>");
    }
    strbuf_adds (out, "</tr>\n");
    vec_foreach (s, &r->steps) {
        json_t *metrics = json_object_get (r->metrics, s->name), *value;
        const char *name;
        json_object_foreach (metrics, name, value)
            add_metric_row (r, s->name, name, value, out);
    }
    strbuf_adds (out, "</table></div>\n");
}

static const struct param *
find_param (const struct report_run *r, const char *name)
{
    int at = r->pipeline ? pipeline_find_param (r->pipeline, name) : -1;
    return at >= 0 ? &r->pipeline->params.items[at] : NULL;
}

static void
add_parameters (const struct report_run *r, struct strbuf *out)
{
    json_t *all = json_object_get (r->begin, "parameters"), *value;
    const char *name;
    if (json_object_size (all) == 0)
        return;
    strbuf_adds (out,
                 "<h2>Parameters</h2>\n<div class=\"card\"><table class=\"plain\">\n<tr><th>Name</th><th>Type</th>"
                 "<th class=\"n\">Value</th><th class=\"n\">In the notebook</th>");
    strbuf_adds (out, r->previous ? "<th class=\"n\">Run before</th></tr>\n" : "</tr>\n");
    json_object_foreach (all, name, value) {
        const struct param *p = find_param (r, name);
        strbuf_adds (out, "<tr>");
        add_element (out, "td", NULL, name);
        add_element (out, "td", "soft", p && p->type ? p->type : "");
        add_element (out, "td", "n", value_text (r->arena, value));
        add_element (out, "td", "n soft", p ? value_text (r->arena, p->default_value) : "");
        if (r->previous)
            add_element (out, "td", "n soft", value_text (r->arena, json_object_get (r->previous_parameters, name)));
        strbuf_adds (out, "</tr>\n");
    }
    strbuf_adds (out, "</table></div>\n");
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static void
add_failure (const struct report_run *r, const struct report_step *s, struct strbuf *out)
{
    const char *type = string_at (s->error, "type"), *message = string_at (s->error, "message");
    const json_t *cell = json_object_get (s->error, "cell"), *line = json_object_get (s->error, "line");
    if (!s->error)
        return;
    strbuf_adds (out, "<div class=\"fail\"><p>");
    add_element (out, "b", NULL, type ? type : "Error");
    markup_adds (out, is_given (message) ? arena_printf (r->arena, ": %s", message) : "");
    if (json_is_integer (cell))
        strbuf_adds (out, " <span class=\"soft\">");
    if (json_is_integer (cell) && is_given (string_at (s->error, "notebook")))
        markup_adds (out, arena_printf (r->arena, "%s, ", string_at (s->error, "notebook")));
    if (json_is_integer (cell))
        strbuf_addf (out, "cell %" JSON_INTEGER_FORMAT, json_integer_value (cell));
    if (json_is_integer (cell) && json_is_integer (line))
        strbuf_addf (out, ", line %" JSON_INTEGER_FORMAT, json_integer_value (line));
    strbuf_adds (out, json_is_integer (cell) ? "</span></p>" : "</p>");
    if (is_given (string_at (s->error, "hint")))
        add_element (out, "p", "hint", string_at (s->error, "hint"));
    strbuf_adds (out, "</div>\n");
}

/* "150 × 4", and for tables their columns. */
static const char *
shape_text (struct arena *a, const json_t *d)
{
    const json_t *shape = json_object_get (d, "shape"), *length = json_object_get (d, "length");
    cleanup_strbuf struct strbuf b = { 0 };
    size_t i;
    json_t *n;
    json_array_foreach (shape, i, n)
        strbuf_addf (&b, "%s%" JSON_INTEGER_FORMAT, i ? " × " : "", json_integer_value (n));
    if (json_is_array (shape) && i == 0)
        return "scalar";
    if (b.len == 0 && json_is_integer (length))
        strbuf_addf (&b, "%" JSON_INTEGER_FORMAT " long", json_integer_value (length));
    return arena_strdup (a, strbuf_str (&b));
}

static void
add_columns (const json_t *d, struct strbuf *out)
{
    const json_t *columns = json_object_get (d, "columns"), *types = json_object_get (d, "dtypes");
    size_t i;
    json_t *name;
    if (json_array_size (columns) == 0)
        return;
    strbuf_adds (out, "<div class=\"columns\">");
    json_array_foreach (columns, i, name) {
        const char *type = json_string_value (json_array_get (types, i));
        strbuf_adds (out, i ? ", " : "");
        markup_adds (out, json_is_string (name) ? json_string_value (name) : "?");
        if (type) {
            strbuf_addc (out, ' ');
            add_element (out, "span", "faint", type);
        }
    }
    strbuf_adds (out, "</div>");
}

/* A head of one short line stands beside the value; a longer one, and columns, unfold. */
static bool
has_more (const json_t *d)
{
    const char *head = string_at (d, "head");
    return json_array_size (json_object_get (d, "columns"))
           || (is_given (head) && (strchr (head, '\n') || strlen (head) > 60));
}

static void
add_value_line (struct arena *a, const char *name, const json_t *d, struct strbuf *out)
{
    const json_t *bytes = json_object_get (d, "bytes");
    const char *type = string_at (d, "type"), *dtype = string_at (d, "dtype"), *head = string_at (d, "head");
    add_element (out, "code", NULL, name);
    strbuf_adds (out, "<span class=\"soft\">");
    markup_adds (out, type ? type : "");
    markup_adds (out, is_given (dtype) ? arena_printf (a, " of %s", dtype) : "");
    strbuf_adds (out, "</span>");
    add_element (out, "span", "n", shape_text (a, d));
    add_element (out, "span", "n", json_is_number (bytes) ? bytes_text (a, json_number_value (bytes)) : "");
    if (has_more (d))
        strbuf_adds (out, "<span class=\"look\"></span>");
    else
        add_element (out, "code", "soft", is_given (head) ? head : "");
}

static void
add_value (struct arena *a, const char *name, const json_t *d, struct strbuf *out)
{
    const char *head = string_at (d, "head");
    bool more = has_more (d);
    strbuf_adds (out, more ? "<details class=\"value\"><summary>" : "<div class=\"value\">");
    add_value_line (a, name, d, out);
    strbuf_adds (out, more ? "</summary>" : "</div>\n");
    if (!more)
        return;
    add_columns (d, out);
    if (is_given (head))
        report_output_add_text (out, "head", head, strlen (head));
    strbuf_adds (out, "</details>\n");
}

/* Values that people know by name; hidden library state ("%random") is no one's to look at. */
static size_t
count_values (const json_t *values)
{
    const char *name;
    json_t *d;
    size_t n = 0;
    json_object_foreach ((json_t *) values, name, d)
        n += name[0] != '%';
    return n;
}

static void
add_values (const struct report_run *r, const struct report_step *s, struct strbuf *out)
{
    json_auto_t *manifest = s->result ? report_run_load (s->result, "values.json") : NULL;
    json_t *values = json_object_get (manifest, "values"), *d;
    const char *name;
    if (count_values (values) == 0)
        return;
    strbuf_adds (out, "<h4>Leaves</h4>\n");
    json_object_foreach (values, name, d)
        if (name[0] != '%')
            add_value (r->arena, name, d, out);
}

static void
add_files (const struct report_step *s, struct strbuf *out)
{
    json_auto_t *files = s->result ? report_run_load (s->result, "files.json") : NULL;
    const char *path;
    json_t *file;
    bool first = true;
    if (json_object_size (files) == 0)
        return;
    strbuf_adds (out, "<h4>Files</h4>\n<p class=\"note\">");
    json_object_foreach (files, path, file) {
        strbuf_adds (out, first ? "" : ", ");
        add_element (out, "code", NULL, path);
        first = false;
    }
    strbuf_adds (out, "</p>\n");
}

static void
add_step_notes (const struct report_step *s, struct strbuf *out)
{
    json_auto_t *result = s->result ? report_run_load (s->result, "result.json") : NULL;
    size_t i;
    json_t *note;
    json_array_foreach (json_object_get (result, "notes"), i, note)
        if (json_is_string (note))
            add_element (out, "p", "note", json_string_value (note));
}

/* Without a record of what the cells showed (it was killed), the end of the step's log tells. */
static void
add_log_tail (const struct report_step *s, struct strbuf *out)
{
    cleanup_file FILE *f = s->log ? fopen (s->log, "re") : NULL;
    char text[LOG_TAIL];
    if (!f || fseek (f, 0, SEEK_END) < 0)
        return;
    long size = ftell (f), from = size > LOG_TAIL ? size - LOG_TAIL : 0;
    if (fseek (f, from, SEEK_SET) < 0)
        return;
    size_t n = fread (text, 1, sizeof text, f);
    if (n == 0)
        return;
    strbuf_adds (out, from ? "<h4>The end of its log</h4>\n" : "<h4>Its log</h4>\n");
    report_output_add_text (out, "out", text, n);
}

static void
add_outputs (const struct report_step *s, size_t *budget, struct strbuf *out)
{
    json_auto_t *notebook = s->result ? report_run_load (s->result, "outputs.ipynb") : NULL;
    if (notebook)
        report_output_add (out, notebook, budget);
    else if (s->attempts.len)
        add_log_tail (s, out);
}

static void
add_step_head (const struct report_run *r, const struct report_step *s, struct strbuf *out)
{
    strbuf_adds (out, "<summary>");
    add_element (out, "h3", NULL, s->ir && is_given (s->ir->title) ? s->ir->title : s->name);
    if (s->ir)
        add_element (out, "span", "cells", draw_step_cells (r->arena, s->ir));
    strbuf_adds (out, "<span class=\"right\">");
    markup_adds (out, s->status);
    if (s->seconds > 0)
        strbuf_addf (out, " · %s", duration_text (r->arena, s->seconds));
    if (s->max_rss > 0)
        strbuf_addf (out, " · %s", bytes_text (r->arena, (double) s->max_rss));
    if (s->attempts.len > 1)
        strbuf_addf (out, " · %zu attempts", s->attempts.len);
    strbuf_adds (out, "</span></summary>\n");
}

static void
add_step (const struct report_run *r, size_t i, size_t *budget, struct strbuf *out)
{
    const struct report_step *s = &r->steps.items[i];
    bool open = r->steps.len <= FOLD_FROM || s->state == DRAW_STATE_FAILED;
    strbuf_addf (out, "<details class=\"step %s\" id=\"step-%zu\"%s>\n", draw_state_name (s->state), i,
                 open ? " open" : "");
    add_step_head (r, s, out);
    strbuf_adds (out, "<div class=\"body\">\n");
    if (is_given (s->why)) {
        strbuf_adds (out, "<p class=\"why\">");
        add_element (out, "span", "faint",
                     s->state == DRAW_STATE_CACHED ? "cached: "
                     : s->attempts.len             ? "ran: "
                                                   : "");
        markup_adds (out, s->why);
        strbuf_adds (out, "</p>\n");
    }
    add_failure (r, s, out);
    add_outputs (s, budget, out);
    add_step_notes (s, out);
    add_values (r, s, out);
    add_files (s, out);
    strbuf_adds (out, "</div>\n</details>\n");
}

static void
add_steps (const struct report_run *r, struct strbuf *out)
{
    size_t budget = OUTPUTS_BUDGET;
    strbuf_adds (
        out, "<h2>What each step showed and left<span class=\"tools\"><button onclick=\"fold(true)\">unfold</button>"
             " · <button onclick=\"fold(false)\">fold</button></span></h2>\n");
    for (size_t i = 0; i < r->steps.len; i++)
        add_step (r, i, &budget, out);
}

/* ---- the page --------------------------------------------------------------------------------------------------- */

static void
add_page (const struct report_run *r, struct strbuf *out)
{
    const char *version = string_at (r->begin, "chard");
    strbuf_adds (out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    markup_adds (out, arena_printf (r->arena, "%s: %s", run_name (r), r->status));
    strbuf_addf (out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", report_style);
    add_header (r, out);
    add_graph (r, out);
    add_timeline (r, out);
    add_metrics (r, out);
    add_parameters (r, out);
    add_steps (r, out);
    strbuf_adds (out, "</main>\n<footer>Written by Chard ");
    markup_adds (out, version ? version : "");
    strbuf_addf (
        out,
        ". This page stands alone: send it, print it, keep it.</footer>\n<script>\n%s</script>\n</body>\n</html>\n",
        report_script);
}

int
report_write (const char *run_dir, const struct runlog_content *log, const char *html_path, struct error *err)
{
    struct arena *a = arena_create ();
    struct report_run r;
    cleanup_strbuf struct strbuf out = { 0 };
    int status = report_run_read (&r, a, run_dir, log, err);
    if (status == 0) {
        add_page (&r, &out);
        status = fs_write_unsynced (html_path, strbuf_str (&out), out.len, err);
    }
    report_run_clear (&r);
    arena_destroy (a);
    return status;
}
