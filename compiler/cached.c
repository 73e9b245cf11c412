/* Functions that keep what they gave (functools.lru_cache): called a second time with the same arguments they don't
 * run. As long as such a function only computes, each step may have it anew. If it does something else, if what it gave
 * is changed, or if what it read is, or if a run has shown that a function calls itself too often without, then its
 * cache matters: it is hidden state, which every call changes and which can't be handed on, so that all its calls are
 * in one step, or the notebook is refused. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <limits.h>

static bool
is_stateful (const struct interpreter *in, const struct ast *definition)
{
    vec_foreach (d, &in->stateful->functions)
        if (*d == definition)
            return true;
    return false;
}

/* A copy of the function: `quick = cache (slow)` leaves `slow` as it is. */
static int
copy_function (struct interpreter *in, int function)
{
    int copy = heap_add (in->heap, OBJECT_FUNCTION, in->site);
    struct object *to = heap_get (in->heap, copy);
    const struct object *from = heap_get (in->heap, function);
    to->definition = from->definition;
    to->source = from->source;
    to->env = from->env;
    to->unit = from->unit;
    to->class_object = from->class_object;
    to->binds = from->binds;
    for (size_t i = 0; i < heap_get (in->heap, function)->fields.len; i++) {
        struct field f = heap_get (in->heap, function)->fields.items[i];
        heap_store (in->heap, copy, f.name, f.value, true);
    }
    return copy;
}

static void
give_cache (struct interpreter *in, int function)
{
    struct object *o = heap_get (in->heap, function);
    const char *name = o->definition->name ? symbol_text (in->symbols, o->definition->name) : "a function";
    o->cache = symbol_of_str (in->symbols, arena_printf (in->arena, "%%cache of %s #%d", name, function));
}

const struct set *
cached_make (struct interpreter *in, const struct set *s, bool themselves)
{
    const struct set *all = NULL;
    set_foreach (id, s) {
        bool function = heap_get (in->heap, id)->kind == OBJECT_FUNCTION;
        int made = function && !themselves ? copy_function (in, id) : id;
        if (function)
            give_cache (in, made);
        all = set_union (in->arena, all, set_one (in->arena, made));
    }
    return all;
}

/* The hidden state is bound by who is the first to use it. */
static void
change_state (struct interpreter *in, symbol state)
{
    in->effect = in->watch.acts = true;
    if (name_is_bound (in, state)) {
        objects_change (in, name_read (in, state, NULL), false);
        return;
    }
    int id = new_value (in);
    heap_get (in->heap, id)->unpicklable = true;
    const char *why = in->deep ? "without which functions call themselves too often"
                               : "whose function does more than compute, or gave what is changed later";
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, why);
    name_bind (in, state, set_one (in->arena, id));
}

void
cached_change (struct interpreter *in, int function)
{
    const struct object *o = heap_get (in->heap, function);
    if (is_stateful (in, o->definition)) {
        change_state (in, o->cache);
        return;
    }
    vec_push (in->arena, &in->stateful->functions, o->definition);
    in->stateful->more = true;
}

struct watch
cached_begin (struct interpreter *in)
{
    struct watch outer = in->watch;
    in->watch = (struct watch){ .first = (int) in->heap->objects.len, .oldest = INT_MAX, .newest = -1 };
    return outer;
}

/* What the call made itself, and could be changed: it is given again. */
static void
keep (struct interpreter *in, int function, const struct set *given, int first)
{
    set_foreach (id, given)
        if (id >= first && heap_get (in->heap, id)->kind == OBJECT_VALUE && !heap_get (in->heap, id)->immutable)
            heap_store (in->heap, function, in->s_cache, set_one (in->arena, id), false);
}

const struct set *
cached_end (struct interpreter *in, int function, const struct set *given, const struct watch *outer)
{
    struct object *o = heap_get (in->heap, function);
    const struct watch now = in->watch;
    bool stale = o->called_at >= 0 && now.newest > o->called_at;
    o->called_at = o->called_at < 0 ? in->site : o->called_at;
    in->watch = *outer;
    in->watch.acts |= now.acts;
    in->watch.oldest = now.oldest < outer->oldest ? now.oldest : outer->oldest;
    in->watch.newest = now.newest > outer->newest ? now.newest : outer->newest;
    keep (in, function, given, now.first);
    if (now.acts || now.oldest < now.first || stale || in->deep || is_stateful (in, o->definition))
        cached_change (in, function);
    return set_union (in->arena, given, heap_field (in->heap, function, in->s_cache));
}
