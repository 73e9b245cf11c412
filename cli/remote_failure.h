/* Why a step of a run elsewhere failed: step.py prints it as the last line of the pod's log, "chard-error: {JSON}"
 * (templates/step/pod.py); here it is fetched and told at its notebook, cell and line.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_REMOTE_FAILURE_H
#define CHARD_CLI_REMOTE_FAILURE_H

#include "base/strbuf.h"
#include "cli/remote.h"

/* Looks for each failed step of the record that isn't explained yet: its "failure" becomes {"cell", "line", "type",
 * "message", "hint"?, "notebook"?, "log": the last lines before it}, its "error" one line of that. Where no log can be
 * had "failure" is {} and the error stays what the service says. Whether anything was found. */
bool remote_explain (struct invocation *inv, json_t *record);

/* Prints to `f` what is known of a step's failure: the end of its log, unless that has been `seen`, then the error;
 * nothing if it has none. */
void remote_print_failure (struct invocation *inv, const json_t *record, const json_t *step, bool seen, FILE *f);

/* How many bytes of a pod's log, from the beginning of a line on, the step didn't print, but what runs it or reports on
 * it: a line, with its end, or several, where it holds an object; 0: the step printed this line. `open`: the object
 * hasn't ended yet. */
size_t remote_not_printed (const char *line, bool *open);

/* The log of a step of the record, from the service; at least its last `lines`. */
int remote_log (struct invocation *inv, const json_t *record, const json_t *step, int lines, struct strbuf *out,
                struct error *err);

#endif
