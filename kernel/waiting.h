/* Requests that wait their turn, whole and in order: while the inner kernel starts (relay.c), while a cell with calls
 * is under way (desk.c). A zeroed struct is an empty queue.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_WAITING_H
#define CHARD_KERNEL_WAITING_H

#include "kernel/connection.h"
#include "kernel/socket.h"

struct waiting {
    struct waiting_request {
        enum channel channel;
        struct parcel parcel;
    } *all;
    size_t len, cap;
};

/* Puts it at the end; the parcel is moved away and left empty. */
void waiting_add (struct waiting *w, enum channel channel, struct parcel *p);

/* Takes the i-th out; the caller owns its parcel. */
struct waiting_request waiting_take (struct waiting *w, size_t i);

/* What a request says, to be given up with wire_clear. False if it can't be read, which was seen to when it came. */
bool waiting_read (const struct waiting_request *q, struct wire_message *m);

void waiting_clear (struct waiting *w);

#endif
