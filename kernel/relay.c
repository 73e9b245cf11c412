/* See relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/relay.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "kernel/pending.h"
#include "kernel/socket.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define HELD_MAX 1000      /* requests kept while the inner kernel starts; then clients wait */
#define BATCH 200          /* messages from one socket before the others have their turn */
#define ROUNDS 10          /* turns before signals and timers have theirs */
#define PROBE_AGAIN 0.01   /* seconds: the reply came, but what was published did not yet */
#define QUEUE_MAX (512 << 20) /* bytes of outputs that wait for clients who don't read */
#define TRIM_ABOVE (16 << 20) /* bytes queued that make it worth while to give memory back afterwards */
#define OUTER_LINGER 200   /* ms that a client which stopped reading may hold up our end */

/* Replies to what we ask ourselves come back with this and the question's number. */
static const char asker[] = "chard-ask-";

struct question {
    unsigned number;   /* the asking socket's name ends with it */
    unsigned message;  /* its msg_id ends with it */
    json_t *reply;     /* content, once it came */
    bool settled;      /* all that was published before and with it has come */
    relay_asked_fn done;
    void *arg;
};

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
    struct parcel parcel, subscription;
    json_t *info;          /* content of the inner kernel's kernel_info_reply, or NULL */
    bool info_is_fresh;    /* it was given in this session */
    bool ready;            /* the inner kernel answers, and we hear what it publishes */
    bool pumping;
    bool heard;            /* something came on iopub */
    unsigned own_requests; /* of ours, whose idle hasn't come: their outcome is not the clients' */
    struct pending pending; /* requests of clients on shell without a reply */
    unsigned taken;         /* and those that a hook has taken */
    bool swollen;          /* much was queued, and memory not yet given back */
    unsigned dropped, unread; /* messages that came in wrong; outputs that clients didn't read */
    struct held *held;
    size_t n_held, cap_held;
    struct relay_hooks hooks;
    bool watching;         /* the hooks see what the inner kernel says */
    struct question *asked;
    size_t n_asked;
    unsigned questions;    /* asked so far */
    void (*interrupted) (void *arg);
    void *interrupted_arg;
    int again, probe;      /* timers */
};

static void pump_soon (struct relay *r);

/* ---- what we say ourselves -------------------------------------------------------------------------------------- */

/* Welcomes those who have subscribed since (JEP 65): from then on the client misses nothing. Call it before anything is
 * published, so that the welcome is the first that a client hears. */
static void
welcome_subscribers (struct relay *r)
{
    while (socket_receive (r->out[CHANNEL_IOPUB], &r->subscription)) {
        const wire_frame *f = r->subscription.frames;
        if (r->subscription.len != 1 || f->len < 1 || ((const char *) f->data)[0] != 1)
            continue;
        wire_frame topic = { (const char *) f->data + 1, f->len - 1 };
        json_auto_t *content = json_pack ("{s:s%}", "subscription", topic.data, topic.len);
        if (!content) /* not UTF-8 */
            continue;
        struct wire_draft d;
        wire_write (&d, &r->author, "iopub_welcome", NULL, NULL, content);
        socket_send (r->out[CHANNEL_IOPUB], &topic, topic.len ? 1 : 0, &d);
        wire_draft_clear (&d);
    }
}

/* Publishes to all clients. */
static void
publish (struct relay *r, const char *type, const json_t *parent, const json_t *content)
{
    struct wire_draft d;
    char topic[64];
    wire_frame identity = { topic, (size_t) snprintf (topic, sizeof topic, "kernel.chard.%s", type) };
    wire_write (&d, &r->author, type, parent, NULL, content);
    welcome_subscribers (r);
    socket_send (r->out[CHANNEL_IOPUB], &identity, 1, &d);
    wire_draft_clear (&d);
    pump_soon (r);
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

static void
ask (struct relay *r, const char *type, const json_t *content, bool settled, relay_asked_fn done, void *arg)
{
    struct wire_draft d;
    char identity[32];
    struct question q = { .number = r->questions++, .message = r->author.count, .settled = settled, .done = done, .arg = arg };
    wire_frame sender = { identity, (size_t) snprintf (identity, sizeof identity, "%s%u", asker, q.number) };
    r->asked = xrealloc (r->asked, (r->n_asked + 1) * sizeof *r->asked);
    r->asked[r->n_asked++] = q;
    wire_write (&d, &r->author, type, NULL, NULL, content);
    socket_send (r->in[CHANNEL_SHELL], &sender, 1, &d);
    wire_draft_clear (&d);
    r->own_requests++;
    pump_soon (r);
}

void
relay_ask (struct relay *r, const char *type, const json_t *content, relay_asked_fn done, void *arg)
{
    ask (r, type, content, false, done, arg);
}

static void take_info (const json_t *content, void *arg);

/* Asks the inner kernel what it is: its answer shows that it is up, and what it publishes that we hear it. */
static void
probe (void *arg)
{
    struct relay *r = arg;
    r->probe = 0;
    ask (r, "kernel_info_request", NULL, true, take_info, r); /* what it publishes may not reach us yet */
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static void
forward_request (struct relay *r, enum channel channel, const struct wire_message *m, struct parcel *p)
{
    if (r->hooks.request && r->hooks.request (r->hooks.arg, channel, m, p))
        return;
    if (channel == CHANNEL_SHELL)
        pending_add (&r->pending, m);
    if (r->interrupted && strcmp (m->type, "interrupt_request") == 0)
        r->interrupted (r->interrupted_arg);
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
    if (!r->info || (r->ready && r->pending.len + r->taken > 0))
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
        if (r->hooks.ready)
            r->hooks.ready (r->hooks.arg);
        release_held (r);
    } else if (!r->probe)
        r->probe = loop_add_timer (r->loop, PROBE_AGAIN, probe, r);
}

static void
take_info (const json_t *content, void *arg)
{
    struct relay *r = arg;
    if (!content)
        return;
    if (!r->info || !json_equal (r->info, content))
        inner_keep_info (r->inner, content);
    json_decref (r->info);
    r->info = json_deep_copy (content);
    r->info_is_fresh = true;
    note_ready (r);
}

/* Tells who asked, once reply and idle have both come: they come through different sockets. */
static void
conclude (struct relay *r, size_t i)
{
    struct question q = r->asked[i];
    if (!q.reply || !q.settled)
        return;
    memmove (&r->asked[i], &r->asked[i + 1], (--r->n_asked - i) * sizeof *r->asked);
    q.done (q.reply, q.arg);
    json_decref (q.reply);
}

/* The answer to our own question. */
static void
take_answer (struct relay *r, unsigned number)
{
    struct wire_message m;
    const char *why;
    size_t i = 0;
    while (i < r->n_asked && r->asked[i].number != number)
        i++;
    if (i == r->n_asked || r->asked[i].reply
        || !wire_read (&m, r->parcel.frames, r->parcel.len, r->author.key, &why))
        return;
    r->asked[i].reply = wire_parse (&m, WIRE_CONTENT);
    wire_clear (&m);
    conclude (r, i);
}

/* The idle of a question of ours, by the msg_id that its parent has. */
static void
settle_question (struct relay *r, const struct wire_message *m)
{
    json_auto_t *parent = wire_parse (m, WIRE_PARENT);
    const char *id = json_string_value (json_object_get (parent, "msg_id")), *end = id ? strrchr (id, '_') : NULL;
    unsigned message;
    if (!end || sscanf (end + 1, "%u", &message) != 1)
        return;
    for (size_t i = 0; i < r->n_asked; i++)
        if (r->asked[i].message == message) {
            r->asked[i].settled = true;
            conclude (r, i);
            return;
        }
}

static bool
is_ours (const wire_frame *identity, unsigned *number)
{
    char digits[12] = "";
    size_t n = sizeof asker - 1;
    if (identity->len <= n || identity->len - n >= sizeof digits || memcmp (identity->data, asker, n) != 0)
        return false;
    memcpy (digits, (const char *) identity->data + n, identity->len - n);
    return sscanf (digits, "%u", number) == 1;
}

static bool
is_taken_by_hook (struct relay *r, enum channel channel)
{
    struct wire_message m;
    const char *why;
    if (!r->watching || !wire_read (&m, r->parcel.frames, r->parcel.len, NULL, &why))
        return false;
    bool taken = channel == CHANNEL_IOPUB ? r->hooks.published (r->hooks.arg, &m) : r->hooks.reply (r->hooks.arg, &m);
    wire_clear (&m);
    return taken;
}

static void
settle (struct relay *r)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, r->parcel.frames, r->parcel.len, NULL, &why))
        return;
    pending_settle (&r->pending, &m);
    wire_clear (&m);
}

static void
on_reply (struct relay *r, enum channel channel)
{
    unsigned number;
    if (r->parcel.len > 0 && is_ours (&r->parcel.frames[0], &number)) {
        take_answer (r, number);
        return;
    }
    if (channel == CHANNEL_SHELL && is_taken_by_hook (r, channel))
        return;
    if (channel == CHANNEL_SHELL && r->pending.len > 0)
        settle (r);
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
    if (own && status && frame_has (&m.parts[WIRE_CONTENT], "\"idle\"")) {
        if (r->own_requests > 0)
            r->own_requests--;
        settle_question (r, &m);
    }
    wire_clear (&m);
    return own || starting || (!r->ready && !status);
}

/* Whether clients may still be given this: one that has stopped reading must not cost all memory. What they wait for,
 * a status, they get in any case. */
static bool
fits (struct relay *r)
{
    struct wire_message m;
    const char *why;
    if (socket_context_queued (r->zmq) < QUEUE_MAX)
        return true;
    bool status = wire_read (&m, r->parcel.frames, r->parcel.len, NULL, &why);
    if (status) {
        status = strcmp (m.type, "status") == 0;
        wire_clear (&m);
    }
    if (!status && r->unread++ == 0)
        fprintf (stderr, "chard-kernel: a client has stopped reading; with %d MB of outputs waiting for it, further ones "
                         "are dropped\n", QUEUE_MAX >> 20);
    return status;
}

/* Gives memory back to the system when a long queue is through. */
static void
trim (struct relay *r)
{
    size_t queued = socket_context_queued (r->zmq);
    if (queued > TRIM_ABOVE)
        r->swollen = true;
    else if (r->swollen && queued == 0) {
        malloc_trim (0);
        r->swollen = false;
    }
}

static void
on_published (struct relay *r, enum channel channel)
{
    bool private = (!r->ready || r->own_requests > 0) && is_private (r);
    r->heard = true;
    if (!private && !is_taken_by_hook (r, channel) && fits (r)) {
        welcome_subscribers (r);
        socket_forward_counted (r->out[channel], &r->parcel);
    }
    trim (r);
    note_ready (r);
}

/* ---- for patience.c --------------------------------------------------------------------------------------------- */

const json_t *
relay_cell (const struct relay *r)
{
    return pending_cell (&r->pending);
}

static void
publish_error (struct relay *r, const json_t *cell, const char *text)
{
    cleanup_strbuf struct strbuf line = { 0 };
    strbuf_addf (&line, "%s\n", text);
    json_auto_t *content = json_pack ("{s:s, s:s}", "name", "stderr", "text", strbuf_str (&line));
    publish (r, "stream", cell, content);
}

void
relay_tell (struct relay *r, const char *text)
{
    if (relay_cell (r))
        publish_error (r, relay_cell (r), text);
    for (size_t i = 0; i < r->n_held; i++) {
        struct wire_message m;
        const char *why;
        if (!wire_read (&m, r->held[i].parcel.frames, r->held[i].parcel.len, NULL, &why))
            continue;
        if (strcmp (m.type, "execute_request") == 0)
            publish_error (r, m.header, text);
        wire_clear (&m);
    }
}

void
relay_on_interrupt (struct relay *r, void (*interrupted) (void *arg), void *arg)
{
    r->interrupted = interrupted;
    r->interrupted_arg = arg;
}

/* ---- for the hooks ---------------------------------------------------------------------------------------------- */

void
relay_set_hooks (struct relay *r, const struct relay_hooks *hooks)
{
    r->hooks = *hooks;
}

void
relay_watch (struct relay *r, bool on)
{
    r->watching = on;
}

struct origin
origin_copy (const struct wire_message *m)
{
    struct origin o = { xcalloc (m->n_identities ? m->n_identities : 1, sizeof (wire_frame)), m->n_identities,
                        json_incref (m->header) };
    for (size_t i = 0; i < m->n_identities; i++) {
        void *copy = xmalloc (m->identities[i].len + 1);
        memcpy (copy, m->identities[i].data, m->identities[i].len);
        o.identities[i] = (wire_frame){ copy, m->identities[i].len };
    }
    return o;
}

void
origin_clear (struct origin *o)
{
    for (size_t i = 0; i < o->n_identities; i++)
        free ((void *) o->identities[i].data);
    free (o->identities);
    json_decref (o->header);
    *o = (struct origin){ 0 };
}

void
relay_publish (struct relay *r, const char *type, const json_t *header, const json_t *content)
{
    publish (r, type, header, content);
}

void
relay_answer (struct relay *r, const struct origin *to, const char *type, const json_t *content)
{
    struct wire_draft d;
    wire_write (&d, &r->author, type, to->header, NULL, content);
    socket_send (r->out[CHANNEL_SHELL], to->identities, to->n_identities, &d);
    wire_draft_clear (&d);
    pump_soon (r);
}

void
relay_impersonate (struct relay *r, const struct origin *as, const char *type, const json_t *content)
{
    struct wire_draft d;
    wire_write (&d, &r->author, type, NULL, NULL, content);
    cleanup_free char *header = json_dumps (as->header, JSON_COMPACT);
    wire_draft_replace (&d, &r->author, WIRE_HEADER, header);
    socket_send (r->in[CHANNEL_SHELL], as->identities, as->n_identities, &d);
    wire_draft_clear (&d);
    pump_soon (r);
}

void
relay_resume (struct relay *r, enum channel channel, struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (channel == CHANNEL_SHELL && wire_read (&m, p->frames, p->len, NULL, &why)) {
        pending_add (&r->pending, &m);
        wire_clear (&m);
    }
    socket_forward (r->in[channel], p);
    pump_soon (r);
}

void
relay_count_taken (struct relay *r, int change)
{
    r->taken += (unsigned) change;
}

/* ---- clients' other sockets ------------------------------------------------------------------------------------- */

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

/* After something was sent from outside the pump: sockets tell of changes only. */
static void
pump_soon (struct relay *r)
{
    if (!r->pumping && !r->again)
        r->again = loop_add_timer (r->loop, 0, pump_again, r);
}

void
relay_pump (struct relay *r)
{
    bool moved = true;
    if (r->pumping)
        return;
    r->pumping = true;
    welcome_subscribers (r);
    for (int round = 0; moved && round < ROUNDS; round++) {
        moved = false;
        for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
            moved |= pump_route (r, &routes[i]);
    }
    r->pumping = false;
    if (moved)
        pump_soon (r);
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
relay_create (struct loop *l, const struct connection *outer, struct error *err)
{
    struct relay *r = xcalloc (1, sizeof *r);
    r->loop = l;
    r->zmq = socket_context_create ();
    r->key = outer->key[0] ? hmac_create (outer->key, strlen (outer->key)) : NULL;
    wire_author_init (&r->author, r->key);
    if (listen_outside (r, outer, err) == 0)
        return r;
    relay_destroy (r);
    return NULL;
}

int
relay_connect (struct relay *r, struct inner *inner, struct error *err)
{
    r->inner = inner;
    r->info = inner_recall_info (inner);
    if (connect_inside (r, &inner->connection, err) < 0)
        return -1;
    json_auto_t *starting = json_pack ("{s:s}", "execution_state", "starting");
    publish (r, "status", NULL, starting);
    probe (r);
    return 0;
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
    parcel_clear (&r->subscription);
    for (size_t i = 0; i < r->n_asked; i++) {
        r->asked[i].done (NULL, r->asked[i].arg);
        json_decref (r->asked[i].reply);
    }
    free (r->asked);
    pending_clear (&r->pending);
    close_sockets (r, r->in);
    close_sockets (r, r->out);
    socket_context_destroy (r->zmq);
    hmac_destroy (r->key);
    json_decref (r->info);
    free (r);
}
