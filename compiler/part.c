/* Parts of values: attributes, elements, places of tuples, and what a class gives its instances. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <stdio.h>
#include <string.h>

int
new_value (struct interpreter *in)
{
    return heap_add (in->heap, OBJECT_VALUE, in->site);
}

int
library_object (struct interpreter *in, symbol path)
{
    while (in->library_objects.len <= (size_t) path)
        vec_push (in->arena, &in->library_objects, 0);
    if (in->library_objects.items[path])
        return in->library_objects.items[path] - 1;
    int id = heap_add (in->heap, OBJECT_LIBRARY, -1);
    heap_get (in->heap, id)->type = path;
    in->library_objects.items[path] = id + 1;
    return id;
}

const struct set *
view_of (struct interpreter *in, int base, symbol part)
{
    const struct set *known = heap_field (in->heap, base, part);
    if (known)
        return known;
    int id = new_value (in);
    heap_get (in->heap, id)->made_at = heap_get (in->heap, base)->made_at;
    heap_get (in->heap, id)->view = true;
    heap_store (in->heap, base, part, set_one (in->arena, id), false);
    heap_store (in->heap, id, 0, set_one (in->arena, base), false);
    return set_one (in->arena, id);
}

/* A value that `base` holds, made up when first asked for. */
static const struct set *
part_of (struct interpreter *in, int base, symbol part)
{
    const struct set *known = heap_field (in->heap, base, part);
    if (known)
        return known;
    int id = new_value (in);
    heap_get (in->heap, id)->made_at = heap_get (in->heap, base)->made_at;
    if (!part)
        heap_get (in->heap, id)->type = library_element_type (in->library, heap_get (in->heap, base)->type);
    heap_store (in->heap, base, part, set_one (in->arena, id), false);
    return set_one (in->arena, id);
}

static const struct set *
library_member (struct interpreter *in, int id, symbol name)
{
    char path[512];
    snprintf (path, sizeof path, "%s.%s", symbol_text (in->symbols, heap_get (in->heap, id)->type),
              symbol_text (in->symbols, name));
    return set_one (in->arena, library_object (in, symbol_of_str (in->symbols, path)));
}

const struct set *
class_member (struct interpreter *in, int class_object, symbol name, int depth)
{
    const struct set *value = heap_field (in->heap, class_object, name);
    const struct set *bases = heap_field (in->heap, class_object, in->s_bases);
    if (value || depth > 8)
        return value;
    set_foreach (base, bases)
        if (heap_get (in->heap, base)->kind == OBJECT_CLASS) {
            value = class_member (in, base, name, depth + 1);
            if (value)
                return value;
        }
    return NULL;
}

static const struct set *
bind_methods (struct interpreter *in, int receiver, const struct set *members)
{
    const struct set *all = NULL;
    set_foreach (m, members) {
        const struct object *o = heap_get (in->heap, m);
        if (o->kind != OBJECT_FUNCTION) {
            all = set_union (in->arena, all, set_one (in->arena, m));
            continue;
        }
        int id = heap_add (in->heap, OBJECT_BOUND, in->site);
        struct object *b = heap_get (in->heap, id);
        b->receiver = set_one (in->arena, receiver);
        b->class_object = m; /* the function */
        all = set_union (in->arena, all, set_one (in->arena, id));
    }
    return all;
}

static bool
is_property (const struct object *o)
{
    return o->kind == OBJECT_FUNCTION && o->definition->kind == AST_FUNCTION && o->definition->kids[2]->nkids > 0
           && o->definition->kids[2]->kids[0]->kind == AST_NAME;
}

static bool
is_field (const struct interpreter *in, const struct set *members)
{
    set_foreach (m, members) {
        const struct object *o = heap_get (in->heap, m);
        if (o->type && strcmp (symbol_text (in->symbols, o->type), "dataclasses.Field") == 0)
            return true;
    }
    return false;
}

static const struct set *
instance_attribute (struct interpreter *in, int id, symbol name)
{
    const struct set *value = heap_field (in->heap, id, name);
    int class_object = heap_get (in->heap, id)->class_object;
    if (value || class_object < 0)
        return value;
    const struct set *members = class_member (in, class_object, name, 0);
    if (is_field (in, members)) /* y: list = field (default_factory=list): each instance has its own */
        return part_of (in, id, name);
    set_foreach (m, members) /* a list that the class keeps is part of what its instances are */
        if (heap_get (in->heap, m)->kind == OBJECT_VALUE)
            heap_store (in->heap, id, in->s_shared, set_one (in->arena, m), false);
    const struct set *bound = bind_methods (in, id, members);
    const struct set *self = set_one (in->arena, id);
    set_foreach (m, members)
        if (is_property (heap_get (in->heap, m))) /* @property, @cached_property: reading it calls it */
            return call_value (in, set_one (in->arena, m), &self, 1);
    return bound;
}

static const struct set *
value_attribute (struct interpreter *in, int id, symbol name)
{
    const struct set *value = instance_attribute (in, id, name);
    if (!value)
        value = special_run (in, set_one (in->arena, id), SPECIAL_ATTRIBUTE, NULL);
    if (value)
        return value;
    const struct effect *e = library_attribute (in->library, heap_get (in->heap, id)->type, name);
    if (e->flags & EFFECT_RETURNS_PLAIN)
        return NULL;
    value = e->flags & EFFECT_RETURNS_VIEW ? view_of (in, id, name) : part_of (in, id, name);
    if (e->returns && value->len == 1)
        heap_get (in->heap, value->items[0])->type = e->returns;
    return value;
}

const struct set *
attribute_of (struct interpreter *in, const struct set *s, symbol name)
{
    const struct set *all = NULL;
    set_foreach (id, s) {
        const struct set *one = NULL;
        switch (heap_get (in->heap, id)->kind) {
        case OBJECT_LIBRARY: one = library_member (in, id, name); break;
        case OBJECT_CLASS: one = class_member (in, id, name, 0); break;
        case OBJECT_VALUE: one = value_attribute (in, id, name); break;
        case OBJECT_FUNCTION: one = heap_field (in->heap, id, name); break;
        case OBJECT_BOUND: break;
        }
        all = set_union (in->arena, all, one);
    }
    return all;
}

const struct set *
elements_of (struct interpreter *in, const struct set *s)
{
    const struct set *all = NULL;
    set_foreach (id, s) {
        if (heap_get (in->heap, id)->kind != OBJECT_VALUE || heap_get (in->heap, id)->text)
            continue;
        const struct set *elements = heap_field (in->heap, id, 0);
        all = set_union (in->arena, all, elements ? elements : part_of (in, id, 0));
        for (int base = id, depth = 0; heap_get (in->heap, base)->view && depth < 8; depth++) {
            base = heap_field (in->heap, base, 0)->items[0]; /* an array of objects has the same ones in its views */
            all = set_union (in->arena, all, heap_field (in->heap, base, 0));
        }
    }
    return all;
}

const struct set *
tuple_of (struct interpreter *in, const struct set *const *parts, int count)
{
    int id = new_value (in);
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, "tuple");
    heap_get (in->heap, id)->positional = true;
    for (int i = 0; i < count; i++) {
        heap_store (in->heap, id, 0, parts[i], false);
        if (i < MAX_PLACES)
            heap_store (in->heap, id, in->s_place[i], parts[i], true);
    }
    return set_one (in->arena, id);
}

/* A value of which nothing is known yet is taken for a tuple when it is first unpacked. */
static void
make_places (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    if (o->positional || o->iterator || heap_field (in->heap, id, 0))
        return;
    heap_get (in->heap, id)->positional = true;
    for (int i = 0; i < MAX_PLACES; i++)
        heap_store (in->heap, id, 0, part_of (in, id, in->s_place[i]), false);
}

const struct set *
part_at (struct interpreter *in, const struct set *s, uint32_t i)
{
    const struct set *all = NULL;
    set_foreach (id, s) {
        const struct object *o = heap_get (in->heap, id);
        const struct set *self = set_one (in->arena, id);
        if (o->kind != OBJECT_VALUE || o->class_object >= 0) /* the tuple around it was lost on the way */
            all = set_union (in->arena, all, self);
        if (o->kind != OBJECT_VALUE || o->text)
            continue;
        make_places (in, id);
        const struct set *part = heap_get (in->heap, id)->positional && i < MAX_PLACES
                                     ? heap_field (in->heap, id, in->s_place[i])
                                     : elements_of (in, self);
        all = set_union (in->arena, all, part);
    }
    return all;
}
