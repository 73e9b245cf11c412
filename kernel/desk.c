/* See desk.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/desk.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "kernel/assist.h"
#include "kernel/call.h"
#include "kernel/cell_parts.h"
#include "kernel/helper.h"
#include "kernel/live.h"
#include "kernel/own.h"
#include "kernel/waiting.h"
#include "kernel/warm.h"

#include <string.h>
#include <unistd.h>

#define QUEUE_MAX 10000 /* requests that wait */

/* The cell under way. */
struct cell {
    struct arena *arena;
    struct origin origin;
    const char *id;        /* its request's msg_id, borrowed from the header */
    json_t *request;       /* its content */
    json_t *metadata;
    struct cell_parts parts;
    size_t at;             /* the part under way */
    bool counts;           /* it has entered the history */
    bool replied, idle;    /* the code part under way: its reply came, all that it published came */
    int count;             /* execution count, 0: not known yet */
    json_t *payload;       /* of the parts' replies */
    json_t *expressions;   /* values of user_expressions */
    json_t *error;         /* content of the reply to the part that failed, or NULL */
    struct outlet outlet;
    struct call *call;     /* under way, or NULL */
};

struct desk {
    struct relay *relay;
    struct helper *helper;
    const struct inner *inner;
    struct call_context context;
    struct cell *cell;        /* under way, or NULL */
    struct session *session;
    struct assist *assist;
    struct warm *warm;
    char *facts;              /* path of the file with them, once there are any */
    struct call *background;  /* calls that go on after their cells */
    struct waiting queue;     /* what came meanwhile */
};

static void next_part (struct desk *d);
static void serve_queue (struct desk *d);

/* ---- the queue -------------------------------------------------------------------------------------------------- */

static bool
is_execution (const struct wire_message *m)
{
    return strcmp (m->type, "execute_request") == 0;
}

static void
publish_status (struct desk *d, const json_t *header, const char *state)
{
    json_auto_t *content = json_pack ("{s:s}", "execution_state", state);
    relay_publish (d->relay, "status", header, content);
}

static void
answer_aborted (struct desk *d, const struct wire_message *m)
{
    struct origin o = origin_copy (m);
    json_auto_t *aborted = json_pack ("{s:s}", "status", "aborted");
    publish_status (d, o.header, "busy");
    relay_answer (d->relay, &o, "execute_reply", aborted);
    publish_status (d, o.header, "idle");
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

/* ---- the end of a cell ------------------------------------------------------------------------------------------ */

static bool
flag (const json_t *request, const char *name, bool otherwise)
{
    const json_t *value = json_object_get (request, name);
    return json_is_boolean (value) ? json_is_true (value) : otherwise;
}

static json_t *
reply_content (const struct cell *c)
{
    json_t *reply = c->error ? json_copy (c->error) : json_pack ("{s:s}", "status", "ok");
    json_object_set_new (reply, "execution_count", json_integer (c->count));
    if (!c->error) {
        json_object_set (reply, "payload", c->payload);
        json_object_set (reply, "user_expressions", c->expressions);
    }
    return reply;
}

static void
free_cell (struct cell *c)
{
    if (!c)
        return;
    call_destroy (c->call);
    outlet_clear (&c->outlet);
    origin_clear (&c->origin);
    json_decref (c->request);
    json_decref (c->metadata);
    json_decref (c->payload);
    json_decref (c->expressions);
    json_decref (c->error);
    arena_destroy (c->arena);
    free (c);
}

static const char *
language (const struct desk *d)
{
    const json_t *info = json_object_get (relay_info (d->relay), "language_info");
    const char *name = json_string_value (json_object_get (info, "name"));
    return name ? name : "";
}

static void
finish_cell (struct desk *d)
{
    struct cell *c = d->cell;
    json_auto_t *reply = reply_content (c);
    bool stop = c->error && flag (c->request, "stop_on_error", true);
    if (c->counts) {
        json_auto_t *count = json_integer (c->count);
        helper_tell (d->helper, "end", count);
    }
    relay_answer (d->relay, &c->origin, "execute_reply", reply);
    publish_status (d, c->origin.header, "idle");
    d->cell = NULL;
    relay_watch (d->relay, false);
    relay_count_taken (d->relay, -1);
    free_cell (c);
    if (stop)
        abort_waiting (d);
    serve_queue (d);
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

static void
send_code (struct desk *d, const struct cell_part *part)
{
    struct cell *c = d->cell;
    bool last = c->at + 1 == c->parts.all.len;
    json_auto_t *request = json_copy (c->request);
    c->replied = c->idle = false;
    json_object_set_new (request, "code", json_string (part->code));
    json_object_set_new (request, "store_history", json_false ());
    json_object_set_new (request, "stop_on_error", json_false ());
    if (!last)
        json_object_set_new (request, "user_expressions", json_object ());
    relay_impersonate (d->relay, &c->origin, "execute_request", request);
}

static void
part_done (struct desk *d)
{
    if (d->cell->error)
        d->cell->at = d->cell->parts.all.len;
    else
        d->cell->at++;
    next_part (d);
}

static void
call_done (void *arg, const json_t *error)
{
    struct desk *d = arg;
    struct cell *c = d->cell;
    c->call = NULL;
    if (error) {
        c->error = json_deep_copy (error);
        outlet_error (&c->outlet, error);
    }
    part_done (d);
}

static void
next_part (struct desk *d)
{
    struct cell *c = d->cell;
    if (c->at >= c->parts.all.len) {
        finish_cell (d);
        return;
    }
    const struct cell_part *part = &c->parts.all.items[c->at];
    if (part->kind == PART_CODE)
        send_code (d, part);
    else if (!own_start (&d->context, c->arena, part, &c->outlet, &c->call, call_done, d)
             && !live_start (&d->context, c->arena, part, c->metadata, &c->outlet, &c->call, call_done, d)) {
        struct call *call = call_start (&d->context, part, c->metadata, &c->outlet, call_done, d);
        if (call)
            c->call = call;
    }
}

/* ---- the beginning of a cell ------------------------------------------------------------------------------------ */

static void
begin_cell (struct desk *d)
{
    struct cell *c = d->cell;
    publish_status (d, c->origin.header, "busy");
    json_auto_t *input = json_pack ("{s:O,s:i}", "code", json_object_get (c->request, "code"), "execution_count",
                                    c->count);
    if (!c->outlet.silent)
        relay_publish (d->relay, "execute_input", c->origin.header, input);
    next_part (d);
}

/* VS Code says in the user's namespace which notebook is open. */
static void
note_notebook (struct desk *d, const char *path)
{
    if (path && access (path, R_OK) == 0 && !session_path (d->session)) {
        session_set_path (d->session, path);
        d->cell->outlet.text_only = false;
    }
}

/* What the session saw its cells bind, for the compiler. */
static void
note_facts (struct desk *d, const json_t *cells)
{
    cleanup_free char *text = json_array_size (cells) ? json_dumps (cells, JSON_COMPACT) : NULL;
    if (!text)
        return;
    if (!d->facts)
        d->facts = xasprintf ("%s/facts.json", d->inner->dir);
    d->context.facts = fs_write_unsynced (d->facts, text, strlen (text), NULL) == 0 ? d->facts : NULL;
}

/* The inner kernel is done with what was asked before. */
static void
on_turn (void *arg, const json_t *value, bool aborted, int last)
{
    struct desk *d = arg;
    struct cell *c = d->cell;
    const json_t *count = json_object_get (value, "count");
    if (!c)
        return;
    c->count = count ? (int) json_integer_value (count) : last + 1;
    c->counts = count != NULL;
    note_notebook (d, json_string_value (json_object_get (value, "notebook")));
    note_facts (d, json_object_get (value, "cells"));
    if (!aborted) {
        begin_cell (d);
        return;
    }
    c->error = json_pack ("{s:s}", "status", "aborted");
    c->at = c->parts.all.len;
    publish_status (d, c->origin.header, "busy");
    finish_cell (d);
}

/* Whether text is all that the other end shows: no editor has said a word of itself, yet someone is there to type. */
static bool
is_terminal (const struct desk *d, const struct cell *c)
{
    return !session_path (d->session) && !json_object_get (c->metadata, "cellId")
           && !json_object_get (c->metadata, "chard") && flag (c->request, "allow_stdin", true);
}

/* Takes the cell if it has calls in it. */
static bool
take_cell (struct desk *d, const struct wire_message *m)
{
    json_t *request = wire_parse (m, WIRE_CONTENT);
    const json_t *code = json_object_get (request, "code");
    struct arena *a = arena_create ();
    struct cell_parts parts = { 0 };
    if (json_is_string (code))
        parts = cell_parts_split (a, json_string_value (code), json_string_length (code), language (d));
    if (parts.calls == 0) {
        helper_tell (d->helper, "count", json_null ()); /* a %chard within a block finds the helper's, which explains */
        json_decref (request);
        arena_destroy (a);
        return false;
    }
    struct cell *c = d->cell = xcalloc (1, sizeof *c);
    *c = (struct cell){ .arena = a, .origin = origin_copy (m), .request = request,
                        .metadata = wire_parse (m, WIRE_METADATA), .parts = parts,
                        .payload = json_array (), .expressions = json_object () };
    c->id = json_string_value (json_object_get (c->origin.header, "msg_id"));
    c->outlet = (struct outlet){ d->relay, json_incref (c->origin.header), flag (request, "silent", false),
                                  is_terminal (d, c) };
    relay_count_taken (d->relay, 1);
    relay_watch (d->relay, true);
    bool hidden = c->outlet.silent || !flag (request, "store_history", true);
    helper_ask (d->helper, hidden ? "count" : "begin", code, on_turn, d);
    return true;
}

/* ---- messages on their way -------------------------------------------------------------------------------------- */

/* Goes straight on whatever waits: it changes nothing in the inner kernel. */
static bool
only_asks (const char *type)
{
    static const char *const types[] = { "complete_request", "inspect_request", "is_complete_request", "history_request",
                                         "kernel_info_request", "comm_info_request", NULL };
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
    json_auto_t *content = wire_parse (m, WIRE_CONTENT), *metadata = wire_parse (m, WIRE_METADATA);
    session_note (d->session, content, metadata);
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

/* Whether what the inner kernel says belongs to the code part under way. */
static bool
is_of_cell (const struct desk *d, const struct wire_message *m)
{
    const wire_frame *parent = &m->parts[WIRE_PARENT];
    if (!d->cell || !parent->len || !memmem (parent->data, parent->len, d->cell->id, strlen (d->cell->id)))
        return false;
    json_auto_t *header = wire_parse (m, WIRE_PARENT);
    const char *id = json_string_value (json_object_get (header, "msg_id"));
    return id && strcmp (id, d->cell->id) == 0;
}

static void
finish_code (struct desk *d)
{
    if (d->cell->replied && d->cell->idle)
        part_done (d);
}

static bool
on_reply (void *arg, const struct wire_message *m)
{
    struct desk *d = arg;
    if (strcmp (m->type, "execute_reply") != 0 || !is_of_cell (d, m))
        return false;
    json_auto_t *content = wire_parse (m, WIRE_CONTENT);
    const char *status = json_string_value (json_object_get (content, "status"));
    json_t *payload = json_object_get (content, "payload");
    if (!status || strcmp (status, "ok") != 0)
        d->cell->error = json_deep_copy (content);
    else if (json_is_array (payload))
        json_array_extend (d->cell->payload, payload);
    if (json_is_object (json_object_get (content, "user_expressions")))
        json_object_update (d->cell->expressions, json_object_get (content, "user_expressions"));
    d->cell->replied = true;
    finish_code (d);
    return true;
}

static bool
on_published (void *arg, const struct wire_message *m)
{
    struct desk *d = arg;
    bool status = strcmp (m->type, "status") == 0;
    if ((!status && strcmp (m->type, "execute_input") != 0) || !is_of_cell (d, m))
        return false;
    const wire_frame *content = &m->parts[WIRE_CONTENT];
    if (status && content->len && memmem (content->data, content->len, "\"idle\"", 6)) {
        d->cell->idle = true;
        finish_code (d);
    }
    return true;
}

/* From its first cell on the session is watched, so that commands know of what classes its variables are, and what a
 * command would wait for is got ready. */
static void
on_ready (void *arg)
{
    struct desk *d = arg;
    const char *wanted = getenv (DESK_OBSERVE), *python = d->context.python;
    if (*language (d))
        session_set_language (d->session, language (d));
    if (helper_fits (d->helper) && !(wanted && strcmp (wanted, "0") == 0))
        helper_tell (d->helper, "watch", json_null ());
    d->warm = python ? warm_create (d->context.loop, python, d->inner->dir) : NULL;
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
    *d = (struct desk){ .relay = r, .helper = helper_create (r), .inner = inner, .session = session_create (notebook) };
    d->context = (struct call_context){ .loop = l, .session = inner->proc.status.pid, .notebook = d->session,
                                          .dir = inner->dir, .helper = d->helper, .background = &d->background,
                                          .python = python_of (inner) };
    d->assist = assist_create (r, &d->context);
    relay_set_hooks (r, &(struct relay_hooks){ on_request, on_reply, on_published, on_ready, d });
    return d;
}

bool
desk_interrupt (struct desk *d)
{
    if (!d->cell || !d->cell->call)
        return false;
    call_interrupt (d->cell->call);
    return true;
}

void
desk_destroy (struct desk *d)
{
    if (!d)
        return;
    relay_set_hooks (d->relay, &(struct relay_hooks){ 0 });
    relay_watch (d->relay, false);
    free_cell (d->cell);
    call_destroy_background (&d->context);
    relay_count_taken (d->relay, -(int) d->queue.len);
    waiting_clear (&d->queue);
    assist_destroy (d->assist);
    warm_destroy (d->warm);
    session_destroy (d->session);
    helper_destroy (d->helper);
    free (d->facts);
    free (d);
}
