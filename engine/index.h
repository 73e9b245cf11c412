/* SQLite index over the run logs: what `runs list` shows and what the runner wants to know of earlier runs, without
 * reading every log. Never the truth: removed or broken, it is made again from the logs. The only file that includes
 * sqlite3.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_INDEX_H
#define CHARD_ENGINE_INDEX_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "engine/runlog.h"
#include "engine/state.h"

#include <jansson.h>
#include <stdbool.h>

struct index;

struct index_run {
    const char *id, *notebook, *name, *commit;
    const char *status; /* "ok", "failed", "canceled", "running", "interrupted" */
    const char *parameters; /* JSON */
    const char *place;  /* the context of a run elsewhere, which the index itself doesn't know; NULL: here */
    double began, seconds;
    int ran, cached, failed, skipped;
};

/* Opens (or makes) the index of a state directory. NULL (ERROR_ENVIRONMENT) if that can't be: every function takes NULL
 * and then knows nothing. */
struct index *index_open (const struct state *s, struct error *err);
void index_close (struct index *ix);

/* True if it was made just now, and knows nothing yet of the logs there are. */
bool index_is_new (const struct index *ix);

/* Puts a run into the index, replacing what was there about it. */
void index_put_run (struct index *ix, const char *id, const struct runlog_content *log);

/* Forgets a run. */
void index_remove_run (struct index *ix, const char *id);

/* Brings the index up to date with the logs there are: new ones, those that had not ended, those that are gone. */
void index_refresh (struct index *ix, const struct state *s);

/* The last `limit` runs (0: all), newest first, of one notebook (absolute path) or of all (NULL). Text lies in `a`. */
struct index_runs {
    struct index_run *items;
    size_t len, cap;
};
void index_list (struct index *ix, struct arena *a, const char *notebook, int limit, struct index_runs *runs);

/* Bytes that the steps of that notebook used at their peak in their last runs: {step: bytes}. The caller owns it. */
json_t *index_step_peaks (struct index *ix, const char *notebook);

#endif
