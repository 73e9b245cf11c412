/* See probe.h. The calls are those of KFP's api.v2beta1.swagger.json, of argo-server's and of Kubernetes' API.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/probe.h"

#include "client/build.h"
#include "client/registry.h"

#define WORKFLOWS "/apis/argoproj.io/v1alpha1"

static json_t *
ask (struct arena *a, const struct auth *auth, const char *path, int *status, struct error *err)
{
    struct http *h = http_create (&auth->settings);
    struct http_call call = { .method = "GET", .url = arena_printf (a, "%s%s", auth->endpoint, path) };
    json_t *j = http_json (h, &call, err);
    http_destroy (h);
    *status = call.status;
    return j;
}

static bool
is_kfp (const struct context *c)
{
    return strcmp (c->target, "kfp") == 0;
}

/* ---- the service ------------------------------------------------------------------------------------------------ */

static int
find_kfp (struct arena *a, const struct auth *auth, const char **found, struct error *err)
{
    int status;
    json_auto_t *health = ask (a, auth, "/apis/v2beta1/healthz", &status, err);
    if (!health)
        return status == 404 ? error_set (err, ERROR_ENVIRONMENT, "%s answers, but Kubeflow Pipelines isn't there: the "
                                                                  "endpoint of a whole Kubeflow ends in /pipeline",
                                          auth->endpoint)
                             : -1;
    bool multi_user = json_is_true (json_object_get (health, "multi_user"));
    if (multi_user && !auth->namespace)
        return error_set (err, ERROR_ENVIRONMENT, "this Kubeflow has several users: the context needs --namespace, "
                                                  "that of your profile");
    *found = multi_user ? "Kubeflow Pipelines, for several users" : "Kubeflow Pipelines";
    return 0;
}

static int
find_argo (struct arena *a, const struct auth *auth, const char **found, struct error *err)
{
    int status;
    json_auto_t *info = ask (a, auth, auth->kubernetes ? WORKFLOWS : "/api/v1/info", &status, err);
    if (info) {
        *found = auth->kubernetes ? "Kubernetes, with Argo Workflows" : "Argo Workflows' server";
        return 0;
    }
    if (status != 404 && status != 403)
        return -1;
    struct error why = { 0 };
    int other;
    json_auto_t *cluster = auth->kubernetes ? NULL : ask (a, auth, "/apis", &other, &why);
    if (json_object_get (cluster, "groups"))
        return error_set (err, ERROR_ENVIRONMENT, "%s is a Kubernetes API server and no argo-server: make the context "
                                                  "without --endpoint, with --auth kubeconfig or in-cluster",
                                                  auth->endpoint);
    if (status == 403)
        return -1;
    if (auth->kubernetes)
        return error_set (err, ERROR_ENVIRONMENT, "Argo Workflows isn't installed in the cluster %s", auth->endpoint);
    return error_set (err, ERROR_ENVIRONMENT, "%s answers, but isn't Argo Workflows' server", auth->endpoint);
}

int
probe_service (struct arena *a, const struct context *c, const struct auth *auth, const char **found, struct error *err)
{
    return is_kfp (c) ? find_kfp (a, auth, found, err) : find_argo (a, auth, found, err);
}

/* ---- the namespace ---------------------------------------------------------------------------------------------- */

int
probe_permission (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                  struct error *err)
{
    const char *ns = auth->namespace, *path;
    int status;
    if (!ns && !is_kfp (c))
        return error_set (err, ERROR_ENVIRONMENT, "the context needs --namespace, in which workflows may be started");
    const char *escaped = http_escape (a, ns ? ns : "");
    if (is_kfp (c))
        path = arena_printf (a, "/apis/v2beta1/experiments?page_size=1%s%s", ns ? "&namespace=" : "", escaped);
    else if (auth->kubernetes)
        path = arena_printf (a, WORKFLOWS "/namespaces/%s/workflows?limit=1", escaped);
    else
        path = arena_printf (a, "/api/v1/workflows/%s?listOptions.limit=1", escaped);
    json_auto_t *list = ask (a, auth, path, &status, err);
    if (!list)
        return -1;
    *found = ns ? arena_printf (a, "namespace %s can be looked at", ns) : "experiments can be looked at";
    return 0;
}

/* ---- images ----------------------------------------------------------------------------------------------------- */

/* "127.0.0.1:5000/team" -> "127.0.0.1:5000"; names without a dot or port are folders of Docker's own. */
static const char *
registry_host (struct arena *a, const char *registry)
{
    const char *host = arena_strndup (a, registry, strcspn (registry, "/"));
    return strpbrk (host, ".:") || strcmp (host, "localhost") == 0 ? host : NULL;
}

int
probe_registry (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                struct error *err)
{
    const char *host = c->registry ? registry_host (a, c->registry) : NULL;
    struct http_reply reply;
    if (!host) {
        *found = c->registry ? "Docker's own" : "none: images aren't pushed";
        return 0;
    }
    /* Not with the service's credentials. */
    const struct http_settings bare = { .ca = auth->settings.ca, .proxy = auth->settings.proxy };
    struct http *h = http_create (&bare);
    const struct http_request rq = { .method = "GET", .url = arena_printf (a, "%s/", registry_url (a, host)) };
    int status = http_send (h, &rq, &reply, err);
    if (status == 0 && reply.status != 401)
        status = http_check (&rq, &reply, err);
    if (status == 0)
        *found = arena_printf (a, "%s answers%s", host,
                               reply.status == 401 ? ", and wants a login when it comes to it" : "");
    http_reply_clear (&reply);
    http_destroy (h);
    return status;
}

int
probe_builder (struct arena *a, const struct context *c, const struct auth *auth, const char **found, struct error *err)
{
    const char *builder;
    (void) auth;
    if (build_find (a, c->builder, &builder, err) < 0)
        return -1;
    *found = builder ? builder : "a Job in the cluster";
    return 0;
}
