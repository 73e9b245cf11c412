/* See cluster_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/cluster_build.h"

#include "base/nap.h"
#include "base/utf8.h"
#include "doc/json_value.h"

#include <string.h>

enum {
    WAIT_SECONDS = 3600,
    LOG_LINES = 20, /* of a failed build's log that are shown */
};

struct cluster {
    struct arena *arena;
    struct http *http;
    const char *core, *batch; /* URLs of the namespace in both API groups */
};

bool
cluster_find (struct arena *a, const struct context *c, struct auth *auth)
{
    struct context there = *c;
    struct error why = { 0 };
    if (!c->auth || (strcmp (c->auth, "kubeconfig") != 0 && strcmp (c->auth, "in-cluster") != 0))
        return false;
    there.target = "argo"; /* whose objects are the Kubernetes API's own */
    there.endpoint = NULL;
    return auth_prepare (a, &there, auth, &why) == 0 && auth->kubernetes && auth->namespace;
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */

/* The Job of an image (its name is left to the server), or the ConfigMap. */
static const json_t *
find_document (const json_t *documents, const char *kind, const char *key, const char *name)
{
    size_t i;
    json_t *d;
    json_array_foreach (documents, i, d)
        if (strcmp (json_text (d, "kind"), kind) == 0
            && strcmp (json_text (json_object_get (d, "metadata"), key), name) == 0)
            return d;
    return NULL;
}

static json_t *
renamed (const json_t *document, const char *name)
{
    json_t *copy = json_deep_copy (document), *metadata = json_object_get (copy, "metadata");
    json_object_del (metadata, "generateName");
    json_object_set_new (metadata, "name", json_string (name));
    return copy;
}

/* The Job reads the ConfigMap of that name. */
static void
point_to (json_t *job, const char *name)
{
    const json_t *pod = json_object_get (json_object_get (json_object_get (job, "spec"), "template"), "spec");
    size_t i;
    json_t *volume;
    json_array_foreach (json_object_get (pod, "volumes"), i, volume) {
        json_t *map = json_object_get (volume, "configMap");
        if (map)
            json_object_set_new (map, "name", json_string (name));
    }
}

static int
apply (struct cluster *c, const json_t *map, const char *name, struct error *err)
{
    struct http_call call = { .method = "PATCH", .body = map, .content_type = "application/apply-patch+yaml",
                              .repeatable = true,
                              .url = arena_printf (c->arena, "%s/configmaps/%s?fieldManager=chard&force=true", c->core,
                                                   name) };
    json_auto_t *done = http_json (c->http, &call, err);
    return done ? 0 : -1;
}

static bool
has_condition (const json_t *job, const char *type)
{
    size_t i;
    json_t *condition;
    json_array_foreach (json_object_get (json_object_get (job, "status"), "conditions"), i, condition)
        if (strcmp (json_text (condition, "type"), type) == 0 && strcmp (json_text (condition, "status"), "True") == 0)
            return true;
    return false;
}

static json_t *
look (struct cluster *c, const char *name, int *status, struct error *err)
{
    struct http_call call = { .method = "GET", .url = arena_printf (c->arena, "%s/jobs/%s", c->batch, name) };
    json_t *job = http_json (c->http, &call, err);
    *status = call.status;
    return job;
}

/* ---- the Job ---------------------------------------------------------------------------------------------------- */

/* One that failed before is in the way. */
static int
clear_failed (struct cluster *c, const char *name, struct error *err)
{
    int status;
    json_auto_t *there = look (c, name, &status, err);
    if (!there || !has_condition (there, "Failed"))
        return there || status == 404 ? 0 : -1;
    struct http_call call = { .method = "DELETE",
                              .url = arena_printf (c->arena, "%s/jobs/%s?propagationPolicy=Background", c->batch,
                                                   name) };
    json_auto_t *gone = http_json (c->http, &call, err);
    return gone || call.status == 404 ? 0 : -1;
}

/* 409: it is there already, be it somebody else's or ours whose answer was lost. */
static int
start (struct cluster *c, const json_t *job, const char *name, struct error *err)
{
    if (clear_failed (c, name, err) < 0)
        return -1;
    struct http_call call = { .method = "POST", .url = arena_printf (c->arena, "%s/jobs", c->batch), .body = job,
                              .repeatable = true };
    json_auto_t *made = http_json (c->http, &call, err);
    return made || call.status == 409 ? 0 : -1;
}

static void
show_log (struct cluster *c, const char *name, FILE *out)
{
    struct error why = { 0 };
    struct http_call call = { .method = "GET",
                              .url = arena_printf (c->arena, "%s/pods?labelSelector=job-name%%3D%s", c->core, name) };
    json_auto_t *pods = http_json (c->http, &call, &why);
    const json_t *all = json_object_get (pods, "items");
    const json_t *last = json_array_get (all, json_array_size (all) ? json_array_size (all) - 1 : 0);
    const char *pod = json_text (json_object_get (last, "metadata"), "name");
    if (!*pod)
        return;
    const struct http_request rq = { .method = "GET",
                                     .url = arena_printf (c->arena, "%s/pods/%s/log?container=build&tailLines=%d",
                                                                           c->core, pod, LOG_LINES) };
    struct http_reply reply;
    if (http_ask (c->http, &rq, &reply, &why) == 0)
        fprintf (out, "%s", utf8_repair (c->arena, strbuf_str (&reply.body)));
    http_reply_clear (&reply);
}

static int
wait_for (struct cluster *c, const char *name, FILE *out, struct error *err)
{
    double delay = 0.5;
    for (double waited = 0; waited < WAIT_SECONDS; waited += delay, delay = delay < 5 ? delay * 1.5 : 5) {
        int status;
        json_auto_t *job = look (c, name, &status, err);
        if (!job)
            return -1;
        if (has_condition (job, "Complete"))
            return 0;
        if (has_condition (job, "Failed")) {
            show_log (c, name, out);
            return error_set (err, ERROR_ENVIRONMENT, "the Job %s, which builds the image, failed", name);
        }
        nap (delay);
    }
    return error_set (err, ERROR_ENVIRONMENT,
                      "the Job %s, which builds the image, isn't done after an hour; submit again to wait on", name);
}

static int
build_with (struct cluster *c, const json_t *documents, const char *name, const char *content, FILE *out,
            struct error *err)
{
    const char *base = arena_printf (c->arena, "build-%s", name);
    const char *own = arena_printf (c->arena, "%.40s-%.12s", base, content);
    const json_t *wanted = find_document (documents, "Job", "generateName", arena_printf (c->arena, "%s-", base));
    const json_t *files = find_document (documents, "ConfigMap", "name", base);
    if (!wanted || !files)
        return error_set (err, ERROR_ENVIRONMENT, "the image's files are too large for a ConfigMap, from which a Job "
                                                  "in the cluster would take them: build it where buildah, podman or "
                                                  "docker is");
    json_auto_t *map = renamed (files, own), *job = renamed (wanted, own);
    point_to (job, own);
    fprintf (out, "the Job %s builds it in the cluster\n", own);
    return apply (c, map, own, err) < 0 || start (c, job, own, err) < 0 ? -1 : wait_for (c, own, out, err);
}

int
cluster_build (struct arena *a, const struct auth *auth, const json_t *documents, const char *name, const char *content,
               FILE *out, struct error *err)
{
    const char *ns = http_escape (a, auth->namespace);
    struct cluster c = { .arena = a, .http = http_create (&auth->settings),
                         .core = arena_printf (a, "%s/api/v1/namespaces/%s", auth->endpoint, ns),
                         .batch = arena_printf (a, "%s/apis/batch/v1/namespaces/%s", auth->endpoint, ns) };
    int status = build_with (&c, documents, name, content, out, err);
    http_destroy (c.http);
    return status;
}
