/* See foreach_body.h. A round starts with none of its own names: whatever it reads under such a name it has to have
 * bound itself before, on every way that leads there.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/foreach_body.h"

#include "compiler/scope.h"

#include <string.h>

enum within {
    IN_LOOP = 1,
    IN_TRY = 2,
};

void
foreach_fail (struct foreach_body *b, const struct ast *at, const char *reason)
{
    if (!b->fault.reason)
        b->fault = (struct fault){ at || b->loop ? b->unit : NULL, at, reason };
}

static const char *
named (const struct foreach_body *b, const char *format, symbol name)
{
    return arena_printf (b->arena, format, symbol_text (b->symbols, name));
}

/* ---- its names -------------------------------------------------------------------------------------------------- */

struct tally {
    struct foreach_body *body;
    struct vec_int bindings; /* symbols, as often as they are bound */
};

static void
count_binding (void *context, symbol name, const struct ast *at)
{
    struct tally *t = context;
    (void) at;
    vec_push (t->body->arena, &t->bindings, name);
}

static size_t
count (const struct vec_int *v, symbol name)
{
    size_t n = 0;
    vec_foreach (x, v)
        n += *x == name;
    return n;
}

/* `name += …` */
static void
find_augmented (struct foreach_body *b, const struct ast *n, struct vec_int *found)
{
    if (n->kind == AST_AUGMENT && n->kids[0]->kind == AST_NAME)
        vec_push (b->arena, found, n->kids[0]->name);
    ast_foreach (kid, n)
        if (*kid)
            find_augmented (b, *kid, found);
}

/* Names that are bound in other ways than by `+=` are a round's own; those bound by nothing else are added to. */
static void
find_names (struct foreach_body *b)
{
    struct tally t = { .body = b };
    struct vec_int augmented = { 0 };
    scope_visit_bindings (b->loop, count_binding, &t);
    find_augmented (b, b->loop->kids[2], &augmented);
    vec_foreach (name, &t.bindings)
        vec_int_add_once (b->arena, count (&t.bindings, *name) > count (&augmented, *name) ? &b->bound : &b->gathered,
                          *name);
}

/* ---- functions -------------------------------------------------------------------------------------------------- */

/* Functions that the notebook has so far must not know of the names: when they run can't be told from the loop's
 * text. */
static void
look_into_functions (struct foreach_body *b, const struct unit *u, const struct ast *n, const struct scope *scope)
{
    const struct scope *inner = n->scope && n->kind != AST_COMPREHENSION ? n->scope : scope;
    if (n->kind == AST_NAME && scope && scope_is_global (scope, n->name)
        && (vec_int_has (&b->bound, n->name) || vec_int_has (&b->gathered, n->name)) && !b->fault.reason)
        b->fault = (struct fault){ u, n, named (b, "a function reads `%s`, which rounds of the loop bind or add to",
                                                n->name) };
    ast_foreach (kid, n)
        if (*kid)
            look_into_functions (b, u, *kid, (*kid)->kind == AST_COMPREHENSION && scope ? (*kid)->scope : inner);
}

static void
look_into_all_functions (struct foreach_body *b)
{
    for (const struct unit *u = b->flow->program->units.items; u <= b->unit; u++)
        for (uint32_t i = 0;
             u->tree && i < u->tree->nkids && (u < b->unit || u->tree->kids[i]->start <= b->loop->start); i++)
            look_into_functions (b, u, u->tree->kids[i], NULL);
}

/* ---- the walk --------------------------------------------------------------------------------------------------- */

static void walk (struct foreach_body *b, const struct ast *n, const struct scope *scope, int within);

static void
walk_kids (struct foreach_body *b, const struct ast *n, uint32_t from, const struct scope *scope, int within)
{
    for (uint32_t i = from; i < n->nkids; i++)
        walk (b, n->kids[i], scope, within);
}

static void
read_name (struct foreach_body *b, const struct ast *n, const struct scope *scope)
{
    if (scope && !scope_is_global (scope, n->name))
        return;
    if (vec_int_has (&b->gathered, n->name))
        foreach_fail (b, n, named (b, "this reads `%s`, to which other rounds add", n->name));
    else if (vec_int_has (&b->bound, n->name) && !vec_int_has (&b->now, n->name))
        foreach_fail (b, n, named (b, "`%s` may be what an earlier round left", n->name));
}

static void
add_to (struct foreach_body *b, symbol name, int within)
{
    if (within & IN_TRY)
        vec_int_add_once (b->arena, &b->tried, name);
}

/* A target: what is bound is bound, what is stored into is read, unless it is added to. */
static void
bind (struct foreach_body *b, const struct ast *n, int within)
{
    const struct ast *base = n->kind == AST_SUBSCRIPT ? ast_kid (n, 0) : NULL;
    switch (n->kind) {
    case AST_NAME:
        vec_int_add_once (b->arena, &b->now, n->name);
        return;
    case AST_TUPLE:
    case AST_LIST:
    case AST_STARRED:
        ast_foreach (kid, n)
            bind (b, *kid, within);
        return;
    default:
        if (base && base->kind == AST_NAME && vec_int_has (&b->gathered, base->name)) {
            add_to (b, base->name, within);
            walk_kids (b, n, 1, NULL, within);
        } else {
            walk_kids (b, n, 0, NULL, within);
        }
    }
}

/* `name.append (x)` and the like, as a statement; 0: something else. */
static symbol
added_by_call (const struct foreach_body *b, const struct ast *n)
{
    static const char *const methods[] = { "add", "append", "extend", "update" };
    const struct ast *call = n->kind == AST_EXPRESSION ? ast_kid (n, 0) : NULL;
    const struct ast *method = call && call->kind == AST_CALL && call->nkids == 2 ? call->kids[0] : NULL;
    const struct ast *owner = method && method->kind == AST_ATTRIBUTE ? ast_kid (method, 0) : NULL;
    int kind = owner ? call->kids[1]->kind : AST_STARRED;
    if (!owner || owner->kind != AST_NAME || kind == AST_STARRED || kind == AST_DOUBLE_STARRED || kind == AST_KEYWORD)
        return 0;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp (symbol_text (b->symbols, method->name), methods[i]) == 0)
            return owner->name;
    return 0;
}

/* Receivers of such calls, and what is stored into by `name[i] = x`, which the round does not bind itself. */
static void
find_gathered (struct foreach_body *b, const struct ast *n)
{
    symbol name = added_by_call (b, n);
    if (n->kind == AST_ASSIGN)
        for (uint32_t i = 0; i + 1 < n->nkids; i++) {
            const struct ast *target = n->kids[i];
            if (target->kind == AST_SUBSCRIPT && target->kids[0]->kind == AST_NAME)
                name = target->kids[0]->name;
        }
    if (name && !vec_int_has (&b->bound, name))
        vec_int_add_once (b->arena, &b->gathered, name);
    ast_foreach (kid, n)
        if (*kid && (*kid)->kind >= AST_BLOCK)
            find_gathered (b, *kid);
}

/* Bound for sure behind both of two ways. */
static struct vec_int
bound_on_both (struct foreach_body *b, const struct vec_int *x, const struct vec_int *y)
{
    struct vec_int both = { 0 };
    vec_foreach (name, x)
        if (vec_int_has (y, *name))
            vec_push (b->arena, &both, *name);
    return both;
}

static struct vec_int
copy_of (struct foreach_body *b, const struct vec_int *v)
{
    struct vec_int copy = { 0 };
    vec_foreach (x, v)
        vec_push (b->arena, &copy, *x);
    return copy;
}

/* The state behind a way that starts with `before`. */
static struct vec_int
walk_way (struct foreach_body *b, const struct ast *n, const struct vec_int *before, int within)
{
    b->now = copy_of (b, before);
    if (n)
        walk (b, n, NULL, within);
    return b->now;
}

static void
walk_if (struct foreach_body *b, const struct ast *n, int within)
{
    walk (b, n->kids[0], NULL, within);
    struct vec_int before = b->now;
    struct vec_int yes = walk_way (b, n->kids[1], &before, within), no = walk_way (b, ast_kid (n, 2), &before, within);
    b->now = bound_on_both (b, &yes, &no);
}

static void
walk_inner_loop (struct foreach_body *b, const struct ast *n, int within)
{
    const bool is_for = n->kind == AST_FOR;
    walk (b, n->kids[is_for ? 1 : 0], NULL, within);
    struct vec_int before = copy_of (b, &b->now);
    if (is_for)
        bind (b, n->kids[0], within);
    walk (b, n->kids[is_for ? 2 : 1], NULL, within | IN_LOOP);
    b->now = before;
    if (ast_kid (n, is_for ? 3 : 2))
        walk (b, n->kids[is_for ? 3 : 2], NULL, within);
}

static void
walk_try (struct foreach_body *b, const struct ast *n, int within)
{
    struct vec_int before = b->now;
    struct vec_int after = walk_way (b, n->kids[0], &before, within | IN_TRY);
    if (ast_kid (n, 2))
        after = walk_way (b, n->kids[2], &after, within | IN_TRY);
    ast_foreach (handler, n->kids[1]) {
        b->now = copy_of (b, &before);
        if ((*handler)->kids[0])
            walk (b, (*handler)->kids[0], NULL, within);
        if ((*handler)->name)
            vec_int_add_once (b->arena, &b->now, (*handler)->name);
        walk (b, (*handler)->kids[1], NULL, within | IN_TRY);
        after = bound_on_both (b, &after, &b->now);
    }
    if (ast_kid (n, 3))
        walk_way (b, n->kids[3], &before, within | IN_TRY);
    b->now = after;
}

/* The first thing it goes through is evaluated outside. */
static void
walk_comprehension (struct foreach_body *b, const struct ast *n, const struct scope *scope, int within)
{
    for (uint32_t i = 1; i < n->nkids; i++) {
        const struct ast *generator = n->kids[i];
        walk (b, generator->kids[1], i == 1 ? scope : n->scope, within);
        walk_kids (b, generator, 2, n->scope, within);
    }
    walk (b, n->kids[0], n->scope, within);
}

static void
walk_assignment (struct foreach_body *b, const struct ast *n, int within)
{
    const bool annotated = n->kind == AST_ANNOTATE;
    uint32_t value = annotated ? 2 : n->nkids - 1;
    if (ast_kid (n, value))
        walk (b, n->kids[value], NULL, within);
    for (uint32_t i = 0; ast_kid (n, value) && i < (annotated ? 1 : value); i++)
        bind (b, n->kids[i], within);
}

static void
walk_augment (struct foreach_body *b, const struct ast *n, int within)
{
    const struct ast *target = n->kids[0];
    walk (b, n->kids[1], NULL, within);
    if (target->kind == AST_NAME && vec_int_has (&b->gathered, target->name))
        add_to (b, target->name, within);
    else
        walk (b, target, NULL, within);
}

static void
walk (struct foreach_body *b, const struct ast *n, const struct scope *scope, int within)
{
    symbol added = n ? added_by_call (b, n) : 0;
    if (!n || b->fault.reason)
        return;
    if (added && vec_int_has (&b->gathered, added)) {
        add_to (b, added, within);
        walk (b, n->kids[0]->kids[1], scope, within);
        return;
    }
    switch (n->kind) {
    case AST_NAME:
        if (strcmp (symbol_text (b->symbols, n->name), "get_ipython") == 0)
            foreach_fail (b, n, "this is a command of IPython's");
        read_name (b, n, scope);
        return;
    case AST_LAMBDA: return; /* looked into already */
    case AST_COMPREHENSION: walk_comprehension (b, n, scope, within); return;
    case AST_NAMED:
        walk (b, n->kids[1], scope, within);
        bind (b, n->kids[0], within);
        return;
    case AST_ASSIGN:
    case AST_ANNOTATE: walk_assignment (b, n, within); return;
    case AST_AUGMENT: walk_augment (b, n, within); return;
    case AST_IF: walk_if (b, n, within); return;
    case AST_FOR:
    case AST_WHILE: walk_inner_loop (b, n, within); return;
    case AST_TRY: walk_try (b, n, within); return;
    case AST_WITH_ITEM:
        walk (b, n->kids[0], scope, within);
        if (ast_kid (n, 1))
            bind (b, n->kids[1], within);
        return;
    case AST_PASS:
        if (n->flags & AST_BREAK && !(within & IN_LOOP))
            foreach_fail (b, n, "this leaves the loop early");
        return;
    case AST_BLOCK:
    case AST_EXPRESSION:
    case AST_RAISE:
    case AST_ASSERT:
    case AST_WITH:
        break;
    case AST_AWAIT:
    case AST_YIELD:
        foreach_fail (b, n, "rounds take turns here");
        return;
    default:
        if (n->kind > AST_BLOCK)
            foreach_fail (b, n, "this belongs before the loop, or isn't followed within it");
    }
    walk_kids (b, n, 0, scope, within);
}

void
foreach_walk (struct foreach_body *b)
{
    find_names (b);
    find_gathered (b, b->loop->kids[2]);
    look_into_all_functions (b);
    b->now = copy_of (b, &b->bound); /* what it goes over is looked at before the first round */
    walk (b, b->loop->kids[1], NULL, 0);
    b->now.len = 0;
    bind (b, b->loop->kids[0], 0);
    walk (b, b->loop->kids[2], NULL, 0);
}
