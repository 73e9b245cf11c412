/* See kfp_claim.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_claim.h"

#include "compiler/emit/kubernetes.h"

/* Names that no step's have: two hyphens never follow one another there. */
#define CREATE "create--"
#define DELETE "delete--"
#define CREATE_EXECUTOR "exec-create--volume"
#define DELETE_EXECUTOR "exec-delete--volume"

static int
find_claim (const struct emit_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->claims.len; i++)
        if (strcmp (plan->claims.items[i]->name, name) == 0)
            return (int) i;
    return -1;
}

const char *
kfp_claim_task (const struct emit_plan *plan, const struct volume *v)
{
    int i = kubernetes_is_new_claim (v) ? find_claim (plan, v->name) : -1;
    return i < 0 ? NULL : arena_printf (plan->arena, CREATE "%s", plan->claim_names[i]);
}

void
kfp_claims_of (const struct emit_plan *plan, int step, struct vec_str *tasks)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    struct vec_volume mounted = { 0 };
    kubernetes_volumes (plan->pipeline, s, &mounted);
    vec_foreach (v, &mounted) {
        const char *task = kfp_claim_task (plan, *v);
        if (task && !s->settings.exit)
            vec_str_add_once (plan->arena, tasks, task);
    }
}

const char *
kfp_claim_input (const struct emit_plan *plan, const char *task)
{
    return arena_printf (plan->arena, "pipelinechannel--%s-" KFP_CLAIM_NAME, task);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------ */

static json_t *
constant (json_t *value)
{
    return json_pack ("{s:{s:o}}", "runtimeValue", "constant", value);
}

/* What CreatePVC is told; without a class KFP takes "standard". */
static json_t *
claim_inputs (const struct volume *v)
{
    json_auto_t *spec = kubernetes_claim_spec (v);
    json_t *size = json_object_get (json_object_get (json_object_get (spec, "resources"), "requests"), "storage");
    json_t *inputs = json_pack ("{s:o,s:o,s:o}", "access_modes",
                                constant (json_incref (json_object_get (spec, "accessModes"))),
                                "size", constant (json_incref (size)), "pvc_name_suffix",
                                constant (json_sprintf ("-%s", v->name)));
    if (v->storage_class)
        json_object_set_new (inputs, "storage_class_name", constant (json_string (v->storage_class)));
    if (json_object_size (v->annotations))
        json_object_set_new (inputs, "annotations", constant (json_incref (v->annotations)));
    return inputs;
}

/* Not cached: a claim of another run is not this one's. */
static json_t *
claim_task (const char *name, json_t *inputs)
{
    return json_pack ("{s:{s:s},s:{s:o},s:{s:o},s:{}}", "taskInfo", "name", name, "componentRef", "name",
                      json_sprintf ("comp-%s", name), "inputs", "parameters", inputs, "cachingOptions");
}

/* Gives a claim up behind all that mount it. */
static json_t *
delete_task (const struct emit_plan *plan, const char *name, const char *create)
{
    json_t *after = json_pack ("[s]", create);
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++) {
        struct vec_str tasks = { 0 };
        kfp_claims_of (plan, i, &tasks);
        if (vec_str_has (&tasks, create) && plan->steps[i].role != EMIT_OTHERWISE) /* it stands in the step's own
                                                                                      graph */
            json_array_append_new (after, json_string (plan->steps[i].name));
    }
    json_t *task = claim_task (name, json_pack ("{s:{s:{s:s,s:s}}}", "pvc_name", "taskOutputParameter", "producerTask",
                                                create, "outputParameterKey", KFP_CLAIM_NAME));
    json_object_set_new (task, "dependentTasks", after);
    return task;
}

void
kfp_claims_add_tasks (const struct emit_plan *plan, json_t *tasks)
{
    for (size_t i = 0; i < plan->claims.len; i++) {
        const char *create = arena_printf (plan->arena, CREATE "%s", plan->claim_names[i]);
        const char *delete = arena_printf (plan->arena, DELETE "%s", plan->claim_names[i]);
        json_object_set_new (tasks, create, claim_task (create, claim_inputs (plan->claims.items[i])));
        json_object_set_new (tasks, delete, delete_task (plan, delete, create));
    }
}

/* ---- components and executors ------------------------------------------------------------------------------------ */

static json_t *
create_component (const struct volume *v)
{
    json_auto_t *inputs = claim_inputs (v);
    json_t *definitions = json_object (), *value;
    const char *key;
    json_object_foreach (inputs, key, value) {
        const json_t *given = json_object_get (json_object_get (value, "runtimeValue"), "constant");
        const char *type = json_is_array (given) ? "LIST" : json_is_object (given) ? "STRUCT" : "STRING";
        json_object_set_new (definitions, key, json_pack ("{s:s}", "parameterType", type));
    }
    return json_pack ("{s:s,s:{s:o},s:{s:{s:{s:s}}}}", "executorLabel", CREATE_EXECUTOR, "inputDefinitions",
                      "parameters",
                      definitions, "outputDefinitions", "parameters", KFP_CLAIM_NAME, "parameterType", "STRING");
}

void
kfp_claims_add_components (const struct emit_plan *plan, json_t *components)
{
    for (size_t i = 0; i < plan->claims.len; i++) {
        json_object_set_new (components, arena_printf (plan->arena, "comp-" CREATE "%s", plan->claim_names[i]),
                             create_component (plan->claims.items[i]));
        json_object_set_new (components, arena_printf (plan->arena, "comp-" DELETE "%s", plan->claim_names[i]),
                             json_pack ("{s:s,s:{s:{s:{s:s}}}}", "executorLabel", DELETE_EXECUTOR, "inputDefinitions",
                                        "parameters", "pvc_name", "parameterType", "STRING"));
    }
}

void
kfp_claims_add_executors (const struct emit_plan *plan, json_t *executors)
{
    if (!plan->claims.len)
        return;
    json_object_set_new (executors, CREATE_EXECUTOR,
                         json_pack ("{s:{s:s}}", "container", "image", "argostub/createpvc"));
    json_object_set_new (executors, DELETE_EXECUTOR,
                         json_pack ("{s:{s:s}}", "container", "image", "argostub/deletepvc"));
}
