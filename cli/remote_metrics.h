/* Metrics of runs elsewhere: kept in the run's record, steps[].metrics, as soon as they are known. Argo's workflow has
 * them in it; elsewhere they are artifacts, which are fetched when somebody asks.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_REMOTE_METRICS_H
#define CHARD_CLI_REMOTE_METRICS_H

#include "cli/remote.h"

/* Fetches what isn't known yet of steps that went well, and keeps it. -1 if it can't be had; what was known stays. */
int remote_metrics_fetch (struct invocation *inv, const struct state *state, json_t *record, struct error *err);

/* The same for who only shows them: brings a run that may go on up to date before, and what can't be had is a note. */
void remote_metrics_look (struct invocation *inv, const struct state *state, json_t *record);

/* {"STEP.NAME": value} of those that are known; the caller's. */
json_t *remote_metrics (struct arena *a, const json_t *record);

#endif
