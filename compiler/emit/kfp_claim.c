/* See kfp_claim.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_claim.h"

#include "compiler/emit/kfp_build.h"
#include "compiler/emit/kubernetes.h"

#include <string.h>

/* The task that makes a claim leaves its name under this key. */
#define CLAIM_NAME "name"

/* Names that no step's have: two hyphens never follow one another there. */
#define CREATE "create--"
#define BODY "with--"
#define DELETE KFP_CLAIM_DELETE
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

static const char *
claim_input (const struct emit_plan *plan, size_t claim)
{
    return arena_printf (plan->arena, "pipelinechannel--" CREATE "%s-" CLAIM_NAME, plan->claim_names[claim]);
}

const char *
kfp_claim_input (const struct emit_plan *plan, const struct volume *v)
{
    int i = kubernetes_is_new_claim (v) ? find_claim (plan, v->name) : -1;
    return i < 0 ? NULL : claim_input (plan, (size_t) i);
}

void
kfp_claims_of (const struct emit_plan *plan, int step, struct vec_str *inputs)
{
    struct vec_volume mounted = { 0 };
    kubernetes_volumes (plan->pipeline, &plan->pipeline->steps.items[step], &mounted);
    vec_foreach (v, &mounted) {
        const char *input = kfp_claim_input (plan, *v);
        if (input)
            vec_str_add_once (plan->arena, inputs, input);
    }
}

/* `given`, and what the first `n` claims are called. */
static json_t *
with_claims (const struct emit_plan *plan, size_t n, const json_t *given)
{
    json_t *all = json_deep_copy (given), *parameters = json_object_get (all, "parameters");
    if (n && !parameters)
        json_object_set_new (all, "parameters", parameters = json_object ());
    for (size_t i = 0; i < n; i++)
        json_object_set_new (parameters, claim_input (plan, i), json_pack ("{s:s}", "parameterType", "STRING"));
    return all;
}

json_t *
kfp_claims_given (const struct emit_plan *plan, const json_t *given)
{
    return with_claims (plan, plan->claims.len, given);
}

/* ---- claims that are there already ------------------------------------------------------------------------------- */

int
kfp_claims_check (const struct emit_plan *plan, struct error *err)
{
    vec_foreach (s, &plan->pipeline->steps) {
        struct vec_volume mounted = { 0 };
        kubernetes_volumes (plan->pipeline, s, &mounted);
        vec_foreach (v, &mounted)
            if (!kubernetes_is_new_claim (*v) && (strchr ((*v)->name, '.') || strlen ((*v)->name) > 63))
                return error_set (err, ERROR_NOTEBOOK,
                                  "step %s: Kubeflow Pipelines calls a pod's volume as its claim, which takes at most "
                                  "63 letters, digits and hyphens, so `%s` can't be mounted there; name another claim, "
                                  "or emit for argo",
                                  s->name, (*v)->name);
    }
    return 0;
}

/* ---- tasks ------------------------------------------------------------------------------------------------------ */

static json_t *
constant (json_t *value)
{
    return json_pack ("{s:{s:o}}", "runtimeValue", "constant", value);
}

/* What CreatePVC is told; without a class KFP takes "standard". */
static json_t *
claim_inputs (const struct emit_plan *plan, size_t i)
{
    const struct volume *v = plan->claims.items[i];
    json_auto_t *spec = kubernetes_claim_spec (v);
    json_t *size = json_object_get (json_object_get (json_object_get (spec, "resources"), "requests"), "storage");
    json_t *inputs = json_pack ("{s:o,s:o,s:o}", "access_modes",
                                constant (json_incref (json_object_get (spec, "accessModes"))),
                                "size", constant (json_incref (size)), "pvc_name_suffix",
                                constant (json_sprintf ("-%s", plan->claim_names[i])));
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

/* The task that makes the claim, all others as one, and the task that gives it up whatever became of these. */
static json_t *
enclose (const struct emit_plan *plan, size_t i, json_t *tasks, const json_t *given, json_t *components)
{
    const char *create = arena_printf (plan->arena, CREATE "%s", plan->claim_names[i]);
    const char *delete = arena_printf (plan->arena, DELETE "%s", plan->claim_names[i]);
    const char *body = arena_printf (plan->arena, BODY "%s", plan->claim_names[i]);
    json_auto_t *within = with_claims (plan, i + 1, given);
    json_auto_t *name = json_pack ("{s:{s:s,s:s}}", "taskOutputParameter", "producerTask", create, "outputParameterKey",
                                   CLAIM_NAME);
    json_t *all = json_pack ("{s:o}", create, claim_task (create, claim_inputs (plan, i)));
    json_t *one = kfp_enclosed (body, tasks, within, components);
    json_object_set (json_object_get (json_object_get (one, "inputs"), "parameters"), claim_input (plan, i), name);
    json_object_set_new (one, "dependentTasks", json_pack ("[s]", create));
    json_object_set_new (all, body, one);
    one = claim_task (delete, json_pack ("{s:O}", "pvc_name", name));
    kfp_run_at_end (one, body);
    json_object_set_new (all, delete, one);
    return all;
}

json_t *
kfp_claims_enclose (const struct emit_plan *plan, json_t *tasks, const json_t *given, json_t *components)
{
    for (size_t i = plan->claims.len; i-- > 0;)
        tasks = enclose (plan, i, tasks, given, components);
    return tasks;
}

/* ---- components and executors ------------------------------------------------------------------------------------ */

static json_t *
create_component (const struct emit_plan *plan, size_t i)
{
    json_auto_t *inputs = claim_inputs (plan, i);
    json_t *definitions = json_object (), *value;
    const char *key;
    json_object_foreach (inputs, key, value) {
        const json_t *given = json_object_get (json_object_get (value, "runtimeValue"), "constant");
        const char *type = json_is_array (given) ? "LIST" : json_is_object (given) ? "STRUCT" : "STRING";
        json_object_set_new (definitions, key, json_pack ("{s:s}", "parameterType", type));
    }
    return json_pack ("{s:s,s:{s:o},s:{s:{s:{s:s}}}}", "executorLabel", CREATE_EXECUTOR, "inputDefinitions",
                      "parameters",
                      definitions, "outputDefinitions", "parameters", CLAIM_NAME, "parameterType", "STRING");
}

void
kfp_claims_add_components (const struct emit_plan *plan, json_t *components)
{
    for (size_t i = 0; i < plan->claims.len; i++) {
        json_object_set_new (components, arena_printf (plan->arena, "comp-" CREATE "%s", plan->claim_names[i]),
                             create_component (plan, i));
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
