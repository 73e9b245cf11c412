/* See scope.h. Two walks: one that tells the names bound by a piece of tree without entering nested scopes, one that
 * makes a scope at each node that opens one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/scope.h"

#include "base/vec.h"

typedef void visit_fn (void *context, symbol name, const struct ast *at);

/* ---- names bound ------------------------------------------------------------------------------------------------ */

static void visit_tree (const struct ast *n, visit_fn *visit, void *context);

static void
visit_target (const struct ast *n, visit_fn *visit, void *context)
{
    if (!n)
        return;
    switch (n->kind) {
    case AST_NAME: visit (context, n->name, n); break;
    case AST_TUPLE:
    case AST_LIST:
    case AST_STARRED:
        ast_foreach (kid, n)
            visit_target (*kid, visit, context);
        break;
    default: visit_tree (n, visit, context); /* a[f(x := 1)] */
    }
}

static void
visit_kids (const struct ast *n, uint32_t from, visit_fn *visit, void *context)
{
    for (uint32_t i = from; i < n->nkids; i++)
        visit_tree (n->kids[i], visit, context);
}

/* A comprehension keeps its targets to itself, but a walrus within binds in the scope around it. */
static void
visit_walrus_only (const struct ast *n, visit_fn *visit, void *context)
{
    if (!n || n->kind == AST_LAMBDA)
        return;
    if (n->kind == AST_NAMED)
        visit_target (n->kids[0], visit, context);
    ast_foreach (kid, n)
        visit_walrus_only (*kid, visit, context);
}

static void
visit_import (const struct ast *n, visit_fn *visit, void *context)
{
    ast_foreach (alias, n)
        visit (context, (*alias)->kids[0]->name, *alias);
}

static void
visit_tree (const struct ast *n, visit_fn *visit, void *context)
{
    if (!n)
        return;
    switch (n->kind) {
    case AST_NAME:
    case AST_CONSTANT:
    case AST_STRING:
    case AST_LAMBDA: return;
    case AST_COMPREHENSION: visit_walrus_only (n, visit, context); return;
    case AST_ASSIGN:
        for (uint32_t i = 0; i + 1 < n->nkids; i++)
            visit_target (n->kids[i], visit, context);
        visit_tree (n->kids[n->nkids - 1], visit, context);
        return;
    case AST_AUGMENT:
    case AST_ANNOTATE:
    case AST_NAMED:
    case AST_TYPE_ALIAS:
        visit_target (n->kids[0], visit, context);
        visit_kids (n, 1, visit, context);
        return;
    case AST_DELETE:
        ast_foreach (kid, n)
            visit_target (*kid, visit, context);
        return;
    case AST_FOR:
        visit_target (n->kids[0], visit, context);
        visit_kids (n, 1, visit, context);
        return;
    case AST_WITH_ITEM:
        visit_tree (n->kids[0], visit, context);
        visit_target (n->kids[1], visit, context);
        return;
    case AST_FUNCTION:
        visit (context, n->name, n);
        ast_foreach (p, n->kids[0])
            visit_tree ((*p)->kids[0], visit, context);
        visit_tree (n->kids[2], visit, context);
        return;
    case AST_CLASS:
        visit (context, n->name, n);
        visit_tree (n->kids[0], visit, context);
        visit_tree (n->kids[2], visit, context);
        return;
    case AST_HANDLER:
    case AST_CAPTURE:
        if (n->name)
            visit (context, n->name, n);
        visit_kids (n, 0, visit, context);
        return;
    case AST_IMPORT:
    case AST_IMPORT_FROM: visit_import (n, visit, context); return;
    case AST_GLOBAL:
    case AST_NONLOCAL: return;
    default: visit_kids (n, 0, visit, context);
    }
}

void
scope_visit_bindings (const struct ast *body, visit_fn *visit, void *context)
{
    visit_tree (body, visit, context);
}

/* ---- scopes ----------------------------------------------------------------------------------------------------- */

struct building {
    struct arena *arena;
    symbol own_class;
    struct scope *scope;
};

static bool
has (const struct vec_sym *v, symbol x)
{
    vec_foreach (s, v)
        if (*s == x)
            return true;
    return false;
}

static void
add_local (void *context, symbol name, const struct ast *at)
{
    struct building *b = context;
    (void) at;
    if (!has (&b->scope->locals, name) && !has (&b->scope->globals, name) && !has (&b->scope->nonlocals, name))
        vec_push (b->arena, &b->scope->locals, name);
}

static void
add_declarations (struct building *b, const struct ast *n)
{
    if (!n || n->kind == AST_FUNCTION || n->kind == AST_CLASS || n->kind == AST_LAMBDA)
        return;
    struct vec_sym *declared = n->kind == AST_GLOBAL     ? &b->scope->globals
                               : n->kind == AST_NONLOCAL ? &b->scope->nonlocals
                                                         : NULL;
    for (uint32_t i = 0; declared && i < n->nkids; i++)
        vec_push (b->arena, declared, n->kids[i]->name);
    ast_foreach (kid, n)
        add_declarations (b, *kid);
}

static void build_in (const struct building *w, struct ast *n, struct scope *outer);

static struct scope *
open_scope (const struct building *w, struct ast *owner, struct scope *outer)
{
    struct scope *s = arena_new (w->arena, struct scope);
    s->owner = owner;
    s->outer = outer;
    s->own_class = owner->kind == AST_CLASS ? w->own_class : 0;
    owner->scope = s;
    return s;
}

/* def f[T] (…), class C[T]: T lives in a scope of its own around annotations, bases and body (PEP 695). */
static struct scope *
open_type_scope (const struct building *w, struct ast *types, struct scope *outer)
{
    if (!types || !types->nkids)
        return outer;
    struct building b = { w->arena, w->own_class, open_scope (w, types, outer) };
    ast_foreach (type, types) {
        add_local (&b, (*type)->name, *type);
        ast_foreach (bound, *type)
            build_in (w, *bound, b.scope);
    }
    return b.scope;
}

static void
build_function (const struct building *w, struct ast *n, struct scope *outer)
{
    struct scope *types = open_type_scope (w, ast_kid (n, 4), outer);
    struct building b = { w->arena, w->own_class, open_scope (w, n, types) };
    struct ast *parameters = n->kids[0];
    add_declarations (&b, n->kids[1]);
    ast_foreach (p, parameters) {
        add_local (&b, (*p)->name, *p);
        build_in (w, (*p)->kids[0], outer);
        build_in (w, (*p)->kids[1], outer);
    }
    if (n->kind == AST_FUNCTION) {
        build_in (w, n->kids[2], outer);
        build_in (w, n->kids[3], types);
    }
    if (n->kids[1]->kind == AST_BLOCK)
        scope_visit_bindings (n->kids[1], add_local, &b);
    else
        visit_walrus_only (n->kids[1], add_local, &b);
    build_in (w, n->kids[1], b.scope);
}

static void
build_class (const struct building *w, struct ast *n, struct scope *outer)
{
    struct scope *types = open_type_scope (w, ast_kid (n, 3), outer);
    struct building b = { w->arena, w->own_class, open_scope (w, n, types) };
    add_declarations (&b, n->kids[1]);
    scope_visit_bindings (n->kids[1], add_local, &b);
    build_in (w, n->kids[0], types);
    build_in (w, n->kids[2], outer);
    build_in (w, n->kids[1], b.scope);
}

static void
build_comprehension (const struct building *w, struct ast *n, struct scope *outer)
{
    struct building b = { w->arena, w->own_class, open_scope (w, n, outer) };
    for (uint32_t i = 1; i < n->nkids; i++) {
        struct ast *g = n->kids[i];
        if (g->kind != AST_GENERATOR)
            continue;
        visit_target (g->kids[0], add_local, &b);
        build_in (w, g->kids[1], i == 1 ? outer : b.scope); /* the first iterable is evaluated outside */
        for (uint32_t k = 2; k < g->nkids; k++)
            build_in (w, g->kids[k], b.scope);
        build_in (w, g->kids[0], b.scope);
    }
    build_in (w, n->kids[0], b.scope);
}

static void
build_in (const struct building *w, struct ast *n, struct scope *outer)
{
    if (!n)
        return;
    switch (n->kind) {
    case AST_FUNCTION:
    case AST_LAMBDA: build_function (w, n, outer); break;
    case AST_CLASS: build_class (w, n, outer); break;
    case AST_TYPE_ALIAS: build_in (w, ast_kid (n, 1), open_type_scope (w, ast_kid (n, 2), outer)); break;
    case AST_COMPREHENSION:
        if (n->nkids)
            build_comprehension (w, n, outer);
        break;
    default:
        ast_foreach (kid, n)
            build_in (w, *kid, outer);
    }
}

void
scope_build (struct arena *a, struct symbols *symbols, struct ast *tree)
{
    const struct building w = { a, symbol_of_str (symbols, "__class__"), NULL };
    build_in (&w, tree, NULL);
}

bool
scope_is_local (const struct scope *s, symbol name)
{
    return has (&s->locals, name);
}

bool
scope_is_global (const struct scope *s, symbol name)
{
    for (bool direct = true; s; s = s->outer, direct = false) {
        if (s->owner->kind == AST_CLASS && !direct) {
            if (name == s->own_class)
                return false;
            continue;
        }
        if (has (&s->globals, name))
            return true;
        if (has (&s->locals, name))
            return false;
    }
    return true;
}
