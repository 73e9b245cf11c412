/* The nine sockets of a session, and the turns in which they are read: five where clients come, four of the inner
 * kernel, whose heartbeat nobody needs. What a message means is relay.c's.
 *
 *     client ── ROUTER shell, control, stdin ── DEALER ── inner kernel (ipc://, private directory)
 *     client ── XPUB iopub ──────────────────── SUB ─────
 *     client ── ROUTER heartbeat
 *
 * The three DEALERs share one routing id: the inner kernel sends input requests on stdin to whom it knows from shell.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_PORTS_H
#define CHARD_KERNEL_PORTS_H

#include "base/error.h"
#include "base/loop.h"
#include "kernel/connection.h"
#include "kernel/socket.h"

/* Who takes what comes. The parcel is lent; a function may move its content away. */
struct ports_reader {
    void (*turn) (void *arg);                                               /* before and after all others' turns */
    bool (*may_request) (void *arg);                                        /* false: clients wait */
    void (*request) (void *arg, enum channel channel, struct parcel *p);    /* from a client */
    void (*reply) (void *arg, enum channel channel, struct parcel *p);      /* from the inner kernel, but not on
                                                                               iopub */
    void (*published) (void *arg, enum channel channel, struct parcel *p);  /* there */
    void *arg;
};

struct ports {
    struct loop *loop;
    struct socket_context *zmq;
    struct socket *out[CHANNELS], *in[CHANNELS]; /* NULL where it isn't open */
    struct ports_reader reader;
    struct parcel parcel;
    bool pumping;
    int again; /* timer */
};

/* `p` is zero-initialised. Opens what clients connect to. -1 and `err` where it can't. */
int ports_listen (struct ports *p, struct loop *l, const struct connection *outer, struct error *err);

/* Opens the connections to the inner kernel; from now on all is read. */
int ports_connect (struct ports *p, const struct connection *inner, const struct ports_reader *reader,
                   struct error *err);

/* Reads whatever there is. Sockets tell of changes only, so who sent something from outside of a reader's function has
 * it done by ports_pump_soon. */
void ports_pump (struct ports *p);
void ports_pump_soon (struct ports *p);

/* Sends what is left to clients that still listen, for a moment only. */
void ports_close (struct ports *p);

#endif
