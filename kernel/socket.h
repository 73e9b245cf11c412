/* ZeroMQ sockets, and messages of several frames moved between them without copying. The only file that knows zmq.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_SOCKET_H
#define CHARD_KERNEL_SOCKET_H

#include "base/error.h"
#include "kernel/wire.h"

#include <stdbool.h>

struct socket_context;
struct socket;

enum socket_kind { SOCKET_ROUTER, SOCKET_DEALER, SOCKET_XPUB, SOCKET_SUB };

/* Never NULL. Destroying it waits until what was sent has gone out, at most the sockets' linger. */
struct socket_context *socket_context_create (void);
void socket_context_destroy (struct socket_context *c);

/* What a socket is made for. */
struct socket_options {
    enum socket_kind kind;
    const char *identity;                    /* routing id of a DEALER, or NULL */
    const char *curve_public, *curve_secret; /* of a server that encrypts, or NULL */
    int linger;                              /* ms that unsent messages may hold up socket_context_destroy */
};

/* A socket that listens (`bind`) or connects; a SUB subscribes to all. NULL and `err` if it can't: ERROR_ENVIRONMENT
 * with the endpoint ("tcp://127.0.0.1:5001: Address already in use"). */
struct socket *socket_open (struct socket_context *c, const struct socket_options *o, const char *endpoint, bool bind,
                            struct error *err);
void socket_close (struct socket *s);

/* Readable when something may have changed: then call socket_wake, and receive until nothing is left. It tells of
 * changes only, and sending may take its tidings in, so look for messages after each send too. That is cheap: a socket
 * which was neither woken nor sent to since it was found empty isn't asked again, for each time costs two system
 * calls. */
int socket_fd (const struct socket *s);
void socket_wake (struct socket *s);
bool socket_can_send (struct socket *s);

/* Whether socket_receive would look for a message at all. */
bool socket_has_news (const struct socket *s);

/* A received message. Zero-initialised is empty; parcel_clear frees it. */
struct parcel {
    wire_frame *frames; /* into `messages` */
    void *messages;
    size_t len, cap;
};

/* Takes the next message whole; false if there is none. What the parcel held before is dropped. */
bool socket_receive (struct socket *s, struct parcel *p);

/* Sends the frames on, moving them; the parcel is empty afterwards. A message that nobody takes is dropped. */
void socket_forward (struct socket *s, struct parcel *p);

/* The same for what any number of clients get, at their own pace: until all have it, it counts as queued. */
void socket_forward_counted (struct socket *s, struct parcel *p);

/* About how many bytes of such messages are queued: of those that parcel_is_large, or of the others. */
size_t socket_context_queued (const struct socket_context *c, bool large);

/* Whether a message is large for an output: a picture, a table, a long text. */
bool parcel_is_large (const struct parcel *p);

/* Sends copies: identities, the delimiter, and the draft's frames. */
void socket_send (struct socket *s, const wire_frame *identities, size_t n, const struct wire_draft *d);

/* Puts copies of these in front. */
void parcel_address (struct parcel *p, const wire_frame *identities, size_t n);

void parcel_clear (struct parcel *p);

#endif
