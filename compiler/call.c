/* Calls: what is called, and with what. Functions of the notebook are followed in follow.c; what a library does is in
 * call_library.c. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

static void
collect_arguments (struct interpreter *in, const struct ast *n, struct call *c)
{
    for (uint32_t i = 1; i < n->nkids; i++) {
        const struct ast *a = n->kids[i];
        const struct set *value = c->code && namespace_is (in, a) ? NULL : evaluate (in, a);
        if (a->kind == AST_DOUBLE_STARRED)
            value = elements_of (in, value); /* the callee gets a dict of its own: only what is in it is shared */
        c->all = set_union (in->arena, c->all, value);
        if (a->kind == AST_STARRED || a->kind == AST_DOUBLE_STARRED) {
            c->rest = set_union (in->arena, c->rest, a->kind == AST_STARRED ? elements_of (in, value) : value);
        } else if (a->kind == AST_KEYWORD && c->keywords < MAX_ARGUMENTS) {
            c->keyword[c->keywords].name = a->name;
            c->keyword[c->keywords++].value = value;
        } else if (c->count < MAX_ARGUMENTS) {
            c->literal[c->count] = a;
            c->positional[c->count++] = value;
        }
    }
}

void
call_prepend (struct interpreter *in, const struct call *c, const struct set *first, struct call *longer)
{
    *longer = *c;
    int room = c->count < MAX_ARGUMENTS ? c->count : MAX_ARGUMENTS - 1;
    memmove (longer->positional + 1, c->positional, (size_t) room * sizeof *c->positional);
    longer->positional[0] = first;
    longer->count = room + 1;
    longer->all = set_union (in->arena, c->all, first);
}

/* ---- functions that others call --------------------------------------------------------------------------------- */

/* A method of a value that no class of the notebook defines, as a value itself: `push = rows.append`. What the table
 * doesn't know is rather an attribute. */
static const struct effect *
method_effect (struct interpreter *in, const struct object *o)
{
    if (o->kind != OBJECT_VALUE || o->owner < 0 || o->text)
        return NULL;
    const struct effect *e = library_method (in->library, heap_get (in->heap, o->owner)->type, o->method);
    return e->flags & EFFECT_KNOWN ? e : NULL;
}

static bool
is_function (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    const struct effect *e = method_effect (in, o);
    return o->kind == OBJECT_FUNCTION || (o->kind == OBJECT_BOUND && o->class_object >= 0 && o->receiver) || o->given
           || (e && e->flags & (EFFECT_MUTATES | EFFECT_HOLDS | EFFECT_SETUP));
}

void
call_functions (struct interpreter *in, const struct set *values)
{
    if (in->depth > 6)
        return;
    struct call unknown = { 0 };
    bool any = false;
    set_foreach (id, values)
        any = any || is_function (in, id);
    if (!any)
        return;
    set_foreach (id, values)
        if (heap_get (in->heap, id)->kind == OBJECT_VALUE)
            unknown.rest = set_union (in->arena, unknown.rest, elements_of (in, set_one (in->arena, id)));
    unknown.all = unknown.rest;
    set_foreach (id, values)
        if (is_function (in, id))
            call_one (in, id, &unknown);
}

/* The arguments are given to code that isn't the notebook's, which may call what they are and what they have. */
void
call_back (struct interpreter *in, const struct set *values)
{
    if (in->depth > 6)
        return;
    special_run_held (in, values);
    call_functions (in, values);
}

/* Functions held somewhere within a value whose method is called: a model's custom loss, a transformer's func. */
void
call_held_functions (struct interpreter *in, const struct set *s)
{
    if (in->depth > 3)
        return;
    struct vec_int held = { 0 };
    struct call unknown = { 0 };
    heap_held_functions (in->heap, s, &held);
    vec_foreach (id, &held)
        follow (in, *id, &unknown);
}

bool
call_keyword_is_true (struct interpreter *in, const struct call *c, symbol name)
{
    if (!c->node)
        return false;
    const char *source = in->text;
    ast_foreach (a, c->node)
        if ((*a)->kind == AST_KEYWORD && (*a)->name == name && (*a)->nkids)
            return strncmp (source + (*a)->kids[0]->start, "False", 5) != 0;
    return false;
}

/* ---- dispatch --------------------------------------------------------------------------------------------------- */

/* super ().name (…) of a library's class: what is called is a method of the value itself. */
static const struct set *
call_behind (struct interpreter *in, const struct set *self, symbol name, struct call *c)
{
    const struct set *all = NULL;
    set_foreach (id, self)
        if (heap_get (in->heap, id)->kind == OBJECT_CLASS) /* super ().__new__ (cls) */
            all = set_union (in->arena, all, set_one (in->arena, in->making ? in->making - 1 : new_value (in)));
        else if (name == in->s_init)
            heap_store (in->heap, id, 0, c->all, false);
        else
            all = set_union (in->arena, all, call_library_method (in, id, name, c));
    return all;
}

const struct set *
call_named_method (struct interpreter *in, const struct set *receivers, symbol name, struct call *c)
{
    const struct set *all = NULL;
    set_foreach (id, receivers) {
        const struct object *o = heap_get (in->heap, id);
        const struct set *known = NULL;
        if (o->kind == OBJECT_LIBRARY || o->kind == OBJECT_CLASS || o->kind == OBJECT_SUPER || o->class_object >= 0
            || heap_field (in->heap, id, name))
            known = attribute_of (in, set_one (in->arena, id), name);
        bool callable = false;
        set_foreach (k, known) {
            enum object_kind kind = heap_get (in->heap, k)->kind;
            bool called = kind != OBJECT_VALUE || heap_get (in->heap, k)->given;
            callable |= called;
            if (called)
                all = set_union (in->arena, all, call_one (in, k, c));
        }
        if (o->cache && strncmp (symbol_text (in->symbols, name), "cache_", 6) == 0)
            cached_change (in, id);
        if (!callable && o->kind == OBJECT_SUPER) /* of a library's class */
            all = set_union (in->arena, all, call_behind (in, o->receiver, name, c));
        else if (!callable && o->kind != OBJECT_LIBRARY)
            all = set_union (in->arena, all, call_library_method (in, id, name, c));
    }
    if (!receivers)
        call_back (in, c->all);
    return all;
}

void
call_methods (struct interpreter *in, int id, const char *const *names)
{
    int class_object = heap_get (in->heap, id)->kind == OBJECT_CLASS ? id : heap_get (in->heap, id)->class_object;
    for (const char *const *m = names; *m && class_object >= 0; m++) {
        symbol name = symbol_of_str (in->symbols, *m);
        struct call c = { 0 };
        if (class_member (in, class_object, name))
            call_named_method (in, set_one (in->arena, id), name, &c);
    }
}

/* A method that its owner's attribute gave. It holds the owner, now that it is known to be one. */
static const struct set *
call_method_value (struct interpreter *in, int id, struct call *c)
{
    const struct object *o = heap_get (in->heap, id);
    int owner = o->owner;
    symbol method = o->method;
    if (method_effect (in, o))
        heap_store (in->heap, id, in->s_self, set_one (in->arena, owner), true);
    return call_library_method (in, owner, method, c);
}

/* A line "weakref.ref.__call__": what calling the values of a class does. */
static bool
is_called_by_table (struct interpreter *in, const struct object *o)
{
    return o->type
           && library_knows (in->library, arena_printf (in->arena, "%s.__call__", symbol_text (in->symbols, o->type)));
}

/* An instance is called through __call__, or forward, as PyTorch's modules are. */
static const struct set *
call_instance (struct interpreter *in, int id, struct call *c)
{
    if (heap_get (in->heap, id)->given)
        return call_given (in, id, c);
    if (heap_get (in->heap, id)->accessor) {
        accessor_register (in, heap_get (in->heap, id)->accessor, c->all);
        return c->all;
    }
    if (heap_get (in->heap, id)->owner >= 0)
        return call_method_value (in, id, c);
    if (is_called_by_table (in, heap_get (in->heap, id)))
        return call_library_method (in, id, in->s_call, c);
    const struct set *self = set_one (in->arena, id), *all = NULL;
    const symbol tried[] = { in->s_call, in->s_forward };
    for (size_t i = 0; i < 2; i++) {
        const struct set *method = heap_get (in->heap, id)->class_object >= 0 ? attribute_of (in, self, tried[i])
                                                                              : NULL;
        set_foreach (m, method)
            if (heap_get (in->heap, m)->kind == OBJECT_BOUND)
                return call_one (in, m, c);
    }
    call_held_functions (in, self);
    call_back (in, c->all);
    chance_of_use (in, self);
    in->effect = true;
    all = set_one (in->arena, new_value (in));
    return all;
}

const struct set *
call_one (struct interpreter *in, int callee, struct call *c)
{
    const struct object *o = heap_get (in->heap, callee);
    switch (o->kind) {
    case OBJECT_FUNCTION: return follow (in, callee, c);
    case OBJECT_CLASS: return instantiate (in, callee, c);
    case OBJECT_LIBRARY: return call_library (in, callee, c);
    case OBJECT_BOUND: {
        struct call with_self;
        int function = o->class_object;
        call_prepend (in, c, o->receiver, &with_self);
        return follow (in, function, &with_self);
    }
    case OBJECT_VALUE: return call_instance (in, callee, c);
    case OBJECT_SUPER: return NULL;
    }
    return NULL;
}

static const struct set *
call_all (struct interpreter *in, const struct set *callees, struct call *c)
{
    const struct set *all = NULL;
    set_foreach (id, callees)
        all = set_union (in->arena, all, call_one (in, id, c));
    return all;
}

const struct set *
call_value (struct interpreter *in, const struct set *callee, const struct set *const *arguments, int count)
{
    struct call c = { .count = count };
    for (int i = 0; i < count && i < MAX_ARGUMENTS; i++) {
        c.positional[i] = arguments[i];
        c.all = set_union (in->arena, c.all, arguments[i]);
    }
    return call_all (in, callee, &c);
}

/* exec and eval. */
static bool
takes_code (struct interpreter *in, const struct set *callee)
{
    const struct object *o = callee && callee->len == 1 ? heap_get (in->heap, callee->items[0]) : NULL;
    const char *path = o && o->kind == OBJECT_LIBRARY ? symbol_text (in->symbols, o->type) : "";
    return strcmp (path, "exec") == 0 || strcmp (path, "eval") == 0;
}

const struct set *
evaluate_call (struct interpreter *in, const struct ast *n)
{
    struct call c = { .node = n };
    const struct ast *f = n->kids[0];
    if (f->kind == AST_ATTRIBUTE && f->nkids) {
        const struct set *given;
        if (namespace_is (in, f->kids[0]) && namespace_call (in, n, &given))
            return given;
        const struct set *receivers = evaluate (in, f->kids[0]);
        collect_arguments (in, n, &c);
        if (accessor_is (in, f->name)) /* frame.geo (…) */
            return call_all (in, accessor_of (in, receivers, f->name), &c);
        if (!receivers)
            in->effect = true;
        if (!receivers && call_keyword_is_true (in, &c, in->s_inplace))
            owner_changes (in, f->kids[0]);
        return call_named_method (in, receivers, f->name, &c);
    }
    const struct set *callee = evaluate (in, f), *all = NULL;
    c.code = takes_code (in, callee);
    collect_arguments (in, n, &c);
    set_foreach (id, callee)
        all = set_union (in->arena, all, call_one (in, id, &c));
    if (!callee) { /* who knows what: a new value that may keep its arguments */
        in->effect = true;
        call_back (in, c.all);
        all = set_one (in->arena, new_value (in));
    }
    return all;
}
