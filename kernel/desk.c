/* See desk.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/desk.h"

#include "base/cleanup.h"
#include "kernel/assist.h"
#include "kernel/cell.h"
#include "kernel/cell_parts.h"
#include "kernel/waiting.h"
#include "kernel/warm.h"

#include <string.h>

#define QUEUE_MAX 10000 /* requests that wait */

struct desk {
    struct relay *relay;
    const struct inner *inner;
    struct cell_setting setting;
    struct cell *cell;        /* under way, or NULL */
    struct assist *assist;
    struct screens screens;
    struct warm *warm;
    struct call *background;  /* calls that go on after their cells */
    struct waiting queue;     /* what came meanwhile */
};

static void serve_queue (struct desk *d);

/* ---- the queue -------------------------------------------------------------------------------------------------- */

static bool
is_execution (const struct wire_message *m)
{
    return strcmp (m->type, "execute_request") == 0;
}

static void
answer_aborted (struct desk *d, const struct wire_message *m)
{
    struct origin o = origin_copy (m);
    json_auto_t *aborted = json_pack ("{s:s}", "status", "aborted");
    cell_publish_status (d->relay, o.header, "busy");
    relay_answer (d->relay, &o, "execute_reply", aborted);
    cell_publish_status (d->relay, o.header, "idle");
    origin_clear (&o);
}

/* As a kernel does whose cell failed: what was asked to be executed meanwhile isn't. */
static void
abort_waiting (struct desk *d)
{
    for (size_t i = 0; i < d->queue.len;) {
        struct wire_message m;
        bool readable = waiting_read (&d->queue.all[i], &m), executes = readable && is_execution (&m);
        if (executes)
            answer_aborted (d, &m);
        if (readable)
            wire_clear (&m);
        if (!executes) {
            i++;
            continue;
        }
        struct waiting_request q = waiting_take (&d->queue, i);
        parcel_clear (&q.parcel);
        relay_count_taken (d->relay, -1);
    }
}

/* ---- the cell under way ----------------------------------------------------------------------------------------- */

static void
cell_done (void *arg, bool abort)
{
    struct desk *d = arg;
    d->cell = NULL;
    relay_watch (d->relay, false);
    relay_count_taken (d->relay, -1);
    if (abort)
        abort_waiting (d);
    serve_queue (d);
}

/* Takes the cell if it has calls in it. */
static bool
take_cell (struct desk *d, const struct wire_message *m)
{
    d->cell = cell_start (&d->setting, m, cell_done, d);
    if (!d->cell) {
        helper_tell (d->setting.helper, "count", json_null ()); /* a %chard within a block finds the helper's, which
                                                                   explains */
        return false;
    }
    relay_count_taken (d->relay, 1);
    relay_watch (d->relay, true);
    return true;
}

static bool
on_reply (void *arg, const struct wire_message *m)
{
    struct desk *d = arg;
    return d->cell && cell_take_reply (d->cell, m);
}

static bool
on_published (void *arg, const struct wire_message *m)
{
    struct desk *d = arg;
    return d->cell && cell_take_published (d->cell, m);
}

/* ---- messages on their way -------------------------------------------------------------------------------------- */

/* Goes straight on whatever waits: it changes nothing in the inner kernel. */
static bool
only_asks (const char *type)
{
    static const char *const types[] = { "complete_request", "inspect_request", "is_complete_request",
                                         "history_request", "kernel_info_request", "comm_info_request", NULL };
    for (const char *const *t = types; *t; t++)
        if (strcmp (*t, type) == 0)
            return true;
    return false;
}

/* A subshell works beside the main one, and waits for nothing here. */
static bool
is_of_subshell (const struct wire_message *m)
{
    return json_is_string (json_object_get (m->header, "subshell_id"));
}

/* Behind the cell under way; where more waits than any client means, it is aborted at once. */
static void
enqueue (struct desk *d, enum channel channel, const struct wire_message *m, struct parcel *p)
{
    if (d->queue.len < QUEUE_MAX) {
        waiting_add (&d->queue, channel, p);
        relay_count_taken (d->relay, 1);
    } else if (is_execution (m))
        answer_aborted (d, m);
}

static void
note_cell (struct desk *d, const struct wire_message *m)
{
    bool small = m->parts[WIRE_CONTENT].len <= SESSION_CELL_MAX;
    json_auto_t *content = small ? wire_parse (m, WIRE_CONTENT) : NULL, *metadata = wire_parse (m, WIRE_METADATA);
    if (content || !small)
        session_note (d->setting.session, content, metadata);
    screens_note (&d->screens, m->header, metadata);
}

static bool
on_request (void *arg, enum channel channel, const struct wire_message *m, struct parcel *p)
{
    struct desk *d = arg;
    bool executes = is_execution (m);
    if (channel == CHANNEL_CONTROL) {
        if (strcmp (m->type, "interrupt_request") == 0)
            desk_interrupt (d);
        return false;
    }
    if (channel != CHANNEL_SHELL)
        return false;
    if (assist_take (d->assist, m))
        return true;
    if (executes)
        note_cell (d, m);
    if (d->cell && !is_of_subshell (m) && (executes || (d->queue.len > 0 && !only_asks (m->type)))) {
        enqueue (d, channel, m, p);
        return true;
    }
    const wire_frame *content = &m->parts[WIRE_CONTENT];
    return executes && !d->cell && cell_parts_may_call (content->data, content->len) && take_cell (d, m);
}

static void
serve_queue (struct desk *d)
{
    while (!d->cell && d->queue.len > 0) {
        struct waiting_request q = waiting_take (&d->queue, 0);
        struct wire_message m;
        relay_count_taken (d->relay, -1);
        if (waiting_read (&q, &m)) {
            if (!is_execution (&m) || !take_cell (d, &m))
                relay_resume (d->relay, q.channel, &q.parcel);
            wire_clear (&m);
        }
        parcel_clear (&q.parcel);
    }
}

/* From its first cell on the session is watched, so that commands know of what classes its variables are, and what a
 * command would wait for is got ready. */
static void
on_ready (void *arg)
{
    struct desk *d = arg;
    const char *wanted = getenv (DESK_OBSERVE), *python = d->setting.call.python;
    if (*cell_language (d->relay))
        session_set_language (d->setting.session, cell_language (d->relay));
    if (helper_fits (d->setting.helper) && !(wanted && strcmp (wanted, "0") == 0))
        helper_tell (d->setting.helper, "watch", json_null ());
    d->warm = python ? warm_create (d->setting.call.loop, python, d->inner->dir) : NULL;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

/* The kernel inside is a Python program: what it runs with. */
static const char *
python_of (const struct inner *inner)
{
    const char *program = inner->argv.items[0], *slash = strrchr (program, '/');
    return strncmp (slash ? slash + 1 : program, "python", 6) == 0 ? program : NULL;
}

struct desk *
desk_create (struct loop *l, struct relay *r, const struct inner *inner, const char *notebook)
{
    struct desk *d = xcalloc (1, sizeof *d);
    *d = (struct desk){ .relay = r, .inner = inner };
    d->setting = (struct cell_setting){ .relay = r, .helper = helper_create (r), .session = session_create (notebook) };
    d->setting.call = (struct call_context){ .loop = l, .session = inner->proc.status.pid,
                                             .notebook = d->setting.session,
                                          .dir = inner->dir, .helper = d->setting.helper, .background = &d->background,
                                          .python = python_of (inner) };
    d->assist = assist_create (r, &d->setting.call, &d->screens);
    relay_set_hooks (r, &(struct relay_hooks){ on_request, on_reply, on_published, on_ready, d });
    return d;
}

bool
desk_interrupt (struct desk *d)
{
    return d->cell && cell_interrupt (d->cell);
}

void
desk_destroy (struct desk *d)
{
    if (!d)
        return;
    relay_set_hooks (d->relay, &(struct relay_hooks){ 0 });
    relay_watch (d->relay, false);
    cell_destroy (d->cell);
    call_destroy_background (&d->setting.call);
    relay_count_taken (d->relay, -(int) d->queue.len);
    waiting_clear (&d->queue);
    assist_destroy (d->assist);
    screens_clear (&d->screens);
    warm_destroy (d->warm);
    session_destroy (d->setting.session);
    helper_destroy (d->setting.helper);
    free (d->setting.facts);
    free (d);
}
