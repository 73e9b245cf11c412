/* Kubeflow Pipelines: what the pods of tasks run. See kfp_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_build.h"

#include "compiler/emit/pod_spec.h"
#include "doc/json_value.h"

#include <string.h>

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

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
        json_array_append_new (args, json_sprintf ("{{$.inputs.parameters['%s']}}", kfp_range_input (plan, step)));
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
            error_set (err, ERROR_NOTEBOOK, "step %s: Kubeflow Pipelines gives a step one kind of accelerator, so "
                                            "limit:%s is one too many; take it off, or emit for argo", s->name, key);
            json_decref (all);
            return NULL;
        }
    }
    return all;
}

json_t *
kfp_executors (const struct emit_plan *plan, const json_t *all_components, struct error *err)
{
    json_t *all = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++) {
        const json_t *component = json_object_get (all_components, kfp_label (plan, "comp", i));
        json_t *limits = resources (plan, i, err);
        if (!limits) {
            json_decref (all);
            return NULL;
        }
        json_t *container = json_pack ("{s:s,s:[s,s,s],s:o}", "image",
                                       plan->images.items[plan->steps[i].image].reference,
                                       "command", "python3", EMIT_HARNESS, "pod", "args",
                                       arguments (plan, i, component));
        json_put_unless_empty (container, "resources", limits);
        put (all, kfp_label (plan, "exec", i), json_pack ("{s:o}", "container", container));
    }
    return all;
}
