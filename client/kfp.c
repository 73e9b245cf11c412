/* Runs on Kubeflow Pipelines. A run has a name that no other has, and is looked for by it if a reply was lost.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/kfp_api.h"

#include "base/nap.h"
#include "doc/json_value.h"

#include <time.h>

enum { LOOKS = 4 }; /* for a run whose reply was lost */

/* ---- a run ------------------------------------------------------------------------------------------------------ */

/* After a lost reply: it may take a moment until the server lists it. NULL if it doesn't. */
static const char *
look_for_run (struct kfp *k, const struct submission *s, const char *experiment)
{
    const char *path = arena_printf (k->arena, "runs?experiment_id=%s%s", http_escape (k->arena, experiment),
                                     kfp_namespace_query (k, "&"));
    struct error why = { 0 };
    for (int i = 0; i < LOOKS; i++) {
        nap (i + 0.25);
        const char *id = kfp_find_id (k, path, "runs", s->run, "run_id", &why);
        if (id && *id)
            return id;
    }
    return NULL;
}

static const char *
start_run (struct kfp *k, const struct submission *s, const struct kfp_ids *ids, struct error *err)
{
    json_auto_t *body = json_pack ("{s:s,s:s,s:s,s:{s:s,s:s},s:{s:O},s:s*}", "display_name", s->run, "description",
                                   s->description, "experiment_id", ids->experiment, "pipeline_version_reference",
                                   "pipeline_id", ids->pipeline, "pipeline_version_id", ids->version, "runtime_config",
                                   "parameters", s->parameters, "service_account", s->service_account);
    struct http_call call = { .method = "POST", .url = kfp_url (k, "runs"), .body = body };
    json_auto_t *made = http_json (k->http, &call, err);
    if (made)
        return kfp_member (k, made, "run_id", err);
    const char *found = call.maybe_done || call.status >= 500 ? look_for_run (k, s, ids->experiment) : NULL;
    if (!found && (call.maybe_done || call.status > 500)) /* 500 is KFP's own: it couldn't */
        error_wrap (err, "whether the run was started isn't known: the answer was lost, and the server doesn't list it "
                         "yet; look for “%s” there before you submit again", s->run);
    return found;
}

static int
kfp_submit (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    struct kfp_ids ids;
    const char *run = kfp_prepare (&k, s, &ids, err) < 0 ? NULL : start_run (&k, s, &ids, err);
    if (!run)
        return -1;
    json_auto_t *told = json_pack ("{s:s,s:s,s:s,s:s,s:s,s:s*}", "pipeline_id", ids.pipeline, "pipeline_version_id",
                                   ids.version,
                                   "experiment_id", ids.experiment, "run_id", run, "link", kfp_link (&k, "runs", run),
                                   "note", k.note);
    return json_object_update (record, told);
}

static int
kfp_upload (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    struct kfp_ids ids;
    if (kfp_bring (&k, s, &ids, err) < 0)
        return -1;
    const char *page = arena_printf (a, "%s/version/%s", ids.pipeline, ids.version);
    json_auto_t *told = json_pack ("{s:s,s:s,s:s}", "pipeline_id", ids.pipeline, "pipeline_version_id", ids.version,
                                   "link", kfp_link (&k, "pipelines", page));
    return json_object_update (record, told);
}

/* ---- what is done about it -------------------------------------------------------------------------------------- */

const char *
kfp_run_path (struct arena *a, const json_t *record, const char *verb)
{
    const char *id = json_string_value (json_object_get (record, "run_id"));
    return arena_printf (a, "runs/%s%s", http_escape (a, id ? id : ""), verb);
}

static int
act (struct arena *a, const struct auth *auth, const json_t *record, const char *verb, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    struct http_call call = { .method = "POST", .url = kfp_url (&k, kfp_run_path (a, record, verb)),
                              .repeatable = true };
    json_auto_t *reply = http_json (k.http, &call, err);
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
    scoped_kfp struct kfp k = kfp_open (a, auth);
    if (kfp_gave_up_claims (&k, record)) /* the steps would wait for them forever: KFP doesn't make them again */
        return error_set (err, ERROR_NOTEBOOK,
                          "the volumes that run %s made went with it; submit the notebook again: KFP's cache still has "
                          "what steps without such volumes computed", json_text (record, "run"));
    return act (a, auth, record, ":retry", err);
}

/* ---- logs ------------------------------------------------------------------------------------------------------- */

/* A log as text; the API server says 200 before it knows whether there is one, and then {"error_message": …}. */
static int
read_log (struct kfp *k, const char *address, struct strbuf *out, struct error *err)
{
    const struct http_request rq = { .method = "GET", .url = address, .once = true }; /* there are other places */
    struct http_reply reply;
    int status = http_ask (k->http, &rq, &reply, err);
    if (status == 0 && strncmp (strbuf_str (&reply.body), "{\"error_message\"", 16) == 0)
        status = error_set (err, ERROR_ENVIRONMENT, "%s: there is no such log", address);
    if (status == 0 && strcmp (reply.type, "text/html") == 0 && strstr (strbuf_str (&reply.body), "<html"))
        status = error_set (err, ERROR_ENVIRONMENT, "%s: a web page answers, and no log", address);
    if (status == 0)
        strbuf_add (out, strbuf_str (&reply.body), reply.body.len);
    http_reply_clear (&reply);
    return status;
}

/* Kubernetes itself, where KFP is reached through its API's proxy (auth kubeconfig); NULL if it isn't. */
static const char *
cluster_address (const struct kfp *k, const char *pod, int lines)
{
    static const char path[] = "/api/v1/namespaces/";
    const char *endpoint = k->auth->endpoint, *api = strstr (endpoint, path), *ns = api ? api + strlen (path) : NULL;
    if (!api || !strstr (ns, "/proxy"))
        return NULL;
    const char *own = k->auth->namespace ? http_escape (k->arena, k->auth->namespace)
                                         : arena_strndup (k->arena, ns, strcspn (ns, "/"));
    return arena_printf (k->arena, "%.*s%s%s/pods/%s/log?container=main&tailLines=%d", (int) (api - endpoint), endpoint,
                         path, own, pod, lines);
}

/* The day on which the run began: logs of pods that are gone are kept below it. */
static const char *
day_of (struct arena *a, const json_t *record)
{
    time_t began = (time_t) json_number_value (json_object_get (record, "began"));
    struct tm utc;
    gmtime_r (&began, &utc);
    return arena_printf (a, "%04d-%02d-%02d", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

/* Who may have a pod's log. The API server alone finds it only where there are users, in whose namespace it looks. */
static int
kfp_log (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step, int lines,
         struct strbuf *out, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    struct error why = { 0 };
    const char *pod = json_string_value (json_object_get (step, "pod"));
    const char *run = json_string_value (json_object_get (record, "run_id"));
    const char *ns = auth->namespace;
    if (!pod || !run)
        return error_set (err, ERROR_NOTEBOOK, "Kubeflow Pipelines knows no pod of this step");
    pod = http_escape (a, pod);
    run = http_escape (a, run);
    const char *const places[] = {
        cluster_address (&k, pod, lines),
        /* the user interface's server (frontend/server/handlers/pod-logs.ts) */
        arena_printf (a, "%s/k8s/pod/logs?podname=%s&runid=%s&createdat=%s%s%s", auth->endpoint, pod, run,
                      day_of (a, record), ns ? "&podnamespace=" : "", ns ? http_escape (a, ns) : ""),
        arena_printf (a, "%s/apis/v1alpha1/runs/%s/nodes/%s/log", auth->endpoint, run, pod),
    };
    int status = -1;
    for (size_t i = 0; status < 0 && i < sizeof places / sizeof *places; i++)
        if (places[i])
            status = read_log (&k, places[i], out, err && err->text[0] ? &why : err);
    return status == 0
        ? 0 : error_wrap (err, "Kubeflow Pipelines hands logs out at its user interface, which must be the endpoint");
}

const struct service service_kfp = {
    .document = ".kfp.yaml",
    .submit = kfp_submit,
    .upload = kfp_upload,
    .status = kfp_status,
    .cancel = kfp_cancel,
    .retry = kfp_retry,
    .log = kfp_log,
    .fetch = kfp_fetch,
    .schedule = kfp_schedule,
    .schedules = kfp_schedules,
    .change_schedule = kfp_change_schedule,
    .runs = kfp_runs,
};
