/* Who asked what lately, for inner kernels that leave the sender's name out of their answers (Deno does): a client that
 * is connected itself gets them all the same, but behind us it would get none. Found by the msg_id of an answer's
 * parent.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_ASKERS_H
#define CHARD_KERNEL_ASKERS_H

#include "kernel/origin.h"
#include "kernel/socket.h"

#define ASKERS 256 /* requests that are remembered: many more than any client has under way */

/* Zero-initialised there are none; askers_clear frees them. */
struct askers {
    struct origin all[ASKERS];
    unsigned next;
};

/* Remembers whose request this is. */
void askers_note (struct askers *a, const wire_frame *identities, size_t n, json_t *header);

/* Puts the name of who asked in front of an answer that has none; one that has, or whose question isn't known,
 * stays. */
void askers_address (const struct askers *a, struct parcel *p);

void askers_clear (struct askers *a);

#endif
