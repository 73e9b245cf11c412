/* Where the engine keeps what it knows: the directory .chard/ beside the notebook, its parts, and the names in it.
 *
 *     .chard/runs/<run-id>/run.jsonl        the run log: the truth
 *     .chard/runs/<run-id>/pipeline.json    the IR that was run
 *     .chard/runs/<run-id>/steps/<dir>/     spec.json, stdout.log, result -> ../../../../cache/<key>
 *     .chard/remote/<run-id>.json           a run that was submitted elsewhere (cli/remote.h)
 *     .chard/cache/<key>/                   finished results
 *     .chard/index.sqlite                   index over the run logs
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_STATE_H
#define CHARD_ENGINE_STATE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <stdbool.h>

struct state {
    const char *dir;   /* absolute: …/.chard */
    const char *runs;  /* dir/runs */
    const char *cache; /* dir/cache */
    int lock;          /* shared lock on dir/lock while open for running; -1 otherwise */
};

/* Finds the state of a notebook directory: $CHARD_HOME ($CHARD_HOME/.chard if that is the notebook directory itself),
 * else `dir`/.chard, else (if `dir` can't be written) $XDG_STATE_HOME/chard/<hash of dir>. With `create` it is made
 * when missing, with its .gitignore. Without, a missing one is fine: its parts just don't exist. Strings lie in `a`. */
int state_open (struct state *s, struct arena *a, const char *dir, bool create, struct error *err);

/* Takes the shared lock that keeps `gc` away, or (exclusive) the one that keeps runs away. 1 if someone else holds it
 * the other way (exclusive never waits). state_close lets go. */
int state_lock (struct state *s, bool exclusive, struct error *err);
void state_close (struct state *s);

/* Makes a new run's directory; returns its id, sortable by time to the millisecond: 20261123-235959-3e71. */
char *state_create_run (const struct state *s, struct arena *a, struct error *err);

/* Such an id of now, made of the time and, in its last digit, `attempt`. */
char *state_new_id (struct arena *a, int attempt);

/* Where the run of that id lies, whether or not there is one; in `a`. */
char *state_run_dir (const struct state *s, struct arena *a, const char *id);

/* All run ids, oldest first. */
void state_list_runs (const struct state *s, struct arena *a, struct vec_str *ids);

/* The run that `wanted` means: an id, a unique beginning or end of one, or "latest" (also NULL). NULL and ERROR_USAGE
 * if there is none or it is ambiguous. */
char *state_find_run (const struct state *s, struct arena *a, const char *wanted, struct error *err);

/* The same among `ids`, oldest first; `where` they were looked for is said in errors. Borrowed from `ids`. */
char *state_choose_run (const struct vec_str *ids, const char *wanted, const char *where, struct error *err);

/* Removes what a killed run's steps were writing when it was killed: results that never became whole. The run must not
 * be going on. */
void state_sweep_run (struct arena *a, const char *run_dir);

/* A directory name for step number `index`: "03-train". Whatever isn't a letter, digit, '.', '_' or '-' becomes '_';
 * the number keeps names apart. */
char *state_step_dir (struct arena *a, int index, const char *name);

#endif
