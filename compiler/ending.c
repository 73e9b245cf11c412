/* Ends: what happens when nothing means a value any more. Its __del__ runs, weak references to it die, functions that
 * they were given are called. A copy in another step would end too, or live on: where an end is noticed, the value and
 * what refers to it weakly stay in one step, with all that holds them. See interpreter.h.
 * Specification: Python's reference, "Data model", object.__del__; the library's `weakref`.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

enum { MOST_LOOKED_AT = 256 };

static bool
is_weak (const struct interpreter *in, const struct object *o)
{
    return o->kind == OBJECT_VALUE && o->type && strncmp (symbol_text (in->symbols, o->type), "weakref.", 8) == 0;
}

void
ending_note (struct interpreter *in, int made)
{
    in->endings |= is_weak (in, heap_get (in->heap, made));
}

static void
note (struct interpreter *in, int id, const char *kind)
{
    struct object *o = heap_get (in->heap, id);
    o->unpicklable = o->ends = in->flow->ends = true;
    if (!o->type)
        o->type = symbol_of_str (in->symbols, kind);
}

void
ending_acts (struct interpreter *in, int id)
{
    note (in, id, "an object with __del__");
}

/* ---- whether it ends -------------------------------------------------------------------------------------------- */

static bool
holds_now (struct interpreter *in, int holder, int id)
{
    vec_foreach (f, &heap_get (in->heap, holder)->fields)
        if (set_has (f->value, id))
            return true;
    return false;
}

static bool
is_named (struct interpreter *in, int id, symbol but)
{
    vec_foreach (name, &heap_get (in->heap, id)->names)
        if (*name != but && set_has (in->globals.items[*name].value, id))
            return true;
    return false;
}

/* Whether something keeps it all the same: a name other than `but`, of it or of what holds it, but for object
 * `base`. */
static bool
is_kept (struct interpreter *in, int id, int base, symbol but)
{
    struct vec_int around = { 0 };
    vec_push (in->arena, &around, id);
    for (size_t i = 0; i < around.len && i < MOST_LOOKED_AT; i++) {
        const int x = around.items[i];
        if (x == base || is_weak (in, heap_get (in->heap, x)))
            continue;
        if (is_named (in, x, but))
            return true;
        vec_foreach (parent, &heap_get (in->heap, x)->parents)
            if (holds_now (in, *parent, x))
                vec_int_add_once (in->arena, &around, *parent);
    }
    return false;
}

/* ---- what it does ----------------------------------------------------------------------------------------------- */

/* A weak reference to `id` dies, and who was to be told is. What came from another step would live on there. */
static void
tell (struct interpreter *in, int id, int reference)
{
    note (in, id, "an object whose end is told");
    note (in, reference, "");
    objects_change (in, set_one (in->arena, reference), false);
    call_back (in, heap_field (in->heap, reference, 0));
}

static void
end_one (struct interpreter *in, int id, bool acts)
{
    if (acts)
        special_run (in, set_one (in->arena, id), SPECIAL_END, NULL);
    for (size_t i = 0; i < heap_get (in->heap, id)->parents.len; i++)
        if (is_weak (in, heap_get (in->heap, heap_get (in->heap, id)->parents.items[i])))
            tell (in, id, heap_get (in->heap, id)->parents.items[i]);
}

static bool
is_referred_to (struct interpreter *in, int id)
{
    vec_foreach (parent, &heap_get (in->heap, id)->parents)
        if (is_weak (in, heap_get (in->heap, *parent)))
            return true;
    return false;
}

/* The values, and what they alone hold. */
static struct vec_int
all_held (struct interpreter *in, const struct set *values)
{
    struct vec_int all = { 0 };
    set_foreach (id, values)
        vec_int_add_once (in->arena, &all, id);
    for (size_t i = 0; i < all.len && all.len < MOST_LOOKED_AT; i++) {
        const struct object *o = heap_get (in->heap, all.items[i]);
        for (size_t k = 0; k < o->fields.len && o->kind == OBJECT_VALUE && !is_weak (in, o); k++)
            set_foreach (x, o->fields.items[k].value)
                if (heap_get (in->heap, x)->kind == OBJECT_VALUE && !is_weak (in, heap_get (in->heap, x)))
                    vec_int_add_once (in->arena, &all, x);
    }
    return all;
}

bool
ending_of (struct interpreter *in, const struct set *values, int base, symbol but)
{
    bool noticed = false;
    if ((!in->endings && !(in->specials & SPECIAL_END)) || !values || in->ending
        || (base >= 0 && is_weak (in, heap_get (in->heap, base))))
        return false;
    in->ending = true;
    struct vec_int held = all_held (in, values);
    vec_foreach (id, &held) {
        bool acts = special_has (in, set_one (in->arena, *id), SPECIAL_END), direct = base < 0 && set_has (values, *id);
        if (!acts && !is_referred_to (in, *id))
            continue;
        noticed = true; /* what is kept by another name may end when that goes, if this one went before */
        if ((acts && direct) || !is_kept (in, *id, base, but))
            end_one (in, *id, acts);
    }
    in->ending = false;
    return noticed;
}
