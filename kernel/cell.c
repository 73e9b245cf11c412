/* See cell.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cell.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "kernel/cell_parts.h"
#include "kernel/live.h"
#include "kernel/own.h"

#include <string.h>
#include <unistd.h>

struct cell {
    struct cell_setting *setting;
    cell_done_fn done;
    void *arg;
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

static void next_part (struct cell *c);

void
cell_publish_status (struct relay *r, const json_t *header, const char *state)
{
    json_auto_t *content = json_pack ("{s:s}", "execution_state", state);
    relay_publish (r, "status", header, content);
}

const char *
cell_language (const struct relay *r)
{
    const json_t *info = json_object_get (relay_info (r), "language_info");
    const char *name = json_string_value (json_object_get (info, "name"));
    return name ? name : "";
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

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

void
cell_destroy (struct cell *c)
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

static void
finish (struct cell *c)
{
    struct cell_setting *s = c->setting;
    cell_done_fn done = c->done;
    void *arg = c->arg;
    json_auto_t *reply = reply_content (c);
    bool abort = c->error && flag (c->request, "stop_on_error", true);
    if (c->counts) {
        json_auto_t *count = json_integer (c->count);
        helper_tell (s->helper, "end", count);
    }
    relay_answer (s->relay, &c->origin, "execute_reply", reply);
    cell_publish_status (s->relay, c->origin.header, "idle");
    cell_destroy (c);
    done (arg, abort);
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

static void
send_code (struct cell *c, const struct cell_part *part)
{
    bool last = c->at + 1 == c->parts.all.len;
    json_auto_t *request = json_copy (c->request);
    c->replied = c->idle = false;
    json_object_set_new (request, "code", json_string (part->code));
    json_object_set_new (request, "store_history", json_false ());
    json_object_set_new (request, "stop_on_error", json_false ());
    if (!last)
        json_object_set_new (request, "user_expressions", json_object ());
    relay_impersonate (c->setting->relay, &c->origin, "execute_request", request);
}

static void
part_done (struct cell *c)
{
    if (c->error)
        c->at = c->parts.all.len;
    else
        c->at++;
    next_part (c);
}

static void
call_done (void *arg, const json_t *error)
{
    struct cell *c = arg;
    c->call = NULL;
    if (error) {
        c->error = json_deep_copy (error);
        outlet_error (&c->outlet, error);
    }
    part_done (c);
}

static void
next_part (struct cell *c)
{
    if (c->at >= c->parts.all.len) {
        finish (c);
        return;
    }
    const struct cell_part *part = &c->parts.all.items[c->at];
    if (part->kind == PART_CODE)
        send_code (c, part);
    else if (!own_start (&c->setting->call, c->arena, part, &c->outlet, &c->call, call_done, c)
             && !live_start (&c->setting->call, c->arena, part, c->metadata, &c->outlet, &c->call, call_done, c)) {
        struct call *call = call_start (&c->setting->call, part, c->metadata, &c->outlet, call_done, c);
        if (call)
            c->call = call;
    }
}

/* ---- the beginning ---------------------------------------------------------------------------------------------- */

static void
begin (struct cell *c)
{
    cell_publish_status (c->setting->relay, c->origin.header, "busy");
    json_auto_t *input = json_pack ("{s:O,s:i}", "code", json_object_get (c->request, "code"), "execution_count",
                                    c->count);
    if (!c->outlet.silent)
        relay_publish (c->setting->relay, "execute_input", c->origin.header, input);
    next_part (c);
}

/* VS Code says in the user's namespace which notebook is open. */
static void
note_notebook (struct cell *c, const char *path)
{
    const char *known = session_path (c->setting->session);
    if (path && access (path, R_OK) == 0 && (!known || access (known, F_OK) < 0)) {
        session_set_path (c->setting->session, path);
        c->outlet.text_only = false;
    }
}

/* What the session saw its cells bind, for the compiler. */
static void
note_facts (struct cell *c, const json_t *cells)
{
    cleanup_free char *text = json_array_size (cells) ? json_dumps (cells, JSON_COMPACT) : NULL;
    if (!text)
        return;
    if (!c->setting->facts)
        c->setting->facts = xasprintf ("%s/facts.json", c->setting->call.dir);
    c->setting->call.facts = fs_write_unsynced (c->setting->facts, text, strlen (text), NULL) == 0 ? c->setting->facts
                                                                                                   : NULL;
}

/* The inner kernel is done with what was asked before. */
static void
on_turn (void *arg, const json_t *value, bool aborted, int last)
{
    struct cell *c = arg;
    const json_t *count = json_object_get (value, "count");
    c->count = count ? (int) json_integer_value (count) : last + 1;
    c->counts = count != NULL;
    note_notebook (c, json_string_value (json_object_get (value, "notebook")));
    note_facts (c, json_object_get (value, "cells"));
    if (!aborted) {
        begin (c);
        return;
    }
    c->error = json_pack ("{s:s}", "status", "aborted");
    c->at = c->parts.all.len;
    cell_publish_status (c->setting->relay, c->origin.header, "busy");
    finish (c);
}

/* Whether text is all that the other end shows: no editor has said a word of itself, yet someone is there to type. */
static bool
is_terminal (const struct cell *c)
{
    return !session_path (c->setting->session) && !json_object_get (c->metadata, "cellId")
           && !json_object_get (c->metadata, "chard") && flag (c->request, "allow_stdin", true);
}

struct cell *
cell_start (struct cell_setting *setting, const struct wire_message *m, cell_done_fn done, void *arg)
{
    json_t *request = wire_parse (m, WIRE_CONTENT);
    const json_t *code = json_object_get (request, "code");
    struct arena *a = arena_create ();
    struct cell_parts parts = { 0 };
    if (json_is_string (code))
        parts = cell_parts_split (a, json_string_value (code), json_string_length (code),
                                  cell_language (setting->relay));
    if (parts.calls == 0) {
        json_decref (request);
        arena_destroy (a);
        return NULL;
    }
    struct cell *c = xcalloc (1, sizeof *c);
    *c = (struct cell){ .setting = setting, .done = done, .arg = arg, .arena = a, .origin = origin_copy (m),
                        .request = request, .metadata = wire_parse (m, WIRE_METADATA), .parts = parts,
                        .payload = json_array (), .expressions = json_object () };
    c->id = json_string_value (json_object_get (c->origin.header, "msg_id"));
    c->outlet = (struct outlet){ setting->relay, json_incref (c->origin.header), flag (request, "silent", false),
                                  is_terminal (c) };
    bool hidden = c->outlet.silent || !flag (request, "store_history", true);
    helper_ask (setting->helper, hidden ? "count" : "begin", code, on_turn, c);
    return c;
}

/* ---- what the inner kernel says --------------------------------------------------------------------------------- */

/* Whether what the inner kernel says belongs to the code part under way. */
static bool
is_of_cell (const struct cell *c, const struct wire_message *m)
{
    const wire_frame *parent = &m->parts[WIRE_PARENT];
    if (!parent->len || !memmem (parent->data, parent->len, c->id, strlen (c->id)))
        return false;
    json_auto_t *header = wire_parse (m, WIRE_PARENT);
    const char *id = json_string_value (json_object_get (header, "msg_id"));
    return id && strcmp (id, c->id) == 0;
}

static void
finish_code (struct cell *c)
{
    if (c->replied && c->idle)
        part_done (c);
}

bool
cell_take_reply (struct cell *c, const struct wire_message *m)
{
    if (strcmp (m->type, "execute_reply") != 0 || !is_of_cell (c, m))
        return false;
    json_auto_t *content = wire_parse (m, WIRE_CONTENT);
    const char *status = json_string_value (json_object_get (content, "status"));
    json_t *payload = json_object_get (content, "payload");
    if (!status || strcmp (status, "ok") != 0)
        c->error = json_deep_copy (content);
    else if (json_is_array (payload))
        json_array_extend (c->payload, payload);
    if (json_is_object (json_object_get (content, "user_expressions")))
        json_object_update (c->expressions, json_object_get (content, "user_expressions"));
    c->replied = true;
    finish_code (c);
    return true;
}

bool
cell_take_published (struct cell *c, const struct wire_message *m)
{
    bool status = strcmp (m->type, "status") == 0;
    if ((!status && strcmp (m->type, "execute_input") != 0) || !is_of_cell (c, m))
        return false;
    const wire_frame *content = &m->parts[WIRE_CONTENT];
    if (status && content->len && memmem (content->data, content->len, "\"idle\"", 6)) {
        c->idle = true;
        finish_code (c);
    }
    return true;
}

bool
cell_interrupt (struct cell *c)
{
    if (!c->call)
        return false;
    call_interrupt (c->call);
    return true;
}
