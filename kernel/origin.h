/* Whom an answer goes to: kept of a request that is answered later.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_ORIGIN_H
#define CHARD_KERNEL_ORIGIN_H

#include "kernel/wire.h"

/* What a request came with: who shall get the answer, and the header that it is parented by. */
struct origin {
    wire_frame *identities;
    size_t n_identities;
    json_t *header;
};

/* A copy that outlives the message. */
struct origin origin_copy (const struct wire_message *m);
void origin_clear (struct origin *o);

#endif
