/* Requests that the inner kernel has yet to answer on shell, the oldest first: while there are any it is busy, and what
 * is told about it belongs to the cell that it works on.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_PENDING_H
#define CHARD_KERNEL_PENDING_H

#include "kernel/wire.h"

/* Zero-initialised is empty; pending_clear frees it. */
struct pending {
    json_t **headers;
    size_t len, cap;
};

/* Notes a request. One of a type that no kernel is bound to answer isn't noted. */
void pending_add (struct pending *p, const struct wire_message *m);

/* Forgets the request that this reply is parented by; an unknown one is fine. */
void pending_settle (struct pending *p, const struct wire_message *reply);

/* Header of the oldest execute_request, borrowed; NULL if there is none. */
const json_t *pending_cell (const struct pending *p);

void pending_clear (struct pending *p);

#endif
