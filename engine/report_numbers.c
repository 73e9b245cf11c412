/* The report's tables of metrics and parameters, beside those of the run before. See report_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_part.h"

#include "compiler/markup.h"
#include "engine/report_text.h"

#include <math.h>
#include <string.h>

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
    report_add_element (out, "td", NULL, name);
    report_add_element (out, "td", "soft", step);
    report_add_element (out, "td", "n", report_value (r->arena, value));
    if (r->previous) {
        report_add_element (out, "td", "n soft", report_value (r->arena, before));
        report_add_element (out, "td", "n soft", change_text (r->arena, value, before));
    }
    strbuf_adds (out, "</tr>\n");
}

void
report_add_metrics (const struct report_run *r, struct strbuf *out)
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

void
report_add_parameters (const struct report_run *r, struct strbuf *out)
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
        report_add_element (out, "td", NULL, name);
        report_add_element (out, "td", "soft", p && p->type ? p->type : "");
        report_add_element (out, "td", "n", report_value (r->arena, value));
        report_add_element (out, "td", "n soft", p ? report_value (r->arena, p->default_value) : "");
        if (r->previous)
            report_add_element (out, "td", "n soft",
                                report_value (r->arena, json_object_get (r->previous_parameters, name)));
        strbuf_adds (out, "</tr>\n");
    }
    strbuf_adds (out, "</table></div>\n");
}
