/* Runs on Argo Workflows. The pipeline is a WorkflowTemplate whose name has a digest of its content, so that the same
 * content is there once and what runs is never changed; a run is a small Workflow that refers to it, under a name that
 * no other run has: making it twice gives 409 and is recognised.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/argo.h"

#include "base/nap.h"
#include "client/instant.h"
#include "client/workflow.h"
#include "doc/json_text.h"
#include "doc/json_value.h"
#include "doc/yaml.h"

/* What is asked of a workflow: its spec may be large. */
#define FIELDS                                                                                                         \
    "metadata.name,metadata.uid,metadata.annotations,metadata.labels,spec.shutdown,status.phase,status.message,"       \
    "status.nodes"
#define RUN_LABEL "chard.dev/run"
#define ON_EXIT ".onExit" /* behind the workflow's name: the node of what runs at the end */
#define NAME_MAX_LENGTH 63 /* of workflows and templates: pods carry them as labels */

enum {
    LOOKS = 10,      /* for a template that was just made: argo-server reads them from a cache */
    RUN_LOOKS = 6,   /* for a run's first state */
    RUN_STARTS = 5,  /* of a run whose template the controller doesn't know yet */
    TEMPLATE_NEW = 60, /* seconds; older ones every controller knows that runs at all */
};

/* ---- the pipeline ----------------------------------------------------------------------------------------------- */

/* "NAME-DIGITS" that fits. */
static const char *
suffixed (struct arena *a, const char *name, const char *suffix)
{
    size_t n = strlen (name), room = NAME_MAX_LENGTH - 1 - strlen (suffix);
    n = n < room ? n : room;
    while (n && name[n - 1] == '-')
        n--;
    return arena_printf (a, "%.*s-%s", (int) n, name, suffix);
}

const char *
argo_template_name (struct arena *a, const struct submission *s)
{
    const char *digits = strrchr (s->version, '-');
    return suffixed (a, s->name, arena_printf (a, "%.10s", digits ? digits + 1 : s->version));
}

json_t *
argo_labels (const struct submission *s, const char *run)
{
    return json_pack ("{s:s,s:s,s:s*}", ARGO_MANAGED_BY, "chard", "chard.dev/pipeline", s->name, RUN_LABEL, run);
}

static json_t *
annotations (const struct submission *s)
{
    return json_pack ("{s:s}", "workflows.argoproj.io/description", s->description);
}

json_t *
argo_run_spec (const char *template, const struct submission *s)
{
    json_t *parameters = json_array (), *value;
    const char *name;
    json_object_foreach ((json_t *) s->parameters, name, value)
        json_array_append_new (parameters, json_pack ("{s:s,s:O}", "name", name, "value", value));
    json_t *spec = json_pack ("{s:{s:s}}", "workflowTemplateRef", "name", template);
    if (json_array_size (parameters))
        json_object_set_new (spec, "arguments", json_pack ("{s:O}", "parameters", parameters));
    json_decref (parameters);
    if (s->service_account)
        json_object_set_new (spec, "serviceAccountName", json_string (s->service_account));
    return spec;
}

/* argo-server tells a new template's name only when its cache knows it, and runs can't refer to it before. */
static int
wait_for_template (struct argo *argo, const char *name, struct error *err)
{
    for (int i = 0;; i++) {
        int status;
        json_auto_t *there = argo_get (argo, ARGO_TEMPLATE, name, NULL, &status, err);
        if (there || status != 404 || i == LOOKS)
            return there ? 0 : -1;
        nap (i < 4 ? 0.1 * (1 << i) : 1);
    }
}

int
argo_send_template (struct argo *argo, const struct submission *s, const char *name, struct error *err)
{
    int status;
    json_auto_t *document = yaml_parse (s->document, s->len, err);
    if (!document)
        return error_wrap (err, "the WorkflowTemplate");
    json_object_set_new (json_object_get (document, "metadata"), "name", json_string (name));
    if (argo->auth->kubernetes)
        return argo_apply (argo, ARGO_TEMPLATE, document, err);
    json_auto_t *there = argo_get (argo, ARGO_TEMPLATE, name, NULL, &status, err);
    if (there || status != 404)
        return there ? 0 : -1;
    struct http_call call;
    json_auto_t *made = argo_create (argo, ARGO_TEMPLATE, document, &call, err);
    return made || call.status == 409 ? wait_for_template (argo, name, err) : -1;
}

/* ---- a run ------------------------------------------------------------------------------------------------------ */

/* Where people look at it. */
const char *
argo_link (const struct argo *argo, const char *path, const char *plural, const char *name)
{
    if (argo->auth->kubernetes)
        return arena_printf (argo->arena, "kubectl get %s %s -n %s", plural, name, argo->namespace);
    return arena_printf (argo->arena, "%s/%s/%s/%s", argo->auth->endpoint, path, argo->namespace, name);
}

/* Whether the workflow of that name is this run. */
static bool
is_run (struct argo *argo, const char *name, const char *run)
{
    int status;
    json_auto_t *there = argo_get (argo, ARGO_WORKFLOW, name, "metadata", &status, NULL);
    const json_t *label = json_object_get (json_object_get (json_object_get (there, "metadata"), "labels"), RUN_LABEL);
    return label && strcmp (json_string_value (label) ? json_string_value (label) : "", run) == 0;
}

static int
start_run (struct argo *argo, const struct submission *s, const char *template, const char *name, struct error *err)
{
    struct http_call call;
    json_auto_t *workflow = argo_object (ARGO_WORKFLOW, name, argo_labels (s, s->id), annotations (s),
                                         argo_run_spec (template, s));
    json_auto_t *made = argo_create (argo, ARGO_WORKFLOW, workflow, &call, err);
    if (made || ((call.status == 409 || call.status >= 500 || call.maybe_done) && is_run (argo, name, s->id)))
        return 0;
    return call.maybe_done ? error_wrap (err, "whether the run was started isn't known: look for the workflow “%s” "
                                              "there before you submit again", name)
                           : -1;
}

/* When the service made it; 0 if that isn't known. */
static double
made_at (struct argo *argo, enum argo_kind kind, const char *name)
{
    int code;
    json_auto_t *there = argo_get (argo, kind, name, "metadata", &code, NULL);
    return instant_read (json_text (json_object_get (there, "metadata"), "creationTimestamp"));
}

/* Whether the controller, which reads templates from a cache of its own, has failed the run since it didn't know the
 * new one yet: seen on a machine with much to do. None of its steps has been started then. */
static bool
has_missed (struct argo *argo, const char *template, const char *name)
{
    const char *missed = arena_printf (argo->arena, "workflowtemplates.argoproj.io \"%s\" not found", template);
    const double known_since = made_at (argo, ARGO_TEMPLATE, template);
    if (known_since > 0 && made_at (argo, ARGO_WORKFLOW, name) > known_since + TEMPLATE_NEW)
        return false;
    for (int i = 1; i <= RUN_LOOKS; i++) {
        int code;
        nap (0.2 * i);
        json_auto_t *run = argo_get (argo, ARGO_WORKFLOW, name, FIELDS, &code, NULL);
        const json_t *status = json_object_get (run, "status");
        if (*json_text (status, "phase"))
            return strcmp (workflow_state (json_text (status, "phase"), true), "failed") == 0
                   && json_object_size (json_object_get (status, "nodes")) == 0
                       && strstr (json_text (status, "message"), missed);
    }
    return false;
}

static int
start_known (struct argo *argo, const struct submission *s, const char *template, const char *name, struct error *err)
{
    for (int i = 1;; i++) {
        if (start_run (argo, s, template, name, err) < 0)
            return -1;
        if (i == RUN_STARTS || !has_missed (argo, template, name))
            return 0;
        if (argo_delete (argo, ARGO_WORKFLOW, name, err) < 0)
            return error_wrap (err, "Argo's controller didn't know the new template %s yet; submit again. Removing the "
                                    "run that failed for that", template);
    }
}

static int
argo_submit (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    scoped_argo struct argo argo;
    const char *template = argo_template_name (a, s), *name = suffixed (a, s->name, s->id);
    if (argo_open (&argo, a, auth, err) < 0 || argo_send_template (&argo, s, template, err) < 0
        || start_known (&argo, s, template, name, err) < 0)
        return -1;
    json_auto_t *ids = json_pack ("{s:s,s:s,s:s,s:s}", "run_id", name, "template", template, "namespace",
                                  argo.namespace, "link", argo_link (&argo, "workflows", "workflow", name));
    return json_object_update (record, ids);
}

static int
argo_upload (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    scoped_argo struct argo argo;
    const char *template = argo_template_name (a, s);
    if (argo_open (&argo, a, auth, err) < 0 || argo_send_template (&argo, s, template, err) < 0)
        return -1;
    json_auto_t *ids = json_pack ("{s:s,s:s,s:s}", "template", template, "namespace", argo.namespace, "link",
                                  argo_link (&argo, "workflow-templates", "workflowtemplate", template));
    return json_object_update (record, ids);
}

/* ---- how it stands ---------------------------------------------------------------------------------------------- */

static const char *
step_state (const json_t *node)
{
    if (json_is_true (json_object_get (json_object_get (node, "memoizationStatus"), "hit")))
        return "cached";
    return workflow_state (json_text (node, "phase"), false);
}

/* A graph too large for one is one of parts (emit/argo_parts.c). */
static bool
is_part (const json_t *node)
{
    return strncmp (json_text (node, "templateName"), "part-", 5) == 0;
}

/* Whether tasks of the pipeline stand in the graph of that id: the workflow's, whose id is its name, or a part of
 * that. */
static bool
is_whole (const json_t *nodes, const char *id, const char *root)
{
    const json_t *graph = json_object_get (nodes, id);
    return strcmp (id, root) == 0 || (is_part (graph) && strcmp (json_text (graph, "boundaryID"), root) == 0);
}

/* The task of the pipeline that a node is of; NULL: it is of none. Tasks are the nodes right below that of the workflow
 * or of a part of it, and what runs at the end; the rounds of a loop are nodes of the task that is the loop, but for
 * single tries, "each(0:0-1)(1)"; of a choice of two, NAME and NAME-otherwise, each is a task of its own. */
static const char *
task_of (const json_t *nodes, const json_t *node, const char *root)
{
    const char *boundary = json_text (node, "boundaryID"), *shown = json_text (node, "displayName");
    const json_t *graph = json_object_get (nodes, boundary);
    size_t n = strlen (json_text (graph, "name")), m = strlen (ON_EXIT);
    if (is_part (node))
        return NULL;
    if (is_whole (nodes, boundary, root) || (n > m && strcmp (json_text (graph, "name") + n - m, ON_EXIT) == 0))
        return shown;
    if (!graph || !is_whole (nodes, json_text (graph, "boundaryID"), root) || strstr (shown, ")("))
        return NULL;
    const char *task = json_text (graph, "displayName");
    return strncmp (shown, task, strlen (task)) == 0 ? shown : task;
}

/* Whether a node is a graph in which the task of that name stands, too: that one is the step. */
static bool
holds_its_like (const json_t *nodes, const json_t *graph)
{
    const char *id;
    json_t *node;
    json_object_foreach ((json_t *) nodes, id, node)
        if (strcmp (json_text (node, "boundaryID"), json_text (graph, "id")) == 0
            && strcmp (json_text (node, "displayName"), json_text (graph, "displayName")) == 0)
            return true;
    return false;
}

/* The node that has the step's result: where it wasn't started, what took its place has left it with the graph; where
 * it is of an earlier run, nothing was tried. */
static const char *
result_node (const json_t *nodes, const json_t *node, const json_t *last, const char *root)
{
    const char *boundary = json_text (node, "boundaryID");
    if (strcmp (json_text (last, "type"), "Pod") == 0
        || json_is_true (json_object_get (json_object_get (last, "memoizationStatus"), "hit")))
        return json_text (last, "id");
    return strcmp (json_text (node, "type"), "Skipped") == 0 && !is_whole (nodes, boundary, root) ? boundary : NULL;
}

/* What a step has handed on as its parameter "metrics"; NULL if there is nothing. */
static json_t *
metrics_of (const json_t *node)
{
    size_t i;
    json_t *p;
    json_array_foreach (json_object_get (json_object_get (node, "outputs"), "parameters"), i, p)
        if (strcmp (json_text (p, "name"), "metrics") == 0) {
            json_t *metrics = json_text_parse (json_text (p, "value"), strlen (json_text (p, "value")), NULL, NULL);
            if (json_object_size (metrics))
                return metrics;
            json_decref (metrics);
        }
    return NULL;
}

static json_t *
steps_of (struct arena *a, const json_t *workflow)
{
    json_t *all = json_array (), *node;
    const json_t *nodes = json_object_get (json_object_get (workflow, "status"), "nodes");
    const char *root = json_text (json_object_get (workflow, "metadata"), "name"), *id;
    json_object_foreach ((json_t *) nodes, id, node) {
        const char *task = task_of (nodes, node, root);
        if (!task || holds_its_like (nodes, node))
            continue;
        const json_t *last = workflow_last_try (nodes, node);
        bool ran = strcmp (json_text (last, "type"), "Pod") == 0;
        json_array_append_new (all, json_pack ("{s:s,s:s,s:o,s:s?,s:s?,s:o*}", "step", task, "status",
                                               step_state (node), "error", workflow_message (last), "pod",
                                               ran ? workflow_pod (a, workflow, last) : NULL, "node",
                                               result_node (nodes, node, last, root), "metrics", metrics_of (node)));
    }
    return all;
}

static json_t *
argo_status (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    scoped_argo struct argo argo;
    int status;
    json_auto_t *workflow = argo_open (&argo, a, auth, err) < 0
                                ? NULL
                                : argo_get (&argo, ARGO_WORKFLOW, json_text (record, "run_id"), FIELDS, &status, err);
    struct error why = { 0 };
    if (!workflow)
        return NULL;
    bool known = workflow_unpack (a, workflow, &why) == 0;
    const json_t *stands = json_object_get (workflow, "status");
    const char *state = workflow_state (json_text (stands, "phase"), true);
    if (*json_text (json_object_get (workflow, "spec"), "shutdown") && strcmp (state, "failed") == 0)
        state = "canceled";
    const char *uid = json_text (json_object_get (workflow, "metadata"), "uid"); /* its name in the archive, when it is
                                                                                    gone */
    return json_pack ("{s:s,s:o,s:o,s:s*,s:s*}", "status", state, "error", workflow_message (stands), "steps",
                      steps_of (a, workflow),
                      "steps_note",
                      known ? NULL : arena_printf (a, "how its steps stand argo-server can tell: %s", why.text),
                      "uid", *uid ? uid : NULL);
}

/* ---- what is done about it -------------------------------------------------------------------------------------- */

static int
act (struct arena *a, const struct auth *auth, const json_t *record, const char *verb, struct error *err)
{
    scoped_argo struct argo argo;
    return argo_open (&argo, a, auth, err) < 0
        ? -1 : argo_act (&argo, ARGO_WORKFLOW, json_text (record, "run_id"), verb, err);
}

/* What went on is ended, exit handlers are run. */
static int
argo_cancel (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    return act (a, auth, record, "stop", err);
}

static int
argo_retry (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    return act (a, auth, record, "retry", err);
}

static int
read_log (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step, int lines,
          struct strbuf *out, struct error *err)
{
    scoped_argo struct argo argo;
    if (argo_open (&argo, a, auth, err) < 0)
        return -1;
    if (!*json_text (step, "pod"))
        return error_set (err, ERROR_NOTEBOOK, "step %s has no pod (%s)", json_text (step, "step"),
                          json_text (step, "status"));
    return argo_log (&argo, record, step, lines, out, err);
}

static int
fetch (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step, const char *artifact,
       FILE *to, struct error *err)
{
    scoped_argo struct argo argo;
    (void) artifact;
    if (argo_open (&argo, a, auth, err) < 0)
        return -1;
    if (!*json_text (step, "node"))
        return error_set (err, ERROR_NOTEBOOK, "step %s has no result there (%s)", json_text (step, "step"),
                          json_text (step, "status"));
    return argo_fetch (&argo, record, json_text (step, "node"), "result", to, err);
}

const struct service service_argo = {
    .document = ".workflowtemplate.yaml",
    .submit = argo_submit,
    .upload = argo_upload,
    .status = argo_status,
    .cancel = argo_cancel,
    .retry = argo_retry,
    .log = read_log,
    .fetch = fetch,
    .whole = true,
    .schedule = argo_schedule,
    .schedules = argo_schedules,
    .change_schedule = argo_change_schedule,
    .runs = argo_runs,
};
