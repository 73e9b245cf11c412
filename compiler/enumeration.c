/* Enumerations of the notebook: a class derived from one of module enum has its members as its elements, which are
 * instances that exist once. What is set on a member is state of the class. See call.h. Specification: Python's library
 * reference, "enum".
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

static bool
is_enumeration (struct interpreter *in, int id)
{
    set_foreach (base, heap_field (in->heap, id, in->s_bases)) {
        const struct object *o = heap_get (in->heap, base);
        if (o->kind == OBJECT_CLASS && o->enumeration)
            return true;
        if (o->kind == OBJECT_LIBRARY && strncmp (symbol_text (in->symbols, o->type), "enum.", 5) == 0)
            return true;
    }
    return false;
}

/* Functions and classes in the body are none, nor are names with an underscore in front. */
static bool
is_member (struct interpreter *in, const struct local *l)
{
    set_foreach (id, l->value)
        if (heap_get (in->heap, id)->kind == OBJECT_FUNCTION || heap_get (in->heap, id)->kind == OBJECT_CLASS)
            return false;
    return symbol_text (in->symbols, l->name)[0] != '_';
}

/* A = 1, 2: __init__ (self, 1, 2) */
static void
initialise (struct interpreter *in, int member, const struct set *init, const struct set *value)
{
    const struct set *parts[MAX_PLACES + 1] = { set_one (in->arena, member), value };
    int count = 2;
    const struct object *o = value && value->len == 1 ? heap_get (in->heap, value->items[0]) : NULL;
    if (o && o->kind == OBJECT_VALUE && o->positional)
        for (count = 1; count <= MAX_PLACES; count++)
            parts[count] = heap_field (in->heap, value->items[0], in->s_place[count - 1]);
    call_value (in, init, parts, count);
}

void
enumeration_made (struct interpreter *in, int id, const struct env *body)
{
    if (!is_enumeration (in, id))
        return;
    const struct set *init = class_member (in, id, in->s_init);
    heap_get (in->heap, id)->enumeration = true;
    vec_foreach (l, &body->locals) {
        if (!is_member (in, l))
            continue;
        int member = new_value (in);
        heap_make_instance (in->heap, member, id);
        heap_get (in->heap, member)->enumeration = true;
        heap_store (in->heap, member, 0, l->value, true);
        heap_store (in->heap, id, l->name, set_one (in->arena, member), true);
        heap_store (in->heap, id, 0, set_one (in->arena, member), false);
        initialise (in, member, init, l->value);
    }
}
