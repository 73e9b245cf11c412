/* Kubeflow Pipelines v2: a PipelineSpec of schema 2.1.0 (pipeline_spec.proto, in proto3's JSON mapping) as YAML, and
 * where Kubernetes has to know more, a PlatformSpec behind it. Each value that a step leaves is an artifact, a folder
 * that templates/step.py reads and writes; parameters reach the steps that use them and no others, so that KFP's cache
 * stays useful.
 *
 *     root.dag.tasks[NAME] ── componentRef ──> components[comp-NAME] ── executorLabel ──> executors[exec-NAME]
 *                                          └─> components[comp-NAME--loop, --when].dag.tasks[…] ── …
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/kfp_claim.h"
#include "compiler/emit/kfp_param.h"
#include "compiler/emit/kfp_platform.h"
#include "compiler/emit/kfp_verify.h"
#include "compiler/emit/pod_spec.h"
#include "doc/json_value.h"

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

static const char *
label (const struct emit_plan *plan, const char *prefix, int step)
{
    return arena_printf (plan->arena, "%s-%s", prefix, plan->steps[step].name);
}

/* The component of that graph; no step's own is called so. */
static const char *
graph_label (const struct emit_plan *plan, int step)
{
    return arena_printf (plan->arena, "comp-%s--%s", plan->steps[step].name, plan->steps[step].role == EMIT_EACH ? "loop" : "when");
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static json_t *
root_parameters (const struct emit_plan *plan)
{
    json_t *all = json_object ();
    vec_foreach (p, &plan->pipeline->params)
        put (all, emit_param_key (plan, p->name),
             json_pack ("{s:s,s:o,s:b}", "parameterType", kfp_param_type (p), "defaultValue", kfp_param_default (plan->arena, p),
                        "isOptional", 1));
    return all;
}

/* How a step's task calls what its guard tells: as KFP's SDK does, whose local orchestrator takes such names apart. */
static const char *
guard_input (const struct emit_plan *plan, int step)
{
    return arena_printf (plan->arena, "pipelinechannel--%s--%s", plan->steps[plan->steps[step].guard].name,
                         emit_guard_key (plan));
}

/* Likewise the ranges of rounds that there are, and the one that a task of a loop is for. */
static const char *
ranges_input (const struct emit_plan *plan, int each)
{
    return arena_printf (plan->arena, "pipelinechannel--%s-" EMIT_RANGES, plan->steps[plan->steps[each].items].name);
}

static const char *
range_input (const struct emit_plan *plan, int each)
{
    return arena_printf (plan->arena, "%s-loop-item", ranges_input (plan, each));
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

/* What the dashboard calls a value by its class, as far as the analysis knows it. */
static const char *
class_title (const char *type)
{
    static const struct {
        const char *beginning, *title;
    } titles[] = {
        { "pandas.", "system.Dataset" },    { "numpy.", "system.Dataset" },      { "polars.", "system.Dataset" },
        { "scipy.sparse.", "system.Dataset" }, { "pyarrow.", "system.Dataset" }, { "xarray.", "system.Dataset" },
        { "datasets.", "system.Dataset" },  { "sklearn.", "system.Model" },      { "xgboost.XGB", "system.Model" },
        { "xgboost.Booster", "system.Model" }, { "lightgbm.LGBM", "system.Model" }, { "lightgbm.Booster", "system.Model" },
        { "catboost.CatBoost", "system.Model" }, { "torch.nn.", "system.Model" }, { "keras.", "system.Model" },
        { "tensorflow.keras.", "system.Model" }, { "statsmodels.", "system.Model" },
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
        put (artifacts, emit_file_input_key (plan, step, k), artifact (plan, "system.Artifact", false, s->files.items[k].path));
    vec_foreach (name, &s->parameters) {
        const struct param *p = &plan->pipeline->params.items[pipeline_find_param (plan->pipeline, *name)];
        put (parameters, emit_param_key (plan, *name),
             json_pack ("{s:s,s:b}", "parameterType", kfp_param_type (p), "isOptional", 1));
    }
    if (plan->steps[step].guard >= 0)
        put (parameters, guard_input (plan, step), json_pack ("{s:s}", "parameterType", "STRING"));
    if (plan->steps[step].role == EMIT_EACH)
        put (parameters, range_input (plan, step), json_pack ("{s:s}", "parameterType", "STRING"));
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

static json_t *task_of (const struct emit_plan *plan, int step, bool within);

/* What a graph is given: all that the step in it is, and what the claims are called that this mounts. */
static json_t *
graph_inputs (const struct emit_plan *plan, int step)
{
    json_t *inputs = component_inputs (plan, step);
    struct vec_str claims = { 0 };
    kfp_claims_of (plan, step, &claims);
    vec_foreach (task, &claims)
        put (json_object_get (inputs, "parameters"), kfp_claim_input (plan, *task), json_pack ("{s:s}", "parameterType", "STRING"));
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
    put (json_object_get (inputs, "parameters"), ranges_input (plan, each), json_pack ("{s:s}", "parameterType", "LIST"));
    json_t *dag = json_pack ("{s:{s:o}}", "tasks", plan->steps[each].name, task_of (plan, each, true));
    put (dag, "outputs", json_pack ("{s:{s:{s:[o]}}}", "artifacts", emit_part_key (plan), "artifactSelectors",
                                    selector (plan, each, emit_part_key (plan))));
    return json_pack ("{s:o,s:o,s:{s:{s:o}}}", "dag", dag, "inputDefinitions", inputs, "outputDefinitions", "artifacts",
                      emit_part_key (plan), part_list (plan));
}

/* The choice between a step and what takes its place: it leaves what the one leaves that was started, as dsl.OneOf does. */
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
        put (chosen, key, json_pack ("{s:[o,o]}", "artifactSelectors", selector (plan, step, key), selector (plan, otherwise, key)));
    json_t *dag = json_pack ("{s:{s:o,s:o}}", "tasks", plan->steps[step].name, task_of (plan, step, true),
                             plan->steps[otherwise].name, task_of (plan, otherwise, true));
    json_t *one = json_pack ("{s:o,s:o}", "dag", dag, "inputDefinitions", graph_inputs (plan, step));
    if (json_object_size (chosen)) {
        put (dag, "outputs", json_pack ("{s:O}", "artifacts", chosen));
        put (one, "outputDefinitions", json_pack ("{s:O}", "artifacts", artifacts));
    }
    json_decref (chosen);
    return one;
}

static json_t *
components (const struct emit_plan *plan)
{
    json_t *all = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++) {
        json_t *one = json_pack ("{s:s}", "executorLabel", label (plan, "exec", i));
        json_put_unless_empty (one, "inputDefinitions", component_inputs (plan, i));
        json_put_unless_empty (one, "outputDefinitions", component_outputs (plan, i));
        put (all, label (plan, "comp", i), one);
        if (kfp_is_graph (plan, i))
            put (all, graph_label (plan, i),
                 plan->steps[i].role == EMIT_EACH ? loop_component (plan, i) : when_component (plan, i));
    }
    return all;
}

/* ---- executors -------------------------------------------------------------------------------------------------- */

/* `--in KEY PATH` or `--out KEY PATH` for each artifact of a component's definitions. */
static void
append_places (json_t *args, const char *option, const char *direction, const json_t *definitions)
{
    const char *key;
    json_t *value;
    json_object_foreach (json_object_get (definitions, "artifacts"), key, value) {
        if (json_is_true (json_object_get (value, "isArtifactList")))
            continue; /* step.py finds these in the executor's input */
        json_array_append_new (args, json_string (option));
        json_array_append_new (args, json_string (key));
        json_array_append_new (args, json_sprintf ("{{$.%s.artifacts['%s'].path}}", direction, key));
    }
}

static json_t *
arguments (const struct emit_plan *plan, int step, const json_t *component)
{
    json_t *args = json_array ();
    pod_spec_append (args, plan, step, POD_VALUES);
    json_array_append_new (args, json_string ("--executor-input"));
    json_array_append_new (args, json_string ("{{$}}"));
    append_places (args, "--in", "inputs", json_object_get (component, "inputDefinitions"));
    append_places (args, "--out", "outputs", json_object_get (component, "outputDefinitions"));
    const enum emit_role role = plan->steps[step].role;
    const char *told = role == EMIT_GUARD ? emit_guard_key (plan) : role == EMIT_ITEMS ? EMIT_RANGES : NULL;
    if (told) {
        json_array_append_new (args, json_string ("--out"));
        json_array_append_new (args, json_string (told));
        json_array_append_new (args, json_sprintf ("{{$.outputs.parameters['%s'].output_file}}", told));
    }
    if (role == EMIT_EACH) {
        json_array_append_new (args, json_string ("--rounds"));
        json_array_append_new (args, json_sprintf ("{{$.inputs.parameters['%s']}}", range_input (plan, step)));
    }
    return args;
}

/* PipelineContainerSpec.ResourceSpec: processor and memory by name; one kind of accelerator is all that it can hold. */
static json_t *
resources (const struct emit_plan *plan, int step, struct error *err)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_auto_t *limits = emit_limits (plan, step);
    json_t *all = json_object ();
    const char *key;
    json_t *value;
    json_object_foreach (limits, key, value) {
        if (strcmp (key, "cpu") == 0) {
            put (all, "resourceCpuLimit", json_incref (value));
        } else if (strcmp (key, "memory") == 0) {
            put (all, "resourceMemoryLimit", json_incref (value));
        } else if (!json_object_get (all, "accelerator")) {
            put (all, "accelerator", json_pack ("{s:s,s:O}", "resourceType", key, "resourceCount", value));
        } else {
            error_set (err, ERROR_NOTEBOOK, "step %s: Kubeflow Pipelines gives a step one kind of accelerator, so limit:%s "
                                            "is one too many; take it off, or emit for argo", s->name, key);
            json_decref (all);
            return NULL;
        }
    }
    return all;
}

static json_t *
executors (const struct emit_plan *plan, const json_t *all_components, struct error *err)
{
    json_t *all = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++) {
        const json_t *component = json_object_get (all_components, label (plan, "comp", i));
        json_t *limits = resources (plan, i, err);
        if (!limits) {
            json_decref (all);
            return NULL;
        }
        json_t *container = json_pack ("{s:s,s:[s,s,s],s:o}", "image", plan->images.items[plan->steps[i].image].reference,
                                       "command", "python3", EMIT_HARNESS, "pod", "args",
                                       arguments (plan, i, component));
        json_put_unless_empty (container, "resources", limits);
        put (all, label (plan, "exec", i), json_pack ("{s:o}", "container", container));
    }
    return all;
}

/* ---- tasks ------------------------------------------------------------------------------------------------------ */

static json_t *
task_artifact (const struct emit_plan *plan, int from, const char *key, bool within)
{
    if (within)
        return json_pack ("{s:s}", "componentInputArtifact", key);
    return json_pack ("{s:{s:s,s:s}}", "taskOutputArtifact", "producerTask", plan->steps[from].name, "outputArtifactKey",
                      key);
}

/* What the graph is given itself. */
static json_t *
given (const char *key)
{
    return json_pack ("{s:s}", "componentInputParameter", key);
}

static json_t *
told_by (const struct emit_plan *plan, int from, const char *key)
{
    return json_pack ("{s:{s:s,s:s}}", "taskOutputParameter", "producerTask", plan->steps[from].name, "outputParameterKey", key);
}

/* `within`: the task stands in a graph (kfp_is_within). */
static json_t *
task_inputs (const struct emit_plan *plan, int step, bool within)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    const int guard = plan->steps[step].guard, each = plan->steps[step].each;
    json_t *artifacts = json_object (), *parameters = json_object (), *all = json_object ();
    vec_foreach (in, &s->inputs)
        if (in->kind == INPUT_DATA)
            put (artifacts, emit_value_key (plan, in->name),
                 task_artifact (plan, in->from, emit_value_key (plan, in->name), within));
    for (size_t k = 0; k < s->files.len; k++) {
        const struct file_dependency *f = &s->files.items[k];
        const char *key = emit_file_input_key (plan, step, k);
        put (artifacts, key, task_artifact (plan, f->from, within ? key : emit_file_key (plan, f->path), within));
    }
    if (each >= 0)
        put (artifacts, emit_part_key (plan), task_artifact (plan, each, emit_part_key (plan), false));
    vec_foreach (name, &s->parameters)
        put (parameters, emit_param_key (plan, *name), given (emit_param_key (plan, *name)));
    if (guard >= 0)
        put (parameters, guard_input (plan, step),
             within ? given (guard_input (plan, step)) : told_by (plan, guard, emit_guard_key (plan)));
    if (plan->steps[step].role == EMIT_EACH && within)
        put (parameters, range_input (plan, step), given (range_input (plan, step)));
    else if (plan->steps[step].role == EMIT_EACH)
        put (parameters, ranges_input (plan, step), told_by (plan, plan->steps[step].items, EMIT_RANGES));
    json_put_unless_empty (all, "artifacts", artifacts);
    json_put_unless_empty (all, "parameters", parameters);
    return all;
}

/* As many tries as the engine makes here, the second after 10 s, each wait twice the last. */
static json_t *
retry_policy (int retries)
{
    return json_pack ("{s:i,s:s,s:f,s:s}", "maxRetryCount", retries, "backoffDuration", "10s", "backoffFactor", 2.0,
                      "backoffMaxDuration", "3600s");
}

/* Whom a step's task waits for. */
static json_t *
dependent_tasks (const struct emit_plan *plan, int step)
{
    const struct emit_step *e = &plan->steps[step];
    json_t *after = json_array ();
    vec_foreach (before, &plan->pipeline->steps.items[step].after)
        json_array_append_new (after, json_string (plan->steps[*before].name));
    if (e->guard >= 0)
        json_array_append_new (after, json_string (plan->steps[e->guard].name));
    if (e->each >= 0)
        json_array_append_new (after, json_string (plan->steps[e->each].name));
    struct vec_str claims = { 0 };
    kfp_claims_of (plan, step, &claims);
    vec_foreach (task, &claims)
        json_array_append_new (after, json_string (*task));
    return after;
}

static json_t *
task_of (const struct emit_plan *plan, int step, bool within)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *one = json_pack ("{s:{s:s},s:{s:s}}", "taskInfo", "name", plan->steps[step].name, "componentRef", "name",
                             label (plan, "comp", step));
    if (!within)
        json_put_unless_empty (one, "dependentTasks", dependent_tasks (plan, step));
    json_put_unless_empty (one, "inputs", task_inputs (plan, step, within));
    if (plan->steps[step].guard >= 0)
        put (one, "triggerPolicy",
             json_pack ("{s:o}", "condition", json_sprintf ("inputs.parameter_values['%s'] %s 'true'", guard_input (plan, step),
                                                            plan->steps[step].role == EMIT_OTHERWISE ? "!=" : "==")));
    put (one, "cachingOptions", emit_is_cached (plan, step) ? json_pack ("{s:b}", "enableCache", 1) : json_object ());
    if (s->settings.retries > 0)
        put (one, "retryPolicy", retry_policy (s->settings.retries));
    return one;
}

/* The task of a graph: it waits for all that the step does. */
static json_t *
graph_task (const struct emit_plan *plan, int step)
{
    json_t *one = json_pack ("{s:{s:s},s:{s:s},s:o,s:o}", "taskInfo", "name", plan->steps[step].name, "componentRef", "name",
                             graph_label (plan, step), "dependentTasks", dependent_tasks (plan, step), "inputs",
                             task_inputs (plan, step, false));
    struct vec_str claims = { 0 };
    kfp_claims_of (plan, step, &claims);
    vec_foreach (task, &claims)
        put (json_object_get (json_object_get (one, "inputs"), "parameters"), kfp_claim_input (plan, *task),
             json_pack ("{s:{s:s,s:s}}", "taskOutputParameter", "producerTask", *task, "outputParameterKey", KFP_CLAIM_NAME));
    return one;
}

/* The task that repeats another for each range of rounds: dsl.ParallelFor's shape. */
static json_t *
loop_task (const struct emit_plan *plan, int each)
{
    const int limit = plan->pipeline->steps.items[each].settings.parallel;
    json_t *one = graph_task (plan, each);
    put (one, "parameterIterator", json_pack ("{s:s,s:{s:s}}", "itemInput", range_input (plan, each), "items", "inputParameter",
                                              ranges_input (plan, each)));
    if (limit > 0)
        put (one, "iteratorPolicy", json_pack ("{s:i}", "parallelismLimit", limit));
    return one;
}

/* What stands for a step among the pipeline's tasks. */
static json_t *
outer_task (const struct emit_plan *plan, int step)
{
    if (plan->steps[step].role == EMIT_EACH)
        return loop_task (plan, step);
    return kfp_is_graph (plan, step) ? graph_task (plan, step) : task_of (plan, step, false);
}

/* All but the one that runs at the end. */
static json_t *
tasks (const struct emit_plan *plan)
{
    json_t *all = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++)
        if (plan->steps[i].role != EMIT_OTHERWISE
            && (!plan->pipeline->steps.items[i].settings.exit || plan->pipeline->steps.len == 1))
            put (all, plan->steps[i].name, outer_task (plan, i));
    kfp_claims_add_tasks (plan, all);
    return all;
}

/* ---- what runs at the end: dsl.ExitHandler's shape --------------------------------------------------------------- */

/* Names that no step's task and component have. */
#define BODY "exit--handler"
#define BODY_COMPONENT "comp-" BODY

/* The pipeline's step that runs at the end, or -1. */
static int
find_exit (const struct emit_plan *plan)
{
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++)
        if (plan->pipeline->steps.items[i].settings.exit)
            return i;
    return -1;
}

/* All other tasks as one, and the step behind it. */
static json_t *
tasks_and_exit (const struct emit_plan *plan, int exit)
{
    json_t *parameters = json_object (), *inputs = json_object ();
    vec_foreach (p, &plan->pipeline->params)
        put (parameters, emit_param_key (plan, p->name), given (emit_param_key (plan, p->name)));
    json_put_unless_empty (inputs, "parameters", parameters);
    json_t *body = json_pack ("{s:{s:s},s:{s:s}}", "taskInfo", "name", BODY, "componentRef", "name", BODY_COMPONENT);
    json_put_unless_empty (body, "inputs", inputs);
    json_t *last = task_of (plan, exit, false);
    put (last, "dependentTasks", json_pack ("[s]", BODY));
    put (last, "triggerPolicy", json_pack ("{s:s}", "strategy", "ALL_UPSTREAM_TASKS_COMPLETED"));
    return json_pack ("{s:o,s:o}", BODY, body, plan->steps[exit].name, last);
}

static json_t *
body_component (const struct emit_plan *plan)
{
    json_t *inputs = json_object (), *one = json_pack ("{s:{s:o}}", "dag", "tasks", tasks (plan));
    json_put_unless_empty (inputs, "parameters", root_parameters (plan));
    json_put_unless_empty (one, "inputDefinitions", inputs);
    return one;
}

/* ---- the document ----------------------------------------------------------------------------------------------- */

static json_t *
pipeline_info (const struct emit_plan *plan)
{
    const struct pipeline *p = plan->pipeline;
    json_t *info = json_pack ("{s:s}", "name", plan->name);
    if (strcmp (plan->name, p->name) != 0)
        put (info, "displayName", json_string (kfp_text (plan->arena, p->name)));
    if (p->description && *p->description)
        put (info, "description", json_string (kfp_text (plan->arena, p->description)));
    return info;
}

static json_t *
pipeline_spec (const struct emit_plan *plan, struct error *err)
{
    const int exit = plan->pipeline->steps.len > 1 ? find_exit (plan) : -1;
    json_t *all_components = components (plan);
    json_t *all_executors = executors (plan, all_components, err);
    if (!all_executors) {
        json_decref (all_components);
        return NULL;
    }
    kfp_claims_add_components (plan, all_components);
    kfp_claims_add_executors (plan, all_executors);
    json_t *inputs = json_object (), *root = json_object (), *spec = json_object ();
    json_put_unless_empty (inputs, "parameters", root_parameters (plan));
    if (exit >= 0)
        put (all_components, BODY_COMPONENT, body_component (plan));
    put (root, "dag", json_pack ("{s:o}", "tasks", exit >= 0 ? tasks_and_exit (plan, exit) : tasks (plan)));
    json_put_unless_empty (root, "inputDefinitions", inputs);
    put (spec, "pipelineInfo", pipeline_info (plan));
    put (spec, "root", root);
    put (spec, "components", all_components);
    put (spec, "deploymentSpec", json_pack ("{s:o}", "executors", all_executors));
    put (spec, "schemaVersion", json_string ("2.1.0"));
    put (spec, "sdkVersion", json_string ("chard-" CHARD_VERSION));
    return spec;
}

int
emit_kfp (const struct emit_plan *plan, struct emission *e, struct error *err)
{
    json_auto_t *spec = pipeline_spec (plan, err);
    if (!spec || kfp_verify (spec, err) < 0)
        return -1;
    json_t *documents = json_array ();
    json_array_append (documents, spec);
    json_auto_t *more = kfp_platform (plan);
    if (json_object_size (more)) {
        if (kfp_verify_platform (spec, more, err) < 0)
            return json_decref (documents), -1;
        json_array_append (documents, more);
    }
    emission_add_yaml (e, arena_printf (plan->arena, "%s.kfp.yaml", plan->name), documents);
    return 0;
}
