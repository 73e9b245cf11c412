/* What we ask the inner kernel ourselves, of which no client sees anything. A question is answered once its reply has
 * come on shell and its idle on iopub: they come through different sockets, and what was published before the idle
 * counts too. Replies are told by the sender's name that a question has for its own; an idle by the msg_id of its
 * parent.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_QUESTION_H
#define CHARD_KERNEL_QUESTION_H

#include "kernel/voice.h"

/* Gets the content of the reply, borrowed; NULL if the end came before it did. */
typedef void (*question_answered_fn) (const json_t *content, void *arg);

struct question;

/* Zero-initialised there are none. */
struct questions {
    struct question *all;
    size_t len;
    unsigned asked;  /* so far */
    unsigned silent; /* whose idle hasn't come: what they publish is not the clients' */
};

/* Asks. `settled`: the reply is enough, nothing published is waited for. */
void questions_ask (struct questions *q, struct voice *v, const char *type, const json_t *content, bool settled,
                    question_answered_fn answered, void *arg);

/* Whether the parcel, which came on shell, is a reply to one of ours; then it is taken. */
bool questions_take_reply (struct questions *q, const struct voice *v, const struct parcel *p);

/* A message whose parent is ours said "idle". */
void questions_take_idle (struct questions *q, const struct wire_message *m);

/* Tells all who still wait that nothing comes. */
void questions_clear (struct questions *q);

#endif
