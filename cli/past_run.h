/* Finding and reading runs of the past, for the commands `chard runs …`: what they share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_PAST_RUN_H
#define CHARD_CLI_PAST_RUN_H

#include "cli/command.h"
#include "engine/runlog.h"
#include "engine/state.h"

/* Settings of all these commands; each reads those that it has an option for. */
struct past_settings {
    const char *of, *max_size, *output, *context;
    int limit, keep;
    bool refresh, follow;
};

extern const struct past_settings past_defaults;

#define PAST_FIELD(f) .offset = offsetof (struct past_settings, f)
#define PAST_OPTION_OF                                                                                                 \
    { .name = "of", .kind = OPTION_STRING, PAST_FIELD (of), .argument = "NOTEBOOK",                                   \
      .help = "the notebook, or the directory, whose runs are meant (default: this directory)" }

/* The row of a command's fields that all of them fill alike. */
#define PAST_COMMAND .settings_size = sizeof (struct past_settings), .defaults = &past_defaults

/* The directory of --of, or this one. */
const char *past_dir (struct invocation *inv, const struct past_settings *s);

/* Where runs of --of (or of this directory) are kept; it may not be there yet. */
int past_state_open (struct invocation *inv, const struct past_settings *s, struct state *state, struct error *err);

/* The one of `ids` (of runs that are kept at `where`, oldest first) that `wanted` names, as state_choose_run does; but
 * the last one is that of --of's notebook, if it names one: several may lie in a folder. `notebook_of` gives a run's; a
 * folder may have moved since, so that one of the same name will do where none has the path. */
const char *past_choose_run (struct invocation *inv, const struct past_settings *s, const struct state *state,
                             const struct vec_str *ids, const char *wanted, const char *where,
                             const char *(*notebook_of) (struct arena *a, const struct state *state, const char *id),
                             struct error *err);

/* One run, read. */
struct past_run {
    struct state state;
    const char *id, *dir;
    struct runlog_content log;
    const json_t *begin, *end; /* its events run.begin and run.end, borrowed from `log`; NULL if missing */
};

/* Opens the run that `wanted` names (the end of an id is enough; NULL or "latest": the last one). -1 with ERROR_USAGE
 * if there is none; `run->id` is set as soon as it was found. runlog_content_clear (&run->log) gives it up, also after
 * a failure. */
int past_run_open (struct invocation *inv, const struct past_settings *s, const char *wanted, struct past_run *run,
                   struct error *err);

/* "ok", "failed", "running", "interrupted", … */
const char *past_run_status (const struct past_run *run);

/* How a step stands: its end, or what can be said without one. */
const char *past_step_status (const struct past_run *run, const char *step);

/* Why it ran, or why it didn't: the last word about it; "" if there is none. */
const char *past_step_why (const struct past_run *run, const char *step);

/* What pipeline-metrics cells of a step told, {name: value}; NULL if it has none. The caller's to give up. */
json_t *past_step_metrics (const struct past_run *run, const char *step);

/* Those of all steps, {"STEP.NAME": value}, empty if there are none. The caller's to give up. */
json_t *past_run_metrics (struct arena *a, const struct past_run *run);

/* The escape sequence for a status on inv->out, "" without colours. */
const char *past_status_color (const struct invocation *inv, const char *status);

/* Names from notebooks may hold line ends and worse: kept to one line. */
const char *past_one_line (struct arena *a, const char *name);

/* Prints a result of --format=json, indented, with a line's end, and gives it up. */
void past_print_json (struct invocation *inv, json_t *o);

#endif
