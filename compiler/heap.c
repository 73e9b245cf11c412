/* See heap.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/heap.h"

#include <stdlib.h>

#define MAX_SET 48   /* larger sets keep their first members */
#define MAX_WALK 400 /* objects seen on one walk */

int
heap_add (struct heap *h, enum object_kind kind, int site)
{
    struct object *o = vec_add (h->arena, &h->objects);
    o->kind = kind;
    o->class_object = o->owner = o->newest_instance = o->older_instance = -1;
    o->made_at = site;
    o->changed_at = o->called_at = -1;
    vec_push (h->arena, &h->stamps, 0);
    return (int) h->objects.len - 1;
}

struct object *
heap_get (struct heap *h, int id)
{
    return &h->objects.items[id];
}

void
heap_make_instance (struct heap *h, int id, int class_object)
{
    struct object *o = heap_get (h, id), *class = heap_get (h, class_object);
    o->class_object = class_object;
    o->older_instance = class->newest_instance;
    class->newest_instance = id;
}

static struct set *
set_alloc (struct arena *a, int len)
{
    struct set *s = arena_alloc (a, sizeof *s + (size_t) len * sizeof *s->items);
    s->len = len;
    return s;
}

const struct set *
set_one (struct arena *a, int id)
{
    struct set *s = set_alloc (a, 1);
    s->items[0] = id;
    return s;
}

bool
set_has (const struct set *s, int id)
{
    set_foreach (x, s)
        if (x == id)
            return true;
    return false;
}

static bool
is_subset (const struct set *x, const struct set *y)
{
    int j = 0;
    for (int i = 0; i < x->len; i++) {
        while (j < y->len && y->items[j] < x->items[i])
            j++;
        if (j == y->len || y->items[j] != x->items[i])
            return false;
    }
    return true;
}

const struct set *
set_union (struct arena *a, const struct set *x, const struct set *y)
{
    if (!x || x == y || x->len == 0)
        return y;
    if (!y || y->len == 0 || is_subset (y, x))
        return x;
    if (is_subset (x, y))
        return y;
    struct set *s = set_alloc (a, x->len + y->len);
    int i = 0, j = 0, n = 0;
    while (n < MAX_SET && (i < x->len || j < y->len)) {
        int next = j == y->len || (i < x->len && x->items[i] <= y->items[j]) ? x->items[i] : y->items[j];
        i += i < x->len && x->items[i] == next;
        j += j < y->len && y->items[j] == next;
        s->items[n++] = next;
    }
    s->len = n;
    return s;
}

static struct field *
find_field (struct heap *h, int id, symbol name)
{
    vec_foreach (f, &h->objects.items[id].fields)
        if (f->name == name)
            return f;
    return NULL;
}

const struct set *
heap_field (struct heap *h, int id, symbol name)
{
    struct field *f = find_field (h, id, name);
    return f ? f->value : NULL;
}

void
heap_store (struct heap *h, int id, symbol name, const struct set *value, bool replace)
{
    if (!value)
        return;
    struct field *f = find_field (h, id, name);
    if (!f) {
        f = vec_add (h->arena, &h->objects.items[id].fields);
        f->name = name;
    }
    if (replace)
        h->objects.items[id].former = set_union (h->arena, h->objects.items[id].former, f->value);
    f->value = replace ? value : set_union (h->arena, f->value, value);
    set_foreach (x, value) {
        struct vec_int *parents = &h->objects.items[x].parents;
        if (parents->len < MAX_WALK)
            h->novelty += vec_int_add_once (h->arena, parents, id) && x < h->mark && id < h->mark;
    }
}

static bool
enter (struct heap *h, int id)
{
    h->walked++;
    if (h->stamps.items[id] == h->stamp || h->queue.len >= MAX_WALK)
        return false;
    h->stamps.items[id] = h->stamp;
    vec_push (h->arena, &h->queue, id);
    return true;
}

static void
begin_walk (struct heap *h)
{
    h->stamp++;
    h->queue.len = 0;
}

static int
compare_int (const void *x, const void *y)
{
    return *(const int *) x - *(const int *) y;
}

static bool
enter_all (struct heap *h, const struct set *s)
{
    bool grows = false;
    set_foreach (id, s)
        grows |= enter (h, id);
    return grows;
}

static bool
enter_parts (struct heap *h, int id, bool ever)
{
    const struct object *o = heap_get (h, id);
    bool grows = enter_all (h, o->receiver);
    vec_foreach (f, &o->fields)
        grows |= enter_all (h, f->value);
    return (ever && enter_all (h, o->former)) || grows;
}

static const struct set *
reach (struct heap *h, const struct set *s, bool ever)
{
    begin_walk (h);
    enter_all (h, s);
    bool grows = false;
    for (size_t i = 0; i < h->queue.len; i++)
        grows |= enter_parts (h, h->queue.items[i], ever);
    if (!grows)
        return s;
    struct set *all = set_alloc (h->arena, (int) h->queue.len);
    memcpy (all->items, h->queue.items, h->queue.len * sizeof *all->items);
    qsort (all->items, h->queue.len, sizeof *all->items, compare_int);
    return all;
}

static bool
is_older (struct heap *h, int id)
{
    return id < h->mark && !heap_get (h, id)->immutable;
}

/* Walks on from place `i` of the queue; whether something older is met. */
static bool
meets_older (struct heap *h, size_t i)
{
    for (; i < h->queue.len; i++) {
        if (is_older (h, h->queue.items[i]))
            return true;
        enter_parts (h, h->queue.items[i], false);
    }
    return false;
}

bool
heap_brings_older (struct heap *h, int id, const struct set *had)
{
    if (is_older (h, id))
        return !set_has (had, id);
    begin_walk (h);
    enter (h, id);
    if (!meets_older (h, 0))
        return false;
    begin_walk (h);
    enter_all (h, had);
    for (size_t i = 0; i < h->queue.len; i++)
        enter_parts (h, h->queue.items[i], false);
    size_t reached = h->queue.len;
    enter (h, id);
    return meets_older (h, reached);
}

const struct set *
heap_reach (struct heap *h, const struct set *s)
{
    return reach (h, s, false);
}

const struct set *
heap_reach_ever (struct heap *h, const struct set *s)
{
    return reach (h, s, true);
}

void
heap_held_functions (struct heap *h, const struct set *s, struct vec_int *found)
{
    begin_walk (h);
    enter_all (h, s);
    for (size_t i = 0, own = h->queue.len; i < h->queue.len; i++) {
        int id = h->queue.items[i];
        enter_parts (h, id, false);
        if (i >= own && heap_get (h, id)->kind == OBJECT_FUNCTION)
            vec_push (h->arena, found, id);
    }
}

bool
heap_has_function (struct heap *h, const struct set *s)
{
    set_foreach (id, s)
        if (heap_get (h, id)->kind == OBJECT_FUNCTION)
            return true;
    return false;
}

/* What a class is, its instances are. */
static void
enter_instances (struct heap *h, int class_object)
{
    for (int id = h->objects.items[class_object].newest_instance; id >= 0 && h->queue.len < MAX_WALK;
         id = h->objects.items[id].older_instance)
        enter (h, id);
}

void
heap_holders (struct heap *h, int id, struct vec_int *found)
{
    begin_walk (h);
    enter (h, id);
    for (size_t i = 0; i < h->queue.len; i++) {
        const struct object *o = &h->objects.items[h->queue.items[i]];
        for (size_t p = 0; p < o->parents.len; p++)
            enter (h, o->parents.items[p]);
        if (o->kind == OBJECT_CLASS)
            enter_instances (h, h->queue.items[i]);
    }
    found->len = 0;
    vec_foreach (x, &h->queue)
        vec_push (h->arena, found, *x);
}

/* ---- copies ----------------------------------------------------------------------------------------------------- */

#define MAX_COPIES 64 /* objects of one deep copy; what is beyond stays shared */

struct copying {
    struct heap *heap;
    int site;
    bool deep;
    int count;
    int from[MAX_COPIES], to[MAX_COPIES];
};

static const struct set *copy_all (struct copying *c, const struct set *s);

static bool
is_view_of (struct heap *h, const struct set *value, int id)
{
    set_foreach (x, value)
        if (h->objects.items[x].view && set_has (heap_field (h, x, 0), id))
            return true;
    return false;
}

static int
copy_one (struct copying *c, int id)
{
    struct heap *h = c->heap;
    const struct object *o = heap_get (h, id);
    if (o->kind != OBJECT_VALUE || o->immutable)
        return id;
    for (int i = 0; i < c->count; i++)
        if (c->from[i] == id)
            return c->to[i];
    if (c->count == MAX_COPIES)
        return id;
    int copy = heap_add (h, OBJECT_VALUE, c->site);
    c->from[c->count] = id;
    c->to[c->count++] = copy;
    o = heap_get (h, id);
    struct object *new = heap_get (h, copy);
    new->type = o->type;
    if (o->class_object >= 0)
        heap_make_instance (h, copy, o->class_object);
    new->positional = o->positional;
    new->unpicklable = o->unpicklable && !o->memory; /* which a copy has of its own */
    new->ends = o->ends && !o->memory;
    new->draws = o->draws;
    bool view = o->view;
    for (size_t i = 0; i < heap_get (h, id)->fields.len; i++) {
        struct field f = heap_get (h, id)->fields.items[i];
        if ((view && !f.name) || is_view_of (h, f.value, id))
            continue;
        heap_store (h, copy, f.name, c->deep ? copy_all (c, f.value) : f.value, true);
    }
    return copy;
}

static const struct set *
copy_all (struct copying *c, const struct set *s)
{
    const struct set *all = NULL;
    set_foreach (id, s)
        all = set_union (c->heap->arena, all, set_one (c->heap->arena, copy_one (c, id)));
    return all;
}

const struct set *
heap_copy (struct heap *h, const struct set *s, int site, bool deep)
{
    struct copying c = { .heap = h, .site = site, .deep = deep };
    return copy_all (&c, s);
}
