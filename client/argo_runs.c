/* Chard's runs on Argo Workflows, whoever started them: those that CronWorkflows have made carry our labels, too.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/argo.h"

#include "client/instant.h"
#include "client/workflow.h"
#include "doc/json_value.h"

#include <stdlib.h>

#define CRON_LABEL "workflows.argoproj.io/cron-workflow"
/* What argo-server may leave the rest out of: states of hundreds of steps are large. */
#define FIELDS                                                                                                         \
    "items.metadata.name,items.metadata.labels,items.metadata.creationTimestamp,items.status.phase,"                   \
    "items.status.finishedAt"

static json_t *
describe (const json_t *workflow)
{
    const json_t *metadata = json_object_get (workflow, "metadata"), *labels = json_object_get (metadata, "labels");
    const json_t *status = json_object_get (workflow, "status");
    const char *schedule = json_text (labels, CRON_LABEL);
    const double began = instant_read (json_text (metadata, "creationTimestamp")),
        ended = instant_read (json_text (status, "finishedAt"));
    return json_pack ("{s:s,s:s,s:s,s:s,s:f,s:f,s:s?}", "run_id", json_text (metadata, "name"), "name",
                      json_text (metadata, "name"), "pipeline", json_text (labels, "chard.dev/pipeline"), "status",
                      workflow_state (json_text (status, "phase"), true), "began", began, "seconds",
                      ended > began ? ended - began : 0.0, "schedule", *schedule ? schedule : NULL);
}

static int
compare (const void *x, const void *y)
{
    const json_t *const *a = x, *const *b = y;
    const double one = json_number_value (json_object_get (*a, "began")),
        other = json_number_value (json_object_get (*b, "began"));
    return one < other ? 1 : one > other ? -1 : 0;
}

json_t *
argo_runs (struct arena *a, const struct auth *auth, int limit, struct error *err)
{
    scoped_argo struct argo argo;
    json_auto_t *items = argo_open (&argo, a, auth, err) < 0
        ? NULL : argo_list_ours (&argo, ARGO_WORKFLOW, FIELDS, err);
    if (!items)
        return NULL;
    const size_t n = json_array_size (items);
    json_t **all = arena_alloc (a, (n + 1) * sizeof *all), *sorted = json_array ();
    for (size_t i = 0; i < n; i++)
        all[i] = describe (json_array_get (items, i));
    qsort (all, n, sizeof *all, compare);
    for (size_t i = 0; i < n; i++)
        if (limit <= 0 || i < (size_t) limit)
            json_array_append_new (sorted, all[i]);
        else
            json_decref (all[i]);
    return sorted;
}
