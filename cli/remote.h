/* Runs that were submitted elsewhere, as this machine knows them: a JSON object each in .chard/remote/RUN.json.
 *
 *     {"run": "20261123-235959-3e71", "target": "kfp", "context": "lab", "notebook", "name", "digest", "git", "commit",
 *      "parameters", "began", "steps": [{"step": "train", "key": "train", "metrics": {…}}], "status": "running",
 *      "error", "run_id", "link", … as the service calls it}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_REMOTE_H
#define CHARD_CLI_REMOTE_H

#include "cli/past_run.h"
#include "client/service.h"

#include <jansson.h>

/* Writes a run's record; the state directory must be there. */
int remote_save (const struct state *state, struct arena *a, const json_t *record, struct error *err);

/* Ids of all that are known, oldest first. */
void remote_list (const struct state *state, struct arena *a, struct vec_str *ids);

/* The record of a run; NULL (without an error) if it isn't one of these. The caller owns it. */
json_t *remote_load (const struct state *state, struct arena *a, const char *id);

/* The record that `wanted` means, as for past_run_open. The caller owns it. */
json_t *remote_find (struct invocation *inv, const struct past_settings *s, const char *wanted, struct state *state,
                     struct error *err);

/* Likewise, for commands that know runs `here` (the one that is meant there, or NULL) too: those go first if a run is
 * named, and else the newer of both. NULL if the run here is meant. */
json_t *remote_find_newer (struct invocation *inv, const struct past_settings *s, const char *wanted, const char *here,
                           struct state *state);

/* Forgets it here. */
int remote_remove (const struct state *state, struct arena *a, const char *id, struct error *err);

/* Whether it will not change any more. */
bool remote_is_over (const json_t *record);

/* The service that runs it, and how it is reached. NULL with an error. */
const struct service *remote_service (struct invocation *inv, const json_t *record, struct auth *auth,
                                      struct error *err);

/* Asks the service how it stands, brings the record up to date, and keeps it. */
int remote_refresh (struct invocation *inv, const struct state *state, json_t *record, struct error *err);

/* Waits for its end: each step's state as it changes goes to inv->err, and with `follow` what steps print, as it comes.
 * Servers that don't answer for a while are waited for. Ctrl-C ends the waiting and leaves the run alone. 0 if it went
 * well; -1 with an empty text if it did not. */
int remote_wait (struct invocation *inv, const struct state *state, json_t *record, bool follow, struct error *err);

#endif
