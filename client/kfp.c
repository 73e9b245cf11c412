/* Kubeflow Pipelines' v2beta1 API (api.v2beta1.swagger.json of 2.17; names are snake_case): a pipeline is created once, a
 * version of it for each content, an experiment if there is none of that name. These names are unique on the server, so a
 * request whose reply was lost is simply looked up again. A run has a name that no other has, and is looked for by it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/service.h"

#include <stdlib.h>
#include <time.h>

enum {
    PAGES = 100, /* of lists, at most */
    LOOKS = 4,   /* for a run whose reply was lost */
};

struct kfp {
    struct arena *arena;
    struct http *http;
    const struct auth *auth;
};

static void
open_kfp (struct kfp *k, struct arena *a, const struct auth *auth)
{
    *k = (struct kfp){ a, http_create (&auth->settings), auth };
}

static const char *
url (const struct kfp *k, const char *path)
{
    return arena_printf (k->arena, "%s/apis/v2beta1/%s", k->auth->endpoint, path);
}

/* "&namespace=NS", or nothing for a Kubeflow without users. */
static const char *
namespace_query (const struct kfp *k, const char *mark)
{
    const char *ns = k->auth->namespace;
    return ns ? arena_printf (k->arena, "%snamespace=%s", mark, http_escape (k->arena, ns)) : "";
}

static json_t *
get (struct kfp *k, const char *path, int *status, struct error *err)
{
    struct http_call call = { .method = "GET", .url = url (k, path) };
    json_t *j = http_json (k->http, &call, err);
    *status = call.status;
    return j;
}

/* A string member that a reply must have; in the arena. */
static const char *
member (const struct kfp *k, const json_t *reply, const char *key, struct error *err)
{
    const char *s = json_string_value (json_object_get (reply, key));
    if (s && *s)
        return arena_strdup (k->arena, s);
    error_set (err, ERROR_ENVIRONMENT, "%s: the answer has no %s: is that Kubeflow Pipelines 2?", k->auth->endpoint, key);
    return NULL;
}

/* Goes through a list until an element has `name` as one of its names: the id in its member `id`. "" if none has; NULL if
 * the list can't be read. */
static const char *
find_in_list (struct kfp *k, const char *path, const char *list, const char *name, const char *id, struct error *err)
{
    const char *token = "";
    for (int page = 0; page < PAGES; page++) {
        int status;
        size_t i;
        json_t *e;
        const char *at = arena_printf (k->arena, "%s%spage_size=100&page_token=%s", path, strchr (path, '?') ? "&" : "?",
                                       http_escape (k->arena, token));
        json_auto_t *reply = get (k, at, &status, err);
        if (!reply)
            return NULL;
        json_array_foreach (json_object_get (reply, list), i, e) {
            const char *display = json_string_value (json_object_get (e, "display_name"));
            const char *own = json_string_value (json_object_get (e, "name"));
            if ((display && strcmp (display, name) == 0) || (own && strcmp (own, name) == 0))
                return member (k, e, id, err);
        }
        const char *next = json_string_value (json_object_get (reply, "next_page_token"));
        if (!next || !*next)
            return "";
        token = arena_strdup (k->arena, next);
    }
    return "";
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
        return member (k, made, u->id, err);
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
    const char *path = arena_printf (k->arena, "pipelines/names/%s%s", http_escape (k->arena, s->name), namespace_query (k, "?"));
    json_auto_t *reply = get (k, path, &status, err);
    return reply ? member (k, reply, "pipeline_id", err) : status == 404 ? "" : NULL;
}

static json_t *
create_pipeline (struct kfp *k, const struct submission *s, const char *parent, struct http_call *call, struct error *err)
{
    (void) parent;
    json_auto_t *body = json_pack ("{s:s,s:s,s:s*}", "name", s->name, "display_name", s->name, "namespace",
                                   k->auth->namespace);
    call->url = url (k, "pipelines");
    call->body = body;
    return http_json (k->http, call, err);
}

static const char *
find_version (struct kfp *k, const struct submission *s, const char *pipeline, struct error *err)
{
    return find_in_list (k, arena_printf (k->arena, "pipelines/%s/versions", http_escape (k->arena, pipeline)),
                         "pipeline_versions", s->version, "pipeline_version_id", err);
}

/* The one call that takes a form and not JSON. */
static json_t *
create_version (struct kfp *k, const struct submission *s, const char *pipeline, struct http_call *call, struct error *err)
{
    struct arena *a = k->arena;
    const char *path = arena_printf (a, "pipelines/upload_version?name=%s&display_name=%s&pipelineid=%s&description=%s",
                                     http_escape (a, s->version), http_escape (a, s->version), http_escape (a, pipeline),
                                     http_escape (a, s->description));
    const struct http_request rq = { .method = "POST", .url = url (k, path), .body = s->document, .body_len = s->len,
                                     .content_type = "application/yaml", .file_part = "uploadfile",
                                     .file_name = arena_printf (a, "%s.yaml", s->name), .timeout = 300 };
    struct http_reply reply;
    json_t *j = NULL;
    if (http_send (k->http, &rq, &reply, err) == 0 && http_check (&rq, &reply, err) == 0
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
    return find_in_list (k, arena_printf (k->arena, "experiments%s", namespace_query (k, "?")), "experiments",
                         s->experiment, "experiment_id", err);
}

static json_t *
create_experiment (struct kfp *k, const struct submission *s, const char *parent, struct http_call *call, struct error *err)
{
    (void) parent;
    json_auto_t *body = json_pack ("{s:s,s:s*}", "display_name", s->experiment, "namespace", k->auth->namespace);
    call->url = url (k, "experiments");
    call->body = body;
    return http_json (k->http, call, err);
}

static const struct unique pipelines = { find_pipeline, create_pipeline, "pipeline_id" };
static const struct unique versions = { find_version, create_version, "pipeline_version_id" };
static const struct unique experiments = { find_experiment, create_experiment, "experiment_id" };

/* ---- a run ------------------------------------------------------------------------------------------------------ */

/* After a lost reply: it may take a moment until the server lists it. */
static const char *
look_for_run (struct kfp *k, const struct submission *s, const char *experiment, struct error *err)
{
    const char *path = arena_printf (k->arena, "runs?experiment_id=%s&sort_by=created_at%%20desc%s",
                                     http_escape (k->arena, experiment), namespace_query (k, "&"));
    struct error why = { 0 };
    for (int i = 0; i < LOOKS; i++) {
        struct timespec t = { i, 250000000 };
        nanosleep (&t, NULL);
        const char *id = find_in_list (k, path, "runs", s->run, "run_id", &why);
        if (id && *id)
            return id;
    }
    error_wrap (err, "whether the run was started isn't known: the answer was lost, and the server doesn't list it yet; look "
                     "for “%s” there before you submit again", s->run);
    return NULL;
}

static const char *
start_run (struct kfp *k, const struct submission *s, const char *pipeline, const char *version, const char *experiment,
           struct error *err)
{
    json_auto_t *body = json_pack ("{s:s,s:s,s:s,s:{s:s,s:s},s:{s:O}}", "display_name", s->run, "description",
                                   s->description, "experiment_id", experiment, "pipeline_version_reference",
                                   "pipeline_id", pipeline, "pipeline_version_id", version, "runtime_config", "parameters",
                                   s->parameters);
    struct http_call call = { .method = "POST", .url = url (k, "runs"), .body = body };
    json_auto_t *made = http_json (k->http, &call, err);
    if (made)
        return member (k, made, "run_id", err);
    return call.maybe_done || call.status >= 500 ? look_for_run (k, s, experiment, err) : NULL;
}

/* Where people look at it: the API's address is the user interface's too, but for an API server without one. */
static const char *
link_of (const struct kfp *k, const char *run)
{
    const char *ui = getenv ("KF_PIPELINES_UI_ENDPOINT");
    return arena_printf (k->arena, "%s/#/runs/details/%s", ui && *ui ? ui : k->auth->endpoint, run);
}

static int
submit_with (struct kfp *k, const struct submission *s, json_t *record, struct error *err)
{
    const char *pipeline = ensure (k, &pipelines, s, NULL, err);
    const char *version = pipeline ? ensure (k, &versions, s, pipeline, err) : NULL;
    const char *experiment = version ? ensure (k, &experiments, s, NULL, err) : NULL;
    const char *run = experiment ? start_run (k, s, pipeline, version, experiment, err) : NULL;
    if (!run)
        return -1;
    json_auto_t *ids = json_pack ("{s:s,s:s,s:s,s:s,s:s}", "pipeline_id", pipeline, "pipeline_version_id", version,
                                  "experiment_id", experiment, "run_id", run, "link", link_of (k, run));
    return json_object_update (record, ids);
}

static int
kfp_submit (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    struct kfp k;
    open_kfp (&k, a, auth);
    int status = submit_with (&k, s, record, err);
    http_destroy (k.http);
    return status;
}

/* ---- how it stands ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *kfp, *run, *step;
} states[] = {
    { "PENDING", "submitted", "waiting" }, { "RUNNING", "running", "running" },    { "SUCCEEDED", "ok", "ok" },
    { "SKIPPED", "ok", "cached" },         { "FAILED", "failed", "failed" },       { "CANCELING", "running", "running" },
    { "CANCELED", "canceled", "canceled" }, { "PAUSED", "running", "waiting" },
};

static const char *
state_of (const json_t *o, bool run)
{
    const char *state = json_string_value (json_object_get (o, "state"));
    for (size_t i = 0; state && i < sizeof states / sizeof states[0]; i++)
        if (strcmp (states[i].kfp, state) == 0)
            return run ? states[i].run : states[i].step;
    return run ? "submitted" : "waiting";
}

static json_t *
error_of (const json_t *o)
{
    return json_incref (json_object_get (json_object_get (o, "error"), "message"));
}

static json_t *
steps_of (const json_t *run)
{
    json_t *all = json_array (), *task;
    size_t i;
    json_array_foreach (json_object_get (json_object_get (run, "run_details"), "task_details"), i, task) {
        const char *name = json_string_value (json_object_get (task, "display_name"));
        if (name)
            json_array_append_new (all, json_pack ("{s:s,s:s,s:o?}", "step", name, "status", state_of (task, false), "error",
                                                   error_of (task)));
    }
    return all;
}

static const char *
run_path (struct arena *a, const json_t *record, const char *verb)
{
    const char *id = json_string_value (json_object_get (record, "run_id"));
    return arena_printf (a, "runs/%s%s", http_escape (a, id ? id : ""), verb);
}

static json_t *
kfp_status (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    struct kfp k;
    int status;
    open_kfp (&k, a, auth);
    json_auto_t *run = get (&k, run_path (a, record, ""), &status, err);
    http_destroy (k.http);
    return run ? json_pack ("{s:s,s:o?,s:o}", "status", state_of (run, true), "error", error_of (run), "steps",
                            steps_of (run))
               : NULL;
}

static int
act (struct arena *a, const struct auth *auth, const json_t *record, const char *verb, struct error *err)
{
    struct kfp k;
    open_kfp (&k, a, auth);
    struct http_call call = { .method = "POST", .url = url (&k, run_path (a, record, verb)), .repeatable = true };
    json_auto_t *reply = http_json (k.http, &call, err);
    http_destroy (k.http);
    return reply ? 0 : -1;
}

static int
kfp_cancel (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    return act (a, auth, record, ":terminate", err);
}

static int
kfp_retry (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    return act (a, auth, record, ":retry", err);
}

const struct service service_kfp = { kfp_submit, kfp_status, kfp_cancel, kfp_retry };
