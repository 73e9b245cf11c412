/* State of the process: what calls leave behind in it that nobody can hand on. Either only those see it who ask the same library
 * (DuckDB's database in memory), or whatever runs from there on does, until it is taken back: functions put in the place of a
 * library's (mock.patch), names put into builtins, handlers of signals, functions that trace, threads that change values. Steps that set it and see it are one, or the notebook is
 * refused. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>
#include <strings.h>

static const char kind[] = "of the process";

/* What is there is one with what is added: all who come after see both. `held`, or NULL: functions that may run at any time, threads
 * that do. */
static void
change (struct interpreter *in, symbol state, const struct set *held)
{
    in->effect = true;
    if (name_is_bound (in, state)) {
        const struct set *known = name_read (in, state, NULL);
        objects_change (in, known, false);
        set_foreach (id, known)
            heap_store (in->heap, id, 0, held, false);
        return;
    }
    int id = new_value (in);
    heap_get (in->heap, id)->unpicklable = true;
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, kind);
    heap_store (in->heap, id, 0, held, true);
    name_bind (in, state, set_one (in->arena, id));
}

static void
change_everywhere (struct interpreter *in, symbol state, const struct set *held)
{
    change (in, state, held);
    vec_int_add_once (in->arena, &in->everywhere, state);
}

/* A query that changes nothing, by its first word. */
static bool
only_asks (const char *sql)
{
    static const char *const words[] = { "select", "from", "with", "describe", "show", "summarize", "explain", "values", "pivot",
                                         "unpivot" };
    sql += strspn (sql, " \t\r\n(");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp (sql, words[i], strlen (words[i])) == 0)
            return true;
    return false;
}

/* What the state holds but `gone`; NULL if that is nothing, or none of `gone` was there: then all of it ends. */
static const struct set *
left (struct interpreter *in, symbol state, const struct set *gone)
{
    const struct set *rest = NULL;
    bool found = false;
    set_foreach (id, name_read (in, state, NULL))
        set_foreach (held, heap_field (in->heap, id, 0))
            if (set_has (gone, held))
                found = true;
            else if (heap_get (in->heap, held)->kind == OBJECT_VALUE)
                rest = set_union (in->arena, rest, set_one (in->arena, held));
    return found ? rest : NULL;
}

/* `gone`, or NULL: the thread that ended, the patch that is taken back. */
static void
take_back (struct interpreter *in, symbol state, const struct set *gone)
{
    if (!name_is_bound (in, state))
        return;
    change (in, state, NULL);
    const struct set *rest = gone ? left (in, state, gone) : NULL;
    if (!rest) {
        name_forget (in, state);
        return;
    }
    set_foreach (id, name_read (in, state, NULL))
        heap_store (in->heap, id, 0, rest, true);
}

/* sys.settrace (None) */
static bool
is_given_nothing (const struct interpreter *in, const struct call *c)
{
    return c->count == 1 && !c->positional[0] && c->literal[0] && strncmp (in->text + c->literal[0]->start, "None", 4) == 0;
}

void
process_called (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c, bool changed)
{
    const char *sql = e->process == PROCESS_ASKED ? pattern_of (in, call_argument (c, 0)) : NULL;
    switch (e->process) {
    case PROCESS_NOT: break;
    case PROCESS_ASKED:
        if (!sql || !only_asks (sql))
            change (in, e->process_state, NULL);
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
    case PROCESS_EVERYWHERE: change_everywhere (in, e->process_state, on); break;
    case PROCESS_ENDS: take_back (in, e->process_state, on); break;
    }
}

static bool
has_function (struct interpreter *in, const struct set *s)
{
    set_foreach (id, s)
        if (heap_get (in->heap, id)->kind == OBJECT_FUNCTION)
            return true;
    return false;
}

/* time.sleep = waits.append, warnings.showwarning = note: whoever calls that, or what calls it, changes the notebook's values. */
static bool
put_into_library (struct interpreter *in, symbol path, const struct set *value)
{
    symbol state = symbol_of_str (in->symbols, "%functions_put_into_libraries");
    long changes = in->changes;
    if (has_function (in, value))
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
    if (*path && name && (in->replaced.len || has_function (in, value))) {
        const char *whole = arena_printf (in->arena, "%s.%s", path, symbol_text (in->symbols, name));
        if (put_into_library (in, symbol_of_str (in->symbols, whole), value))
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
    vec_foreach (state, &in->everywhere)
        if (name_is_bound (in, *state))
            return true;
    return false;
}

void
process_seen (struct interpreter *in)
{
    vec_foreach (state, &in->everywhere)
        if (name_is_bound (in, *state)) {
            const struct set *held = NULL;
            set_foreach (id, name_read (in, *state, NULL))
                held = set_union (in->arena, held, heap_field (in->heap, id, 0));
            call_back (in, held);
            call_held_functions (in, held);
            objects_change (in, held, true);
        }
    vec_foreach (state, &in->stateful->traces) { /* travels, but any statement may change it */
        if (name_is_bound (in, *state))
            name_read (in, *state, NULL);
        name_bind (in, *state, NULL);
    }
}

void
process_traced (struct interpreter *in, symbol state)
{
    if (state && vec_int_add_once (in->arena, &in->stateful->traces, state))
        in->stateful->more = true;
}
