/* Schedules on Argo Workflows: a CronWorkflow of the pipeline's name, which refers to the WorkflowTemplate of its
 * content.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/argo.h"

#include "doc/json_value.h"

static bool
is_ours (const json_t *cron)
{
    return strcmp (json_text (json_object_get (json_object_get (cron, "metadata"), "labels"), ARGO_MANAGED_BY), "chard")
        == 0;
}

/* One of that name that someone else has made isn't ours to change. */
static int
check_owner (struct argo *argo, const char *name, struct error *err)
{
    int status;
    json_auto_t *there = argo_get (argo, ARGO_CRON, name, NULL, &status, err);
    if (there && !is_ours (there))
        return error_set (err, ERROR_USAGE, "there is a CronWorkflow %s in %s that Chard hasn't made: rename the "
                                            "notebook's pipeline", name, argo->namespace);
    return there || status == 404 ? 0 : -1;
}

static json_t *
cron_workflow (const struct submission *s, const char *template)
{
    json_t *spec = json_pack ("{s:[s],s:s,s:i,s:b,s:{s:o},s:o}", "schedules", s->schedule, "concurrencyPolicy",
                              "Forbid", "startingDeadlineSeconds", 300, "suspend", false, "workflowMetadata", "labels",
                              argo_labels (s, NULL), "workflowSpec", argo_run_spec (template, s));
    if (s->timezone)
        json_object_set_new (spec, "timezone", json_string (s->timezone));
    return argo_object (ARGO_CRON, s->name, argo_labels (s, NULL),
                        json_pack ("{s:s}", "workflows.argoproj.io/description", s->description), spec);
}

int
argo_schedule (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    scoped_argo struct argo argo;
    const char *template = argo_template_name (a, s);
    json_auto_t *cron = cron_workflow (s, template);
    if (argo_open (&argo, a, auth, err) < 0 || check_owner (&argo, s->name, err) < 0
        || argo_send_template (&argo, s, template, err) < 0 || argo_apply (&argo, ARGO_CRON, cron, err) < 0)
        return -1;
    json_auto_t *ids = json_pack ("{s:s,s:s,s:s,s:s}", "schedule", s->name, "template", template, "namespace",
                                  argo.namespace, "link", argo_link (&argo, "cron-workflows", "cronworkflow", s->name));
    return json_object_update (record, ids);
}

static json_t *
describe (const json_t *cron)
{
    const json_t *spec = json_object_get (cron, "spec"), *metadata = json_object_get (cron, "metadata");
    bool paused = json_is_true (json_object_get (spec, "suspend"));
    const char *zone = json_text (spec, "timezone"), *last = json_text (json_object_get (cron, "status"),
                                                                        "lastScheduledTime");
    const char *when = json_string_value (json_array_get (json_object_get (spec, "schedules"), 0));
    return json_pack ("{s:s,s:s,s:s,s:s?,s:s,s:s?,s:b}", "name", json_text (metadata, "name"), "id",
                      json_text (metadata, "name"), "schedule",
                      when ? when : json_text (spec, "schedule"), "timezone", *zone ? zone : NULL, "status",
                      paused ? "paused" : "active", "last", *last ? last : NULL, "ours", is_ours (cron));
}

json_t *
argo_schedules (struct arena *a, const struct auth *auth, struct error *err)
{
    scoped_argo struct argo argo;
    json_t *cron;
    size_t i;
    json_auto_t *items = argo_open (&argo, a, auth, err) < 0 ? NULL : argo_list (&argo, ARGO_CRON, err);
    if (!items)
        return NULL;
    json_t *all = json_array ();
    json_array_foreach (items, i, cron)
        json_array_append_new (all, describe (cron));
    return all;
}

int
argo_change_schedule (struct arena *a, const struct auth *auth, const char *id, enum schedule_change change,
                      struct error *err)
{
    scoped_argo struct argo argo;
    if (argo_open (&argo, a, auth, err) < 0)
        return -1;
    return change == SCHEDULE_DELETE ? argo_delete (&argo, ARGO_CRON, id, err)
                                     : argo_act (&argo, ARGO_CRON, id, change == SCHEDULE_PAUSE ? "suspend" : "resume",
                                                 err);
}
