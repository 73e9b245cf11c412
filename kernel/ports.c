/* See ports.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/ports.h"

#include <poll.h>

#define BATCH 200        /* messages from one socket before the others have their turn */
#define ROUNDS 10        /* turns before signals and timers have theirs */
#define OUTER_LINGER 200 /* ms that a client which stopped reading may hold up our end */

/* ---- turns ------------------------------------------------------------------------------------------------------ */

enum direction { HEARTBEAT, REQUEST, REPLY, PUBLISHED };

/* In the order in which they have their turns. */
static const struct route {
    enum channel channel;
    enum direction direction;
} routes[] = {
    { CHANNEL_HB, HEARTBEAT },
    { CHANNEL_CONTROL, REQUEST },
    { CHANNEL_SHELL, REQUEST },
    { CHANNEL_STDIN, REQUEST },
    { CHANNEL_IOPUB, PUBLISHED },
    { CHANNEL_STDIN, REPLY },
    { CHANNEL_CONTROL, REPLY },
    { CHANNEL_SHELL, REPLY },
};

static struct socket *
source (const struct ports *p, const struct route *route)
{
    bool from_client = route->direction == HEARTBEAT || route->direction == REQUEST;
    return from_client ? p->out[route->channel] : p->in[route->channel];
}

/* Clients wait when the inner kernel takes no more. */
static bool
may_take (const struct ports *p, const struct route *route)
{
    return route->direction != REQUEST
           || (p->reader.may_request (p->reader.arg) && socket_can_send (p->in[route->channel]));
}

static void
take (struct ports *p, const struct route *route)
{
    const struct ports_reader *r = &p->reader;
    switch (route->direction) {
    case HEARTBEAT: socket_forward (p->out[route->channel], &p->parcel); break;
    case REQUEST: r->request (r->arg, route->channel, &p->parcel); break;
    case REPLY: r->reply (r->arg, route->channel, &p->parcel); break;
    case PUBLISHED: r->published (r->arg, route->channel, &p->parcel); break;
    }
}

static bool
pump_route (struct ports *p, const struct route *route)
{
    struct socket *from = source (p, route);
    int n = 0;
    while (n < BATCH && socket_has_news (from) && may_take (p, route) && socket_receive (from, &p->parcel)) {
        take (p, route);
        n++;
    }
    return n > 0;
}

static void
pump (struct ports *p)
{
    bool moved = true;
    if (p->pumping || !p->reader.arg)
        return;
    p->pumping = true;
    p->reader.turn (p->reader.arg);
    for (int round = 0; moved && round < ROUNDS; round++) {
        moved = false;
        for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
            moved |= pump_route (p, &routes[i]);
    }
    p->reader.turn (p->reader.arg); /* sending may have taken in that somebody subscribed */
    p->pumping = false;
    if (moved)
        ports_pump_soon (p);
}

void
ports_pump (struct ports *p)
{
    for (int i = 0; i < CHANNELS; i++) {
        socket_wake (p->out[i]);
        if (p->in[i])
            socket_wake (p->in[i]);
    }
    pump (p);
}

static void
pump_again (void *arg)
{
    struct ports *p = arg;
    p->again = 0;
    pump (p);
}

void
ports_pump_soon (struct ports *p)
{
    if (!p->pumping && !p->again)
        p->again = loop_add_timer (p->loop, 0, pump_again, p);
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static void
wake_where (struct socket **sockets, int fd)
{
    for (int i = 0; i < CHANNELS; i++)
        if (sockets[i] && socket_fd (sockets[i]) == fd)
            socket_wake (sockets[i]);
}

static void
on_socket (int fd, short events, void *arg)
{
    (void) events;
    struct ports *p = arg;
    wake_where (p->out, fd);
    wake_where (p->in, fd);
    pump (p);
}

int
ports_listen (struct ports *p, struct loop *l, const struct connection *outer, struct error *err)
{
    *p = (struct ports){ .loop = l, .zmq = socket_context_create () };
    for (int i = 0; i < CHANNELS; i++) {
        struct socket_options o = { .kind = i == CHANNEL_IOPUB ? SOCKET_XPUB : SOCKET_ROUTER,
                                    .curve_public = outer->curve_public, .curve_secret = outer->curve_secret,
                                    .linger = OUTER_LINGER };
        p->out[i] = socket_open (p->zmq, &o, outer->endpoint[i], true, err);
        if (!p->out[i])
            return error_wrap (err, "can't listen where the connection file says");
        loop_add_fd (l, socket_fd (p->out[i]), POLLIN, on_socket, p);
    }
    return 0;
}

int
ports_connect (struct ports *p, const struct connection *inner, const struct ports_reader *reader, struct error *err)
{
    for (int i = 0; i < CHANNELS; i++) {
        struct socket_options o = { .kind = i == CHANNEL_IOPUB ? SOCKET_SUB : SOCKET_DEALER,
                                    .identity = i == CHANNEL_IOPUB ? NULL : "chard", .linger = 0 };
        if (i == CHANNEL_HB)
            continue;
        p->in[i] = socket_open (p->zmq, &o, inner->endpoint[i], false, err);
        if (!p->in[i])
            return -1;
        loop_add_fd (p->loop, socket_fd (p->in[i]), POLLIN, on_socket, p);
    }
    p->reader = *reader;
    return 0;
}

static void
close_all (struct ports *p, struct socket **sockets)
{
    for (int i = 0; i < CHANNELS; i++) {
        if (sockets[i])
            loop_remove_fd (p->loop, socket_fd (sockets[i]));
        socket_close (sockets[i]);
        sockets[i] = NULL;
    }
}

void
ports_close (struct ports *p)
{
    if (p->loop)
        loop_remove_timer (p->loop, p->again);
    parcel_clear (&p->parcel);
    close_all (p, p->in);
    close_all (p, p->out);
    socket_context_destroy (p->zmq);
    *p = (struct ports){ 0 };
}
