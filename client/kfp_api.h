/* Kubeflow Pipelines' v2beta1 API (api.v2beta1.swagger.json of 2.17; names are snake_case): what runs and schedules
 * share. A pipeline is created once, a version of it for each content, an experiment if there is none of that name.
 * These names are unique on the server, so a request whose reply was lost is simply looked up again.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_KFP_API_H
#define CHARD_CLIENT_KFP_API_H

#include "client/service.h"

struct kfp {
    struct arena *arena;
    struct http *http;
    const struct auth *auth;
    const char *note; /* for who submits, or NULL */
};

/* Never fails. It is given up with its scope:
 *     scoped_kfp struct kfp k = kfp_open (a, auth); */
struct kfp kfp_open (struct arena *a, const struct auth *auth);
void kfp_close (struct kfp *k);
#define scoped_kfp __attribute__ ((cleanup (kfp_close)))

/* The address of a path below /apis/v2beta1/. */
const char *kfp_url (const struct kfp *k, const char *path);

/* MARK (`?` or `&`) and "namespace=NS", or nothing for a Kubeflow without users. */
const char *kfp_namespace_query (const struct kfp *k, const char *mark);

/* What lies at a path below /apis/v2beta1/; the caller owns it. NULL if it can't be had; `*status` is that of the
 * answer, 0 if there was none. */
json_t *kfp_get (struct kfp *k, const char *path, int *status, struct error *err);

/* A string member that a reply must have; in the arena. */
const char *kfp_member (const struct kfp *k, const json_t *reply, const char *key, struct error *err);

/* Calls `visit` for each element of a list, through all of its pages, until it says true. -1 if the list can't be
 * read. */
int kfp_each (struct kfp *k, const char *path, const char *list, bool (*visit) (const json_t *element, void *arg),
              void *arg, struct error *err);

/* All of a collection ("experiments") of the context's namespace, each added by `add`, which returns false. The
 * caller's; NULL if it can't be read. */
json_t *kfp_list (struct kfp *k, const char *collection, const char *list,
                  bool (*add) (const json_t *element, void *all), struct error *err);

/* The list's element with that display name, as the server compares names: its database may find “Ex” and “ex” the
 * same, and then makes no second one. *found is NULL if there is none, else the caller's. -1 if the list can't be
 * read. */
int kfp_find (struct kfp *k, const char *path, const char *list, const char *name, json_t **found, struct error *err);

/* Its member `id`; "" if there is none of that name; NULL if the list can't be read. */
const char *kfp_find_id (struct kfp *k, const char *path, const char *list, const char *name, const char *id,
                         struct error *err);

struct kfp_ids {
    const char *pipeline, *version, *experiment;
};

/* The pipeline and its version: found, or created. */
int kfp_bring (struct kfp *k, const struct submission *s, struct kfp_ids *ids, struct error *err);

/* Likewise what a run or a schedule is of: these, and the experiment. */
int kfp_prepare (struct kfp *k, const struct submission *s, struct kfp_ids *ids, struct error *err);

/* Where people look at it: "runs", "recurringrun" or "pipelines". The API's address is the user interface's too, but
 * for an API server without one. */
const char *kfp_link (const struct kfp *k, const char *page, const char *id);

/* Whether we have made a run or a recurring run: its description says so (cli/cmd_submit.c). */
bool kfp_is_ours (const json_t *made);

/* A run's "state" as struct service's status has it. */
const char *kfp_run_state (const json_t *run);

/* The path of a record's run below /apis/v2beta1/, with a verb (":retry" or ""). */
const char *kfp_run_path (struct arena *a, const json_t *record, const char *verb);

/* Whether the run has given up a claim that it made; not known to have: false. */
bool kfp_gave_up_claims (struct kfp *k, const json_t *record);

/* The functions of struct service that kfp_artifact.c, kfp_schedule.c and kfp_status.c have. */
int kfp_fetch (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step, const char *artifact,
               FILE *to, struct error *err);
json_t *kfp_status (struct arena *a, const struct auth *auth, const json_t *record, struct error *err);
int kfp_schedule (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record,
                  struct error *err);
json_t *kfp_runs (struct arena *a, const struct auth *auth, int limit, struct error *err);
json_t *kfp_schedules (struct arena *a, const struct auth *auth, struct error *err);
int kfp_change_schedule (struct arena *a, const struct auth *auth, const char *id, enum schedule_change change,
                         struct error *err);

#endif
