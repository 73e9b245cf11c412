/* Sinks: values of the notebook that what is shown or logged goes to: a handler that writes to a StringIO, an object of
 * a class of the notebook in the place of sys.stdout, a filter of a logger that counts. Whoever prints or logs changes
 * them, without naming them. Which they are is hidden state that can't be handed on: steps that set a sink and use it
 * are one, or the notebook is refused. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

static const char *const states[] = { [SINK_STDOUT] = "%stream that print writes to",
                                      [SINK_LOGGERS] = "%set of loggers' handlers" };
static const char kind[] = "which is a value of the notebook, or has one";

static symbol
state_of (struct interpreter *in, enum sink sink)
{
    return symbol_of_str (in->symbols, states[sink]);
}

/* What is there is one with what another cell set: all who come after see both. */
static void
use (struct interpreter *in, symbol state)
{
    in->effect = true;
    objects_change (in, name_read (in, state, NULL), false);
}

static const char *const methods[] = { "emit", "write", NULL };      /* of handlers, and of streams */
static const char *const passing[] = { "filter", "format", NULL };   /* of what looks at what is logged */

/* A formatter or filter of the notebook's own is none, unless it changes something. */
static bool
changes_something (struct interpreter *in, int id)
{
    long changes = in->changes;
    if (heap_get (in->heap, id)->kind == OBJECT_VALUE)
        call_methods (in, id, passing);
    else
        call_back (in, set_one (in->arena, id));
    return in->changes > changes;
}

bool
sink_is_log (const struct interpreter *in, int handle)
{
    symbol type = heap_get (in->heap, handle)->type;
    const char *path = type ? symbol_text (in->symbols, type) : "";
    return strncmp (path, "logging.", 8) == 0 && strstr (path, "FileHandler");
}

/* Set-up that adds it is repeated, and each step has its own file, as long as nobody looks. */
void
sink_log_read (struct interpreter *in)
{
    symbol state = state_of (in, SINK_LOGGERS);
    in->stateful->more |= !in->stateful->logs_read;
    in->stateful->logs_read = true;
    if (name_is_bound (in, state))
        use (in, state);
}

static bool
is_sink (struct interpreter *in, int id, enum sink sink)
{
    const struct object *o = heap_get (in->heap, id);
    if (in->stateful->logs_read && sink_is_log (in, id))
        return true;
    int class_object = o->class_object;
    bool function = o->kind == OBJECT_FUNCTION || o->kind == OBJECT_BOUND;
    if (o->kind == OBJECT_VALUE && class_object < 0)
        return o->type && strcmp (symbol_text (in->symbols, o->type), "io.StringIO") == 0;
    for (const char *const *m = methods; *m && o->kind == OBJECT_VALUE; m++)
        if (class_member (in, class_object, symbol_of_str (in->symbols, *m)))
            return true;
    return sink == SINK_LOGGERS && (function || o->kind == OBJECT_VALUE) && changes_something (in, id);
}

static const struct set *
sinks_among (struct interpreter *in, const struct set *values, enum sink sink)
{
    const struct set *reach = heap_reach (in->heap, values), *found = NULL;
    set_foreach (id, reach)
        if (is_sink (in, id, sink))
            found = set_union (in->arena, found, set_one (in->arena, id));
    return found;
}

bool
sink_set (struct interpreter *in, enum sink sink, const struct set *values)
{
    symbol state = state_of (in, sink);
    const struct set *found = sinks_among (in, values, sink);
    bool known = name_is_bound (in, state);
    if (!found && !known)
        return false;
    if (known)
        use (in, state);
    if (!found) {
        if (sink == SINK_STDOUT)
            name_forget (in, state);
        return true;
    }
    int id = new_value (in);
    heap_get (in->heap, id)->unpicklable = true;
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, kind);
    heap_store (in->heap, id, 0, found, true);
    if (known)
        set_foreach (old, name_read (in, state, NULL))
            heap_store (in->heap, id, 0, heap_field (in->heap, old, 0), false);
    in->effect = true;
    name_bind (in, state, set_one (in->arena, id));
    return true;
}

void
sink_fed (struct interpreter *in, enum sink sink)
{
    symbol state = state_of (in, sink);
    if (!name_is_bound (in, state))
        return;
    use (in, state);
    const struct set *sinks = elements_of (in, name_read (in, state, NULL));
    set_foreach (id, sinks) {
        const struct set *self = set_one (in->arena, id);
        if (heap_get (in->heap, id)->kind != OBJECT_VALUE)
            call_back (in, self);
        else if (heap_get (in->heap, id)->class_object < 0)
            objects_change (in, self, false);
        else {
            call_methods (in, id, methods);
            call_methods (in, id, passing);
        }
    }
}
