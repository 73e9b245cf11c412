/* Chard's runs on Kubeflow Pipelines, whoever started them: a run that a recurring run has made says which, and that is
 * ours by its description.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/kfp_api.h"

#include "client/instant.h"
#include "doc/json_value.h"

struct search {
    struct kfp *kfp;
    json_t *schedules; /* ours: {id: name} */
    json_t *found;
    int limit;
};

static bool
note_schedule (const json_t *recurring, void *arg)
{
    struct search *s = arg;
    if (kfp_is_ours (recurring))
        json_object_set (s->schedules, json_text (recurring, "recurring_run_id"),
                         json_object_get (recurring, "display_name"));
    return false;
}

static bool
note_run (const json_t *run, void *arg)
{
    struct search *s = arg;
    const char *schedule = json_string_value (json_object_get (s->schedules, json_text (run, "recurring_run_id")));
    const double began = instant_read (json_text (run, "created_at")),
        ended = instant_read (json_text (run, "finished_at"));
    if ((schedule || kfp_is_ours (run)) && strcmp (json_text (run, "storage_state"), "ARCHIVED") != 0)
        json_array_append_new (s->found, json_pack ("{s:s,s:s,s:s,s:s,s:f,s:f,s:s?,s:s}", "run_id",
                                                    json_text (run, "run_id"), "name",
                                                    json_text (run, "display_name"), "pipeline",
                                                    schedule ? schedule : "", "status",
                                                    kfp_run_state (run), "began", began, "seconds",
                                                    ended > began ? ended - began : 0.0, "schedule", schedule, "link",
                                                    kfp_link (s->kfp, "runs", json_text (run, "run_id"))));
    return s->limit > 0 && json_array_size (s->found) >= (size_t) s->limit;
}

json_t *
kfp_runs (struct arena *a, const struct auth *auth, int limit, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    json_auto_t *schedules = json_object ();
    struct search s = { .kfp = &k, .schedules = schedules, .found = json_array (), .limit = limit };
    const char *of = kfp_namespace_query (&k, "&");
    if (kfp_each (&k, arena_printf (a, "recurringruns%s", kfp_namespace_query (&k, "?")), "recurringRuns",
                  note_schedule, &s, err) == 0
        && kfp_each (&k, arena_printf (a, "runs?sort_by=created_at%%20desc%s", of), "runs", note_run, &s, err) == 0)
        return s.found;
    json_decref (s.found);
    return NULL;
}
