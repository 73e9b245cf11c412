/* Parts of values: attributes, elements, places of tuples. See interpreter.h.
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

/* Arrays in what joblib.load (…, mmap_mode="r+") gave. */
static void
share_memory (struct interpreter *in, int part, int base)
{
    struct object *o = heap_get (in->heap, part);
    const struct object *of = heap_get (in->heap, base);
    o->memory = true;
    o->unpicklable = of->unpicklable;
    o->ends = of->ends;
}

const struct set *
part_of (struct interpreter *in, int base, symbol part)
{
    const struct set *known = heap_field (in->heap, base, part);
    if (known)
        return known;
    int id = new_value (in);
    heap_get (in->heap, id)->made_at = heap_get (in->heap, base)->made_at;
    if (heap_get (in->heap, base)->memory)
        share_memory (in, id, base);
    if (heap_field (in->heap, base, in->s_cells))
        heap_store (in->heap, id, in->s_cells, heap_field (in->heap, base, in->s_cells), true);
    if (part && heap_field (in->heap, base, in->s_receiver))
        heap_store (in->heap, id, in->s_receiver, heap_field (in->heap, base, in->s_receiver), true);
    if (!part) {
        const struct effect *e = library_element (in->library, heap_get (in->heap, base)->type);
        heap_get (in->heap, id)->type = e->returns;
        if (e->flags & EFFECT_RETURNS_VIEW) { /* a row of an array is changed with it */
            heap_get (in->heap, id)->view = true;
            heap_store (in->heap, id, 0, set_one (in->arena, base), false);
        }
    }
    heap_store (in->heap, base, part, set_one (in->arena, id), false);
    return set_one (in->arena, id);
}

static const struct set *
library_member (struct interpreter *in, int id, symbol name)
{
    char path[512];
    snprintf (path, sizeof path, "%s.%s", symbol_text (in->symbols, heap_get (in->heap, id)->type),
              symbol_text (in->symbols, name));
    const struct set *own = heap_get (in->heap, id)->fields.len ? heap_field (in->heap, id, name) : NULL, *put = NULL;
    set_foreach (f, own) /* json.dumps = f: a function of the notebook stands there */
        if (heap_get (in->heap, f)->kind == OBJECT_FUNCTION)
            put = set_union (in->arena, put, set_one (in->arena, f));
    return set_union (in->arena, put, set_one (in->arena, library_object (in, symbol_of_str (in->symbols, path))));
}

static const struct set *
value_attribute (struct interpreter *in, int id, symbol name)
{
    const struct set *value = instance_attribute (in, id, name);
    if (!value)
        value = special_run (in, set_one (in->arena, id), SPECIAL_ATTRIBUTE, NULL);
    if (value)
        return value;
    if (name == in->s_dict)
        return attributes_dict (in, set_one (in->arena, id));
    const struct effect *e = library_attribute (in->library, heap_get (in->heap, id)->type, name);
    process_traced (in, e->traces);
    if (e->flags & EFFECT_RETURNS_PLAIN)
        return NULL;
    if (e->flags & EFFECT_RETURNS_ELEMENT)
        return elements_of (in, set_one (in->arena, id));
    value = e->flags & EFFECT_RETURNS_VIEW ? view_of (in, id, name) : part_of (in, id, name);
    struct object *part = heap_get (in->heap, value->items[0]);
    if (e->returns && value->len == 1)
        part->type = e->returns;
    part->unpicklable |= (e->flags & EFFECT_UNPICKLABLE) != 0;
    if (!(e->flags & EFFECT_KNOWN) && part->owner < 0) {
        part->owner = id;
        part->method = name;
    }
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
        case OBJECT_CLASS: one = class_attribute (in, id, name); break;
        case OBJECT_SUPER: one = super_attribute (in, id, name); break;
        case OBJECT_VALUE: one = value_attribute (in, id, name); break;
        case OBJECT_FUNCTION: one = heap_field (in->heap, id, name); break;
        case OBJECT_BOUND: break;
        }
        all = set_union (in->arena, all, one);
    }
    return all;
}

const struct set *
attribute_value (struct interpreter *in, const struct set *s, symbol name)
{
    const struct set *value = attribute_of (in, s, name);
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_BOUND)
            heap_store (in->heap, id, in->s_self, o->receiver, true);
    }
    return value;
}

const struct set *
elements_of (struct interpreter *in, const struct set *s)
{
    const struct set *all = NULL;
    set_foreach (id, s) {
        if (heap_get (in->heap, id)->kind == OBJECT_CLASS && heap_get (in->heap, id)->enumeration)
            all = set_union (in->arena, all, heap_field (in->heap, id, 0));
        if (heap_get (in->heap, id)->kind != OBJECT_VALUE || heap_get (in->heap, id)->text)
            continue;
        const struct set *elements = heap_field (in->heap, id, 0);
        all = set_union (in->arena, all, elements ? elements : part_of (in, id, 0));
        all = set_union (in->arena, all, heap_field (in->heap, id, in->s_cells));
        for (int base = id, depth = 0; heap_get (in->heap, base)->view && depth < 8; depth++) {
            base = heap_field (in->heap, base, 0)->items[0]; /* an array of objects has the same ones in its views */
            all = set_union (in->arena, all, heap_field (in->heap, base, 0));
            all = set_union (in->arena, all, heap_field (in->heap, base, in->s_cells));
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

static bool
is_container (const struct interpreter *in, const struct object *o)
{
    static const char *const types[] = { "list", "dict", "collections.defaultdict", "set", "collections.deque",
                                         "numpy.ndarray" };
    for (size_t i = 0; o->type && i < sizeof types / sizeof *types; i++)
        if (strcmp (symbol_text (in->symbols, o->type), types[i]) == 0)
            return true;
    return false;
}

static const struct set *
cells_below (struct interpreter *in, const struct set *s, int least, int depth)
{
    const struct set *cells = NULL;
    set_foreach (id, s) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_VALUE || o->text || o->class_object >= 0)
            continue;
        cells = set_union (in->arena, cells, heap_field (in->heap, id, in->s_cells));
        if (depth >= least && is_container (in, o))
            cells = set_union (in->arena, cells, set_one (in->arena, id));
        else if (depth < 4 && !o->view)
            cells = set_union (in->arena, cells, cells_below (in, heap_field (in->heap, id, 0), least, depth + 1));
    }
    return cells;
}

const struct set *
cells_among (struct interpreter *in, const struct set *s, int least)
{
    return cells_below (in, s, least, 0);
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
