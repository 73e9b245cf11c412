/* A cell that has %chard lines in it, from its request to its reply. Its parts are run in order: code in the inner
 * kernel, calls beside it. To clients it looks like any other: one busy and one idle, one execute_input, one
 * execute_reply, outputs parented by its request, the kernel's own execution count.
 *
 * How: a code part goes to the inner kernel as an execute_request with the cell's own header, so that what it
 * publishes, and asks on stdin, needs no change; status, execute_input and execute_reply are ours and are taken out.
 * Parts don't count and don't enter the history: at the end the whole cell does.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_CELL_H
#define CHARD_KERNEL_CELL_H

#include "kernel/call.h"
#include "kernel/helper.h"
#include "kernel/relay.h"

struct cell;

/* What all cells of a session are run with; borrowed, but for `facts`. */
struct cell_setting {
    struct relay *relay;
    struct helper *helper;
    struct session *session;
    struct call_context call;
    char *facts; /* path of the file with what cells bound, once there are any; who made the setting frees it */
};

/* Called once, when it has been replied to; it is gone by then. `abort`: what waits to be executed is not to be, since
 * it failed. */
typedef void (*cell_done_fn) (void *arg, bool abort);

/* Starts the cell of an execute_request. NULL if there is no %chard line in it. `setting` must outlive it. */
struct cell *cell_start (struct cell_setting *setting, const struct wire_message *m, cell_done_fn done, void *arg);

/* Shown what the inner kernel says on shell and on iopub: true for what goes no further. */
bool cell_take_reply (struct cell *c, const struct wire_message *m);
bool cell_take_published (struct cell *c, const struct wire_message *m);

/* Interrupts the call that runs; false if none does: then the interrupt is the inner kernel's. */
bool cell_interrupt (struct cell *c);

/* Ends it without a reply. NULL is fine. */
void cell_destroy (struct cell *c);

/* "busy" or "idle", parented by that header. */
void cell_publish_status (struct relay *r, const json_t *header, const char *state);

/* The inner kernel's language, lower-case; "" if it isn't known. */
const char *cell_language (const struct relay *r);

#endif
