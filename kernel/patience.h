/* Says where a person sees it, in Jupyter's log and under the cell that waits, when the inner kernel doesn't do what it
 * was asked for: start, react to an interrupt, stay alive. Nothing is done about it: that is the person's choice.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_PATIENCE_H
#define CHARD_KERNEL_PATIENCE_H

#include "base/loop.h"
#include "kernel/inner.h"
#include "kernel/relay.h"

struct patience;

/* Begins to wait for the start. `title` names the inner kernel. All must outlive it. */
struct patience *patience_create (struct loop *l, struct relay *r, const char *title);
void patience_destroy (struct patience *p);

/* The inner kernel was interrupted: if it still works on the same cell a while later, that is told. */
void patience_interrupted (struct patience *p);

/* The inner kernel has ended. An exit of its own accord, once it was ready, needs no words. */
void patience_ended (struct patience *p, const struct proc_status *st);

#endif
