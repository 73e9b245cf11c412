/* The proxy: clients on one side, the inner kernel on the other, and messages handed on between them frame by frame.
 * A message that isn't claimed by a row of `claims` in relay.c, or by the hooks, goes on untouched.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_RELAY_H
#define CHARD_KERNEL_RELAY_H

#include "base/error.h"
#include "base/loop.h"
#include "kernel/connection.h"
#include "kernel/inner.h"
#include "kernel/origin.h"
#include "kernel/question.h"

struct relay;

/* Listens at `outer`, which must outlive it: the sooner, the less clients wait before they try to connect once more.
 * What they say is kept until relay_connect. NULL and `err` if it can't listen. */
struct relay *relay_create (struct loop *l, const struct connection *outer, struct error *err);

/* Connects to the started `inner`, which must outlive it, and begins to relay. */
int relay_connect (struct relay *r, struct inner *inner, struct error *err);

/* Who looks at messages on their way (kernel/desk.c). Each returns true for a message that it took, and then it goes no
 * further. `request` sees what clients send on shell and control once the inner kernel is ready; it may keep the parcel
 * by moving it away. The other two see what the inner kernel says, but only while relay_watch is on: for parsing it
 * costs time. `reply` sees what comes on shell, `published` what comes on iopub. */
struct relay_hooks {
    bool (*request) (void *arg, enum channel channel, const struct wire_message *m, struct parcel *p);
    bool (*reply) (void *arg, const struct wire_message *m);
    bool (*published) (void *arg, const struct wire_message *m);
    void (*ready) (void *arg); /* the inner kernel has come up: what is asked now comes before all requests that
                                  waited */
    void *arg;
};

void relay_set_hooks (struct relay *r, const struct relay_hooks *hooks);
void relay_watch (struct relay *r, bool on);

/* Says something to all clients on iopub, parented by `header` (may be NULL). */
void relay_publish (struct relay *r, const char *type, const json_t *header, const json_t *content);

/* Answers a request that a hook took on shell. */
void relay_answer (struct relay *r, const struct origin *to, const char *type, const json_t *content);

/* Sends the inner kernel, on shell, a request in a client's name: its answers, outputs and questions on stdin are
 * parented by `as->header` and go to that client, but for what the hooks take. */
void relay_impersonate (struct relay *r, const struct origin *as, const char *type, const json_t *content);

/* Hands on a request that a hook kept; the hooks don't see it again. */
void relay_resume (struct relay *r, enum channel channel, struct parcel *p);

/* Asks the inner kernel something on shell that no client sees anything of. `done` is called with the reply's content
 * when all that was published before has come too, or with NULL if the relay ends before it came. */
typedef question_answered_fn relay_asked_fn;
void relay_ask (struct relay *r, const char *type, const json_t *content, relay_asked_fn done, void *arg);

/* Clients' requests on shell that a hook has taken and not yet answered: while there are any, the kernel is busy. */
void relay_count_taken (struct relay *r, int change);

/* Header of the cell that the inner kernel works on, borrowed; NULL if there is none. */
const json_t *relay_cell (const struct relay *r);

/* Says something on the error stream of the cell that the inner kernel works on, or of those that wait for its
 * start. */
void relay_tell (struct relay *r, const char *text);

/* Has a function called when a client's interrupt_request goes to the inner kernel. */
void relay_on_interrupt (struct relay *r, void (*interrupted) (void *arg), void *arg);

/* Hands on whatever there is; the functions above see to that themselves. */
void relay_pump (struct relay *r);

/* Whether the inner kernel has answered. */
bool relay_is_ready (const struct relay *r);

/* Content of its kernel_info_reply, borrowed; NULL before it is known. */
const json_t *relay_info (const struct relay *r);

/* Sends what is left to clients that still listen, for a moment only. */
void relay_destroy (struct relay *r);

#endif
