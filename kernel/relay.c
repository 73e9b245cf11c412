/* See relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/relay.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "kernel/socket.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define HELD_MAX 1000      /* requests kept while the inner kernel starts; then clients wait */
#define BATCH 200          /* messages from one socket before the others have their turn */
#define ROUNDS 10          /* turns before signals and timers have theirs */
#define PROBE_AGAIN 0.01   /* seconds: the reply came, but what was published did not yet */
#define OUTER_LINGER 200   /* ms that a client which stopped reading may hold up our end */

static const char probe_identity[] = "chard-probe";

struct held {
    enum channel channel;
    struct parcel parcel;
};

struct relay {
    struct loop *loop;
    struct inner *inner;
    struct socket_context *zmq;
    struct socket *out[CHANNELS], *in[CHANNELS]; /* in[CHANNEL_HB] is NULL: the heart beats here */
    struct hmac *key;
    struct wire_author author;
    struct parcel parcel;
    json_t *info;          /* content of the inner kernel's kernel_info_reply, or NULL */
    bool info_is_fresh;    /* it was given in this session */
    bool ready;            /* the inner kernel answers, and we hear what it publishes */
    bool heard;            /* something came on iopub */
    unsigned own_requests; /* of ours, whose idle hasn't come: their outcome is not the clients' */
    unsigned in_flight;    /* requests of clients on shell without a reply */
    unsigned dropped;
    struct held *held;
    size_t n_held, cap_held;
    int again, probe;      /* timers */
};

/* ---- what we say ourselves -------------------------------------------------------------------------------------- */

/* Publishes to all clients. */
static void
publish (struct relay *r, const char *type, const json_t *parent, const json_t *content)
{
    struct wire_draft d;
    char topic[64];
    wire_frame identity = { topic, (size_t) snprintf (topic, sizeof topic, "kernel.chard.%s", type) };
    wire_write (&d, &r->author, type, parent, NULL, content);
    socket_send (r->out[CHANNEL_IOPUB], &identity, 1, &d);
    wire_draft_clear (&d);
}

static void
publish_status (struct relay *r, const json_t *parent, const char *state)
{
    json_auto_t *content = json_pack ("{s:s}", "execution_state", state);
    publish (r, "status", parent, content);
}

/* Answers a request on the channel it came from. */
static void
answer (struct relay *r, enum channel channel, const struct wire_message *m, const char *type, const json_t *content)
{
    struct wire_draft d;
    wire_write (&d, &r->author, type, m->header, NULL, content);
    socket_send (r->out[channel], m->identities, m->n_identities, &d);
    wire_draft_clear (&d);
}

/* Asks the inner kernel what it is: its answer shows that it is up, and what it publishes that we hear it. */
static void
probe (void *arg)
{
    struct relay *r = arg;
    struct wire_draft d;
    r->probe = 0;
    wire_write (&d, &r->author, "kernel_info_request", NULL, NULL, NULL);
    socket_send (r->in[CHANNEL_SHELL], &(wire_frame){ probe_identity, sizeof probe_identity - 1 }, 1, &d);
    wire_draft_clear (&d);
    r->own_requests++;
    relay_pump (r);
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static bool
ends_with (const char *s, const char *end)
{
    size_t n = strlen (s), m = strlen (end);
    return n >= m && strcmp (s + n - m, end) == 0;
}

static void
forward_request (struct relay *r, enum channel channel, const struct wire_message *m, struct parcel *p)
{
    if (channel == CHANNEL_SHELL && ends_with (m->type, "_request"))
        r->in_flight++;
    socket_forward (r->in[channel], p);
}

static void
hold (struct relay *r, enum channel channel, struct parcel *p)
{
    if (r->n_held == r->cap_held) {
        r->cap_held = r->cap_held ? 2 * r->cap_held : 16;
        r->held = xrealloc (r->held, r->cap_held * sizeof *r->held);
    }
    r->held[r->n_held++] = (struct held){ channel, *p };
    *p = (struct parcel){ 0 };
}

/* A claim answers a message itself and returns true, or leaves it to the inner kernel. */
struct claim {
    const char *type;
    bool (*answer) (struct relay *r, enum channel channel, const struct wire_message *m);
};

/* Answered here where we know it: at once while the inner kernel starts, and without a detour while it is idle. While
 * it works its own answer tells more: "idle" from us would look like the work's end. */
static bool
claim_kernel_info (struct relay *r, enum channel channel, const struct wire_message *m)
{
    if (!r->info || (r->ready && r->in_flight > 0))
        return false;
    publish_status (r, m->header, "busy");
    answer (r, channel, m, "kernel_info_reply", r->info);
    publish_status (r, m->header, "idle");
    return true;
}

static const struct claim claims[] = {
    { "kernel_info_request", claim_kernel_info },
};

static bool
is_claimed (struct relay *r, enum channel channel, const struct wire_message *m)
{
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        if (strcmp (claims[i].type, m->type) == 0 && claims[i].answer (r, channel, m))
            return true;
    return false;
}

/* Ending must not wait for a kernel that never becomes ready. */
static bool
is_urgent (const struct wire_message *m)
{
    return strcmp (m->type, "shutdown_request") == 0 || strcmp (m->type, "interrupt_request") == 0;
}

static void
tell_dropped (struct relay *r, const char *why)
{
    if (r->dropped++ < 10)
        fprintf (stderr, "chard-kernel: a message was dropped: %s\n", why);
}

static void
on_request (struct relay *r, enum channel channel)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, r->parcel.frames, r->parcel.len, r->author.key, &why)) {
        tell_dropped (r, why);
        return;
    }
    if (!is_claimed (r, channel, &m)) {
        if (!r->ready && !is_urgent (&m) && channel != CHANNEL_STDIN)
            hold (r, channel, &r->parcel);
        else
            forward_request (r, channel, &m, &r->parcel);
    }
    wire_clear (&m);
}

/* ---- the inner kernel's side ------------------------------------------------------------------------------------ */

static void
release_held (struct relay *r)
{
    for (size_t i = 0; i < r->n_held; i++) {
        struct held *h = &r->held[i];
        struct wire_message m;
        const char *why;
        if (wire_read (&m, h->parcel.frames, h->parcel.len, NULL, &why)) {
            if (!is_claimed (r, h->channel, &m))
                forward_request (r, h->channel, &m, &h->parcel);
            wire_clear (&m);
        }
        parcel_clear (&h->parcel);
    }
    r->n_held = 0;
}

static void
note_ready (struct relay *r)
{
    if (r->ready || !r->info_is_fresh)
        return;
    if (r->heard) {
        r->ready = true;
        release_held (r);
    } else if (!r->probe)
        r->probe = loop_add_timer (r->loop, PROBE_AGAIN, probe, r);
}

/* The answer to our own question. */
static void
take_info (struct relay *r)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, r->parcel.frames, r->parcel.len, r->author.key, &why))
        return;
    json_t *content = wire_parse (&m, WIRE_CONTENT);
    if (content && strcmp (m.type, "kernel_info_reply") == 0) {
        if (!r->info || !json_equal (r->info, content))
            inner_keep_info (r->inner, content);
        json_decref (r->info);
        r->info = json_incref (content);
        r->info_is_fresh = true;
    }
    json_decref (content);
    wire_clear (&m);
    note_ready (r);
}

static bool
frame_is (const wire_frame *f, const char *text)
{
    return f->len == strlen (text) && memcmp (f->data, text, f->len) == 0;
}

static void
on_reply (struct relay *r, enum channel channel)
{
    if (r->parcel.len > 0 && frame_is (&r->parcel.frames[0], probe_identity)) {
        take_info (r);
        return;
    }
    if (channel == CHANNEL_SHELL && r->in_flight > 0)
        r->in_flight--;
    socket_forward (r->out[channel], &r->parcel);
}

static bool
frame_has (const wire_frame *f, const char *text)
{
    return f->len && memmem (f->data, f->len, text, strlen (text));
}

/* Whether what was published is not for clients: a welcome, the outcome of our own request, what the kernel printed
 * while it started, which none of its clients would have heard, or that it is starting, which we have said ourselves: a
 * client that has our kernel_info_reply takes what follows for its own requests' outcome. */
static bool
is_private (struct relay *r)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, r->parcel.frames, r->parcel.len, NULL, &why))
        return false;
    bool status = strcmp (m.type, "status") == 0, own = frame_has (&m.parts[WIRE_PARENT], r->author.session);
    bool starting = status && frame_has (&m.parts[WIRE_CONTENT], "\"starting\"");
    if (own && status && frame_has (&m.parts[WIRE_CONTENT], "\"idle\"") && r->own_requests > 0)
        r->own_requests--;
    wire_clear (&m);
    return own || starting || (!r->ready && !status);
}

static void
on_published (struct relay *r, enum channel channel)
{
    bool private = (!r->ready || r->own_requests > 0) && is_private (r);
    r->heard = true;
    if (!private)
        socket_forward (r->out[channel], &r->parcel);
    note_ready (r);
}

/* ---- clients' other sockets ------------------------------------------------------------------------------------- */

/* A new subscription is welcomed (JEP 65): from then on the client misses nothing. */
static void
on_subscription (struct relay *r, enum channel channel)
{
    const wire_frame *f = r->parcel.frames;
    if (r->parcel.len != 1 || f->len < 1 || ((const char *) f->data)[0] != 1)
        return;
    wire_frame topic = { (const char *) f->data + 1, f->len - 1 };
    json_auto_t *content = json_pack ("{s:s%}", "subscription", topic.data, topic.len);
    if (!content) /* not UTF-8 */
        return;
    struct wire_draft d;
    wire_write (&d, &r->author, "iopub_welcome", NULL, NULL, content);
    socket_send (r->out[channel], &topic, topic.len ? 1 : 0, &d);
    wire_draft_clear (&d);
}

static void
on_heartbeat (struct relay *r, enum channel channel)
{
    socket_forward (r->out[channel], &r->parcel);
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

struct route {
    enum channel channel;
    bool from_client;
    void (*take) (struct relay *r, enum channel channel);
};

static const struct route routes[] = {
    { CHANNEL_HB, true, on_heartbeat },
    { CHANNEL_IOPUB, true, on_subscription },
    { CHANNEL_CONTROL, true, on_request },
    { CHANNEL_SHELL, true, on_request },
    { CHANNEL_STDIN, true, on_request },
    { CHANNEL_IOPUB, false, on_published },
    { CHANNEL_STDIN, false, on_reply },
    { CHANNEL_CONTROL, false, on_reply },
    { CHANNEL_SHELL, false, on_reply },
};

/* Clients wait when the inner kernel takes no more. */
static bool
may_take (const struct relay *r, const struct route *route)
{
    bool inward = route->take == on_request;
    return !inward || (socket_can_send (r->in[route->channel]) && r->n_held < HELD_MAX);
}

static bool
pump_route (struct relay *r, const struct route *route)
{
    struct socket *from = route->from_client ? r->out[route->channel] : r->in[route->channel];
    int n = 0;
    while (n < BATCH && may_take (r, route) && socket_receive (from, &r->parcel)) {
        route->take (r, route->channel);
        n++;
    }
    return n > 0;
}

static void
pump_again (void *arg)
{
    struct relay *r = arg;
    r->again = 0;
    relay_pump (r);
}

void
relay_pump (struct relay *r)
{
    bool moved = true;
    for (int round = 0; moved && round < ROUNDS; round++) {
        moved = false;
        for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
            moved |= pump_route (r, &routes[i]);
    }
    if (moved && !r->again)
        r->again = loop_add_timer (r->loop, 0, pump_again, r);
}

static void
on_socket (int fd, short events, void *arg)
{
    (void) fd;
    (void) events;
    relay_pump (arg);
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

static int
listen_outside (struct relay *r, const struct connection *c, struct error *err)
{
    for (int i = 0; i < CHANNELS; i++) {
        struct socket_options o = { .kind = i == CHANNEL_IOPUB ? SOCKET_XPUB : SOCKET_ROUTER,
                                    .curve_public = c->curve_public, .curve_secret = c->curve_secret,
                                    .linger = OUTER_LINGER };
        r->out[i] = socket_open (r->zmq, &o, c->endpoint[i], true, err);
        if (!r->out[i])
            return error_wrap (err, "can't listen where the connection file says");
        loop_add_fd (r->loop, socket_fd (r->out[i]), POLLIN, on_socket, r);
    }
    return 0;
}

static int
connect_inside (struct relay *r, const struct connection *c, struct error *err)
{
    for (int i = 0; i < CHANNELS; i++) {
        struct socket_options o = { .kind = i == CHANNEL_IOPUB ? SOCKET_SUB : SOCKET_DEALER,
                                    .identity = i == CHANNEL_IOPUB ? NULL : "chard", .linger = 0 };
        if (i == CHANNEL_HB)
            continue;
        r->in[i] = socket_open (r->zmq, &o, c->endpoint[i], false, err);
        if (!r->in[i])
            return -1;
        loop_add_fd (r->loop, socket_fd (r->in[i]), POLLIN, on_socket, r);
    }
    return 0;
}

struct relay *
relay_create (struct loop *l, const struct connection *outer, struct inner *inner, struct error *err)
{
    struct relay *r = xcalloc (1, sizeof *r);
    r->loop = l;
    r->inner = inner;
    r->zmq = socket_context_create ();
    r->key = outer->key[0] ? hmac_create (outer->key, strlen (outer->key)) : NULL;
    r->info = inner_recall_info (inner);
    wire_author_init (&r->author, r->key);
    if (listen_outside (r, outer, err) < 0 || connect_inside (r, &inner->connection, err) < 0) {
        relay_destroy (r);
        return NULL;
    }
    json_auto_t *starting = json_pack ("{s:s}", "execution_state", "starting");
    publish (r, "status", NULL, starting);
    probe (r);
    return r;
}

bool
relay_is_ready (const struct relay *r)
{
    return r->ready;
}

const json_t *
relay_info (const struct relay *r)
{
    return r->info;
}

static void
close_sockets (struct relay *r, struct socket **sockets)
{
    for (int i = 0; i < CHANNELS; i++) {
        if (sockets[i])
            loop_remove_fd (r->loop, socket_fd (sockets[i]));
        socket_close (sockets[i]);
    }
}

void
relay_destroy (struct relay *r)
{
    if (!r)
        return;
    loop_remove_timer (r->loop, r->again);
    loop_remove_timer (r->loop, r->probe);
    for (size_t i = 0; i < r->n_held; i++)
        parcel_clear (&r->held[i].parcel);
    free (r->held);
    parcel_clear (&r->parcel);
    close_sockets (r, r->in);
    close_sockets (r, r->out);
    socket_context_destroy (r->zmq);
    hmac_destroy (r->key);
    json_decref (r->info);
    free (r);
}
