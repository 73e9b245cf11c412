/* See kfp_api.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/kfp_api.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include "doc/json_value.h"

enum { PAGES = 100 }; /* of lists, at most */

struct kfp
kfp_open (struct arena *a, const struct auth *auth)
{
    return (struct kfp){ .arena = a, .http = http_create (&auth->settings), .auth = auth };
}

void
kfp_close (struct kfp *k)
{
    http_destroy (k->http);
}

const char *
kfp_url (const struct kfp *k, const char *path)
{
    return arena_printf (k->arena, "%s/apis/v2beta1/%s", k->auth->endpoint, path);
}

/* "&namespace=NS", or nothing for a Kubeflow without users. */
const char *
kfp_namespace_query (const struct kfp *k, const char *mark)
{
    const char *ns = k->auth->namespace;
    return ns ? arena_printf (k->arena, "%snamespace=%s", mark, http_escape (k->arena, ns)) : "";
}

json_t *
kfp_get (struct kfp *k, const char *path, int *status, struct error *err)
{
    struct http_call call = { .method = "GET", .url = kfp_url (k, path) };
    json_t *j = http_json (k->http, &call, err);
    *status = call.status;
    return j;
}

/* A string member that a reply must have; in the arena. */
const char *
kfp_member (const struct kfp *k, const json_t *reply, const char *key, struct error *err)
{
    const char *s = json_string_value (json_object_get (reply, key));
    if (s && *s)
        return arena_strdup (k->arena, s);
    error_set (err, ERROR_ENVIRONMENT, "%s: the answer has no %s: is that Kubeflow Pipelines 2?", k->auth->endpoint,
               key);
    return NULL;
}

int
kfp_each (struct kfp *k, const char *path, const char *list, bool (*visit) (const json_t *element, void *arg),
          void *arg, struct error *err)
{
    const char *token = "";
    for (int page = 0; page < PAGES; page++) {
        int status;
        size_t i;
        json_t *e;
        const char *at = arena_printf (k->arena, "%s%spage_size=100&page_token=%s", path,
                                       strchr (path, '?') ? "&" : "?", http_escape (k->arena, token));
        json_auto_t *reply = kfp_get (k, at, &status, err);
        if (!reply)
            return -1;
        json_array_foreach (json_object_get (reply, list), i, e)
            if (visit (e, arg))
                return 0;
        const char *next = json_string_value (json_object_get (reply, "next_page_token"));
        if (!next || !*next)
            return 0;
        token = arena_strdup (k->arena, next);
    }
    return 0;
}

bool
kfp_is_ours (const json_t *made)
{
    return strstr (json_text (made, "description"), " by Chard");
}

json_t *
kfp_list (struct kfp *k, const char *collection, const char *list, bool (*add) (const json_t *element, void *all),
          struct error *err)
{
    json_t *all = json_array ();
    const char *path = arena_printf (k->arena, "%s%s", collection, kfp_namespace_query (k, "?"));
    if (kfp_each (k, path, list, add, all, err) == 0)
        return all;
    json_decref (all);
    return NULL;
}

/* The first element of a reply's list that counts as an answer. */
static bool
take_first (const json_t *element, void *arg)
{
    *(json_t **) arg = json_incref ((json_t *) element);
    return true;
}

/* A filter (filter.proto) of what has that display name, as part of a query. */
static const char *
name_filter (const struct kfp *k, const char *name)
{
    json_auto_t *filter = json_pack ("{s:[{s:s,s:s,s:s}]}", "predicates", "operation", "EQUALS", "key", "display_name",
                                     "stringValue", name);
    cleanup_free char *text = json_dumps (filter, JSON_COMPACT);
    return arena_printf (k->arena, "filter=%s", http_escape (k->arena, text ? text : ""));
}

int
kfp_find (struct kfp *k, const char *path, const char *list, const char *name, json_t **found, struct error *err)
{
    const char *filtered = arena_printf (k->arena, "%s%s%s", path, strchr (path, '?') ? "&" : "?",
                                         name_filter (k, name));
    *found = NULL;
    return kfp_each (k, filtered, list, take_first, found, err);
}

const char *
kfp_find_id (struct kfp *k, const char *path, const char *list, const char *name, const char *id, struct error *err)
{
    json_t *found = NULL;
    if (kfp_find (k, path, list, name, &found, err) < 0)
        return NULL;
    json_auto_t *one = found;
    return one ? kfp_member (k, one, id, err) : "";
}

const char *
kfp_link (const struct kfp *k, const char *page, const char *id)
{
    const char *ui = getenv ("KF_PIPELINES_UI_ENDPOINT");
    return arena_printf (k->arena, "%s/#/%s/details/%s", ui && *ui ? ui : k->auth->endpoint, page, id);
}

/* ---- what a run needs ------------------------------------------------------------------------------------------- */

/* A thing with a name that is unique on the server. */
struct unique {
    const char *(*find) (struct kfp *k, const struct submission *s, const char *parent, struct error *err);
    json_t *(*create) (struct kfp *k, const struct submission *s, const char *parent, struct http_call *call,
                       struct error *err);
    const char *id;
};

/* Its id: found, or created. Whoever creates it between the two, or before a reply was lost, it is found then. */
static const char *
ensure (struct kfp *k, const struct unique *u, const struct submission *s, const char *parent, struct error *err)
{
    const char *id = u->find (k, s, parent, err);
    if (!id || *id)
        return id;
    struct http_call call = { .method = "POST" };
    json_auto_t *made = u->create (k, s, parent, &call, err);
    if (made)
        return kfp_member (k, made, u->id, err);
    if (call.status != 409 && !call.maybe_done && call.status < 500)
        return NULL;
    struct error why = { 0 };
    id = u->find (k, s, parent, &why);
    return id && *id ? id : NULL;
}

static const char *
find_pipeline (struct kfp *k, const struct submission *s, const char *parent, struct error *err)
{
    int status;
    (void) parent;
    const char *path = arena_printf (k->arena, "pipelines/names/%s%s", http_escape (k->arena, s->name),
                                     kfp_namespace_query (k, "?"));
    json_auto_t *reply = kfp_get (k, path, &status, err);
    return reply ? kfp_member (k, reply, "pipeline_id", err) : status == 404 ? "" : NULL;
}

static json_t *
create_pipeline (struct kfp *k, const struct submission *s, const char *parent, struct http_call *call,
                 struct error *err)
{
    (void) parent;
    json_auto_t *body = json_pack ("{s:s,s:s,s:s*}", "name", s->name, "display_name", s->name, "namespace",
                                   k->auth->namespace);
    call->url = kfp_url (k, "pipelines");
    call->body = body;
    return http_json (k->http, call, err);
}

static const char *
find_version (struct kfp *k, const struct submission *s, const char *pipeline, struct error *err)
{
    return kfp_find_id (k, arena_printf (k->arena, "pipelines/%s/versions", http_escape (k->arena, pipeline)),
                        "pipeline_versions", s->version, "pipeline_version_id", err);
}

/* The one call that takes a form and not JSON. */
static json_t *
create_version (struct kfp *k, const struct submission *s, const char *pipeline, struct http_call *call,
                struct error *err)
{
    struct arena *a = k->arena;
    const char *path = arena_printf (a, "pipelines/upload_version?name=%s&display_name=%s&pipelineid=%s&description=%s",
                                     http_escape (a, s->version), http_escape (a, s->version),
                                     http_escape (a, pipeline), http_escape (a, s->description));
    const struct http_request rq = { .method = "POST", .url = kfp_url (k, path), .body = s->document,
                                     .body_len = s->len,
                                     .content_type = "application/yaml", .file_part = "uploadfile",
                                     .file_name = arena_printf (a, "%s.yaml", s->name), .timeout = 300 };
    struct http_reply reply;
    json_t *j = NULL;
    if (http_ask (k->http, &rq, &reply, err) == 0
        && !(j = json_loadb (strbuf_str (&reply.body), reply.body.len, 0, NULL)))
        error_set (err, ERROR_ENVIRONMENT, "%s: the answer isn't JSON: is the endpoint right?", k->auth->endpoint);
    call->status = reply.status;
    call->maybe_done = reply.maybe_done || (!j && reply.status / 100 == 2);
    http_reply_clear (&reply);
    return j;
}

static const char *
find_experiment (struct kfp *k, const struct submission *s, const char *parent, struct error *err)
{
    (void) parent;
    json_t *found = NULL;
    if (kfp_find (k, arena_printf (k->arena, "experiments%s", kfp_namespace_query (k, "?")), "experiments",
                  s->experiment, &found, err) < 0)
        return NULL;
    json_auto_t *experiment = found;
    if (!experiment)
        return "";
    const char *state = json_string_value (json_object_get (experiment, "storage_state"));
    if (state && strcmp (state, "ARCHIVED") == 0)
        k->note = arena_printf (k->arena, "the experiment “%s” is archived there, and so not among those that are "
                                          "shown", s->experiment);
    return kfp_member (k, experiment, "experiment_id", err);
}

static json_t *
create_experiment (struct kfp *k, const struct submission *s, const char *parent, struct http_call *call,
                   struct error *err)
{
    (void) parent;
    json_auto_t *body = json_pack ("{s:s,s:s*}", "display_name", s->experiment, "namespace", k->auth->namespace);
    call->url = kfp_url (k, "experiments");
    call->body = body;
    return http_json (k->http, call, err);
}

static const struct unique pipelines = { find_pipeline, create_pipeline, "pipeline_id" };
static const struct unique versions = { find_version, create_version, "pipeline_version_id" };
static const struct unique experiments = { find_experiment, create_experiment, "experiment_id" };

/* ---- what it is for --------------------------------------------------------------------------------------------- */

int
kfp_bring (struct kfp *k, const struct submission *s, struct kfp_ids *ids, struct error *err)
{
    ids->pipeline = ensure (k, &pipelines, s, NULL, err);
    ids->version = ids->pipeline ? ensure (k, &versions, s, ids->pipeline, err) : NULL;
    return ids->version ? 0 : -1;
}

int
kfp_prepare (struct kfp *k, const struct submission *s, struct kfp_ids *ids, struct error *err)
{
    ids->experiment = kfp_bring (k, s, ids, err) == 0 ? ensure (k, &experiments, s, NULL, err) : NULL;
    return ids->experiment ? 0 : -1;
}
