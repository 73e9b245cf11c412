/* How a run on Kubeflow Pipelines stands. Its v2beta1 API tells states, but neither which pods ran a task, nor that it
 * was taken from the cache, nor why it failed. That is in the Argo workflow that KFP makes of it, which v1beta1 hands
 * out. There a task is (backend/src/v2/compiler/argocompiler/dag.go, container.go):
 *
 *     NAME-driver ──> NAME ──┬── executor                         skipped if the driver found the result in the cache
 *                            └── executor ──┬── executor(0)       with a retry policy: a pod for each try
 *                                           └── executor(1)
 *
 * or a graph with such tasks in it, of which one may be called NAME too: a step that is started only if something
 * holds.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"
#include "client/kfp_api.h"
#include "client/workflow.h"
#include "compiler/emit/kfp_claim.h"
#include "doc/json_value.h"

#define DRIVER "-driver"

/* ---- by the workflow -------------------------------------------------------------------------------------------- */

/* The run's workflow; NULL if the server doesn't give it away, or has none yet. */
static json_t *
read_workflow (struct kfp *k, const json_t *record)
{
    struct error why = { 0 };
    struct http_call call = { .method = "GET", .url = arena_printf (k->arena, "%s/apis/v1beta1/%s", k->auth->endpoint,
                                                                    kfp_run_path (k->arena, record, "")) };
    json_auto_t *run = http_json (k->http, &call, &why);
    const char *manifest = json_text (json_object_get (run, "pipeline_runtime"), "workflow_manifest");
    json_auto_t *workflow = *manifest ? json_loads (manifest, 0, NULL) : NULL;
    workflow_unpack (k->arena, workflow, &why);
    return json_object_get (json_object_get (workflow, "status"), "nodes") ? json_incref (workflow) : NULL;
}

bool
kfp_gave_up_claims (struct kfp *k, const json_t *record)
{
    json_auto_t *workflow = read_workflow (k, record);
    const char *id;
    json_t *node;
    json_object_foreach (json_object_get (json_object_get (workflow, "status"), "nodes"), id, node)
        if (strncmp (json_text (node, "displayName"), KFP_CLAIM_DELETE, strlen (KFP_CLAIM_DELETE)) == 0
            && strcmp (workflow_state (json_text (node, "phase"), false), "ok") == 0)
            return true;
    return false;
}

static const json_t *
find_node (const json_t *nodes, const char *name)
{
    const char *id;
    json_t *node;
    json_object_foreach ((json_t *) nodes, id, node)
        if (strcmp (json_text (node, "name"), name) == 0)
            return node;
    return NULL;
}

static bool
has_failed (const json_t *node)
{
    return strcmp (workflow_state (json_text (node, "phase"), false), "failed") == 0;
}

/* KFP ends a run by taking its time away, and says that it failed then. */
static bool
was_ended (const json_t *workflow)
{
    const json_t *deadline = json_object_get (json_object_get (workflow, "spec"), "activeDeadlineSeconds");
    return json_is_integer (deadline) && json_integer_value (deadline) == 0;
}

/* How a task stands, by its three nodes: the last two may not be there yet. */
static const char *
task_state (const json_t *driver, const json_t *task, const json_t *executor)
{
    const char *state = workflow_state (json_text (task ? task : driver, "phase"), false);
    if (has_failed (driver))
        return "failed";
    if (!task)
        return strcmp (state, "skipped") == 0 ? state : "waiting";
    return strcmp (state, "ok") == 0 && strcmp (json_text (executor, "phase"), "Skipped") == 0 ? "cached" : state;
}

/* The task that a driver is of. */
static json_t *
describe_task (struct arena *a, const json_t *workflow, const json_t *nodes, const json_t *driver)
{
    const char *name = json_text (driver, "name"), *shown = json_text (driver, "displayName");
    const int n = (int) (strlen (name) - strlen (DRIVER)), m = (int) (strlen (shown) - strlen (DRIVER));
    const json_t *task = find_node (nodes, arena_printf (a, "%.*s", n, name));
    const json_t *executor = find_node (nodes, arena_printf (a, "%.*s.executor", n, name));
    const json_t *last = executor && !has_failed (driver) ? workflow_last_try (nodes, executor) : driver;
    bool is_graph = task && !executor && !has_failed (driver);
    bool ran = strcmp (json_text (last, "type"), "Pod") == 0 && !is_graph;
    const char *state = task_state (driver, task, executor);
    if (strcmp (state, "failed") == 0 && was_ended (workflow) && strstr (json_text (last, "message"), "deadline"))
        state = "canceled";
    return json_pack ("{s:s,s:s,s:o,s:s?,s:s?}", "step", arena_printf (a, "%.*s", m, shown), "status", state, "error",
                      workflow_message (last), "pod",
                      ran ? workflow_pod (a, workflow, last) : NULL, "node", ran ? json_text (last, "id") : NULL);
}

/* Whether the driver's task is a graph in which the task of that name stands, too: that one is the step. */
static bool
holds_its_like (struct arena *a, const json_t *nodes, const json_t *driver)
{
    const char *name = json_text (driver, "name");
    return find_node (nodes, arena_printf (a, "%.*s.%s", (int) (strlen (name) - strlen (DRIVER)), name,
                                           json_text (driver, "displayName")));
}

static json_t *
tasks_of_workflow (struct arena *a, const json_t *workflow)
{
    const json_t *nodes = json_object_get (json_object_get (workflow, "status"), "nodes");
    json_t *all = json_array (), *node;
    const char *id;
    json_object_foreach ((json_t *) nodes, id, node) {
        const char *shown = json_text (node, "displayName");
        size_t n = strlen (shown), m = strlen (DRIVER);
        if (n > m && strcmp (shown + n - m, DRIVER) == 0 && !holds_its_like (a, nodes, node))
            json_array_append_new (all, describe_task (a, workflow, nodes, node));
    }
    return all;
}

/* ---- by KFP's own account --------------------------------------------------------------------------------------- */

static const struct {
    const char *kfp, *run, *step;
} states[] = {
    { "PENDING", "submitted", "waiting" }, { "RUNNING", "running", "running" },    { "SUCCEEDED", "ok", "ok" },
    { "SKIPPED", "ok", "skipped" },        { "FAILED", "failed", "failed" },
    { "CANCELING", "running", "running" },
    { "CANCELED", "canceled", "canceled" }, { "PAUSED", "running", "waiting" },
};

static const char *
state_of (const json_t *o, bool run)
{
    const char *state = json_text (o, "state");
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp (states[i].kfp, state) == 0)
            return run ? states[i].run : states[i].step;
    return run ? "submitted" : "waiting";
}

const char *
kfp_run_state (const json_t *run)
{
    return state_of (run, true);
}

static json_t *
tasks_of_run (const json_t *run)
{
    json_t *all = json_array (), *task;
    size_t i;
    json_array_foreach (json_object_get (json_object_get (run, "run_details"), "task_details"), i, task)
        if (*json_text (task, "display_name"))
            json_array_append_new (all, json_pack ("{s:s,s:s,s:n,s:n}", "step", json_text (task, "display_name"),
                                                   "status", state_of (task, false), "error", "pod"));
    return all;
}

/* ---- both ------------------------------------------------------------------------------------------------------- */

json_t *
kfp_status (struct arena *a, const struct auth *auth, const json_t *record, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    int code;
    json_auto_t *run = kfp_get (&k, kfp_run_path (a, record, ""), &code, err);
    if (!run)
        return NULL;
    json_auto_t *workflow = read_workflow (&k, record);
    const char *status = kfp_run_state (run);
    if (strcmp (status, "failed") == 0 && was_ended (workflow))
        status = "canceled";
    json_t *error = workflow ? workflow_message (json_object_get (workflow, "status"))
                             : json_incref (json_object_get (json_object_get (run, "error"), "message"));
    return json_pack ("{s:s,s:o?,s:o}", "status", status, "error", error, "steps",
                      workflow ? tasks_of_workflow (a, workflow) : tasks_of_run (run));
}
