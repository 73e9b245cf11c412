/* Why a step of a run elsewhere failed: step.py prints it as the last line of the pod's log, "chard-error: {JSON}"
 * (templates/step/pod.py); here it is fetched and told at its notebook, cell and line.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_REMOTE_FAILURE_H
#define CHARD_CLI_REMOTE_FAILURE_H

#include "base/strbuf.h"
#include "cli/remote.h"

/* Looks for each failed step of the record that isn't explained yet: its "failure" becomes {"cell", "line", "type", "message",
 * "hint"?, "notebook"?, "log": the last lines before it}, its "error" one line of that. Where no log can be had "failure" is {}
 * and the error stays what the service says. Whether anything was found. */
bool remote_explain (struct invocation *inv, json_t *record);

/* Prints to `f` what is known of a step's failure: the end of its log, unless that has been `seen`, then the error; nothing if
 * it has none. */
void remote_print_failure (struct invocation *inv, const json_t *record, const json_t *step, bool seen, FILE *f);

/* Whether a line of a pod's log (up to its end or a newline) is what the step printed, and not what runs it or reports on it. */
bool remote_is_printed (const char *line);

/* The log of a step of the record, from the service; at least its last `lines`. */
int remote_log (struct invocation *inv, const json_t *record, const json_t *step, int lines, struct strbuf *out,
                struct error *err);

#endif
