/* See relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/relay.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "kernel/askers.h"
#include "kernel/backlog.h"
#include "kernel/pending.h"
#include "kernel/question.h"
#include "kernel/voice.h"
#include "kernel/waiting.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define HELD_MAX 1000      /* requests kept while the inner kernel starts; then clients wait */
#define BATCH 200          /* messages from one socket before the others have their turn */
#define ROUNDS 10          /* turns before signals and timers have theirs */
#define PROBE_AGAIN 0.01   /* seconds: the reply came, but what was published did not yet */
#define OUTER_LINGER 200   /* ms that a client which stopped reading may hold up our end */

struct relay {
    struct loop *loop;
    struct inner *inner;
    struct socket_context *zmq;
    struct socket *out[CHANNELS], *in[CHANNELS]; /* in[CHANNEL_HB] is NULL: the heart beats here */
    struct hmac *key;
    struct voice voice;
    struct questions questions;
    struct parcel parcel;
    json_t *info;          /* content of the inner kernel's kernel_info_reply, or NULL */
    bool info_is_fresh;    /* it was given in this session */
    bool ready;            /* the inner kernel answers, and we hear what it publishes */
    bool pumping;
    bool heard;            /* something came on iopub */
    struct askers askers;
    struct pending pending; /* requests of clients on shell without a reply */
    unsigned taken;         /* and those that a hook has taken */
    struct backlog backlog;
    unsigned dropped;      /* messages that came in wrong */
    struct waiting held;    /* requests that came before it was ready */
    struct relay_hooks hooks;
    bool watching;         /* the hooks see what the inner kernel says */
    void (*interrupted) (void *arg);
    void *interrupted_arg;
    int again, probe;      /* timers */
};

static void pump_soon (struct relay *r);

/* ---- our own questions ------------------------------------------------------------------------------------------ */

static void
ask (struct relay *r, const char *type, const json_t *content, bool settled, relay_asked_fn done, void *arg)
{
    questions_ask (&r->questions, &r->voice, type, content, settled, done, arg);
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
    askers_note (&r->askers, m->identities, m->n_identities, m->header);
    if (r->interrupted && strcmp (m->type, "interrupt_request") == 0)
        r->interrupted (r->interrupted_arg);
    socket_forward (r->in[channel], p);
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
    voice_status (&r->voice, m->header, "busy");
    voice_answer (&r->voice, channel, m->identities, m->n_identities, m->header, "kernel_info_reply", r->info);
    voice_status (&r->voice, m->header, "idle");
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
    if (!wire_read (&m, r->parcel.frames, r->parcel.len, r->key, &why)) {
        tell_dropped (r, why);
        return;
    }
    if (!is_claimed (r, channel, &m)) {
        if (!r->ready && !is_urgent (&m) && channel != CHANNEL_STDIN)
            waiting_add (&r->held, channel, &r->parcel);
        else
            forward_request (r, channel, &m, &r->parcel);
    }
    wire_clear (&m);
}

/* ---- the inner kernel's side ------------------------------------------------------------------------------------ */

static void
release_held (struct relay *r)
{
    struct waiting held = r->held;
    r->held = (struct waiting){ 0 };
    for (size_t i = 0; i < held.len; i++) {
        struct waiting_request *q = &held.all[i];
        struct wire_message m;
        if (!waiting_read (q, &m))
            continue;
        if (!is_claimed (r, q->channel, &m))
            forward_request (r, q->channel, &m, &q->parcel);
        wire_clear (&m);
    }
    waiting_clear (&held);
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
    askers_address (&r->askers, &r->parcel);
    if (questions_take_reply (&r->questions, &r->voice, &r->parcel))
        return;
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
    bool status = strcmp (m.type, "status") == 0, own = frame_has (&m.parts[WIRE_PARENT], r->voice.author.session);
    bool starting = status && frame_has (&m.parts[WIRE_CONTENT], "\"starting\"");
    if (own && status && frame_has (&m.parts[WIRE_CONTENT], "\"idle\""))
        questions_take_idle (&r->questions, &m);
    wire_clear (&m);
    return own || starting || (!r->ready && !status);
}

static void
on_published (struct relay *r, enum channel channel)
{
    bool private = (!r->ready || r->questions.silent > 0) && is_private (r);
    r->heard = true;
    if (!private && !is_taken_by_hook (r, channel) && backlog_admits (&r->backlog, &r->parcel)) {
        voice_welcome (&r->voice);
        socket_forward_counted (r->out[channel], &r->parcel);
    }
    backlog_trim (&r->backlog);
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
    relay_publish (r, "stream", cell, content);
}

void
relay_tell (struct relay *r, const char *text)
{
    if (relay_cell (r))
        publish_error (r, relay_cell (r), text);
    for (size_t i = 0; i < r->held.len; i++) {
        struct wire_message m;
        if (!waiting_read (&r->held.all[i], &m))
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

void
relay_publish (struct relay *r, const char *type, const json_t *header, const json_t *content)
{
    voice_publish (&r->voice, type, header, content);
    pump_soon (r);
}

void
relay_answer (struct relay *r, const struct origin *to, const char *type, const json_t *content)
{
    voice_answer (&r->voice, CHANNEL_SHELL, to->identities, to->n_identities, to->header, type, content);
    pump_soon (r);
}

void
relay_impersonate (struct relay *r, const struct origin *as, const char *type, const json_t *content)
{
    voice_request (&r->voice, as->identities, as->n_identities, as->header, type, content);
    pump_soon (r);
}

void
relay_resume (struct relay *r, enum channel channel, struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (channel == CHANNEL_SHELL && wire_read (&m, p->frames, p->len, NULL, &why)) {
        pending_add (&r->pending, &m);
        askers_note (&r->askers, m.identities, m.n_identities, m.header);
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
    return !inward || (socket_can_send (r->in[route->channel]) && r->held.len < HELD_MAX);
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
    voice_welcome (&r->voice);
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
    r->backlog.zmq = r->zmq;
    r->key = outer->key[0] ? hmac_create (outer->key, strlen (outer->key)) : NULL;
    voice_init (&r->voice, r->key, r->out, r->in, &r->askers);
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
    voice_status (&r->voice, NULL, "starting");
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
    waiting_clear (&r->held);
    parcel_clear (&r->parcel);
    voice_clear (&r->voice);
    questions_clear (&r->questions);
    pending_clear (&r->pending);
    askers_clear (&r->askers);
    close_sockets (r, r->in);
    close_sockets (r, r->out);
    socket_context_destroy (r->zmq);
    hmac_destroy (r->key);
    json_decref (r->info);
    free (r);
}
