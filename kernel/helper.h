/* Questions to the helper, a small Python module of ours in the inner kernel if that is an IPython (helper.py). It is
 * brought there with the first question. Every question is a call of one of its functions and is answered by JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_HELPER_H
#define CHARD_KERNEL_HELPER_H

#include "kernel/relay.h"

struct helper;

/* Never NULL; `r` must be destroyed first. helper_destroy accepts NULL. */
struct helper *helper_create (struct relay *r);
void helper_destroy (struct helper *h);

/* Whether the inner kernel can have it. */
bool helper_fits (const struct helper *h);

/* The answer: `value` is what the function returned, NULL if there was none. `aborted`: the inner kernel dropped the
 * question, since a cell before it failed. `last` is the execution count of the last cell it ran. */
typedef void (*helper_answered_fn) (void *arg, const json_t *value, bool aborted, int last);

/* Calls FUNCTION (argument) there in its turn, behind all that was asked to be executed before; `argument` is any JSON
 * value. Where the helper doesn't fit the turn is waited for all the same, and the value is NULL. */
void helper_ask (struct helper *h, const char *function, const json_t *argument, helper_answered_fn answered,
                 void *arg);

/* The same for what needs no answer. */
void helper_tell (struct helper *h, const char *function, const json_t *argument);

extern const char helper_text[];

#endif
