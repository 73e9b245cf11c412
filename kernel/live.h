/* `%chard run --only STEP --from-session`: the step takes its inputs from the session's variables as they are. First
 * the compiler is asked what the step needs, then the inner kernel writes these values as a step would leave them
 * (helper.py, `save`), at last the command itself runs on them (engine/runner.h, RUN_SESSION).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_LIVE_H
#define CHARD_KERNEL_LIVE_H

#include "kernel/call.h"

/* Starts such a call; false if it is another, or wrong in a way that the command will tell. `a` and `*under_way`, the
 * command that an interrupt would reach, live until `done` is called or the call is destroyed. While values are written
 * an interrupt is the inner kernel's. */
bool live_start (const struct call_context *context, struct arena *a, const struct cell_part *part,
                 const json_t *metadata, const struct outlet *outlet, struct call **under_way, call_done_fn done,
                 void *arg);

#endif
