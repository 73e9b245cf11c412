/* State of the process: what calls leave behind in it that nobody can hand on. Either only those see it who ask the
 * same library (DuckDB's database in memory), or whatever runs from there on does, until it is taken back: functions
 * put in the place of a library's (mock.patch), names put into builtins, handlers of signals, functions that trace,
 * threads that change values, finders of modules. Steps that set it and see it are one, or the notebook is refused. See
 * interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>
#include <strings.h>

static const char kind[] = "of the process";

/* What is there is one with what is added: all who come after see both. */
static void
change (struct interpreter *in, symbol state)
{
    in->effect = true;
    if (name_is_bound (in, state)) {
        objects_change (in, name_read (in, state, NULL), false);
        return;
    }
    int id = new_value (in);
    heap_get (in->heap, id)->unpicklable = true;
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, kind);
    name_bind (in, state, set_one (in->arena, id));
}

static struct seen_state *
find_seen (struct interpreter *in, symbol state)
{
    vec_foreach (s, &in->everywhere)
        if (s->state == state)
            return s;
    return NULL;
}

static void
change_everywhere (struct interpreter *in, symbol state, const struct set *held)
{
    struct seen_state *s = find_seen (in, state);
    bool goes_on = name_is_bound (in, state);
    if (!s) {
        s = vec_add (in->arena, &in->everywhere);
        s->state = state;
    }
    s->held = goes_on ? set_union (in->arena, s->held, held) : held;
    change (in, state);
}

/* A query that changes nothing, by its first word. */
static bool
only_asks (const char *sql)
{
    static const char *const words[] = { "select", "from", "with", "describe", "show", "summarize", "explain", "values",
                                         "pivot", "unpivot" };
    sql += strspn (sql, " \t\r\n(");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp (sql, words[i], strlen (words[i])) == 0)
            return true;
    return false;
}

/* `gone`, or NULL: the thread that ended, the patch that is taken back. Of others that are known the state goes on. */
static void
take_back (struct interpreter *in, symbol state, const struct set *gone)
{
    struct seen_state *s = find_seen (in, state);
    const struct set *rest = NULL;
    bool found = false;
    if (!name_is_bound (in, state))
        return;
    change (in, state);
    set_foreach (held, s ? s->held : NULL)
        if (set_has (gone, held))
            found = true;
        else if (heap_get (in->heap, held)->kind == OBJECT_VALUE)
            rest = set_union (in->arena, rest, set_one (in->arena, held));
    if (found && rest)
        s->held = rest;
    else
        name_forget (in, state);
}

/* sys.settrace (None) */
static bool
is_given_nothing (const struct interpreter *in, const struct call *c)
{
    return c->count == 1 && !c->positional[0] && c->literal[0]
        && strncmp (in->text + c->literal[0]->start, "None", 4) == 0;
}

void
process_called (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c,
                bool changed)
{
    const char *sql = e->process == PROCESS_ASKED && e->flags & EFFECT_EVALUATES ? pattern_of (in, call_argument (c, 0))
                                                                                 : NULL;
    switch (e->process) {
    case PROCESS_NOT: break;
    case PROCESS_ASKED:
        if (!sql || !only_asks (sql))
            change (in, e->process_state);
        else if (name_is_bound (in, e->process_state))
            name_read (in, e->process_state, NULL);
        break;
    case PROCESS_HANDLED:
        if (changed)
            change_everywhere (in, e->process_state, set_union (in->arena, on, c->all));
        else if (is_given_nothing (in, c))
            take_back (in, e->process_state, NULL);
        else if (!on)
            set_up (in, 0);
        break;
    case PROCESS_EVERYWHERE: change_everywhere (in, e->process_state, set_union (in->arena, on, c->all)); break;
    case PROCESS_ENDS: take_back (in, e->process_state, on); break;
    }
}

/* time.sleep = waits.append, warnings.showwarning = note: whoever calls that, or what calls it, changes the notebook's
 * values. */
static bool
put_into_library (struct interpreter *in, symbol path, const struct set *value)
{
    symbol state = symbol_of_str (in->symbols, "%functions_put_into_libraries");
    long changes = in->changes;
    if (heap_has_function (in->heap, value))
        call_back (in, value);
    if (in->changes > changes) {
        change_everywhere (in, state, value);
        vec_int_add_once (in->arena, &in->replaced, path);
        return true;
    }
    if (!vec_int_has (&in->replaced, path))
        return false;
    size_t kept = 0;
    vec_foreach (p, &in->replaced)
        if (*p != path)
            in->replaced.items[kept++] = *p;
    in->replaced.len = kept;
    if (!kept)
        take_back (in, state, NULL);
    return true;
}

bool
process_stored (struct interpreter *in, int id, symbol name, const struct set *value)
{
    const struct object *o = heap_get (in->heap, id);
    const char *path = o->kind == OBJECT_LIBRARY ? symbol_text (in->symbols, o->type) : "";
    if (*path && name && (in->replaced.len || heap_has_function (in->heap, value))) {
        symbol whole = symbol_of_str (in->symbols,
                                      arena_printf (in->arena, "%s.%s", path, symbol_text (in->symbols, name)));
        if (heap_has_function (in->heap, value)) /* it travels by its name, under which another function stands from
                                                    here on */
            heap_get (in->heap, library_object (in, whole))->unpicklable = true;
        if (put_into_library (in, whole, value))
            return true;
    }
    if (strcmp (path, "sys.modules") == 0) {
        change_everywhere (in, symbol_of_str (in->symbols, "%modules_put_into_sys.modules"), value);
        return true;
    }
    if (strcmp (path, "builtins") != 0 && strcmp (path, "__builtins__") != 0)
        return false;
    change_everywhere (in, symbol_of_str (in->symbols, "%names_put_into_builtins"), NULL);
    vec_int_add_once (in->arena, &in->added_builtins, name);
    return true;
}

bool
process_is_seen (struct interpreter *in)
{
    vec_foreach (s, &in->everywhere)
        if (name_is_bound (in, s->state))
            return true;
    return false;
}

void
process_seen (struct interpreter *in)
{
    static const char *const of_finders[] = { "find_spec", "create_module", "exec_module", "load_module", NULL };
    for (size_t i = 0; i < in->everywhere.len; i++) {
        const struct seen_state s = in->everywhere.items[i];
        if (!name_is_bound (in, s.state))
            continue;
        name_read (in, s.state, NULL);
        call_back (in, s.held);
        call_held_functions (in, s.held);
        set_foreach (id, s.held)
            call_methods (in, id, of_finders);
        objects_change (in, s.held, true);
    }
    vec_foreach (state, &in->stateful->traces) { /* travels, but any statement may change it */
        if (name_is_bound (in, *state))
            name_read (in, *state, NULL);
        name_bind (in, *state, NULL);
    }
}

void
process_ended (struct interpreter *in, const char *state, const struct set *values)
{
    symbol name = symbol_of_str (in->symbols, state);
    if (!name_is_bound (in, name))
        return;
    const struct set *reach = heap_reach (in->heap, values);
    const struct seen_state *s = find_seen (in, name);
    bool any = false;
    set_foreach (held, s ? s->held : NULL)
        any |= set_has (reach, held);
    if (any)
        take_back (in, name, reach);
}

void
process_traced (struct interpreter *in, symbol state)
{
    if (state && vec_int_add_once (in->arena, &in->stateful->traces, state))
        in->stateful->more = true;
}
