/* Outputs that clients have yet to read, and the memory that they take: one who has stopped reading must not cost all
 * of it. Large outputs have a limit of their own, so that what a cell says behind a table of 1 GB isn't lost for it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_BACKLOG_H
#define CHARD_KERNEL_BACKLOG_H

#include "kernel/socket.h"

/* Zeroed but for `zmq`. */
struct backlog {
    const struct socket_context *zmq;
    bool swollen;    /* much was queued, and memory not yet given back */
    unsigned unread; /* outputs that were dropped */
    bool full;       /* the last one was */
};

/* Whether clients may still be given this. What they wait for, a status, they get in any case. */
bool backlog_admits (struct backlog *b, const struct parcel *p);

/* What to tell of an output that wasn't admitted, where it was written; NULL if that was told of the one before. */
const char *backlog_excuse (struct backlog *b);

/* Gives memory back to the system when a long queue is through. */
void backlog_trim (struct backlog *b);

#endif
