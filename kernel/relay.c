/* See relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/relay.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "kernel/askers.h"
#include "kernel/backlog.h"
#include "kernel/pending.h"
#include "kernel/ports.h"
#include "kernel/question.h"
#include "kernel/voice.h"
#include "kernel/waiting.h"

#include <stdio.h>
#include <string.h>

#define HELD_MAX 1000      /* requests kept while the inner kernel starts; then clients wait */
#define PROBE_AGAIN 0.01   /* seconds: the reply came, but what was published did not yet */

struct relay {
    struct loop *loop;
    struct inner *inner;
    struct ports ports;
    struct hmac *key;
    struct voice voice;
    struct questions questions;
    json_t *info;          /* content of the inner kernel's kernel_info_reply, or NULL */
    bool info_is_fresh;    /* it was given in this session */
    bool ready;            /* the inner kernel answers, and we hear what it publishes */
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
    int probe;             /* timer */
};

/* ---- our own questions ------------------------------------------------------------------------------------------ */

static void
ask (struct relay *r, const char *type, const json_t *content, bool settled, relay_asked_fn done, void *arg)
{
    questions_ask (&r->questions, &r->voice, type, content, settled, done, arg);
    ports_pump_soon (&r->ports);
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
    socket_forward (r->ports.in[channel], p);
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
on_request (void *arg, enum channel channel, struct parcel *p)
{
    struct relay *r = arg;
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, p->frames, p->len, r->key, &why)) {
        tell_dropped (r, why);
        return;
    }
    if (!is_claimed (r, channel, &m)) {
        if (!r->ready && !is_urgent (&m) && channel != CHANNEL_STDIN)
            waiting_add (&r->held, channel, p);
        else
            forward_request (r, channel, &m, p);
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
is_taken_by_hook (struct relay *r, enum channel channel, const struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (!r->watching || !wire_read (&m, p->frames, p->len, NULL, &why))
        return false;
    bool taken = channel == CHANNEL_IOPUB ? r->hooks.published (r->hooks.arg, &m) : r->hooks.reply (r->hooks.arg, &m);
    wire_clear (&m);
    return taken;
}

static void
settle (struct relay *r, const struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, p->frames, p->len, NULL, &why))
        return;
    pending_settle (&r->pending, &m);
    wire_clear (&m);
}

static void
on_reply (void *arg, enum channel channel, struct parcel *p)
{
    struct relay *r = arg;
    askers_address (&r->askers, p);
    if (questions_take_reply (&r->questions, &r->voice, p))
        return;
    if (channel == CHANNEL_SHELL && is_taken_by_hook (r, channel, p))
        return;
    if (channel == CHANNEL_SHELL && r->pending.len > 0)
        settle (r, p);
    socket_forward (r->ports.out[channel], p);
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
is_private (struct relay *r, const struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, p->frames, p->len, NULL, &why))
        return false;
    bool status = strcmp (m.type, "status") == 0, own = frame_has (&m.parts[WIRE_PARENT], r->voice.author.session);
    bool starting = status && frame_has (&m.parts[WIRE_CONTENT], "\"starting\"");
    if (own && status && frame_has (&m.parts[WIRE_CONTENT], "\"idle\""))
        questions_take_idle (&r->questions, &m);
    wire_clear (&m);
    return own || starting || (!r->ready && !status);
}

static void
publish_error (struct relay *r, const json_t *cell, const char *text)
{
    cleanup_strbuf struct strbuf line = { 0 };
    strbuf_addf (&line, "%s\n", text);
    json_auto_t *content = json_pack ("{s:s, s:s}", "name", "stderr", "text", strbuf_str (&line));
    relay_publish (r, "stream", cell, content);
}

/* An output is left out: where it was written, somebody should know. */
static void
excuse (struct relay *r, const struct parcel *p)
{
    struct wire_message m;
    const char *why, *text = backlog_excuse (&r->backlog);
    if (!text || !wire_read (&m, p->frames, p->len, NULL, &why))
        return;
    json_auto_t *cell = wire_parse (&m, WIRE_PARENT);
    publish_error (r, cell, text);
    wire_clear (&m);
}

static void
on_published (void *arg, enum channel channel, struct parcel *p)
{
    struct relay *r = arg;
    bool private = (!r->ready || r->questions.silent > 0) && is_private (r, p);
    r->heard = true;
    if (!private && !is_taken_by_hook (r, channel, p)) {
        if (backlog_admits (&r->backlog, p)) {
            voice_welcome (&r->voice);
            socket_forward_counted (r->ports.out[channel], p);
        } else
            excuse (r, p);
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
    ports_pump_soon (&r->ports);
}

void
relay_answer (struct relay *r, const struct origin *to, const char *type, const json_t *content)
{
    voice_answer (&r->voice, CHANNEL_SHELL, to->identities, to->n_identities, to->header, type, content);
    ports_pump_soon (&r->ports);
}

void
relay_impersonate (struct relay *r, const struct origin *as, const char *type, const json_t *content)
{
    voice_request (&r->voice, as->identities, as->n_identities, as->header, type, content);
    ports_pump_soon (&r->ports);
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
    socket_forward (r->ports.in[channel], p);
    ports_pump_soon (&r->ports);
}

void
relay_count_taken (struct relay *r, int change)
{
    r->taken += (unsigned) change;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

static void
on_turn (void *arg)
{
    struct relay *r = arg;
    voice_welcome (&r->voice);
}

static bool
may_request (void *arg)
{
    const struct relay *r = arg;
    return r->held.len < HELD_MAX;
}

struct relay *
relay_create (struct loop *l, const struct connection *outer, struct error *err)
{
    struct relay *r = xcalloc (1, sizeof *r);
    r->loop = l;
    r->key = outer->key[0] ? hmac_create (outer->key, strlen (outer->key)) : NULL;
    voice_init (&r->voice, r->key, r->ports.out, r->ports.in, &r->askers);
    if (ports_listen (&r->ports, l, outer, err) == 0) {
        r->backlog.zmq = r->ports.zmq;
        return r;
    }
    relay_destroy (r);
    return NULL;
}

int
relay_connect (struct relay *r, struct inner *inner, struct error *err)
{
    r->inner = inner;
    r->info = inner_recall_info (inner);
    struct ports_reader reader = { on_turn, may_request, on_request, on_reply, on_published, r };
    if (ports_connect (&r->ports, &inner->connection, &reader, err) < 0)
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

void
relay_pump (struct relay *r)
{
    ports_pump (&r->ports);
}

void
relay_destroy (struct relay *r)
{
    if (!r)
        return;
    loop_remove_timer (r->loop, r->probe);
    waiting_clear (&r->held);
    voice_clear (&r->voice);
    questions_clear (&r->questions);
    pending_clear (&r->pending);
    askers_clear (&r->askers);
    ports_close (&r->ports);
    hmac_destroy (r->key);
    json_decref (r->info);
    free (r);
}
