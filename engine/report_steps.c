/* The steps in the report: what each showed and left, why it failed, the end of its log. What cells showed is
 * report_output.c's. See report_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_part.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "compiler/markup.h"
#include "engine/report_output.h"
#include "engine/report_text.h"

#include <inttypes.h>
#include <string.h>

enum {
    OUTPUTS_BUDGET = 64 << 20, /* bytes of all outputs together */
    FOLD_FROM = 40,            /* runs of more steps come with their steps folded */
    LOG_TAIL = 8 << 10,
};

static void
add_failure (const struct report_run *r, const struct report_step *s, struct strbuf *out)
{
    const char *type = report_string (s->error, "type"), *message = report_string (s->error, "message");
    const json_t *cell = json_object_get (s->error, "cell"), *line = json_object_get (s->error, "line");
    if (!s->error)
        return;
    strbuf_adds (out, "<div class=\"fail\"><p>");
    report_add_element (out, "b", NULL, type ? type : "Error");
    markup_adds (out, report_is_given (message) ? arena_printf (r->arena, ": %s", message) : "");
    if (json_is_integer (cell))
        strbuf_adds (out, " <span class=\"soft\">");
    if (json_is_integer (cell) && report_is_given (report_string (s->error, "notebook")))
        markup_adds (out, arena_printf (r->arena, "%s, ", report_string (s->error, "notebook")));
    if (json_is_integer (cell))
        strbuf_addf (out, "cell %" JSON_INTEGER_FORMAT, json_integer_value (cell));
    if (json_is_integer (cell) && json_is_integer (line))
        strbuf_addf (out, ", line %" JSON_INTEGER_FORMAT, json_integer_value (line));
    strbuf_adds (out, json_is_integer (cell) ? "</span></p>" : "</p>");
    if (report_is_given (report_string (s->error, "hint")))
        report_add_element (out, "p", "hint", report_string (s->error, "hint"));
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
            report_add_element (out, "span", "faint", type);
        }
    }
    strbuf_adds (out, "</div>");
}

/* A head of one short line stands beside the value; a longer one, and columns, unfold. */
static bool
has_more (const json_t *d)
{
    const char *head = report_string (d, "head");
    return json_array_size (json_object_get (d, "columns"))
           || (report_is_given (head) && (strchr (head, '\n') || strlen (head) > 60));
}

static void
add_value_line (struct arena *a, const char *name, const json_t *d, struct strbuf *out)
{
    const json_t *bytes = json_object_get (d, "bytes");
    const char *type = report_string (d, "type"), *dtype = report_string (d, "dtype");
    const char *head = report_string (d, "head");
    report_add_element (out, "code", NULL, name);
    strbuf_adds (out, "<span class=\"soft\">");
    markup_adds (out, type ? type : "");
    markup_adds (out, report_is_given (dtype) ? arena_printf (a, " of %s", dtype) : "");
    strbuf_adds (out, "</span>");
    report_add_element (out, "span", "n", shape_text (a, d));
    report_add_element (out, "span", "n", json_is_number (bytes) ? report_bytes (a, json_number_value (bytes)) : "");
    if (has_more (d))
        strbuf_adds (out, "<span class=\"look\"></span>");
    else
        report_add_element (out, "code", "soft", report_is_given (head) ? head : "");
}

static void
add_value (struct arena *a, const char *name, const json_t *d, struct strbuf *out)
{
    const char *head = report_string (d, "head");
    bool more = has_more (d);
    strbuf_adds (out, more ? "<details class=\"value\"><summary>" : "<div class=\"value\">");
    add_value_line (a, name, d, out);
    strbuf_adds (out, more ? "</summary>" : "</div>\n");
    if (!more)
        return;
    add_columns (d, out);
    if (report_is_given (head))
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
        report_add_element (out, "code", NULL, path);
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
            report_add_element (out, "p", "note", json_string_value (note));
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
    report_add_element (out, "h3", NULL, s->ir && report_is_given (s->ir->title) ? s->ir->title : s->name);
    if (s->ir)
        report_add_element (out, "span", "cells", draw_step_cells (r->arena, s->ir));
    strbuf_adds (out, "<span class=\"right\">");
    markup_adds (out, s->status);
    if (s->seconds > 0)
        strbuf_addf (out, " · %s", report_duration (r->arena, s->seconds));
    if (s->max_rss > 0)
        strbuf_addf (out, " · %s", report_bytes (r->arena, (double) s->max_rss));
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
    if (report_is_given (s->why)) {
        strbuf_adds (out, "<p class=\"why\">");
        report_add_element (out, "span", "faint",
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

void
report_add_steps (const struct report_run *r, struct strbuf *out)
{
    size_t budget = OUTPUTS_BUDGET;
    strbuf_adds (
        out, "<h2>What each step showed and left<span class=\"tools\"><button onclick=\"fold(true)\">unfold</button>"
             " · <button onclick=\"fold(false)\">fold</button></span></h2>\n");
    for (size_t i = 0; i < r->steps.len; i++)
        add_step (r, i, &budget, out);
}
