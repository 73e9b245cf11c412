/* What the steps of a run elsewhere print, as it comes: for who follows the run.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_REMOTE_FOLLOW_H
#define CHARD_CLI_REMOTE_FOLLOW_H

#include "cli/remote.h"

/* Prints to inv->err what steps that run, or have just ended, printed since the last call, each line behind its step's
 * name. `told` is the caller's to keep from call to call, an empty object at first. A log that can't be had now is
 * asked for again the next time. */
void remote_follow (struct invocation *inv, const json_t *record, json_t *told);

#endif
