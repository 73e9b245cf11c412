/* Commands that only the kernel has, since they work on the session: they stand beside the command line's own in help
 * and completion.
 *
 *     %chard load STEP.NAME [as VAR] [--run RUN]    a value of a past run, as a variable here
 *     %chard stop                                   ends what runs in the background (`%chard run --background`)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_OWN_H
#define CHARD_KERNEL_OWN_H

#include "cli/command.h"
#include "kernel/call.h"
#include "kernel/helper.h"

/* NULL-terminated; their `run` is NULL. */
extern const struct command *const own_commands[];

/* The command of the kernel or the command line that the words name, or NULL. */
const struct command *own_find (const struct vec_str *words);

/* What `%chard load` is told. */
struct own_load {
    const char *step, *name, *variable, *run; /* run: NULL for the last one */
};

/* Reads the words of such a call from the command's name on. ERROR_USAGE. */
int own_parse_load (struct arena *a, const struct vec_str *words, struct own_load *load, struct error *err);

/* Runs a call if it is of a command of ours; false if it isn't. `a` and `*under_way`, which is what an interrupt would
 * reach, live until `done` is called or the call is destroyed. A value is read by the helper where it shall be: a child
 * process would have to hand it over once more. */
bool own_start (const struct call_context *context, struct arena *a, const struct cell_part *part,
                const struct outlet *outlet, struct call **under_way, call_done_fn done, void *arg);

#endif
