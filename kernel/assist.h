/* Help while %chard lines are typed: completion (commands, options and their values, steps, parameters, past runs) and
 * inspection (Shift-Tab: what a command does). What only a command knows is asked of it beside the session, so the
 * answer may come later; it comes even while the inner kernel is busy. Specification: "Messaging in Jupyter",
 * §Completion, §Introspection.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_ASSIST_H
#define CHARD_KERNEL_ASSIST_H

#include "kernel/call.h"
#include "kernel/relay.h"
#include "kernel/screens.h"

struct assist;

/* Never NULL; the arguments must outlive it. assist_destroy ends what is being asked, and accepts NULL. */
struct assist *assist_create (struct relay *r, const struct call_context *context, const struct screens *screens);
void assist_destroy (struct assist *s);

/* Answers a complete_request or an inspect_request whose cursor stands in a %chard line; false for all others. */
bool assist_take (struct assist *s, const struct wire_message *m);

/* Names that only a command knows: the call that tells them, or NULL, on the notebook that was named, or NULL. */
struct assist_question {
    const char *ask, *kind, *notebook;
};

/* What can stand at the end of `text`, the part of a call before the cursor (behind "%chard "), in a session that is in
 * directory `cwd`. `*from` is where the word begins that would be replaced, in bytes. What is to be asked of a command
 * goes into `q`; assist_pick understands the JSON of its answer. Everything lies in `a`. */
void assist_complete (struct arena *a, const char *text, const char *cwd, struct vec_str *matches, size_t *from,
                      struct assist_question *q);
void assist_pick (struct arena *a, const json_t *answer, const char *kind, const char *word, struct vec_str *matches);

#endif
