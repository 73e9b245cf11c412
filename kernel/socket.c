/* See socket.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/socket.h"

#include "base/arena.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* How many requests wait at either end of a connection before clients do. What is published isn't bounded by count,
 * since ZeroMQ's 1,000 lost messages under a flood of prints, but by bytes: see socket_forward_counted. */
#define HIGH_WATER 10000
/* Bytes queued from which on a client counts as slow, so that its messages are packed; the largest frames that are. */
#define SLOW (1 << 20)
#define PINNING 8192
#define LARGE (1 << 20) /* bytes of a message */
/* ms between attempts to connect: the inner kernel opens its sockets one after the other. */
#define RETRY 5

struct socket_context {
    void *zmq;
    atomic_size_t queued[2]; /* of small and of large messages; changed by ZeroMQ's own threads too */
};

struct socket {
    void *zmq;
    struct socket_context *context;
    bool news; /* something may have come since it was found empty */
};

struct socket_context *
socket_context_create (void)
{
    struct socket_context *c = xcalloc (1, sizeof *c);
    c->zmq = zmq_ctx_new ();
    if (!c->zmq)
        abort ();
    zmq_ctx_set (c->zmq, ZMQ_BLOCKY, 0);
    return c;
}

void
socket_context_destroy (struct socket_context *c)
{
    if (!c)
        return;
    while (zmq_ctx_term (c->zmq) < 0 && zmq_errno () == EINTR)
        ;
    free (c);
}

static void
set_int (void *zmq, int option, int value)
{
    zmq_setsockopt (zmq, option, &value, sizeof value);
}

static void
set_text (void *zmq, int option, const char *value)
{
    zmq_setsockopt (zmq, option, value, strlen (value));
}

static const int types[] = {
    [SOCKET_ROUTER] = ZMQ_ROUTER,
    [SOCKET_DEALER] = ZMQ_DEALER,
    [SOCKET_XPUB] = ZMQ_XPUB,
    [SOCKET_SUB] = ZMQ_SUB,
};

static void
configure (void *zmq, const struct socket_options *o)
{
    set_int (zmq, ZMQ_LINGER, o->linger);
    bool published = o->kind == SOCKET_XPUB || o->kind == SOCKET_SUB;
    set_int (zmq, ZMQ_SNDHWM, published ? 0 : HIGH_WATER);
    set_int (zmq, ZMQ_RCVHWM, published ? 0 : HIGH_WATER);
    set_int (zmq, ZMQ_RECONNECT_IVL, RETRY);
    if (o->kind == SOCKET_ROUTER)
        set_int (zmq, ZMQ_ROUTER_HANDOVER, 1); /* a client that comes again under its name takes its place */
    if (o->kind == SOCKET_XPUB)
        set_int (zmq, ZMQ_XPUB_VERBOSE, 1); /* each client is welcomed, not only a topic's first */
    if (o->kind == SOCKET_SUB)
        set_text (zmq, ZMQ_SUBSCRIBE, "");
    if (o->identity)
        set_text (zmq, ZMQ_ROUTING_ID, o->identity);
    if (o->curve_secret) {
        set_int (zmq, ZMQ_CURVE_SERVER, 1);
        set_text (zmq, ZMQ_CURVE_SECRETKEY, o->curve_secret);
        set_text (zmq, ZMQ_CURVE_PUBLICKEY, o->curve_public);
    }
}

struct socket *
socket_open (struct socket_context *c, const struct socket_options *o, const char *endpoint, bool bind,
             struct error *err)
{
    void *zmq = zmq_socket (c->zmq, types[o->kind]);
    if (zmq)
        configure (zmq, o);
    if (!zmq || (bind ? zmq_bind (zmq, endpoint) : zmq_connect (zmq, endpoint)) < 0) {
        error_set (err, ERROR_ENVIRONMENT, "%s: %s", endpoint, zmq_strerror (zmq_errno ()));
        if (zmq)
            zmq_close (zmq);
        return NULL;
    }
    struct socket *s = xcalloc (1, sizeof *s);
    *s = (struct socket){ zmq, c, true };
    return s;
}

void
socket_close (struct socket *s)
{
    if (!s)
        return;
    zmq_close (s->zmq);
    free (s);
}

int
socket_fd (const struct socket *s)
{
    int fd = -1;
    size_t size = sizeof fd;
    zmq_getsockopt (s->zmq, ZMQ_FD, &fd, &size);
    return fd;
}

void
socket_wake (struct socket *s)
{
    s->news = true;
}

bool
socket_has_news (const struct socket *s)
{
    return s->news;
}

bool
socket_can_send (struct socket *s)
{
    int events = 0;
    size_t size = sizeof events;
    zmq_getsockopt (s->zmq, ZMQ_EVENTS, &events, &size);
    s->news = events & ZMQ_POLLIN;
    return events & ZMQ_POLLOUT;
}

/* ---- parcels ---------------------------------------------------------------------------------------------------- */

/* zmq_msg_t must not be moved by copying its bytes, so growing moves each with zmq_msg_move. */
static void
grow (struct parcel *p)
{
    size_t cap = p->cap ? p->cap * 2 : 16;
    zmq_msg_t *messages = xcalloc (cap, sizeof *messages), *old = p->messages;
    for (size_t i = 0; i < p->len; i++) {
        zmq_msg_init (&messages[i]);
        zmq_msg_move (&messages[i], &old[i]);
        p->frames[i].data = zmq_msg_data (&messages[i]);
    }
    free (old);
    p->messages = messages;
    p->frames = xrealloc (p->frames, cap * sizeof *p->frames);
    p->cap = cap;
}

static void
drop_frames (struct parcel *p)
{
    zmq_msg_t *messages = p->messages;
    for (size_t i = 0; i < p->len; i++)
        zmq_msg_close (&messages[i]);
    p->len = 0;
}

void
parcel_clear (struct parcel *p)
{
    drop_frames (p);
    free (p->messages);
    free (p->frames);
    *p = (struct parcel){ 0 };
}

void
parcel_address (struct parcel *p, const wire_frame *identities, size_t n)
{
    while (p->cap < p->len + n)
        grow (p);
    zmq_msg_t *messages = p->messages;
    for (size_t i = p->len; i-- > 0;) {
        zmq_msg_init (&messages[i + n]);
        zmq_msg_move (&messages[i + n], &messages[i]);
        zmq_msg_close (&messages[i]);
    }
    for (size_t i = 0; i < n; i++) {
        zmq_msg_init_size (&messages[i], identities[i].len);
        memcpy (zmq_msg_data (&messages[i]), identities[i].data, identities[i].len);
    }
    p->len += n;
    for (size_t i = 0; i < p->len; i++)
        p->frames[i] = (wire_frame){ zmq_msg_data (&messages[i]), zmq_msg_size (&messages[i]) };
}

bool
socket_receive (struct socket *s, struct parcel *p)
{
    drop_frames (p);
    if (!s->news)
        return false;
    for (bool more = true; more;) {
        if (p->len == p->cap)
            grow (p);
        zmq_msg_t *message = (zmq_msg_t *) p->messages + p->len;
        zmq_msg_init (message);
        int got;
        while ((got = zmq_msg_recv (message, s->zmq, ZMQ_DONTWAIT)) < 0 && zmq_errno () == EINTR)
            ;
        if (got < 0) {
            zmq_msg_close (message);
            drop_frames (p);
            s->news = false;
            return false;
        }
        more = zmq_msg_more (message);
        p->frames[p->len++] = (wire_frame){ zmq_msg_data (message), zmq_msg_size (message) };
    }
    return true;
}

void
socket_forward (struct socket *s, struct parcel *p)
{
    zmq_msg_t *messages = p->messages;
    for (size_t i = 0; i < p->len; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < p->len ? ZMQ_SNDMORE : 0), sent;
        while ((sent = zmq_msg_send (&messages[i], s->zmq, flags)) < 0 && zmq_errno () == EINTR)
            ;
        if (sent < 0)
            break;
    }
    s->news = true;
    drop_frames (p);
}

/* What ZeroMQ gives back with the last reference to a counted message's last frame. */
struct ticket {
    zmq_msg_t message; /* that frame as it came in */
    atomic_size_t *queued;
    size_t bytes;
};

static void
give_back (void *data, void *hint)
{
    (void) data;
    struct ticket *t = hint;
    atomic_fetch_sub (t->queued, t->bytes);
    zmq_msg_close (&t->message);
    free (t);
}

/* Small frames lie in the buffer of 8 KiB that ZeroMQ received them in, and keep all of it. */
static void
unpin (struct parcel *p)
{
    zmq_msg_t *messages = p->messages, copy;
    for (size_t i = 0; i < p->len; i++) {
        const wire_frame *f = &p->frames[i];
        if (f->len >= PINNING || zmq_msg_init_size (&copy, f->len) < 0)
            continue;
        if (f->len)
            memcpy (zmq_msg_data (&copy), f->data, f->len);
        zmq_msg_move (&messages[i], &copy);
        zmq_msg_close (&copy);
    }
}

static size_t
size_of (const struct parcel *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->len; i++)
        bytes += p->frames[i].len + 2 * sizeof (zmq_msg_t);
    return bytes;
}

bool
parcel_is_large (const struct parcel *p)
{
    return size_of (p) > LARGE;
}

void
socket_forward_counted (struct socket *s, struct parcel *p)
{
    if (p->len == 0)
        return;
    if (socket_context_queued (s->context, false) > SLOW)
        unpin (p);
    struct ticket *t = xcalloc (1, sizeof *t);
    t->queued = &s->context->queued[parcel_is_large (p)];
    t->bytes = size_of (p);
    zmq_msg_t *last = (zmq_msg_t *) p->messages + p->len - 1;
    zmq_msg_init (&t->message);
    zmq_msg_move (&t->message, last);
    zmq_msg_close (last);
    atomic_fetch_add (t->queued, t->bytes);
    zmq_msg_init_data (last, zmq_msg_data (&t->message), zmq_msg_size (&t->message), give_back, t);
    socket_forward (s, p);
}

size_t
socket_context_queued (const struct socket_context *c, bool large)
{
    return atomic_load (&c->queued[large]);
}

static void
send_copy (struct socket *s, const wire_frame *f, int more)
{
    while (zmq_send (s->zmq, f->data ? f->data : "", f->len, ZMQ_DONTWAIT | more) < 0 && zmq_errno () == EINTR)
        ;
}

void
socket_send (struct socket *s, const wire_frame *identities, size_t n, const struct wire_draft *d)
{
    for (size_t i = 0; i < n; i++)
        send_copy (s, &identities[i], ZMQ_SNDMORE);
    send_copy (s, &wire_delimiter, ZMQ_SNDMORE);
    send_copy (s, &(wire_frame){ d->signature, strlen (d->signature) }, ZMQ_SNDMORE);
    for (int i = 0; i < WIRE_PARTS; i++)
        send_copy (s, &(wire_frame){ d->parts[i].data, d->parts[i].len }, i + 1 < WIRE_PARTS ? ZMQ_SNDMORE : 0);
    s->news = true;
}
