/* Expressions: what a value may be, and what working it out does. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <string.h>

/* ---- subscripts -------------------------------------------------------------------------------------------------- */

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

/* x[1:], and of arrays x[None], x[..., 0]: a view, or a copy of a list. */
static bool
has_slice (const struct ast *n, const char *text)
{
    if (n->kind == AST_SLICE)
        return true;
    if (n->kind == AST_CONSTANT)
        return strncmp (text + n->start, "None", 4) == 0 || strncmp (text + n->start, "...", 3) == 0;
    if (n->kind == AST_TUPLE)
        ast_foreach (kid, n)
            if (has_slice (*kid, text))
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

/* A defaultdict makes what is asked for, and keeps it. */
static void
make_missing (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    if (o->kind != OBJECT_VALUE || !(library_element (in->library, o->type)->flags & EFFECT_MUTATES))
        return;
    objects_change (in, set_one (in->arena, id), false);
    const struct set *factory = heap_field (in->heap, id, symbol_of_str (in->symbols, "default_factory"));
    const struct set *made = heap_has_function (in->heap, factory) ? call_value (in, factory, NULL, 0) : NULL;
    if (made && !heap_field (in->heap, id, 0))
        heap_store (in->heap, id, 0, made, false);
}

static const struct set *
evaluate_subscript (struct interpreter *in, const struct ast *n)
{
    if (n->nkids == 2 && namespace_is (in, n->kids[0]))
        return namespace_item (in, n->kids[1]);
    const struct set *base = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    bool slice = false;
    for (uint32_t i = 1; i < n->nkids; i++) {
        slice |= has_slice (n->kids[i], in->text);
        evaluate (in, n->kids[i]);
    }
    const struct set *all = special_run (in, base, SPECIAL_ELEMENT, NULL);
    set_foreach (id, base) {
        make_missing (in, id);
        if (heap_field (in->heap, id, in->s_receiver)) /* frame.groupby ("x")["y"] */
            all = set_union (in->arena, all, part_of (in, id, in->s_receiver_part));
    }
    set_foreach (id, base) {
        const struct set *const class[] = { set_one (in->arena, id) };
        if (heap_get (in->heap, id)->kind != OBJECT_CLASS || heap_get (in->heap, id)->enumeration)
            continue;
        call_value (in, class_member (in, id, symbol_of_str (in->symbols, "__class_getitem__")), class, 1);
        all = set_union (in->arena, all, class[0]); /* Stack[int] makes what Stack does */
    }
    if (!slice)
        return set_union (in->arena, all,
                          item_at (in, base, constant_place (in->text, n)));
    set_foreach (id, base) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_VALUE || o->text)
            continue;
        bool listed = o->type && strcmp (symbol_text (in->symbols, o->type), "list") == 0;
        all = set_union (in->arena, all, listed ? copy_of_list (in, id) : view_of (in, id, in->s_view));
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

char
operator_of (const struct interpreter *in, const struct ast *n)
{
    if (n->nkids == 1)
        return in->text[n->start];
    const char *p = in->text + n->kids[0]->end;
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
    return text_value (in, path_of_fstring (in->arena, n, in->text, known));
}

/* a is b: who asks must have both from one step, if they may be the same. */
static void
note_identity (struct interpreter *in, const struct ast *n, const struct set *first, const struct set *last)
{
    const char *p = in->text + n->kids[0]->end;
    if (strncmp (p + strspn (p, " \t\n\\)]"), "is", 2) == 0)
        set_foreach (id, first)
            if (set_has (last, id))
                heap_get (in->heap, id)->compared = true;
}

static const struct set *
evaluate_operation (struct interpreter *in, const struct ast *n)
{
    if (n->nkids == 2 && namespace_is (in, n->kids[1])) { /* "x" in globals () */
        const char *name = text_of (in, evaluate (in, n->kids[0]));
        symbol s = name && *name ? symbol_of_str (in->symbols, name) : 0;
        if (s && name_is_bound (in, s))
            name_read (in, s, NULL);
        if (s)
            return NULL;
    }
    const struct set *first = n->nkids ? evaluate (in, n->kids[0]) : NULL, *all = first, *last = first;
    for (uint32_t i = 1; i < n->nkids; i++) {
        last = evaluate (in, n->kids[i]);
        all = set_union (in->arena, all, last);
    }
    if (!all)
        return NULL;
    if (n->nkids == 2)
        note_identity (in, n, first, last);
    const struct set *given = special_operate (in, all, SPECIAL_OPERATOR, n->nkids <= 2 ? operator_of (in, n) : 0, all);
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
    if (n->flags & AST_LAZY)
        suspended_expression (in, id, n);
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
    o->source = in->text;
    keep_locals (in, id);
    return set_one (in->arena, id);
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

static const struct set *
evaluate_attribute (struct interpreter *in, const struct ast *n)
{
    const struct set *base = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    const struct set *made = accessor_is (in, n->name) ? accessor_of (in, base, n->name) : NULL;
    return n->nkids ? set_union (in->arena, made, attribute_value (in, base, n->name)) : NULL;
}

const struct set *
evaluate (struct interpreter *in, const struct ast *n)
{
    if (!n)
        return NULL;
    in->nodes++;
    switch ((enum ast_kind) n->kind) {
    case AST_NAME: return evaluate_name (in, n);
    case AST_CONSTANT: return NULL;
    case AST_STRING: return text_value (in, ast_string (in->arena, n, in->text));
    case AST_FSTRING: return evaluate_fstring (in, n);
    case AST_ATTRIBUTE: return evaluate_attribute (in, n);
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
    case AST_AWAIT: return n->nkids ? suspended_await (in, evaluate (in, n->kids[0])) : NULL;
    case AST_YIELD: return evaluate_yield (in, n);
    case AST_SLICE: evaluate_any_of (in, n); return NULL;
    default: {
        run_statement (in, n);
        return set_one (in->arena, new_value (in));
    }
    }
}
