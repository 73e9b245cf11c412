/* See offers.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/offers.h"

#include "client/cluster_build.h"
#include "client/kfp_api.h"
#include "doc/json_value.h"

#include <string.h>

static bool
add_experiment (const json_t *experiment, void *arg)
{
    const char *name = json_text (experiment, "display_name");
    if (*name && strcmp (json_text (experiment, "storage_state"), "ARCHIVED") != 0)
        json_array_append_new (arg, json_string (name));
    return false;
}

json_t *
offers_experiments (struct arena *a, const struct context *c, struct error *err)
{
    struct auth auth;
    if (strcmp (c->target, "kfp") != 0) {
        error_set (err, ERROR_USAGE, "only Kubeflow Pipelines has experiments");
        return NULL;
    }
    if (auth_prepare (a, c, &auth, err) < 0)
        return NULL;
    scoped_kfp struct kfp k = kfp_open (a, &auth);
    return kfp_list (&k, "experiments", "experiments", add_experiment, err);
}

static json_t *
volume_of (const json_t *claim)
{
    const json_t *spec = json_object_get (claim, "spec");
    json_t *modes = json_object_get (spec, "accessModes");
    const char *size = json_string_value (
        json_object_get (json_object_get (json_object_get (spec, "resources"), "requests"), "storage"));
    return json_pack ("{s:s,s:o,s:s?}", "name", json_text (json_object_get (claim, "metadata"), "name"), "access_modes",
                      json_is_array (modes) ? json_incref (modes) : json_array (), "size", size);
}

json_t *
offers_volumes (struct arena *a, const struct context *c, struct error *err)
{
    struct auth auth;
    if (!cluster_find (a, c, &auth)) {
        error_set (err, ERROR_USAGE,
                   "the context doesn't log in to Kubernetes' API: with --auth kubeconfig or in-cluster it does");
        return NULL;
    }
    struct http *h = http_create (&auth.settings);
    struct http_call call = { .method = "GET",
                              .url = arena_printf (a, "%s/api/v1/namespaces/%s/persistentvolumeclaims", auth.endpoint,
                                                                    http_escape (a, auth.namespace)) };
    json_auto_t *list = http_json (h, &call, err);
    http_destroy (h);
    if (!list)
        return NULL;
    json_t *volumes = json_array (), *claim;
    size_t i;
    json_array_foreach (json_object_get (list, "items"), i, claim)
        json_array_append_new (volumes, volume_of (claim));
    return volumes;
}
