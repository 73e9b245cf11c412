/* Shows a run while it goes on: from its events alone, so that whatever is seen stands in the run log too. On a
 * terminal a line per running step is redrawn; otherwise there is a plain line for each step that ended.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_PROGRESS_H
#define CHARD_CLI_PROGRESS_H

#include "cli/command.h"

#include <jansson.h>

struct progress;

/* `json_events` prints the events themselves to inv->out, one a line, and nothing else is shown. */
struct progress *progress_create (struct invocation *inv, bool json_events);
void progress_destroy (struct progress *p);

/* For struct run_options: `arg` is the progress. */
void progress_event (const json_t *event, void *arg);
void progress_tick (void *arg);

/* "1.2 s", "3 min 5 s", "2 h 10 min". */
void progress_format_seconds (double seconds, char text[32]);

#endif
