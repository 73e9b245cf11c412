/* Sinks: values of the notebook that what is shown or logged goes to: a handler that writes to a StringIO, an object of a class of
 * the notebook in the place of sys.stdout. Whoever prints or logs changes them, without naming them. Which they are is hidden state
 * that can't be handed on: steps that set a sink and use it are one, or the notebook is refused. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

static const char *const states[] = { [SINK_STDOUT] = "%stream that print writes to", [SINK_LOGGERS] = "%set of loggers' handlers" };
static const char kind[] = "which is a value of the notebook, or has one";

static symbol
state_of (struct interpreter *in, enum sink sink)
{
    return symbol_of_str (in->symbols, states[sink]);
}

static const char *const methods[] = { "emit", "write", NULL }; /* of handlers, and of streams */

/* A formatter of the notebook's own is none. */
static bool
is_sink (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    int class_object = o->class_object;
    if (o->kind != OBJECT_VALUE || class_object < 0)
        return o->kind == OBJECT_VALUE && o->type && strcmp (symbol_text (in->symbols, o->type), "io.StringIO") == 0;
    for (const char *const *m = methods; *m; m++)
        if (class_member (in, class_object, symbol_of_str (in->symbols, *m)))
            return true;
    return false;
}

static const struct set *
sinks_among (struct interpreter *in, const struct set *values)
{
    const struct set *reach = heap_reach (in->heap, values), *found = NULL;
    set_foreach (id, reach)
        if (is_sink (in, id))
            found = set_union (in->arena, found, set_one (in->arena, id));
    return found;
}

/* What is there is one with what another cell set: all who come after see both. */
static void
use (struct interpreter *in, symbol state)
{
    in->effect = true;
    objects_change (in, name_read (in, state, NULL), false);
}

bool
sink_set (struct interpreter *in, enum sink sink, const struct set *values)
{
    symbol state = state_of (in, sink);
    const struct set *found = sinks_among (in, values);
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
        struct call c = { 0 };
        if (heap_get (in->heap, id)->class_object < 0)
            objects_change (in, self, false);
        for (const char *const *m = methods; *m && heap_get (in->heap, id)->class_object >= 0; m++)
            if (class_member (in, heap_get (in->heap, id)->class_object, symbol_of_str (in->symbols, *m)))
                call_named_method (in, self, symbol_of_str (in->symbols, *m), &c);
    }
}
