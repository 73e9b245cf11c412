/* See remote_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote_steps.h"

static void
add_artifact (json_t *all, const char *name, const char *key, const char *kind)
{
    json_object_set_new (all, name, json_pack ("{s:s,s:s}", "key", key, "kind", kind));
}

/* What a step hands on, by what the document calls it: for chard runs get. */
static json_t *
artifacts (const struct pipeline *p, const struct emit_plan *plan, size_t i)
{
    const struct step *step = &p->steps.items[i];
    json_t *all = json_object ();
    vec_foreach (o, &step->outputs)
        if (o->name[0] != '%')
            add_artifact (all, o->name, emit_value_key (plan, o->name), "value");
    vec_foreach (path, &plan->steps[i].files)
        add_artifact (all, *path, emit_file_key (plan, *path), "file");
    if (step->metrics.len)
        add_artifact (all, "metrics", emit_metrics_key (plan), "plain");
    if (step->settings.report != 0)
        add_artifact (all, "report", emit_report_key (plan), "plain");
    return all;
}

/* What the document calls the steps that help this one. */
static json_t *
helpers (const struct emit_plan *plan, int step)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < plan->pipeline->steps.len; i++)
        if (plan->steps[i].of == step)
            json_array_append_new (all, json_string (plan->steps[i].name));
    return all;
}

json_t *
remote_steps (const struct pipeline *p, const struct emit_plan *plan)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < p->steps.len; i++)
        json_array_append_new (all, json_pack ("{s:s,s:s,s:o,s:o}", "step", p->steps.items[i].name, "key",
                                               plan->steps[i].name,
                                               "parts", helpers (plan, (int) i), "artifacts", artifacts (p, plan, i)));
    return all;
}
