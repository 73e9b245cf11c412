/* Kubeflow Pipelines: tasks, and where what goes into them comes from. See kfp_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_build.h"

#include "compiler/emit/kfp_claim.h"
#include "compiler/emit/kfp_platform.h"
#include "doc/json_value.h"

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

static json_t *
task_artifact (const struct emit_plan *plan, int from, const char *key, bool within)
{
    if (within)
        return json_pack ("{s:s}", "componentInputArtifact", key);
    return json_pack ("{s:{s:s,s:s}}", "taskOutputArtifact", "producerTask", plan->steps[from].name,
                      "outputArtifactKey", key);
}

json_t *
kfp_given (const char *key)
{
    return json_pack ("{s:s}", "componentInputParameter", key);
}

static json_t *
told_by (const struct emit_plan *plan, int from, const char *key)
{
    return json_pack ("{s:{s:s,s:s}}", "taskOutputParameter", "producerTask", plan->steps[from].name,
                      "outputParameterKey", key);
}

/* `within`: the task stands in a graph around its step alone. */
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
        put (parameters, emit_param_key (plan, *name), kfp_given (emit_param_key (plan, *name)));
    if (guard >= 0)
        put (parameters, kfp_guard_input (plan, step),
             within ? kfp_given (kfp_guard_input (plan, step)) : told_by (plan, guard, emit_guard_key (plan)));
    if (plan->steps[step].role == EMIT_EACH && within)
        put (parameters, kfp_range_input (plan, step), kfp_given (kfp_range_input (plan, step)));
    else if (plan->steps[step].role == EMIT_EACH)
        put (parameters, kfp_ranges_input (plan, step), told_by (plan, plan->steps[step].items, EMIT_RANGES));
    json_put_unless_empty (all, "artifacts", artifacts);
    json_put_unless_empty (all, "parameters", parameters);
    return all;
}

json_t *
kfp_enclosed (const char *name, json_t *tasks, const json_t *given, json_t *components)
{
    json_t *graph = json_pack ("{s:{s:o}}", "dag", "tasks", tasks);
    json_t *parameters = json_object (), *inputs = json_object ();
    json_t *one = json_pack ("{s:{s:s},s:{s:o}}", "taskInfo", "name", name, "componentRef", "name",
                             json_sprintf ("comp-%s", name)), *definition;
    const char *key;
    json_object_foreach (json_object_get (given, "parameters"), key, definition)
        put (parameters, key, kfp_given (key));
    json_put_unless_empty (inputs, "parameters", parameters);
    json_put_unless_empty (one, "inputs", inputs);
    json_put_unless_empty (graph, "inputDefinitions", json_deep_copy (given));
    put (components, json_text (json_object_get (one, "componentRef"), "name"), graph);
    return one;
}

void
kfp_run_at_end (json_t *task, const char *body)
{
    put (task, "dependentTasks", json_pack ("[s]", body));
    put (task, "triggerPolicy", json_pack ("{s:s}", "strategy", "ALL_UPSTREAM_TASKS_COMPLETED"));
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
    return after;
}

json_t *
kfp_task_of (const struct emit_plan *plan, int step, bool within)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *one = json_pack ("{s:{s:s},s:{s:s}}", "taskInfo", "name", plan->steps[step].name, "componentRef", "name",
                             kfp_label (plan, "comp", step));
    if (!within)
        json_put_unless_empty (one, "dependentTasks", dependent_tasks (plan, step));
    json_put_unless_empty (one, "inputs", task_inputs (plan, step, within));
    if (plan->steps[step].guard >= 0)
        put (one, "triggerPolicy",
             json_pack ("{s:o}", "condition",
                        json_sprintf ("inputs.parameter_values['%s'] %s 'true'", kfp_guard_input (plan, step),
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
    json_t *one = json_pack ("{s:{s:s},s:{s:s},s:o,s:o}", "taskInfo", "name", plan->steps[step].name, "componentRef",
                             "name",
                             kfp_graph_label (plan, step), "dependentTasks", dependent_tasks (plan, step), "inputs",
                             task_inputs (plan, step, false));
    struct vec_str claims = { 0 };
    kfp_claims_of (plan, step, &claims);
    vec_foreach (input, &claims)
        put (json_object_get (json_object_get (one, "inputs"), "parameters"), *input, kfp_given (*input));
    return one;
}

/* The task that repeats another for each range of rounds: dsl.ParallelFor's shape. */
static json_t *
loop_task (const struct emit_plan *plan, int each)
{
    const int limit = plan->pipeline->steps.items[each].settings.parallel;
    json_t *one = graph_task (plan, each);
    put (one, "parameterIterator",
         json_pack ("{s:s,s:{s:s}}", "itemInput", kfp_range_input (plan, each), "items", "inputParameter",
                                              kfp_ranges_input (plan, each)));
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
    return kfp_is_graph (plan, step) ? graph_task (plan, step) : kfp_task_of (plan, step, false);
}

json_t *
kfp_tasks (const struct emit_plan *plan)
{
    json_t *all = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++)
        if (plan->steps[i].role != EMIT_OTHERWISE
            && (!plan->pipeline->steps.items[i].settings.exit || plan->pipeline->steps.len == 1))
            put (all, plan->steps[i].name, outer_task (plan, i));
    return all;
}
