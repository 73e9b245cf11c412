/* One walk over a cell's tree, in the order in which Python evaluates it. See facts.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/facts.h"

#include "compiler/scope.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct arena *arena;
    const struct program *program;
    struct facts *facts;
    const struct scope *scope; /* NULL: the module's */
    bool later;                /* within a function */
    int tries;
    struct vec_int sure;       /* names that are bound at this point, whichever way was taken */
};

static void walk (struct walk *w, const struct ast *n);

/* ---- single names ----------------------------------------------------------------------------------------------- */

static bool
is_module_name (const struct walk *w, symbol name)
{
    return !w->scope || scope_is_global (w->scope, name);
}

static void
add_read (struct walk *w, symbol name)
{
    if (!is_module_name (w, name))
        return;
    if (w->later) {
        vec_int_add_once (w->arena, &w->facts->later_reads, name);
        return;
    }
    if (!vec_int_has (&w->sure, name))
        vec_int_add_once (w->arena, &w->facts->needs, name);
    vec_int_add_once (w->arena, &w->facts->reads, name);
}

static void
add_bind (struct walk *w, symbol name)
{
    if (!is_module_name (w, name))
        return;
    vec_int_add_once (w->arena, w->later ? &w->facts->later_binds : &w->facts->binds, name);
    if (!w->later)
        vec_int_add_once (w->arena, &w->sure, name);
}

static void
forget_sure (struct walk *w, symbol name)
{
    for (size_t i = 0; i < w->sure.len; i++)
        if (w->sure.items[i] == name) /* 0 is no name; the places behind stay true for branches that are open */
            w->sure.items[i] = 0;
}

/* What was bound since `from` is bound on one way only: gives it, and takes it away. */
static struct vec_int
take_sure (struct walk *w, size_t from)
{
    struct vec_int taken = { 0 };
    for (size_t i = from; i < w->sure.len; i++)
        vec_push (w->arena, &taken, w->sure.items[i]);
    w->sure.len = from < w->sure.len ? from : w->sure.len;
    return taken;
}

static void
walk_kids (struct walk *w, const struct ast *n, uint32_t from)
{
    for (uint32_t i = from; n && i < n->nkids; i++)
        walk (w, n->kids[i]);
}

static void
walk_target (struct walk *w, const struct ast *n)
{
    if (!n)
        return;
    switch (n->kind) {
    case AST_NAME:
    case AST_CAPTURE: add_bind (w, n->name); break;
    case AST_TUPLE:
    case AST_LIST:
    case AST_STARRED:
        ast_foreach (kid, n)
            walk_target (w, *kid);
        break;
    default: walk (w, n);
    }
}

static void
walk_deleted (struct walk *w, const struct ast *n)
{
    if (!n)
        return;
    if (n->kind == AST_TUPLE || n->kind == AST_LIST) {
        ast_foreach (kid, n)
            walk_deleted (w, *kid);
    } else if (n->kind != AST_NAME) {
        walk (w, n);
    } else if (is_module_name (w, n->name) && !w->later) {
        add_read (w, n->name); /* it has to be there */
        vec_int_add_once (w->arena, &w->facts->deletes, n->name);
        forget_sure (w, n->name);
    }
}

/* ---- scopes ----------------------------------------------------------------------------------------------------- */

static void
walk_within (struct walk *w, const struct scope *scope, bool later, const struct ast *n)
{
    const struct scope *outer = w->scope;
    bool outer_later = w->later;
    w->scope = scope ? scope : outer;
    w->later |= later;
    walk (w, n);
    w->scope = outer;
    w->later = outer_later;
}

/* Bounds of type parameters are evaluated when somebody asks for them. */
static void
walk_types (struct walk *w, const struct ast *types)
{
    ast_foreach (type, types)
        ast_foreach (bound, *type)
            walk_within (w, types->scope, true, *bound);
}

static void
walk_function (struct walk *w, const struct ast *n)
{
    bool named = n->kind == AST_FUNCTION;
    if (!named && n->kids[1]->kind == AST_BLOCK) { /* under %timeit: told as it stands there (timed.h) */
        walk (w, n->kids[1]);
        return;
    }
    if (named)
        walk (w, n->kids[2]);
    ast_foreach (p, n->kids[0])
        walk (w, (*p)->kids[0]);
    if (named) {
        const struct scope *types = n->kids[4] ? n->kids[4]->scope : NULL;
        walk_types (w, n->kids[4]);
        walk_within (w, types, false, n->kids[3]);
        add_bind (w, n->name);
    }
    walk_within (w, n->scope, true, n->kids[1]);
}

static void
walk_class (struct walk *w, const struct ast *n)
{
    const struct scope *types = n->kids[3] ? n->kids[3]->scope : NULL;
    walk (w, n->kids[2]);
    walk_types (w, n->kids[3]);
    walk_within (w, types, false, n->kids[0]);
    walk_within (w, n->scope, false, n->kids[1]);
    add_bind (w, n->name);
}

static void
walk_comprehension (struct walk *w, const struct ast *n)
{
    const struct scope *outer = w->scope;
    for (uint32_t i = 1; i < n->nkids; i++) {
        const struct ast *g = n->kids[i];
        if (g->kind != AST_GENERATOR)
            continue;
        w->scope = i == 1 ? outer : n->scope;
        walk (w, ast_kid (g, 1));
        w->scope = n->scope;
        walk_target (w, ast_kid (g, 0));
        walk_kids (w, g, 2);
    }
    w->scope = n->scope;
    walk (w, n->kids[0]);
    w->scope = outer;
}

/* A walrus binds in the scope around all comprehensions. */
static void
walk_named (struct walk *w, const struct ast *n)
{
    const struct scope *scope = w->scope;
    walk (w, n->kids[1]);
    while (w->scope && w->scope->owner->kind == AST_COMPREHENSION)
        w->scope = w->scope->outer;
    walk_target (w, n->kids[0]);
    w->scope = scope;
}

/* ---- imports ---------------------------------------------------------------------------------------------------- */

static void
add_import (struct walk *w, symbol module, symbol name, const struct ast *at)
{
    struct import x = { symbol_text (w->program->symbols, module), name, at, w->later, w->tries > 0 };
    vec_push (w->arena, &w->facts->imports, x);
}

static void
walk_import (struct walk *w, const struct ast *n)
{
    ast_foreach (alias, n) {
        add_import (w, (*alias)->name, 0, *alias);
        add_bind (w, (*alias)->kids[0]->name);
    }
}

static void
walk_import_from (struct walk *w, const struct ast *n)
{
    if (n->flags & AST_STAR)
        add_import (w, n->name, symbol_of_str (w->program->symbols, "*"), n);
    ast_foreach (alias, n) {
        add_import (w, n->name, (*alias)->name, *alias);
        add_bind (w, (*alias)->kids[0]->name);
    }
}

/* ---- dispatch --------------------------------------------------------------------------------------------------- */

static void
walk_assign (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[n->nkids - 1]);
    for (uint32_t i = 0; i + 1 < n->nkids; i++)
        walk_target (w, n->kids[i]);
}

static void
walk_augment (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[0]); /* read, … */
    walk (w, n->kids[1]);
    if (n->kids[0] && n->kids[0]->kind == AST_NAME)
        add_bind (w, n->kids[0]->name); /* … then bound */
}

static void
walk_annotate (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[1]);
    walk (w, n->kids[2]);
    if (n->kids[2] || (n->kids[0] && n->kids[0]->kind != AST_NAME))
        walk_target (w, n->kids[0]);
}

/* What is bound only here is not sure behind it. */
static void
walk_perhaps (struct walk *w, const struct ast *n)
{
    size_t from = w->sure.len;
    walk (w, n);
    take_sure (w, from);
}

static void
walk_if (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[0]);
    size_t from = w->sure.len;
    walk (w, n->kids[1]);
    struct vec_int body = take_sure (w, from);
    walk (w, ast_kid (n, 2));
    struct vec_int otherwise = take_sure (w, from);
    vec_foreach (x, &body)
        if (vec_int_has (&otherwise, *x))
            vec_int_add_once (w->arena, &w->sure, *x);
}

static void
walk_for (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[1]);
    size_t from = w->sure.len;
    walk_target (w, n->kids[0]);
    walk (w, n->kids[2]);
    take_sure (w, from);
    walk_perhaps (w, ast_kid (n, 3));
}

static void
walk_while (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[0]);
    walk_perhaps (w, n->kids[1]);
    walk_perhaps (w, ast_kid (n, 2));
}

static void
walk_match (struct walk *w, const struct ast *n)
{
    walk (w, n->kids[0]);
    for (uint32_t i = 1; i < n->nkids; i++)
        walk_perhaps (w, n->kids[i]);
}

/* Handlers may run at any point of the body; a body that ended well has bound its names. */
static void
walk_try (struct walk *w, const struct ast *n)
{
    size_t from = w->sure.len;
    w->tries++;
    walk (w, n->kids[0]);
    walk (w, ast_kid (n, 2));
    struct vec_int body = take_sure (w, from);
    ast_foreach (handler, n->kids[1]) {
        walk (w, *handler);
        struct vec_int bound = take_sure (w, from);
        vec_foreach (x, &body)
            if (!vec_int_has (&bound, *x))
                *x = 0;
    }
    w->tries--;
    vec_foreach (x, &body)
        vec_int_add_once (w->arena, &w->sure, *x);
    walk (w, ast_kid (n, 3));
}

static void
walk_statement (struct walk *w, const struct ast *n)
{
    switch (n->kind) {
    case AST_ASSIGN: walk_assign (w, n); break;
    case AST_AUGMENT: walk_augment (w, n); break;
    case AST_ANNOTATE: walk_annotate (w, n); break;
    case AST_DELETE:
        ast_foreach (kid, n)
            walk_deleted (w, *kid);
        break;
    case AST_IF: walk_if (w, n); break;
    case AST_FOR: walk_for (w, n); break;
    case AST_WHILE: walk_while (w, n); break;
    case AST_MATCH: walk_match (w, n); break;
    case AST_WITH_ITEM:
        walk (w, n->kids[0]);
        walk_target (w, n->kids[1]);
        break;
    case AST_HANDLER:
        walk (w, n->kids[0]);
        if (n->name)
            add_bind (w, n->name);
        walk_kids (w, n, 1);
        if (n->name) /* unbound again at its end */
            forget_sure (w, n->name);
        break;
    case AST_TRY: walk_try (w, n); break;
    case AST_CAPTURE: add_bind (w, n->name); break;
    case AST_TYPE_ALIAS:
        add_bind (w, n->kids[0]->name);
        walk_types (w, n->kids[2]);
        walk_within (w, n->kids[2] ? n->kids[2]->scope : NULL, true, n->kids[1]);
        break;
    default: walk_kids (w, n, 0);
    }
}

static void
walk (struct walk *w, const struct ast *n)
{
    if (!n)
        return;
    switch (n->kind) {
    case AST_NAME: add_read (w, n->name); break;
    case AST_FUNCTION:
    case AST_LAMBDA: walk_function (w, n); break;
    case AST_CLASS: walk_class (w, n); break;
    case AST_COMPREHENSION:
        if (n->nkids && n->scope)
            walk_comprehension (w, n);
        break;
    case AST_NAMED: walk_named (w, n); break;
    case AST_IMPORT: walk_import (w, n); break;
    case AST_IMPORT_FROM: walk_import_from (w, n); break;
    case AST_GLOBAL:
    case AST_NONLOCAL: break;
    default: walk_statement (w, n);
    }
}

struct facts *
facts_collect (struct arena *a, const struct program *p, const struct unit *u)
{
    struct walk w = { .arena = a, .program = p, .facts = arena_new (a, struct facts) };
    walk (&w, u->tree);
    return w.facts;
}

/* ---- as JSON ---------------------------------------------------------------------------------------------------- */

static int
compare_text (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
}

static json_t *
sorted_json (struct vec_str *texts)
{
    json_t *list = json_array ();
    if (texts->len)
        qsort (texts->items, texts->len, sizeof *texts->items, compare_text);
    vec_foreach (t, texts)
        json_array_append_new (list, json_string (*t));
    return list;
}

static json_t *
names_json (const struct program *p, const struct vec_int *names)
{
    struct vec_str texts = { 0 };
    vec_foreach (x, names)
        vec_push (p->arena, &texts, symbol_text (p->symbols, *x));
    return sorted_json (&texts);
}

static json_t *
imports_json (const struct program *p, const struct facts *f, bool star, bool later)
{
    struct vec_str texts = { 0 };
    vec_foreach (x, &f->imports)
        if (x->later == later && (!star || strcmp (symbol_text (p->symbols, x->name), "*") == 0))
            vec_str_add_once (p->arena, &texts, x->module);
    return sorted_json (&texts);
}

static json_t *
magics_json (const struct unit *u)
{
    static const char *const kinds[] = { "line", "cell", "shell", "help" };
    json_t *list = json_array ();
    vec_foreach (m, &u->text->magics)
        json_array_append_new (list, json_pack ("[s, s, s]", kinds[m->kind], m->name, m->arguments));
    return list;
}

json_t *
facts_to_json (const struct program *p, const struct unit *u)
{
    const struct facts *f = facts_collect (p->arena, p, u);
    return json_pack ("{s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cell", u->cell->index, "parses",
                      !u->broken, "binds", names_json (p, &f->binds), "deletes", names_json (p, &f->deletes), "reads",
                      names_json (p, &f->reads), "needs", names_json (p, &f->needs), "later_reads",
                      names_json (p, &f->later_reads), "later_binds", names_json (p, &f->later_binds), "imports",
                      imports_json (p, f, false, false), "later_imports", imports_json (p, f, false, true),
                      "star_imports", imports_json (p, f, true, false), "magics", magics_json (u));
}
