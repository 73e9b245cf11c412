/* The proxy: clients on one side, the inner kernel on the other, and messages handed on between them frame by frame.
 *
 *     client ── ROUTER shell, control, stdin ── DEALER ── inner kernel (ipc://, private directory)
 *     client ── XPUB iopub ──────────────────── SUB ─────
 *     client ── ROUTER heartbeat, answered here
 *
 * The three DEALERs share one routing id: the inner kernel sends input requests on stdin to whom it knows from shell.
 * A message that isn't claimed by a row of `claims` in relay.c goes on untouched.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_RELAY_H
#define CHARD_KERNEL_RELAY_H

#include "base/error.h"
#include "base/loop.h"
#include "kernel/connection.h"
#include "kernel/inner.h"

struct relay;

/* Listens at `outer`, connects to the started `inner`; both must outlive it. NULL and `err` if it can't listen. */
struct relay *relay_create (struct loop *l, const struct connection *outer, struct inner *inner, struct error *err);

/* Hands on whatever there is. Call it once after everything that may have sent something outside the relay. */
void relay_pump (struct relay *r);

/* Whether the inner kernel has answered. */
bool relay_is_ready (const struct relay *r);

/* Content of its kernel_info_reply, borrowed; NULL before it is known. */
const json_t *relay_info (const struct relay *r);

/* Sends what is left to clients that still listen, for a moment only. */
void relay_destroy (struct relay *r);

#endif
