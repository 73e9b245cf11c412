/* Schedules on Kubeflow Pipelines: recurring runs, whose display name is the pipeline's. They can't be changed there,
 * so a new one is made and those of its name that Chard has made before give way.
 *
 * KFP fires all of them in one time zone, that of the server's CRON_SCHEDULE_TIMEZONE (UTC unless it was set).
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/kfp_api.h"

#include "base/cron.h"
#include "base/nap.h"
#include "doc/json_value.h"

enum { LOOKS = 4 };

static const char *
cron_of (const json_t *recurring)
{
    return json_text (json_object_get (json_object_get (recurring, "trigger"), "cron_schedule"), "cron");
}

/* ---- making one ------------------------------------------------------------------------------------------------- */

static json_t *
recurring_run (struct kfp *k, const struct submission *s, const struct kfp_ids *ids)
{
    return json_pack ("{s:s,s:s,s:s,s:{s:s,s:s},s:{s:O},s:s,s:b,s:s,s:{s:{s:s}},s:s*}", "display_name", s->name,
                      "description",
                      s->description, "experiment_id", ids->experiment, "pipeline_version_reference", "pipeline_id",
                      ids->pipeline, "pipeline_version_id", ids->version, "runtime_config", "parameters", s->parameters,
                      "max_concurrency", "1", "no_catchup", true, "mode", "ENABLE", "trigger", "cron_schedule", "cron",
                      cron_with_seconds (k->arena, s->schedule), "service_account", s->service_account);
}

/* Our own of that name: the one that is wanted, and the ids of all others. */
struct own {
    struct arena *arena;
    const json_t *wanted;
    const char *same;
    struct vec_str others;
};

/* Whether the server has what we would send. */
static bool
is_same (const json_t *there, const json_t *wanted)
{
    const json_t *version = json_object_get (there, "pipeline_version_reference");
    const json_t *has = json_object_get (json_object_get (there, "runtime_config"), "parameters");
    const json_t *parameters = json_object_get (json_object_get (wanted, "runtime_config"), "parameters");
    return strcmp (json_text (version, "pipeline_version_id"),
                   json_text (json_object_get (wanted, "pipeline_version_reference"), "pipeline_version_id")) == 0
           && strcmp (cron_of (there), cron_of (wanted)) == 0 && strcmp (json_text (there, "status"), "DISABLED") != 0
           && strcmp (json_text (there, "experiment_id"), json_text (wanted, "experiment_id")) == 0
           && (json_equal (has, parameters) || (json_object_size (has) == 0 && json_object_size (parameters) == 0));
}

static bool
note_own (const json_t *there, void *arg)
{
    struct own *own = arg;
    const char *id = arena_strdup (own->arena, json_text (there, "recurring_run_id"));
    if (strcmp (json_text (there, "display_name"), json_text (own->wanted, "display_name")) != 0
        || !kfp_is_ours (there))
        return false;
    if (!own->same && is_same (there, own->wanted))
        own->same = id;
    else
        vec_push (own->arena, &own->others, id);
    return false;
}

static int
look (struct kfp *k, struct own *own, struct error *err)
{
    own->same = NULL;
    own->others.len = 0;
    return kfp_each (k, arena_printf (k->arena, "recurringruns%s", kfp_namespace_query (k, "?")), "recurringRuns",
                     note_own, own, err);
}

/* After a lost reply it may take a moment until the server lists it. */
static const char *
look_again (struct kfp *k, struct own *own, struct error *err)
{
    struct error why = { 0 };
    for (int i = 0; i < LOOKS; i++) {
        nap (i + 0.25);
        if (look (k, own, &why) == 0 && own->same)
            return own->same;
    }
    error_wrap (err, "whether the schedule was made isn't known: the answer was lost, and the server doesn't list it "
                     "yet; chard schedules list shows what is there");
    return NULL;
}

static const char *
create (struct kfp *k, struct own *own, struct error *err)
{
    struct http_call call = { .method = "POST", .url = kfp_url (k, "recurringruns"), .body = own->wanted };
    json_auto_t *made = http_json (k->http, &call, err);
    if (made)
        return kfp_member (k, made, "recurring_run_id", err);
    return call.maybe_done || call.status >= 500 ? look_again (k, own, err) : NULL;
}

static int
drop (struct kfp *k, const char *id, struct error *err)
{
    struct http_call call = { .method = "DELETE", .url = kfp_url (k, arena_printf (k->arena, "recurringruns/%s",
                                                                                   http_escape (k->arena, id))) };
    json_auto_t *done = http_json (k->http, &call, err);
    return done || call.status == 404 ? 0 : -1;
}

/* The one that is wanted, found or made, and no other of ours; its id. */
static const char *
make_only (struct kfp *k, const json_t *wanted, struct error *err)
{
    struct own own = { .arena = k->arena, .wanted = wanted };
    if (look (k, &own, err) < 0)
        return NULL;
    const char *id = own.same ? own.same : create (k, &own, err);
    if (!id)
        return NULL;
    vec_foreach (other, &own.others)
        if (strcmp (*other, id) != 0 && drop (k, *other, err) < 0) {
            error_wrap (err, "the new schedule is made, but the one before it is still there: chard schedules delete "
                             "%s", *other);
            return NULL;
        }
    return id;
}

int
kfp_schedule (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    struct kfp_ids ids;
    if (s->timezone && strcmp (s->timezone, "UTC") != 0)
        return error_set (err, ERROR_USAGE, "Kubeflow Pipelines has one time zone for all schedules, that of its "
                                            "server (CRON_SCHEDULE_TIMEZONE, else UTC), and not %s: say the time in "
                                            "that zone, without --timezone", s->timezone);
    if (kfp_prepare (&k, s, &ids, err) < 0)
        return -1;
    json_auto_t *wanted = recurring_run (&k, s, &ids);
    const char *id = make_only (&k, wanted, err);
    if (!id)
        return -1;
    json_auto_t *told = json_pack ("{s:s,s:s,s:s,s:s,s:s,s:s*}", "schedule", id, "pipeline_id", ids.pipeline,
                                   "pipeline_version_id",
                                   ids.version, "experiment_id", ids.experiment, "link",
                                   kfp_link (&k, "recurringrun", id), "note", k.note);
    return json_object_update (record, told);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* As it was said: five fields, where there are seconds before them that are 0. */
static const char *
without_seconds (const char *cron)
{
    int fields = 0;
    for (const char *at = cron + strspn (cron, " "); *at; at += strspn (at, " "), fields++)
        at += strcspn (at, " ");
    return fields == 6 && strncmp (cron, "0 ", 2) == 0 ? cron + 2 : cron;
}

static bool
describe (const json_t *r, void *arg)
{
    const json_t *every = json_object_get (json_object_get (r, "trigger"), "periodic_schedule");
    const char *cron = cron_of (r), *seconds = json_text (every, "interval_second");
    json_t *when = *seconds ? json_sprintf ("every %s s", seconds) : json_string (without_seconds (cron));
    bool paused = strcmp (json_text (r, "status"), "DISABLED") == 0;
    json_array_append_new (arg, json_pack ("{s:s,s:s,s:o,s:n,s:s,s:n,s:b}", "name", json_text (r, "display_name"), "id",
                                           json_text (r, "recurring_run_id"), "schedule", when, "timezone", "status",
                                           paused ? "paused" : "active", "last", "ours", kfp_is_ours (r)));
    return false;
}

json_t *
kfp_schedules (struct arena *a, const struct auth *auth, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    return kfp_list (&k, "recurringruns", "recurringRuns", describe, err);
}

int
kfp_change_schedule (struct arena *a, const struct auth *auth, const char *id, enum schedule_change change,
                     struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    const char *path = arena_printf (a, "recurringruns/%s%s", http_escape (a, id),
                                     change == SCHEDULE_PAUSE ? ":disable" : change == SCHEDULE_RESUME ? ":enable"
                                                              : "");
    struct http_call call = { .method = change == SCHEDULE_DELETE ? "DELETE" : "POST", .url = kfp_url (&k, path),
                              .repeatable = true };
    json_auto_t *done = http_json (k.http, &call, err);
    return done ? 0 : -1;
}
