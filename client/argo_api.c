/* See argo_api.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/argo_api.h"

#include "doc/json_text.h"
#include "doc/json_value.h"

enum {
    APPLIES = 3,           /* tries against others who change it at the same time */
    FETCH_SECONDS = 86400, /* for an artifact, as long as it isn't silent */
};

static const struct kind {
    const char *name;   /* as documents call it */
    const char *plural; /* in paths of the Kubernetes API */
    const char *path;   /* in paths of argo-server */
    const char *member; /* of bodies to argo-server */
} kinds[] = {
    [ARGO_WORKFLOW] = { "Workflow", "workflows", "workflows", "workflow" },
    [ARGO_TEMPLATE] = { "WorkflowTemplate", "workflowtemplates", "workflow-templates", "template" },
    [ARGO_CRON] = { "CronWorkflow", "cronworkflows", "cron-workflows", "cronWorkflow" },
};

int
argo_open (struct argo *argo, struct arena *a, const struct auth *auth, struct error *err)
{
    const char *ns = auth->namespace ? auth->namespace : auth->kubernetes ? "default" : NULL;
    *argo = (struct argo){ .arena = a, .auth = auth };
    if (!ns)
        return error_set (err, ERROR_USAGE, "the context needs --namespace, in which workflows may be started");
    argo->namespace = http_escape (a, ns);
    argo->http = http_create (&auth->settings);
    return 0;
}

void
argo_close (struct argo *argo)
{
    http_destroy (argo->http);
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

/* The path of one object, with what follows it; `name` NULL: of all. */
static const char *
url_of (const struct argo *argo, enum argo_kind kind, const char *name, const char *more)
{
    const char *slash = name ? "/" : "", *escaped = name ? http_escape (argo->arena, name) : "";
    if (argo->auth->kubernetes)
        return arena_printf (argo->arena, "%s/apis/" ARGO_VERSION "/namespaces/%s/%s%s%s%s", argo->auth->endpoint,
                             argo->namespace, kinds[kind].plural, slash, escaped, more);
    return arena_printf (argo->arena, "%s/api/v1/%s/%s%s%s%s", argo->auth->endpoint, kinds[kind].path, argo->namespace,
                         slash, escaped, more);
}

static const char *
name_of (const json_t *object)
{
    const char *name = json_string_value (json_object_get (json_object_get (object, "metadata"), "name"));
    return name ? name : "";
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */

json_t *
argo_object (enum argo_kind kind, const char *name, json_t *labels, json_t *annotations, json_t *spec)
{
    json_t *o = json_pack ("{s:s,s:s,s:{s:s},s:o}", "apiVersion", ARGO_VERSION, "kind", kinds[kind].name, "metadata",
                           "name", name, "spec", spec);
    json_t *metadata = json_object_get (o, "metadata");
    if (labels)
        json_object_set_new (metadata, "labels", labels);
    if (annotations)
        json_object_set_new (metadata, "annotations", annotations);
    return o;
}

json_t *
argo_get (struct argo *argo, enum argo_kind kind, const char *name, const char *fields, int *status, struct error *err)
{
    bool some = fields && !argo->auth->kubernetes;
    const char *more = some ? arena_printf (argo->arena, "?fields=%s", http_escape (argo->arena, fields)) : "";
    struct http_call call = { .method = "GET", .url = url_of (argo, kind, name, more) };
    json_t *object = http_json (argo->http, &call, err);
    *status = call.status;
    if (!object || strcmp (name_of (object), name) == 0)
        return object;
    json_decref (object);
    error_set (err, ERROR_ENVIRONMENT, "%s: the answer is no %s %s: is the endpoint right?", call.url, kinds[kind].name,
               name);
    return NULL;
}

static json_t *
list_by (struct argo *argo, enum argo_kind kind, const char *query, struct error *err)
{
    struct http_call call = { .method = "GET", .url = url_of (argo, kind, NULL, query) };
    json_auto_t *list = http_json (argo->http, &call, err);
    if (!list)
        return NULL;
    json_t *items = json_object_get (list, "items"); /* null if there are none */
    return json_is_array (items) ? json_incref (items) : json_array ();
}

json_t *
argo_list (struct argo *argo, enum argo_kind kind, struct error *err)
{
    return list_by (argo, kind, "", err);
}

json_t *
argo_list_ours (struct argo *argo, enum argo_kind kind, const char *fields, struct error *err)
{
    const char *label = http_escape (argo->arena, ARGO_MANAGED_BY "=chard");
    if (argo->auth->kubernetes)
        return list_by (argo, kind, arena_printf (argo->arena, "?labelSelector=%s", label), err);
    return list_by (argo, kind, arena_printf (argo->arena, "?listOptions.labelSelector=%s&fields=%s", label,
                                              http_escape (argo->arena, fields)), err);
}

static json_t *
wrap (const struct argo *argo, enum argo_kind kind, const json_t *object)
{
    return argo->auth->kubernetes ? json_incref ((json_t *) object) : json_pack ("{s:O}", kinds[kind].member, object);
}

json_t *
argo_create (struct argo *argo, enum argo_kind kind, const json_t *object, struct http_call *call, struct error *err)
{
    json_auto_t *body = wrap (argo, kind, object);
    *call = (struct http_call){ .method = "POST", .url = url_of (argo, kind, NULL, ""), .body = body,
                                .repeatable = true };
    json_t *made = http_json (argo->http, call, err);
    call->body = NULL;
    return made;
}

/* Kubernetes does it itself: what we say is ours, what others have added stays. */
static int
apply_there (struct argo *argo, enum argo_kind kind, const json_t *object, struct error *err)
{
    struct http_call call = { .method = "PATCH",
                              .url = url_of (argo, kind, name_of (object), "?fieldManager=chard&force=true"),
                              .body = object, .content_type = "application/apply-patch+yaml", .repeatable = true };
    json_auto_t *made = http_json (argo->http, &call, err);
    return made ? 0 : -1;
}

/* 0 or 1: it was changed meanwhile, perhaps by a try of ours whose answer was lost. */
static int
replace (struct argo *argo, enum argo_kind kind, const json_t *object, const json_t *there, struct error *err)
{
    static const char *const ours[] = { "labels", "annotations" };
    json_auto_t *whole = json_deep_copy (there); /* its status and what others have noted stay */
    json_t *metadata = json_object_get (whole, "metadata");
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        json_t *said = json_object_get (json_object_get (object, "metadata"), ours[i]);
        json_t *kept = json_object_get (metadata, ours[i]);
        if (kept)
            json_object_update (kept, said);
        else
            json_object_set (metadata, ours[i], said);
    }
    json_object_set (whole, "spec", json_object_get (object, "spec"));
    json_auto_t *body = wrap (argo, kind, whole);
    struct http_call call = { .method = "PUT", .url = url_of (argo, kind, name_of (object), ""), .body = body };
    json_auto_t *made = http_json (argo->http, &call, err);
    return made ? 0 : call.status == 409 ? 1 : -1;
}

/* argo-server has no apply: looks, then makes or replaces. */
static int
look_and_apply (struct argo *argo, enum argo_kind kind, const json_t *object, struct error *err)
{
    struct http_call call;
    int status;
    json_auto_t *there = argo_get (argo, kind, name_of (object), NULL, &status, err);
    if (there)
        return replace (argo, kind, object, there, err);
    if (status != 404)
        return -1;
    json_auto_t *made = argo_create (argo, kind, object, &call, err);
    return made ? 0 : call.status == 409 ? 1 : -1;
}

int
argo_apply (struct argo *argo, enum argo_kind kind, const json_t *object, struct error *err)
{
    if (argo->auth->kubernetes)
        return apply_there (argo, kind, object, err);
    for (int i = 0; i < APPLIES; i++) {
        int status = look_and_apply (argo, kind, object, err);
        if (status <= 0)
            return status;
    }
    return -1;
}

int
argo_delete (struct argo *argo, enum argo_kind kind, const char *name, struct error *err)
{
    struct http_call call = { .method = "DELETE", .url = url_of (argo, kind, name, "") };
    json_auto_t *done = http_json (argo->http, &call, err);
    return done ? 0 : -1;
}

/* ---- verbs ------------------------------------------------------------------------------------------------------ */

/* What argo-server does for a verb, as a JSON merge patch; retry isn't one. */
static json_t *
patch_for (const char *verb)
{
    if (strcmp (verb, "stop") == 0)
        return json_pack ("{s:{s:s}}", "spec", "shutdown", "Stop");
    return json_pack ("{s:{s:b}}", "spec", "suspend", strcmp (verb, "suspend") == 0);
}

int
argo_act (struct argo *argo, enum argo_kind kind, const char *name, const char *verb, struct error *err)
{
    bool retry = strcmp (verb, "retry") == 0;
    if (argo->auth->kubernetes && retry)
        return error_set (err, ERROR_USAGE, "the Kubernetes API can't try a workflow again, argo-server can: argo "
                                            "retry %s -n %s; or submit again, what is kept of the steps that went well "
                                            "isn't run anew",
                          name, argo->namespace);
    json_auto_t *body = argo->auth->kubernetes ? patch_for (verb)
                                               : json_pack ("{s:s,s:s}", "namespace", argo->auth->namespace, "name",
                                                            name);
    struct http_call call = { .method = argo->auth->kubernetes ? "PATCH" : "PUT", .body = body, .repeatable = true };
    call.url = url_of (argo, kind, name, argo->auth->kubernetes ? "" : arena_printf (argo->arena, "/%s", verb));
    if (argo->auth->kubernetes)
        call.content_type = "application/merge-patch+json";
    json_auto_t *done = http_json (argo->http, &call, err);
    return done ? 0 : -1;
}

/* ---- logs ------------------------------------------------------------------------------------------------------- */

/* argo-server sends a line {"result": {"content", "podName"}} for each that was printed. */
static int
add_entries (const char *text, struct strbuf *out, struct error *err)
{
    for (const char *line = text; *line;) {
        size_t n = strcspn (line, "\n");
        json_auto_t *entry = n ? json_text_parse (line, n, NULL, NULL) : NULL;
        const json_t *content = json_object_get (json_object_get (entry, "result"), "content");
        const char *why = json_string_value (json_object_get (json_object_get (entry, "error"), "message"));
        if (why)
            return error_set (err, ERROR_ENVIRONMENT, "the log can't be had: %s", why);
        if (json_is_string (content)) {
            strbuf_add (out, json_string_value (content), json_string_length (content));
            strbuf_addc (out, '\n');
        }
        line += n + (line[n] == '\n');
    }
    return 0;
}

static int
pod_log (struct argo *argo, const char *workflow, const char *pod, int lines, struct strbuf *out, struct error *err)
{
    const char *escaped = http_escape (argo->arena, pod);
    struct http_request rq = { .method = "GET" };
    struct http_reply reply;
    if (argo->auth->kubernetes)
        rq.url = arena_printf (argo->arena, "%s/api/v1/namespaces/%s/pods/%s/log?container=main&tailLines=%d",
                               argo->auth->endpoint, argo->namespace, escaped, lines);
    else
        rq.url = url_of (argo, ARGO_WORKFLOW, workflow,
                         arena_printf (argo->arena, "/log?podName=%s&logOptions.container=main&logOptions.tailLines=%d",
                                       escaped, lines));
    int status = http_ask (argo->http, &rq, &reply, err);
    if (status == 0 && argo->auth->kubernetes)
        strbuf_add (out, strbuf_str (&reply.body), reply.body.len);
    else if (status == 0)
        status = add_entries (strbuf_str (&reply.body), out, err);
    http_reply_clear (&reply);
    return status;
}

/* Sends `rq` to where argo-server has an artifact: by the workflow's name, and if that is gone by its uid in the
 * archive. */
static int
ask_artifact (struct argo *argo, const json_t *record, const char *node, const char *artifact, struct http_request *rq,
              struct http_reply *reply, struct error *err)
{
    struct arena *a = argo->arena;
    const char *uid = json_text (record, "uid"), *of[] = { json_text (record, "run_id"), uid };
    static const char *const kinds[] = { "workflows", "archived-workflows" };
    struct error why = { 0 };
    for (size_t i = 0; i < (*uid ? 2 : 1); i++) {
        rq->url = arena_printf (a, "%s/artifact-files/%s/%s/%s/%s/outputs/%s", argo->auth->endpoint, argo->namespace,
                                kinds[i], http_escape (a, of[i]), http_escape (a, node), http_escape (a, artifact));
        if (i > 0)
            http_reply_clear (reply);
        if (http_ask (argo->http, rq, reply, i == 0 ? err : &why) == 0)
            return 0;
    }
    return -1;
}

/* What is kept of a pod that is gone. */
static int
kept_log (struct argo *argo, const json_t *record, const char *node, int lines, struct strbuf *out)
{
    struct http_request rq = { .method = "GET", .once = true };
    struct error why = { 0 };
    struct http_reply reply;
    int status = ask_artifact (argo, record, node, "main-logs", &rq, &reply, &why);
    const char *text = strbuf_str (&reply.body), *from = text + reply.body.len;
    while (status == 0 && from > text && (from[-1] != '\n' || from == text + reply.body.len || --lines > 0))
        from--;
    if (status == 0)
        strbuf_adds (out, from);
    http_reply_clear (&reply);
    return status;
}

int
argo_log (struct argo *argo, const json_t *record, const json_t *step, int lines, struct strbuf *out, struct error *err)
{
    const char *node = json_text (step, "node");
    size_t before = out->len;
    struct error why = { 0 };
    int status = pod_log (argo, json_text (record, "run_id"), json_text (step, "pod"), lines, out, &why);
    if (out->len > before || (!argo->auth->kubernetes && *node && kept_log (argo, record, node, lines, out) == 0))
        return 0;
    if (status < 0 && err)
        *err = why;
    return status;
}

/* ---- artifacts -------------------------------------------------------------------------------------------------- */

int
argo_fetch (struct argo *argo, const json_t *record, const char *node, const char *artifact, FILE *to,
            struct error *err)
{
    if (argo->auth->kubernetes)
        return error_set (err, ERROR_USAGE, "the Kubernetes API has no artifacts, argo-server has: make a context with "
                                            "its --endpoint, or argo cp %s . -n %s", json_text (record, "run_id"),
                                            argo->namespace);
    struct http_request rq = { .method = "GET", .sink = to, .timeout = FETCH_SECONDS };
    struct http_reply reply;
    int status = ask_artifact (argo, record, node, artifact, &rq, &reply, err);
    if (status < 0 && reply.status == 500)
        error_wrap (err, "argo-server can't give the artifact, whose storage it must reach");
    http_reply_clear (&reply);
    return status;
}
