/* Expressions and assignment targets: what a value may be, and what reading or storing it does. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <stdio.h>
#include <string.h>

int
new_value (struct interpreter *in)
{
    return heap_add (in->heap, OBJECT_VALUE, in->site);
}

static const struct set *
fresh (struct interpreter *in)
{
    return set_one (in->arena, new_value (in));
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

/* ---- parts of values -------------------------------------------------------------------------------------------- */

/* A value that shares memory with `base`: a change of either is a change of both. */
static const struct set *
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

/* The place that a constant subscript names, or -1. */
static int
constant_place (const char *text, const struct ast *n)
{
    if (n->nkids != 2 || n->kids[1]->kind != AST_CONSTANT || n->kids[1]->end - n->kids[1]->start > 2)
        return -1;
    int place = 0;
    for (uint32_t i = n->kids[1]->start; i < n->kids[1]->end; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        place = place * 10 + text[i] - '0';
    }
    return place;
}

static const struct set *
item_at (struct interpreter *in, const struct set *base, int place)
{
    const struct set *all = NULL;
    set_foreach (id, base) {
        const struct set *self = set_one (in->arena, id);
        bool known = place >= 0 && place < MAX_PLACES && heap_get (in->heap, id)->positional;
        all = set_union (in->arena, all,
                         known ? heap_field (in->heap, id, in->s_place[place]) : elements_of (in, self));
    }
    return all;
}

static bool
has_slice (const struct ast *n)
{
    if (n->kind == AST_SLICE)
        return true;
    if (n->kind == AST_TUPLE)
        ast_foreach (kid, n)
            if (has_slice (*kid))
                return true;
    return false;
}

/* A slice of a list is a new list of the same elements. */
static const struct set *
copy_of_list (struct interpreter *in, int id)
{
    const struct set *elements = elements_of (in, set_one (in->arena, id));
    int copy = new_value (in);
    heap_get (in->heap, copy)->type = heap_get (in->heap, id)->type;
    heap_store (in->heap, copy, 0, elements, true);
    return set_one (in->arena, copy);
}

static const struct set *
evaluate_subscript (struct interpreter *in, const struct ast *n)
{
    const struct set *base = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    bool slice = false;
    for (uint32_t i = 1; i < n->nkids; i++) {
        slice |= has_slice (n->kids[i]);
        evaluate (in, n->kids[i]);
    }
    const struct set *all = special_run (in, base, SPECIAL_ELEMENT, NULL);
    if (!slice)
        return set_union (in->arena, all,
                          item_at (in, base, constant_place (in->program->units.items[in->unit].text->code, n)));
    set_foreach (id, base) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_VALUE || o->text)
            continue;
        bool listed = o->type && strcmp (symbol_text (in->symbols, o->type), "list") == 0;
        all = set_union (in->arena, all, listed ? copy_of_list (in, id) : view_of (in, id, in->s_call));
    }
    return all;
}

/* ---- displays, operators, comprehensions ------------------------------------------------------------------------ */

static const struct set *
evaluate_tuple (struct interpreter *in, const struct ast *n)
{
    const struct set *parts[MAX_PLACES], *all = NULL;
    for (uint32_t i = 0; i < n->nkids && i < MAX_PLACES; i++) {
        parts[i] = evaluate (in, n->kids[i]);
        all = set_union (in->arena, all, parts[i]);
    }
    return all ? tuple_of (in, parts, (int) n->nkids) : NULL;
}

static bool
has_places (const struct ast *n)
{
    ast_foreach (kid, n)
        if (!*kid || (*kid)->kind == AST_STARRED)
            return false;
    return n->nkids <= MAX_PLACES;
}

static const struct set *
evaluate_display (struct interpreter *in, const struct ast *n, const char *type)
{
    if (n->kind == AST_TUPLE && has_places (n))
        return evaluate_tuple (in, n);
    const struct set *held = NULL;
    ast_foreach (kid, n)
        if (*kid) {
            const struct set *value = evaluate (in, *kid);
            held = set_union (in->arena, held, (*kid)->kind == AST_STARRED ? elements_of (in, value) : value);
        }
    int id = new_value (in);
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, type);
    heap_store (in->heap, id, 0, held, true);
    if (!held) {
        if (strcmp (type, "tuple") == 0)
            return NULL;
    }
    return set_one (in->arena, id);
}

static const char *
unit_source (const struct interpreter *in)
{
    return in->program->units.items[in->unit].text->code;
}

/* The first character of what stands between two operands. */
static char
operator_of (const struct interpreter *in, const struct ast *n)
{
    const char *p = unit_source (in) + n->kids[0]->end;
    return p[strspn (p, " \t\n\\)")];
}

static const struct set *
evaluate_fstring (struct interpreter *in, const struct ast *n)
{
    const char *known[n->nkids + 1];
    for (uint32_t i = 0; i < n->nkids; i++) {
        const struct set *value = evaluate (in, n->kids[i]);
        special_run (in, value, SPECIAL_TEXT, NULL);
        known[i] = text_of (in, value);
    }
    return text_value (in, path_of_fstring (in->arena, n, unit_source (in), known));
}

static const struct set *
evaluate_operation (struct interpreter *in, const struct ast *n)
{
    const struct set *first = n->nkids ? evaluate (in, n->kids[0]) : NULL, *all = first, *last = first;
    for (uint32_t i = 1; i < n->nkids; i++) {
        last = evaluate (in, n->kids[i]);
        all = set_union (in->arena, all, last);
    }
    if (!all)
        return NULL;
    const struct set *given = special_run (in, all, SPECIAL_OPERATOR, all);
    const struct set *text = n->nkids == 2 ? text_joined (in, operator_of (in, n), first, last) : NULL;
    if (text)
        return text;
    int id = new_value (in); /* a list's sum holds the elements of both */
    set_foreach (x, all)
        heap_store (in->heap, id, 0, heap_field (in->heap, x, 0), false);
    return set_union (in->arena, set_one (in->arena, id), given);
}

static const struct set *
evaluate_any_of (struct interpreter *in, const struct ast *n)
{
    const struct set *all = NULL;
    ast_foreach (kid, n)
        if (*kid)
            all = set_union (in->arena, all, evaluate (in, *kid));
    special_run (in, all, SPECIAL_TEST, NULL);
    return all;
}

static const struct set *
evaluate_conditional (struct interpreter *in, const struct ast *n)
{
    if (n->nkids != 3)
        return evaluate_any_of (in, n);
    special_run (in, evaluate (in, n->kids[1]), SPECIAL_TEST, NULL);
    const struct set *body = evaluate (in, n->kids[0]);
    return set_union (in->arena, body, evaluate (in, n->kids[2]));
}

static void
use_up (struct interpreter *in, const struct set *s)
{
    set_foreach (id, s)
        if (heap_get (in->heap, id)->iterator)
            objects_change (in, set_one (in->arena, id), false);
}

static const struct set *
evaluate_comprehension (struct interpreter *in, const struct ast *n)
{
    struct env *env = arena_new (in->arena, struct env); /* lambdas made within may outlive it */
    *env = (struct env){ .outer = in->env, .scope = n->scope, .branches = in->branches };
    if (!n->scope)
        return NULL;
    for (uint32_t i = 1; i < n->nkids; i++) {
        const struct ast *g = n->kids[i];
        if (g->kind != AST_GENERATOR)
            continue;
        if (i > 1)
            in->env = env;
        const struct set *iterable = evaluate (in, g->kids[1]);
        use_up (in, iterable);
        in->env = env;
        assign (in, g->kids[0], iterate (in, iterable));
        for (uint32_t k = 2; k < g->nkids; k++)
            special_run (in, evaluate (in, g->kids[k]), SPECIAL_TEST, NULL);
    }
    in->env = env;
    const struct set *element = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    in->env = env->outer;
    int id = new_value (in);
    struct object *o = heap_get (in->heap, id);
    o->iterator = (n->flags & AST_LAZY) != 0;
    o->unpicklable = o->iterator;
    o->type = o->iterator ? 0 : symbol_of_str (in->symbols, "list");
    heap_store (in->heap, id, 0, element, true);
    return set_one (in->arena, id);
}

static const struct set *
evaluate_lambda (struct interpreter *in, const struct ast *n)
{
    int id = heap_add (in->heap, OBJECT_FUNCTION, in->site);
    ast_foreach (p, n->kids[0]) {
        const struct set *value = (*p)->kids[0] ? evaluate (in, (*p)->kids[0]) : NULL;
        heap_store (in->heap, id, (*p)->name, value, true);
    }
    struct object *o = heap_get (in->heap, id);
    o->definition = n;
    o->env = in->env;
    o->unit = in->unit;
    keep_locals (in, id);
    return set_one (in->arena, id);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static struct local *
find_local (struct env *e, symbol name)
{
    vec_foreach (l, &e->locals)
        if (l->name == name)
            return l;
    return NULL;
}

/* The running scope in which `name` lives; NULL: the module's. */
static struct env *
env_of (struct interpreter *in, symbol name)
{
    if (!in->env || scope_is_global (in->env->scope, name))
        return NULL;
    for (struct env *e = in->env; e; e = e->outer)
        if (scope_is_local (e->scope, name) && (e == in->env || e->scope->owner->kind != AST_CLASS))
            return e;
    return NULL;
}

static const struct set *
evaluate_name (struct interpreter *in, const struct ast *n)
{
    struct env *e = env_of (in, n->name);
    if (!e && in->env && !scope_is_global (in->env->scope, n->name))
        return NULL; /* `__class__` in a method */
    if (!e)
        return name_read (in, n->name, n);
    struct local *l = find_local (e, n->name);
    if (!l && e->scope->owner->kind == AST_CLASS) /* not bound in the class yet: the module's */
        return name_read (in, n->name, n);
    return l ? l->value : NULL;
}

static bool
mentions (const struct ast *n, symbol name)
{
    if (!n || (n->kind == AST_NAME && n->name == name))
        return n != NULL;
    ast_foreach (kid, n)
        if (mentions (*kid, name))
            return true;
    return false;
}

static void
keep_local (struct interpreter *in, int function, const struct local *l)
{
    const struct ast *definition = heap_get (in->heap, function)->definition;
    if (l->value && definition->scope && !scope_is_local (definition->scope, l->name) && mentions (definition, l->name))
        heap_store (in->heap, function, l->name, l->value, false);
}

void
keep_locals (struct interpreter *in, int id)
{
    for (struct env *e = in->env; e; e = e->outer) {
        vec_push (in->arena, &e->functions, id);
        vec_foreach (l, &e->locals)
            keep_local (in, id, l);
    }
}

/* A local got a new value: the functions that see it have that one. If one of them set it (nonlocal), all of them are
 * other functions than before. */
static void
tell_functions (struct interpreter *in, struct env *e, const struct local *l)
{
    vec_foreach (id, &e->functions) {
        keep_local (in, *id, l);
        if (e != in->env && mentions (heap_get (in->heap, *id)->definition, l->name))
            objects_change (in, set_one (in->arena, *id), false);
    }
}

static void
bind_name (struct interpreter *in, symbol name, const struct set *value)
{
    struct env *e = env_of (in, name);
    if (!e) {
        name_bind (in, name, value);
        return;
    }
    struct local *l = find_local (e, name);
    if (!l) {
        l = vec_add (in->arena, &e->locals);
        l->name = name;
    }
    l->value = in->branches > e->branches ? set_union (in->arena, l->value, value) : value;
    tell_functions (in, e, l);
}

/* ---- assignment ------------------------------------------------------------------------------------------------- */

/* os.environ[...] = …, plt.rcParams[...] = …, pd.options.display.width = … */
static void
set_up_member (struct interpreter *in, int id)
{
    const char *path = symbol_text (in->symbols, heap_get (in->heap, id)->type);
    const struct effect *e = library_function (in->library, arena_printf (in->arena, "%s.member", path));
    set_up (in, e->flags & EFFECT_SETUP ? e->state : 0);
}

static bool
is_setter (const struct object *o)
{
    const struct ast *decorators = o->kind == OBJECT_FUNCTION && o->definition->kind == AST_FUNCTION ? o->definition->kids[2]
                                                                                                     : NULL;
    return decorators && decorators->nkids && decorators->kids[0]->kind == AST_ATTRIBUTE;
}

/* `p.v = 4` where the class has @v.setter. */
static void
call_setter (struct interpreter *in, int id, symbol name, const struct set *value)
{
    int class_object = heap_get (in->heap, id)->class_object;
    const struct set *members = class_object < 0 ? NULL : class_member (in, class_object, name, 0);
    const struct set *arguments[] = { set_one (in->arena, id), value };
    set_foreach (m, members)
        if (is_setter (heap_get (in->heap, m)))
            call_value (in, set_one (in->arena, m), arguments, 2);
}

void
owner_changes (struct interpreter *in, const struct ast *node)
{
    for (; (node->kind == AST_ATTRIBUTE || node->kind == AST_SUBSCRIPT) && node->nkids; node = node->kids[0]) {
        const struct set *owner = evaluate (in, node->kids[0]);
        if (!owner)
            continue;
        objects_change (in, owner, false);
        return;
    }
}

static void
store_attribute (struct interpreter *in, const struct ast *target, const struct set *value)
{
    const struct set *base = target->nkids ? evaluate (in, target->kids[0]) : NULL;
    if (!base && target->nkids)
        owner_changes (in, target->kids[0]);
    set_foreach (id, base) {
        call_setter (in, id, target->name, value);
        if (heap_get (in->heap, id)->kind == OBJECT_LIBRARY)
            set_up_member (in, id);
        heap_store (in->heap, id, target->name, value, base->len == 1 && in->branches == 0);
    }
    objects_change (in, base, false);
}

static void
store_element (struct interpreter *in, const struct ast *target, const struct set *value)
{
    const struct set *base = target->nkids ? evaluate (in, target->kids[0]) : NULL;
    if (!base && target->nkids)
        owner_changes (in, target->kids[0]);
    for (uint32_t i = 1; i < target->nkids; i++)
        evaluate (in, target->kids[i]);
    special_run (in, base, SPECIAL_STORE, value);
    set_foreach (id, base) {
        if (heap_get (in->heap, id)->kind == OBJECT_LIBRARY)
            set_up_member (in, id);
        heap_store (in->heap, id, 0, value, false);
    }
    objects_change (in, base, false);
}

/* a, *b, c = value: places are known up to the star. */
static void
assign_places (struct interpreter *in, const struct ast *target, const struct set *value)
{
    bool starred = false;
    for (uint32_t i = 0; i < target->nkids; i++) {
        starred = starred || target->kids[i]->kind == AST_STARRED;
        assign (in, target->kids[i], starred ? elements_of (in, value) : part_at (in, value, i));
    }
}

void
assign (struct interpreter *in, const struct ast *target, const struct set *value)
{
    switch (target->kind) {
    case AST_NAME: bind_name (in, target->name, value); break;
    case AST_CAPTURE: bind_name (in, target->name, value); break;
    case AST_TUPLE:
    case AST_LIST: assign_places (in, target, value); break;
    case AST_STARRED:
        if (target->nkids) {
            int id = new_value (in);
            heap_store (in->heap, id, 0, value, true);
            assign (in, target->kids[0], set_one (in->arena, id));
        }
        break;
    case AST_ATTRIBUTE: store_attribute (in, target, value); break;
    case AST_SUBSCRIPT: store_element (in, target, value); break;
    default: evaluate (in, target);
    }
}

/* ---- dispatch --------------------------------------------------------------------------------------------------- */

static const struct set *
evaluate_yield (struct interpreter *in, const struct ast *n)
{
    const struct set *value = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    for (struct env *e = in->env; e; e = e->outer)
        if (e->scope->owner->kind == AST_FUNCTION) {
            e->generator = true;
            e->yielded = set_union (in->arena, e->yielded, value);
            break;
        }
    return NULL;
}

const struct set *
evaluate (struct interpreter *in, const struct ast *n)
{
    if (!n || in->budget <= 0)
        return NULL;
    in->budget--;
    switch ((enum ast_kind) n->kind) {
    case AST_NAME: return evaluate_name (in, n);
    case AST_CONSTANT: return NULL;
    case AST_STRING: return text_value (in, ast_string (in->arena, n, unit_source (in)));
    case AST_FSTRING: return evaluate_fstring (in, n);
    case AST_ATTRIBUTE: return n->nkids ? attribute_of (in, evaluate (in, n->kids[0]), n->name) : NULL;
    case AST_SUBSCRIPT: return evaluate_subscript (in, n);
    case AST_CALL: return evaluate_call (in, n);
    case AST_KEYWORD:
    case AST_STARRED:
    case AST_DOUBLE_STARRED: return n->nkids ? evaluate (in, n->kids[0]) : NULL;
    case AST_OPERATION: return evaluate_operation (in, n);
    case AST_BOOLEAN: return evaluate_any_of (in, n);
    case AST_CONDITIONAL: return evaluate_conditional (in, n);
    case AST_TUPLE: return evaluate_display (in, n, "tuple");
    case AST_LIST: return evaluate_display (in, n, "list");
    case AST_SET: return evaluate_display (in, n, "set");
    case AST_DICT: return evaluate_display (in, n, "dict");
    case AST_COMPREHENSION: return evaluate_comprehension (in, n);
    case AST_LAMBDA: return evaluate_lambda (in, n);
    case AST_NAMED: {
        const struct set *value = evaluate (in, n->kids[1]);
        struct env *env = in->env; /* a walrus binds outside comprehensions */
        while (in->env && in->env->scope->owner->kind == AST_COMPREHENSION)
            in->env = in->env->outer;
        assign (in, n->kids[0], value);
        in->env = env;
        return value;
    }
    case AST_AWAIT: return n->nkids ? evaluate (in, n->kids[0]) : NULL;
    case AST_YIELD: return evaluate_yield (in, n);
    case AST_SLICE: evaluate_any_of (in, n); return NULL;
    default: {
        run_statement (in, n);
        return fresh (in);
    }
    }
}
