/* The desk takes the cells that have %chard lines in them (cell.h), one at a time. While such a cell lasts,
 *
 *   - other requests to execute wait at the desk, and are aborted with it if it fails and its stop_on_error says so;
 *   - everything else goes straight to the inner kernel, which is idle while a call runs: completion answers;
 *   - an interrupt, by signal or by message, ends the call that runs; in a part that is code it is the inner kernel's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_DESK_H
#define CHARD_KERNEL_DESK_H

#include "base/loop.h"
#include "kernel/inner.h"
#include "kernel/relay.h"

/* In the environment: 0 keeps the session from being watched. Else the helper notes of which class each value is that a
 * cell bound, and commands take this to the compiler (engine/observed.h). */
#define DESK_OBSERVE "CHARD_KERNEL_OBSERVE"

struct desk;

/* Takes its place at the relay's hooks; all arguments must outlive it. Never NULL. */
struct desk *desk_create (struct loop *l, struct relay *r, const struct inner *inner, const char *notebook);

/* Interrupts the call that runs; false if there is none, then the interrupt is the inner kernel's. */
bool desk_interrupt (struct desk *d);

/* Ends the calls that run. NULL is fine. */
void desk_destroy (struct desk *d);

#endif
