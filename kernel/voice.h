/* What the kernel says in its own name: signed, parented messages to clients, and requests to the inner kernel. Every
 * message that isn't handed on as it came is written here; relay.c knows when. Sockets tell of changes only, so who
 * calls these from outside of the relay's pump has it pump afterwards. Specification: "Messaging in Jupyter", §The Wire
 * Protocol; JEP 65 (iopub_welcome).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_VOICE_H
#define CHARD_KERNEL_VOICE_H

#include "kernel/askers.h"
#include "kernel/connection.h"
#include "kernel/socket.h"

struct voice {
    struct wire_author author;
    struct socket *const *out; /* by channel: clients listen there; borrowed, as all that follows */
    struct socket *const *in;  /* the inner kernel does */
    struct askers *askers;     /* where is noted what the inner kernel is asked */
    struct parcel subscription;
};

/* `key` signs, or is NULL; `out` and `in` are CHANNELS sockets each, which may be opened later. */
void voice_init (struct voice *v, const struct hmac *key, struct socket *const *out, struct socket *const *in,
                 struct askers *askers);
void voice_clear (struct voice *v);

/* Welcomes those who have subscribed since the last call: from then on a client misses nothing. Call it before anything
 * is handed on to iopub, so that the welcome is the first that a client hears. */
void voice_welcome (struct voice *v);

/* To all clients on iopub; `parent` is a header or NULL. voice_status says "busy", "idle" or "starting". */
void voice_publish (struct voice *v, const char *type, const json_t *parent, const json_t *content);
void voice_status (struct voice *v, const json_t *parent, const char *state);

/* To the client of these identities, on a channel. */
void voice_answer (struct voice *v, enum channel channel, const wire_frame *identities, size_t n, const json_t *parent,
                   const char *type, const json_t *content);

/* To the inner kernel on shell. `sender` is whom it answers; `header` stands in the place of our own, or is NULL. */
void voice_request (struct voice *v, const wire_frame *sender, size_t n, const json_t *header, const char *type,
                    const json_t *content);

#endif
