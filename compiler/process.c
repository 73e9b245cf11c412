/* State of the process: what calls leave behind in it that nobody can hand on. Either only those see it who ask the same library
 * (DuckDB's database in memory), or whatever runs from there on does, until it is taken back: functions put in the place of a
 * library's (mock.patch), names put into builtins, handlers of signals. Steps that set it and see it are one, or the notebook is
 * refused. See interpreter.h.
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

static void
take_back (struct interpreter *in, symbol state)
{
    if (name_is_bound (in, state)) {
        change (in, state);
        name_forget (in, state);
    }
}

void
process_called (struct interpreter *in, const struct effect *e, const struct call *c, bool changed)
{
    const char *sql = e->process == PROCESS_ASKED ? pattern_of (in, call_argument (c, 0)) : NULL;
    switch (e->process) {
    case PROCESS_NOT: break;
    case PROCESS_ASKED:
        if (!sql || !only_asks (sql))
            change (in, e->process_state);
        else if (name_is_bound (in, e->process_state))
            name_read (in, e->process_state, NULL);
        break;
    case PROCESS_HANDLED:
        if (!changed) {
            set_up (in, 0);
            break;
        }
        /* fall through */
    case PROCESS_EVERYWHERE:
        change (in, e->process_state);
        vec_int_add_once (in->arena, &in->everywhere, e->process_state);
        break;
    case PROCESS_ENDS: take_back (in, e->process_state); break;
    }
}

bool
process_stored (struct interpreter *in, int id, symbol name)
{
    const struct object *o = heap_get (in->heap, id);
    const char *path = o->kind == OBJECT_LIBRARY ? symbol_text (in->symbols, o->type) : "";
    if (strcmp (path, "builtins") != 0 && strcmp (path, "__builtins__") != 0)
        return false;
    symbol state = symbol_of_str (in->symbols, "%names_put_into_builtins");
    change (in, state);
    vec_int_add_once (in->arena, &in->everywhere, state);
    vec_int_add_once (in->arena, &in->added_builtins, name);
    return true;
}

void
process_seen (struct interpreter *in)
{
    vec_foreach (state, &in->everywhere)
        if (name_is_bound (in, *state))
            name_read (in, *state, NULL);
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
