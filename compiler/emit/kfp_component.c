/* Kubeflow Pipelines: what goes in and out of tasks, and the graphs around some of them. See kfp_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_build.h"

#include "compiler/emit/kfp_claim.h"
#include "compiler/emit/kfp_param.h"
#include "compiler/emit/kfp_platform.h"
#include "doc/json_value.h"

#include <string.h>

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

const char *
kfp_label (const struct emit_plan *plan, const char *prefix, int step)
{
    return arena_printf (plan->arena, "%s-%s", prefix, plan->steps[step].name);
}

const char *
kfp_graph_label (const struct emit_plan *plan, int step)
{
    return arena_printf (plan->arena, "comp-%s--%s", plan->steps[step].name,
                         plan->steps[step].role == EMIT_EACH ? "loop" : "when");
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

json_t *
kfp_root_parameters (const struct emit_plan *plan)
{
    json_t *all = json_object ();
    vec_foreach (p, &plan->pipeline->params)
        put (all, emit_param_key (plan, p->name),
             json_pack ("{s:s,s:o,s:b}", "parameterType", kfp_param_type (p), "defaultValue",
                        kfp_param_default (plan->arena, p), "isOptional", 1));
    return all;
}

const char *
kfp_guard_input (const struct emit_plan *plan, int step)
{
    return arena_printf (plan->arena, "pipelinechannel--%s--%s", plan->steps[plan->steps[step].guard].name,
                         emit_guard_key (plan));
}

const char *
kfp_ranges_input (const struct emit_plan *plan, int each)
{
    return arena_printf (plan->arena, "pipelinechannel--%s-" EMIT_RANGES, plan->steps[plan->steps[each].items].name);
}

const char *
kfp_range_input (const struct emit_plan *plan, int each)
{
    return arena_printf (plan->arena, "%s-loop-item", kfp_ranges_input (plan, each));
}

/* ---- components ------------------------------------------------------------------------------------------------- */

/* Title of an artifact's schema, for the dashboard. */
static json_t *
artifact (const struct emit_plan *plan, const char *title, bool optional, const char *description)
{
    json_t *a = json_pack ("{s:{s:s,s:s}}", "artifactType", "schemaTitle", title, "schemaVersion", "0.0.1");
    if (optional)
        put (a, "isOptional", json_true ());
    if (description)
        put (a, "description", json_string (kfp_text (plan->arena, description)));
    return a;
}

/* What the dashboard calls a value by its class, as far as the analysis knows it, by the text or by what a run saw
 * (there a class may be called as the module that defines it is). The first beginning counts: a number of numpy's is no
 * data set. */
static const char *
class_title (const char *type)
{
    static const struct {
        const char *beginning, *title;
    } titles[] = {
        { "pandas.DataFrame", "system.Dataset" },   { "pandas.Series", "system.Dataset" },
        { "pandas.Categorical", "system.Dataset" }, { "pandas.core.frame.", "system.Dataset" },
        { "pandas.core.series.", "system.Dataset" }, { "numpy.ndarray", "system.Dataset" },
        { "numpy.recarray", "system.Dataset" },     { "numpy.rec.", "system.Dataset" },
        { "numpy.ma.", "system.Dataset" },          { "numpy.matrix", "system.Dataset" },
        { "polars.", "system.Dataset" },            { "scipy.sparse.", "system.Dataset" },
        { "pyarrow.", "system.Dataset" },           { "xarray.", "system.Dataset" },
        { "datasets.", "system.Dataset" },          { "torch.utils.data.", "system.Dataset" },
        { "xgboost.DMatrix", "system.Dataset" },    { "xgboost.core.DMatrix", "system.Dataset" },
        { "lightgbm.Dataset", "system.Dataset" },   { "lightgbm.basic.Dataset", "system.Dataset" },
        { "sklearn.utils.", "system.Dataset" }, /* Bunch, what its data sets come in */
        { "sklearn.", "system.Model" },             { "xgboost.XGB", "system.Model" },
        { "xgboost.sklearn.", "system.Model" },     { "xgboost.Booster", "system.Model" },
        { "xgboost.core.Booster", "system.Model" }, { "lightgbm.LGBM", "system.Model" },
        { "lightgbm.sklearn.", "system.Model" },    { "lightgbm.Booster", "system.Model" },
        { "lightgbm.basic.Booster", "system.Model" }, { "catboost.", "system.Model" },
        { "torch.nn.", "system.Model" },            { "keras.", "system.Model" },
        { "tensorflow.keras.", "system.Model" },    { "statsmodels.", "system.Model" },
    };
    for (size_t i = 0; type && i < sizeof titles / sizeof *titles; i++)
        if (strncmp (type, titles[i].beginning, strlen (titles[i].beginning)) == 0)
            return titles[i].title;
    return "system.Artifact";
}

static const char *
value_title (const struct step *s, const char *name)
{
    vec_foreach (o, &s->outputs)
        if (strcmp (o->name, name) == 0)
            return class_title (o->type);
    return "system.Artifact";
}

static const char *
described (const struct emit_plan *plan, const char *name)
{
    return strcmp (emit_value_key (plan, name), name) == 0 ? NULL : name;
}

/* What the rounds of a loop did, each range an artifact. */
static json_t *
part_list (const struct emit_plan *plan)
{
    json_t *a = artifact (plan, "system.Artifact", false, NULL);
    put (a, "isArtifactList", json_true ());
    return a;
}

static json_t *
component_inputs (const struct emit_plan *plan, int step)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *artifacts = json_object (), *parameters = json_object (), *all = json_object ();
    vec_foreach (in, &s->inputs)
        if (in->kind == INPUT_DATA)
            put (artifacts, emit_value_key (plan, in->name),
                 artifact (plan, value_title (&plan->pipeline->steps.items[in->from], in->name), false,
                           described (plan, in->name)));
    for (size_t k = 0; k < s->files.len; k++)
        put (artifacts, emit_file_input_key (plan, step, k),
             artifact (plan, "system.Artifact", false, s->files.items[k].path));
    vec_foreach (name, &s->parameters) {
        const struct param *p = &plan->pipeline->params.items[pipeline_find_param (plan->pipeline, *name)];
        put (parameters, emit_param_key (plan, *name),
             json_pack ("{s:s,s:b}", "parameterType", kfp_param_type (p), "isOptional", 1));
    }
    if (plan->steps[step].guard >= 0)
        put (parameters, kfp_guard_input (plan, step), json_pack ("{s:s}", "parameterType", "STRING"));
    if (plan->steps[step].role == EMIT_EACH)
        put (parameters, kfp_range_input (plan, step), json_pack ("{s:s}", "parameterType", "STRING"));
    if (plan->steps[step].each >= 0)
        put (artifacts, emit_part_key (plan), part_list (plan));
    json_put_unless_empty (all, "artifacts", artifacts);
    json_put_unless_empty (all, "parameters", parameters);
    return all;
}

static json_t *
component_outputs (const struct emit_plan *plan, int step)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *artifacts = json_object (), *all = json_object ();
    const enum emit_role role = plan->steps[step].role;
    if (role == EMIT_GUARD)
        put (all, "parameters", json_pack ("{s:{s:s}}", emit_guard_key (plan), "parameterType", "STRING"));
    if (role == EMIT_ITEMS)
        put (all, "parameters", json_pack ("{s:{s:s}}", EMIT_RANGES, "parameterType", "LIST"));
    if (role == EMIT_EACH)
        put (artifacts, emit_part_key (plan), artifact (plan, "system.Artifact", false, NULL));
    vec_foreach (o, &s->outputs)
        if (o->kind == INPUT_DATA)
            put (artifacts, emit_value_key (plan, o->name),
                 artifact (plan, value_title (s, o->name), false, described (plan, o->name)));
    vec_foreach (path, &plan->steps[step].files)
        put (artifacts, emit_file_key (plan, *path), artifact (plan, "system.Artifact", false, *path));
    if (s->metrics.len)
        put (artifacts, emit_metrics_key (plan), artifact (plan, "system.Metrics", false, NULL));
    if (s->settings.report != 0)
        put (artifacts, emit_report_key (plan), artifact (plan, "system.HTML", false, NULL));
    json_put_unless_empty (all, "artifacts", artifacts);
    return all;
}

/* What a graph is given: all that the step in it is, and what the claims are called that this mounts. */
static json_t *
graph_inputs (const struct emit_plan *plan, int step)
{
    json_t *inputs = component_inputs (plan, step);
    struct vec_str claims = { 0 };
    kfp_claims_of (plan, step, &claims);
    vec_foreach (input, &claims)
        put (json_object_get (inputs, "parameters"), *input, json_pack ("{s:s}", "parameterType", "STRING"));
    return inputs;
}

static json_t *
selector (const struct emit_plan *plan, int step, const char *key)
{
    return json_pack ("{s:s,s:s}", "producerSubtask", plan->steps[step].name, "outputArtifactKey", key);
}

/* The loop around a task that runs some rounds: it gathers what they leave. */
static json_t *
loop_component (const struct emit_plan *plan, int each)
{
    json_t *inputs = graph_inputs (plan, each);
    put (json_object_get (inputs, "parameters"), kfp_ranges_input (plan, each),
         json_pack ("{s:s}", "parameterType", "LIST"));
    json_t *dag = json_pack ("{s:{s:o}}", "tasks", plan->steps[each].name, kfp_task_of (plan, each, true));
    put (dag, "outputs", json_pack ("{s:{s:{s:[o]}}}", "artifacts", emit_part_key (plan), "artifactSelectors",
                                    selector (plan, each, emit_part_key (plan))));
    return json_pack ("{s:o,s:o,s:{s:{s:o}}}", "dag", dag, "inputDefinitions", inputs, "outputDefinitions", "artifacts",
                      emit_part_key (plan), part_list (plan));
}

/* The choice between a step and what takes its place: it leaves what the one leaves that was started, as dsl.OneOf
 * does. */
static json_t *
when_component (const struct emit_plan *plan, int step)
{
    const int otherwise = plan->steps[step].otherwise;
    json_auto_t *outputs = component_outputs (plan, step);
    json_t *artifacts = json_object_get (outputs, "artifacts"), *chosen = json_object (), *value;
    const char *key;
    json_object_del (artifacts, emit_metrics_key (plan)); /* these are looked at, and nobody takes them */
    json_object_del (artifacts, emit_report_key (plan));
    json_object_foreach (artifacts, key, value)
        put (chosen, key,
             json_pack ("{s:[o,o]}", "artifactSelectors", selector (plan, step, key), selector (plan, otherwise, key)));
    json_t *dag = json_pack ("{s:{s:o,s:o}}", "tasks", plan->steps[step].name, kfp_task_of (plan, step, true),
                             plan->steps[otherwise].name, kfp_task_of (plan, otherwise, true));
    json_t *one = json_pack ("{s:o,s:o}", "dag", dag, "inputDefinitions", graph_inputs (plan, step));
    if (json_object_size (chosen)) {
        put (dag, "outputs", json_pack ("{s:O}", "artifacts", chosen));
        put (one, "outputDefinitions", json_pack ("{s:O}", "artifacts", artifacts));
    }
    json_decref (chosen);
    return one;
}

json_t *
kfp_components (const struct emit_plan *plan)
{
    json_t *all = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++) {
        json_t *one = json_pack ("{s:s}", "executorLabel", kfp_label (plan, "exec", i));
        json_put_unless_empty (one, "inputDefinitions", component_inputs (plan, i));
        json_put_unless_empty (one, "outputDefinitions", component_outputs (plan, i));
        put (all, kfp_label (plan, "comp", i), one);
        if (kfp_is_graph (plan, i))
            put (all, kfp_graph_label (plan, i),
                 plan->steps[i].role == EMIT_EACH ? loop_component (plan, i) : when_component (plan, i));
    }
    return all;
}
