/* Classes of the notebook: where a method or attribute is found, what it is bound to, super () and type (), how classes
 * and their instances are made. See interpreter.h.
 * Specification: Python's reference, "Data model", §3.3.2 Customizing attribute access, §3.3.3 Customizing class
 * creation.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

#define MAX_ORDER 64 /* classes looked at for one attribute */

/* ---- where it is found ------------------------------------------------------------------------------------------ */

/* The classes among the bases of `class_object`, itself first, in the order in which Python asks them. */
struct order {
    int len, seen_len;
    int items[MAX_ORDER], seen[MAX_ORDER];
};

static bool
order_sees (struct order *o, int class_object)
{
    for (int i = 0; i < o->seen_len; i++)
        if (o->seen[i] == class_object)
            return false;
    if (o->seen_len == MAX_ORDER)
        return false;
    o->seen[o->seen_len++] = class_object;
    return true;
}

/* From behind: a base of several is asked after the last of them. */
static void
order_add (struct interpreter *in, struct order *o, int class_object)
{
    if (!order_sees (o, class_object))
        return;
    const struct set *bases = heap_field (in->heap, class_object, in->s_bases);
    for (int i = bases ? bases->len : 0; i-- > 0;)
        if (heap_get (in->heap, bases->items[i])->kind == OBJECT_CLASS)
            order_add (in, o, bases->items[i]);
    o->items[o->len++] = class_object;
}

static struct order
order_of (struct interpreter *in, int class_object)
{
    struct order o;
    o.len = o.seen_len = 0;
    order_add (in, &o, class_object);
    for (int i = 0, j = o.len - 1; i < j; i++, j--) {
        int item = o.items[i];
        o.items[i] = o.items[j];
        o.items[j] = item;
    }
    in->heap->walked += o.len;
    return o;
}

const struct set *
class_member (struct interpreter *in, int class_object, symbol name)
{
    const struct set *own = heap_field (in->heap, class_object, name);
    if (own || !heap_field (in->heap, class_object, in->s_bases))
        return own;
    struct order o = order_of (in, class_object);
    for (int i = 1; i < o.len; i++) {
        const struct set *value = heap_field (in->heap, o.items[i], name);
        if (value)
            return value;
    }
    return NULL;
}

/* ---- what it is bound to ---------------------------------------------------------------------------------------- */

/* `member` as it is when asked for through `receiver`, an instance or (`through_class`) a class. */
static int
bind (struct interpreter *in, int receiver, bool through_class, int member)
{
    const struct object *o = heap_get (in->heap, member);
    if (o->kind != OBJECT_FUNCTION || o->binds == BINDS_NOTHING || (through_class && o->binds == BINDS_INSTANCE))
        return member;
    int to = receiver;
    if (o->binds == BINDS_CLASS && !through_class)
        to = heap_get (in->heap, receiver)->class_object;
    int id = heap_add (in->heap, OBJECT_BOUND, in->site);
    struct object *b = heap_get (in->heap, id);
    b->receiver = set_one (in->arena, to);
    b->class_object = member; /* the function */
    return id;
}

static const struct set *
bind_all (struct interpreter *in, int receiver, bool through_class, const struct set *members)
{
    const struct set *all = NULL;
    set_foreach (m, members)
        all = set_union (in->arena, all, set_one (in->arena, bind (in, receiver, through_class, m)));
    return all;
}

/* The decorator that makes it a property: property, functools.cached_property, abc.abstractproperty, SQLAlchemy's
 * hybrid_property; or NULL. */
static const char *
property_kind (const struct interpreter *in, const struct object *o)
{
    static const char end[] = "property";
    if (o->kind != OBJECT_FUNCTION || o->binds != BINDS_INSTANCE || o->definition->kind != AST_FUNCTION)
        return NULL;
    ast_foreach (decorator, o->definition->kids[2]) {
        const struct ast *n = *decorator;
        const char *name = n->kind == AST_NAME || n->kind == AST_ATTRIBUTE ? symbol_text (in->symbols, n->name) : "";
        size_t length = strlen (name);
        if (length >= sizeof end - 1 && strcmp (name + length - (sizeof end - 1), end) == 0)
            return name;
    }
    return NULL;
}

/* Reading a property calls it; one that is cached becomes an attribute of the instance. */
static const struct set *
read_property (struct interpreter *in, int id, symbol name, int function)
{
    const struct set *self = set_one (in->arena, id);
    const struct set *value = call_value (in, set_one (in->arena, function), &self, 1);
    if (strncmp (property_kind (in, heap_get (in->heap, function)), "cached", 6) != 0)
        return value;
    if (!value) {
        int plain = new_value (in);
        heap_get (in->heap, plain)->immutable = true;
        value = set_one (in->arena, plain);
    }
    objects_change (in, self, false);
    heap_store (in->heap, id, name, value, false);
    return value;
}

const struct set *
descriptor_run (struct interpreter *in, const struct set *members, const char *method,
                const struct set *const *arguments, int count)
{
    const struct set *all = NULL;
    set_foreach (m, members) {
        const struct object *o = heap_get (in->heap, m);
        if (o->kind != OBJECT_VALUE || o->class_object < 0)
            continue;
        const struct set *with_self[] = { set_one (in->arena, m), arguments[0], count > 1 ? arguments[1] : NULL };
        const struct set *functions = class_member (in, o->class_object, symbol_of_str (in->symbols, method));
        all = set_union (in->arena, all, call_value (in, functions, with_self, count + 1));
    }
    return all;
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

const struct set *
instance_attribute (struct interpreter *in, int id, symbol name)
{
    const struct set *value = heap_field (in->heap, id, name);
    int class_object = heap_get (in->heap, id)->class_object;
    if (value || class_object < 0)
        return value;
    if (name == in->s_class)
        return set_one (in->arena, class_object);
    const struct set *members = class_member (in, class_object, name);
    if (is_field (in, members)) /* y: list = field (default_factory=list): each instance has its own */
        return part_of (in, id, name);
    set_foreach (m, members) /* a list that the class keeps is part of what its instances are */
        if (heap_get (in->heap, m)->kind == OBJECT_VALUE)
            heap_store (in->heap, id, in->s_shared, set_one (in->arena, m), false);
    set_foreach (m, members)
        if (property_kind (in, heap_get (in->heap, m)))
            return read_property (in, id, name, m);
    const struct set *const self[] = { set_one (in->arena, id) };
    const struct set *given = descriptor_run (in, members, "__get__", self, 1);
    return set_union (in->arena, given, bind_all (in, id, false, members));
}

const struct set *
class_attribute (struct interpreter *in, int class_object, symbol name)
{
    return bind_all (in, class_object, true, class_member (in, class_object, name));
}

void
class_owns (struct interpreter *in, int class_object, const struct set *members)
{
    set_foreach (m, members) {
        struct object *o = heap_get (in->heap, m);
        if (o->kind == OBJECT_FUNCTION && o->class_object < 0)
            o->class_object = class_object;
    }
}

/* ---- super () and type () --------------------------------------------------------------------------------------- */

/* The method that is running, and in `self` what it was called on; -1: none is. */
static int
running_method (const struct interpreter *in, const struct set **self)
{
    for (const struct env *e = in->env; e; e = e->outer)
        if (e->function && heap_get (in->heap, e->function - 1)->class_object >= 0 && e->locals.len) {
            *self = e->locals.items[0].value;
            return e->function - 1;
        }
    return -1;
}

const struct set *
super_value (struct interpreter *in, const struct set *class_given, const struct set *self)
{
    int from = class_given && heap_get (in->heap, class_given->items[0])->kind == OBJECT_CLASS ? class_given->items[0]
                                                                                               : -1;
    int method = from < 0 ? running_method (in, &self) : -1;
    if (method >= 0)
        from = heap_get (in->heap, method)->class_object;
    if (from < 0 || !self)
        return NULL;
    int id = heap_add (in->heap, OBJECT_SUPER, in->site);
    heap_get (in->heap, id)->receiver = self;
    heap_get (in->heap, id)->class_object = from;
    return set_one (in->arena, id);
}

/* What stands behind class `from` in the order of `receiver`'s class, or in its own. */
static const struct set *
member_behind (struct interpreter *in, int receiver, int from, symbol name)
{
    const struct object *r = heap_get (in->heap, receiver);
    int class_object = r->kind == OBJECT_CLASS ? receiver : r->class_object;
    struct order o = order_of (in, class_object >= 0 ? class_object : from);
    int at = 0;
    while (at < o.len && o.items[at] != from)
        at++;
    for (at++; at < o.len; at++) {
        const struct set *value = heap_field (in->heap, o.items[at], name);
        if (value)
            return value;
    }
    return NULL;
}

const struct set *
super_attribute (struct interpreter *in, int id, symbol name)
{
    const struct set *receivers = heap_get (in->heap, id)->receiver, *all = NULL;
    int from = heap_get (in->heap, id)->class_object;
    set_foreach (r, receivers) {
        bool through_class = heap_get (in->heap, r)->kind == OBJECT_CLASS;
        all = set_union (in->arena, all, bind_all (in, r, through_class, member_behind (in, r, from, name)));
    }
    return all;
}

const struct set *
classes_of (struct interpreter *in, const struct set *s)
{
    const struct set *all = NULL;
    set_foreach (id, s) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_VALUE && o->class_object >= 0)
            all = set_union (in->arena, all, set_one (in->arena, o->class_object));
    }
    return all;
}

/* ---- classes and instances are made ----------------------------------------------------------------------------- */

/* Descriptors hear what they are called. */
static void
name_members (struct interpreter *in, int id)
{
    const struct set *const owner[] = { set_one (in->arena, id) };
    for (size_t i = 0; i < heap_get (in->heap, id)->fields.len; i++)
        descriptor_run (in, heap_get (in->heap, id)->fields.items[i].value, "__set_name__", owner, 1);
}

/* A base hears of each class that is derived from it, its metaclass of each class of its kind: registries are made
 * so. */
void
class_made (struct interpreter *in, int id)
{
    const struct set *const arguments[] = { set_one (in->arena, id) };
    name_members (in, id);
    set_foreach (base, heap_field (in->heap, id, in->s_bases)) {
        if (heap_get (in->heap, base)->kind != OBJECT_CLASS)
            continue;
        call_value (in, class_member (in, base, symbol_of_str (in->symbols, "__init_subclass__")), arguments, 1);
        heap_store (in->heap, id, in->s_metaclass, heap_field (in->heap, base, in->s_metaclass), false);
    }
    set_foreach (meta, heap_field (in->heap, id, in->s_metaclass)) {
        const struct set *const of_meta[] = { set_one (in->arena, meta) };
        if (heap_get (in->heap, meta)->kind != OBJECT_CLASS)
            continue;
        int outer = in->making;
        in->making = id + 1;
        call_value (in, class_member (in, meta, in->s_new), of_meta, 1);
        in->making = outer;
        call_value (in, class_member (in, meta, in->s_init), arguments, 1);
    }
}

static const struct set *
call_with_self (struct interpreter *in, const struct set *self, const struct set *functions, const struct call *c)
{
    struct call with_self;
    const struct set *all = NULL;
    call_prepend (in, c, self, &with_self);
    set_foreach (m, functions)
        if (heap_get (in->heap, m)->kind == OBJECT_FUNCTION)
            all = set_union (in->arena, all, call_one (in, m, &with_self));
    return all;
}

/* What __new__ gives: a new object, which no class has been said of yet, or one that the class keeps. */
static const struct set *
created (struct interpreter *in, int class_object, struct call *c)
{
    const struct set *self = set_one (in->arena, class_object), *all = NULL;
    const struct set *given = call_with_self (in, self, class_member (in, class_object, in->s_new), c);
    set_foreach (id, given) {
        struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_VALUE || o->text)
            continue;
        if (o->class_object < 0)
            heap_make_instance (in->heap, id, class_object);
        all = set_union (in->arena, all, set_one (in->arena, id));
    }
    return all;
}

/* ---- dataclasses ------------------------------------------------------------------------------------------------- */

/* What the class and its bases annotate, those of the bases first: the order of __init__'s parameters. */
static void
collect_fields (struct interpreter *in, int class_object, struct vec_int *names)
{
    struct order o = order_of (in, class_object);
    for (int i = o.len; i-- > 0;) {
        const struct ast *definition = heap_get (in->heap, o.items[i])->definition;
        if (!definition || definition->kind != AST_CLASS)
            continue;
        ast_foreach (n, definition->kids[1])
            if ((*n)->kind == AST_ANNOTATE && (*n)->kids[0] && (*n)->kids[0]->kind == AST_NAME)
                vec_int_add_once (in->arena, names, (*n)->kids[0]->name);
    }
}

/* field (default_factory=f): what f gives each time. */
static const struct set *
made_by_factory (struct interpreter *in, const struct set *members)
{
    const struct set *all = NULL;
    if (!is_field (in, members))
        return NULL;
    set_foreach (m, members)
        set_foreach (factory, heap_field (in->heap, m, 0))
            if (heap_get (in->heap, factory)->kind == OBJECT_FUNCTION)
                all = set_union (in->arena, all, call_value (in, set_one (in->arena, factory), NULL, 0));
    return all;
}

/* A class without an __init__ of its own was given one, or takes nothing: what it annotates are its fields. */
static void
fill_fields (struct interpreter *in, int id, int class_object, struct call *c)
{
    struct vec_int names = { 0 };
    heap_store (in->heap, id, 0, c->all, false);
    collect_fields (in, class_object, &names);
    for (size_t i = 0; i < names.len && (int) i < c->count; i++)
        heap_store (in->heap, id, names.items[i], c->positional[i], false);
    for (int k = 0; k < c->keywords; k++)
        if (vec_int_has (&names, c->keyword[k].name))
            heap_store (in->heap, id, c->keyword[k].name, c->keyword[k].value, false);
    vec_foreach (name, &names)
        if (!heap_field (in->heap, id, *name))
            heap_store (in->heap, id, *name, made_by_factory (in, class_member (in, class_object, *name)), false);
    vec_foreach (name, &names) { /* the class's own default, which all instances without another have */
        const struct set *kept = heap_field (in->heap, id, *name) ? NULL : class_member (in, class_object, *name);
        if (kept && !is_field (in, kept))
            heap_store (in->heap, id, *name, kept, false);
    }
    struct call rest = { .rest = c->all, .all = c->all };
    call_with_self (in, set_one (in->arena, id), class_member (in, class_object, in->s_post_init), &rest);
}

/* An object whose end does something (`__del__` says so, or changes what the notebook has) has no copy: that would end
 * too. */
static void
note_end (struct interpreter *in, int id, int class_object)
{
    if (!(heap_get (in->heap, class_object)->specials & SPECIAL_END))
        return;
    long changes = in->changes;
    bool acts = in->watch.acts;
    in->watch.acts = false;
    special_run (in, set_one (in->arena, id), SPECIAL_END, NULL);
    if (in->watch.acts || in->changes > changes)
        ending_acts (in, id);
    in->watch.acts |= acts;
}

const struct set *
instantiate (struct interpreter *in, int class_object, struct call *c)
{
    const struct set *self = set_one (in->arena, class_object);
    if (heap_get (in->heap, class_object)->enumeration && heap_field (in->heap, class_object, 0))
        return heap_field (in->heap, class_object, 0); /* Color (1) */
    set_foreach (meta, heap_field (in->heap, class_object, in->s_metaclass))
        if (heap_get (in->heap, meta)->kind == OBJECT_CLASS) /* what it gives is an instance all the same */
            call_with_self (in, self, class_member (in, meta, in->s_call), c);
    const struct set *made = created (in, class_object, c);
    if (!made) {
        int id = new_value (in);
        heap_make_instance (in->heap, id, class_object);
        made = set_one (in->arena, id);
    }
    const struct set *init = class_member (in, class_object, in->s_init);
    bool own = false;
    set_foreach (m, init)
        own |= heap_get (in->heap, m)->kind == OBJECT_FUNCTION;
    set_foreach (id, made)
        if (own)
            call_with_self (in, set_one (in->arena, id), init, c);
        else
            fill_fields (in, id, class_object, c);
    set_foreach (id, made)
        note_end (in, id, class_object);
    return made;
}
