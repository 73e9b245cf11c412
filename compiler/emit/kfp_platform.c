/* See kfp_platform.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_platform.h"

#include "compiler/emit/kfp_claim.h"
#include "compiler/emit/kfp_param.h"
#include "compiler/emit/kubernetes.h"
#include "doc/json_value.h"

#include <math.h>
#include <string.h>

bool
kfp_is_graph (const struct emit_plan *plan, int step)
{
    return plan->steps[step].role == EMIT_EACH || plan->steps[step].otherwise >= 0;
}

static json_t *
pod_metadata (const struct emit_plan *plan, int step)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *all = json_object (), *annotations = json_object (), *value;
    const char *key;
    if (strcmp (plan->steps[step].name, s->name) != 0)
        json_object_set_new (annotations, "chard.dev/step", json_string (kfp_text (plan->arena, s->name)));
    json_object_foreach (s->settings.annotations, key, value)
        json_object_set_new (annotations, key, json_string (kfp_text (plan->arena, json_string_value (value))));
    json_put_unless_empty (all, "labels", s->settings.labels ? json_incref (s->settings.labels) : json_object ());
    json_put_unless_empty (all, "annotations", annotations);
    return all;
}

static json_t *
constant (const char *text)
{
    return json_pack ("{s:{s:s}}", "runtimeValue", "constant", text);
}

static json_t *
secrets (const struct step *s)
{
    json_t *all = json_array ();
    vec_foreach (x, &s->settings.secrets)
        json_array_append_new (all, json_pack ("{s:s,s:o,s:[{s:s,s:s}],s:b}", "secretName", x->name,
                                               "secretNameParameter",
                                               constant (x->name), "keyToEnv", "secretKey", x->key, "envVar", x->env,
                                               "optional", 0));
    return all;
}

/* A claim by its name, or by what the graph around the step is told of the one that the run makes. */
static json_t *
mount (const struct emit_plan *plan, const struct volume *v)
{
    const char *input = kfp_claim_input (plan, v);
    json_t *one = json_pack ("{s:s}", "mountPath", v->mount_point);
    if (!input) {
        json_object_set_new (one, "constant", json_string (v->name));
        json_object_set_new (one, "pvcNameParameter", constant (v->name));
    } else {
        json_object_set_new (one, "pvcNameParameter", json_pack ("{s:s}", "componentInputParameter", input));
    }
    return one;
}

static json_t *
volumes (const struct emit_plan *plan, int step)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *all = json_array ();
    struct vec_volume mounted = { 0 };
    kubernetes_volumes (plan->pipeline, s, &mounted);
    vec_foreach (v, &mounted)
        json_array_append_new (all, mount (plan, *v));
    return all;
}

static json_t *
node_selector (const struct step *s)
{
    return json_object_size (s->settings.nodes) ? json_pack ("{s:O}", "labels", s->settings.nodes) : json_object ();
}

json_t *
kfp_platform_executors (const json_t *document)
{
    const json_t *kubernetes = json_object_get (json_object_get (document, "platforms"), "kubernetes");
    return json_object_get (json_object_get (kubernetes, "deploymentSpec"), "executors");
}

json_t *
kfp_platform (const struct emit_plan *plan)
{
    json_t *all = json_object (), *document = json_object ();
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++) {
        const struct step *s = &plan->pipeline->steps.items[i];
        json_t *one = json_object ();
        if (s->settings.timeout > 0)
            json_object_set_new (one, "activeDeadlineSeconds", json_sprintf ("%.0f", ceil (s->settings.timeout)));
        json_put_unless_empty (one, "podMetadata", pod_metadata (plan, i));
        json_put_unless_empty (one, "secretAsEnv", secrets (s));
        json_put_unless_empty (one, "pvcMount", volumes (plan, i));
        json_put_unless_empty (one, "nodeSelector", node_selector (s));
        json_put_unless_empty (one, "tolerations", kubernetes_tolerations (s));
        if (plan->pipeline->security)
            json_object_set_new (one, "securityContext", json_incref (plan->pipeline->security));
        json_put_unless_empty (all, arena_printf (plan->arena, "exec-%s", plan->steps[i].name), one);
    }
    if (json_object_size (all))
        json_object_set_new (document, "platforms",
             json_pack ("{s:{s:{s:O}}}", "kubernetes", "deploymentSpec", "executors", all));
    json_decref (all);
    return document;
}
