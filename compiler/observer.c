/* Observers: functions of the notebook that an object of a library calls when an attribute of it is set. Who sets it
 * (slider.value = 5) doesn't name them: which they are was said elsewhere (slider.observe (f)), or by decorators in the
 * object's class. Objects that are linked change with one another. What a library's own methods do is in
 * call_library.c. See interpreter.h. Specification: traitlets ("Trait events"), ipywidgets ("Widget events"), param
 * ("Dependencies and watchers").
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include "base/words.h"

static bool
is_watched (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    return o->kind == OBJECT_VALUE && !o->text && !o->positional && !o->given && o->owner < 0;
}

/* link ((a, "value"), (b, "value")): the objects among the arguments. */
static const struct set *
objects_among (struct interpreter *in, const struct set *arguments)
{
    const struct set *all = NULL, *both = set_union (in->arena, arguments, elements_of (in, arguments));
    set_foreach (id, both)
        if (is_watched (in, id))
            all = set_union (in->arena, all, set_one (in->arena, id));
    return all;
}

/* Functions, methods, what functools.partial gave. */
static const struct set *
callables_among (struct interpreter *in, const struct set *arguments)
{
    const struct set *all = NULL;
    set_foreach (id, arguments) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_FUNCTION || o->kind == OBJECT_BOUND
            || (o->kind == OBJECT_VALUE && (o->given || o->owner >= 0)))
            all = set_union (in->arena, all, set_one (in->arena, id));
    }
    return all;
}

static void
add (struct interpreter *in, const struct set *watched, const struct set *told)
{
    set_foreach (id, watched)
        heap_store (in->heap, id, in->s_told, told, false);
    in->observed |= watched && told;
}

void
observer_add (struct interpreter *in, const struct set *receiver, const struct set *arguments)
{
    add (in, receiver, callables_among (in, arguments));
}

void
observer_link (struct interpreter *in, const struct set *result, const struct set *arguments)
{
    const struct set *objects = objects_among (in, arguments);
    add (in, set_union (in->arena, objects, result), set_union (in->arena, objects, callables_among (in, arguments)));
}

/* What is told: the event, of which the object is a part. */
static void
tell (struct interpreter *in, int id, const struct set *told)
{
    int event = new_value (in);
    heap_store (in->heap, event, 0, set_one (in->arena, id), true);
    call_back (in, set_union (in->arena, told, set_one (in->arena, event)));
    const struct set *linked = objects_among (in, told);
    set_foreach (other, linked)
        if (other != id) {
            objects_change (in, set_one (in->arena, other), false);
            observer_tell (in, other);
        }
}

/* @observe ("value"), @traitlets.validate ("value"), @param.depends ("x", watch=True) */
static bool
is_decorated (struct interpreter *in, int id)
{
    static const char *const decorators[] = { "observe", "validate", "depends", NULL };
    const struct object *o = heap_get (in->heap, id);
    if (o->kind != OBJECT_FUNCTION || o->definition->kind != AST_FUNCTION)
        return false;
    ast_foreach (decorator, o->definition->kids[2]) {
        const struct ast *n = (*decorator)->kind == AST_CALL && (*decorator)->nkids ? (*decorator)->kids[0]
                                                                                    : *decorator;
        if ((n->kind == AST_NAME || n->kind == AST_ATTRIBUTE)
            && words_have (decorators, symbol_text (in->symbols, n->name)))
            return true;
    }
    return false;
}

bool
observer_in (struct interpreter *in, int class_object)
{
    vec_foreach (f, &heap_get (in->heap, class_object)->fields)
        set_foreach (m, f->value)
            if (f->name && is_decorated (in, m))
                return true;
    set_foreach (base, heap_field (in->heap, class_object, in->s_bases))
        if (heap_get (in->heap, base)->kind == OBJECT_CLASS && heap_get (in->heap, base)->specials & SPECIAL_OBSERVED)
            return true;
    return false;
}

/* Those in the class and its bases. */
static void
run_decorated (struct interpreter *in, int id, int class_object, int depth)
{
    const struct set *const arguments[] = { set_one (in->arena, id), NULL };
    for (size_t i = 0; i < heap_get (in->heap, class_object)->fields.len; i++) {
        struct field f = heap_get (in->heap, class_object)->fields.items[i];
        set_foreach (m, f.value)
            if (f.name && is_decorated (in, m))
                call_value (in, set_one (in->arena, m), arguments, 2);
    }
    set_foreach (base, heap_field (in->heap, class_object, in->s_bases))
        if (heap_get (in->heap, base)->kind == OBJECT_CLASS && depth < 4)
            run_decorated (in, id, base, depth + 1);
}

void
observer_tell (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    int class_object = o->kind == OBJECT_VALUE ? o->class_object : -1;
    if (!in->observed && !(in->specials & SPECIAL_OBSERVED))
        return;
    bool first = in->telling.len == 0; /* of observers that set what others observe */
    if (!vec_int_add_once (in->arena, &in->telling, id))
        return;
    if (class_object >= 0 && heap_get (in->heap, class_object)->specials & SPECIAL_OBSERVED)
        run_decorated (in, id, class_object, 0);
    if (in->observed) {
        struct vec_int around = { 0 };
        heap_holders (in->heap, id, &around); /* param.watch, figure.canvas: a part was asked; interactive (f,
                                                 x=slider): a whole */
        const struct set *parts = heap_reach (in->heap, set_one (in->arena, id)), *told = NULL;
        vec_foreach (holder, &around)
            told = set_union (in->arena, told, heap_field (in->heap, *holder, in->s_told));
        set_foreach (part, parts)
            told = set_union (in->arena, told, heap_field (in->heap, part, in->s_told));
        if (told)
            tell (in, id, told);
    }
    if (first)
        in->telling.len = 0;
}
