/* Lowers statements: assignments, definitions, control flow, imports. See syntax_lower.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_lower.h"

#include <string.h>

/* ---- assignment ------------------------------------------------------------------------------------------------- */

/* a = b = value nests to the right in tree-sitter; here all targets stand in one node. */
struct ast *
lower_assignment (struct lowering *l, TSNode n)
{
    TSNode type = lower_get_field (n, l->syntax->f_type);
    if (!ts_node_is_null (type)) {
        struct ast *x = lower_make_fixed (l, AST_ANNOTATE, n, 3);
        x->kids[0] = lower_field (l, n, l->syntax->f_left);
        x->kids[1] = lower (l, type);
        x->kids[2] = lower_field (l, n, l->syntax->f_right);
        if (!x->kids[1])
            x->kids[1] = lower_make (l, AST_CONSTANT, n);
        return x;
    }
    struct kids kids = { 0 };
    TSNode at = n;
    for (;;) {
        struct ast *target = lower_field (l, at, l->syntax->f_left);
        if (target)
            vec_push (l->arena, &kids, target);
        TSNode right = lower_get_field (at, l->syntax->f_right);
        if (!lower_has_type (right, "assignment")) {
            struct ast *value = ts_node_is_null (right) ? NULL : lower (l, right);
            vec_push (l->arena, &kids, value ? value : lower_make (l, AST_CONSTANT, at));
            return lower_with_kids (lower_make (l, AST_ASSIGN, n), &kids);
        }
        if (!ts_node_is_null (lower_get_field (right, l->syntax->f_type)))
            lower_refuse (l, ts_node_start_byte (right), ts_node_end_byte (right), NULL); /* a = b: c */
        at = right;
    }
}

struct ast *
lower_augmented (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_AUGMENT, n, 2);
    x->kids[0] = lower_field (l, n, l->syntax->f_left);
    x->kids[1] = lower_field (l, n, l->syntax->f_right);
    if (!x->kids[0] || !x->kids[1])
        return lower_make (l, AST_PASS, n);
    return x;
}

/* An expression statement holds one expression, an assignment, or several expressions (a bare tuple). */
struct ast *
lower_expression_statement (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    lower_add_children (l, n, &kids);
    if (kids.len == 1) {
        int kind = kids.items[0]->kind;
        if (kind == AST_ASSIGN || kind == AST_AUGMENT || kind == AST_ANNOTATE || kind == AST_PASS)
            return kids.items[0];
    }
    struct ast *x = lower_make_fixed (l, AST_EXPRESSION, n, 1);
    x->kids[0] = kids.len == 1 ? kids.items[0] : lower_with_kids (lower_make (l, AST_TUPLE, n), &kids);
    return x;
}

/* ---- definitions ------------------------------------------------------------------------------------------------ */

/* The name within a parameter that may be typed or starred; sets the star flags. */
static void
name_parameter (struct lowering *l, struct ast *p, TSNode n)
{
    if (lower_has_type (n, "list_splat_pattern"))
        p->flags |= AST_STAR;
    if (lower_has_type (n, "dictionary_splat_pattern"))
        p->flags |= AST_STAR_STAR;
    if (lower_has_type (n, "identifier")) {
        p->name = lower_symbol (l, n);
        return;
    }
    if (ts_node_named_child_count (n))
        name_parameter (l, p, ts_node_named_child (n, 0));
}

static struct ast *
lower_parameter (struct lowering *l, TSNode n)
{
    struct ast *p = lower_make_fixed (l, AST_PARAMETER, n, 2);
    TSNode name = lower_get_field (n, l->syntax->f_name);
    name_parameter (l, p, ts_node_is_null (name) ? n : name);
    TSNode value = lower_get_field (n, l->syntax->f_value), type = lower_get_field (n, l->syntax->f_type);
    if (lower_has_type (n, "default_parameter") || lower_has_type (n, "typed_default_parameter"))
        p->kids[0] = ts_node_is_null (value) ? NULL : lower (l, value);
    p->kids[1] = ts_node_is_null (type) ? NULL : lower (l, type);
    return p;
}

struct ast *
lower_parameters (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    bool keyword_only = false;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (lower_has_type (kid, "keyword_separator"))
            keyword_only = true;
        if (lower_is_extra (kid) || lower_has_type (kid, "keyword_separator")
            || lower_has_type (kid, "positional_separator"))
            continue;
        struct ast *p = lower_parameter (l, kid);
        if (keyword_only)
            p->flags |= AST_KEYWORD_ONLY;
        keyword_only |= (p->flags & AST_STAR) != 0;
        if (p->name)
            vec_push (l->arena, &kids, p);
    }
    lower_judge_parameters (l, n, &kids);
    return lower_with_kids (lower_make (l, AST_PARAMETERS, n), &kids);
}

static struct ast *
empty_tuple (struct lowering *l, TSNode n)
{
    return lower_make (l, AST_TUPLE, n);
}

struct ast *
lower_block_field (struct lowering *l, TSNode n, TSFieldId f)
{
    struct ast *body = lower_field (l, n, f);
    if (!body || (body->kind == AST_BLOCK && !body->nkids))
        lower_refuse (l, ts_node_start_byte (n), ts_node_end_byte (n), "an indented block is missing");
    return body ? body : lower_make (l, AST_BLOCK, n);
}

/* PEP 695 parameters: an AST_NAME each, the first identifier; its kids are what is behind: bound and default. */
static struct ast *
lower_type_parameters (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    TSNode list = lower_get_field (n, l->syntax->f_type_parameters);
    for (uint32_t i = 0; !ts_node_is_null (list) && i < ts_node_named_child_count (list); i++) {
        TSNode at = ts_node_named_child (list, i);
        struct kids bounds = { 0 };
        while (!lower_has_type (at, "identifier") && ts_node_named_child_count (at)) {
            for (uint32_t k = 1; k < ts_node_named_child_count (at); k++)
                vec_push (l->arena, &bounds, lower (l, ts_node_named_child (at, k)));
            at = ts_node_named_child (at, 0);
        }
        if (lower_has_type (at, "identifier"))
            vec_push (l->arena, &kids, lower_with_kids (lower_name (l, at), &bounds));
    }
    return lower_with_kids (lower_make (l, AST_TUPLE, n), &kids);
}

static struct ast *
parameter_annotations (struct lowering *l, TSNode n, struct ast *parameters)
{
    struct kids kids = { 0 };
    ast_foreach (p, parameters)
        if ((*p)->kids[1])
            vec_push (l->arena, &kids, (*p)->kids[1]);
    struct ast *returns = lower_field (l, n, l->syntax->f_return_type);
    if (returns)
        vec_push (l->arena, &kids, returns);
    return lower_with_kids (lower_make (l, AST_TUPLE, n), &kids);
}

struct ast *
lower_function (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_FUNCTION, n, 5);
    TSNode parameters = lower_get_field (n, l->syntax->f_parameters);
    x->name = lower_symbol (l, lower_get_field (n, l->syntax->f_name));
    x->kids[0] = ts_node_is_null (parameters) ? lower_make (l, AST_PARAMETERS, n) : lower_parameters (l, parameters);
    x->kids[1] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[2] = empty_tuple (l, n);
    x->kids[3] = parameter_annotations (l, n, x->kids[0]);
    x->kids[4] = lower_type_parameters (l, n);
    if (lower_starts_with (l, n, "async"))
        x->flags |= AST_ASYNC;
    return x;
}

struct ast *
lower_class (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_CLASS, n, 4);
    struct kids bases = { 0 };
    TSNode superclasses = lower_get_field (n, l->syntax->f_superclasses);
    if (!ts_node_is_null (superclasses))
        lower_add_children (l, superclasses, &bases);
    x->name = lower_symbol (l, lower_get_field (n, l->syntax->f_name));
    x->kids[0] = lower_with_kids (lower_make (l, AST_TUPLE, n), &bases);
    x->kids[1] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[2] = empty_tuple (l, n);
    x->kids[3] = lower_type_parameters (l, n);
    return x;
}

struct ast *
lower_decorated (struct lowering *l, TSNode n)
{
    struct ast *x = lower_field (l, n, l->syntax->f_definition);
    if (!x || (x->kind != AST_FUNCTION && x->kind != AST_CLASS))
        return x;
    struct kids decorators = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (lower_has_type (kid, "decorator"))
            lower_add_children (l, kid, &decorators);
    }
    x->kids[2] = lower_with_kids (lower_make (l, AST_TUPLE, n), &decorators);
    x->start = ts_node_start_byte (n);
    return x;
}

struct ast *
lower_type_alias (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_TYPE_ALIAS, n, 3);
    struct ast *left = lower_field (l, n, l->syntax->f_left), *names = empty_tuple (l, n);
    if (left && left->kind == AST_TUPLE && left->nkids) { /* X[T]: a generic_type */
        names->kids = left->kids + 1;
        names->nkids = left->nkids - 1;
        left = left->kids[0];
    }
    x->kids[0] = left ? left : lower_make (l, AST_CONSTANT, n);
    x->kids[1] = lower_field (l, n, l->syntax->f_right);
    x->kids[2] = names;
    if (!x->kids[1])
        x->kids[1] = lower_make (l, AST_CONSTANT, n);
    return x;
}

/* ---- control flow ----------------------------------------------------------------------------------------------- */

/* elif chains become nested ifs in the `otherwise` place. */
struct ast *
lower_if (struct lowering *l, TSNode n)
{
    struct ast *first = lower_make_fixed (l, AST_IF, n, 3), *at = first;
    first->kids[0] = lower_field (l, n, l->syntax->f_condition);
    first->kids[1] = lower_block_field (l, n, l->syntax->f_consequence);
    int outer = l->depth;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (lower_has_type (kid, "elif_clause") && !lower_enter_level (l, kid))
            break;
        if (lower_has_type (kid, "elif_clause")) {
            struct ast *next = lower_make_fixed (l, AST_IF, kid, 3);
            next->kids[0] = lower_field (l, kid, l->syntax->f_condition);
            next->kids[1] = lower_block_field (l, kid, l->syntax->f_consequence);
            at->kids[2] = next;
            at = next;
        } else if (lower_has_type (kid, "else_clause")) {
            at->kids[2] = lower_block_field (l, kid, l->syntax->f_body);
        }
    }
    l->depth = outer;
    for (at = first; at && at->kind == AST_IF; at = at->kids[2])
        if (!at->kids[0])
            at->kids[0] = lower_make (l, AST_CONSTANT, n);
    return first;
}

static struct ast *
lower_else (struct lowering *l, TSNode n)
{
    TSNode clause = lower_get_field (n, l->syntax->f_alternative);
    return ts_node_is_null (clause) ? NULL : lower_block_field (l, clause, l->syntax->f_body);
}

static struct ast *
or_constant (struct lowering *l, struct ast *x, TSNode n)
{
    return x ? x : lower_make (l, AST_CONSTANT, n);
}

struct ast *
lower_for (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_FOR, n, 4);
    x->kids[0] = or_constant (l, lower_field (l, n, l->syntax->f_left), n);
    x->kids[1] = or_constant (l, lower_field (l, n, l->syntax->f_right), n);
    x->kids[2] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[3] = lower_else (l, n);
    return x;
}

struct ast *
lower_while (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_WHILE, n, 3);
    x->kids[0] = or_constant (l, lower_field (l, n, l->syntax->f_condition), n);
    x->kids[1] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[2] = lower_else (l, n);
    return x;
}

/* `E as name` within except, with and case: the expression and the target. */
static struct ast *
lower_as (struct lowering *l, TSNode n, struct ast **target)
{
    TSNode alias = lower_get_field (n, l->syntax->f_alias);
    TSNode value = ts_node_named_child (n, 0);
    *target = ts_node_is_null (alias) ? NULL : lower_inner (l, alias);
    return ts_node_is_null (value) ? lower_make (l, AST_CONSTANT, n) : or_constant (l, lower (l, value), n);
}

static struct ast *
lower_handler (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_HANDLER, n, 2);
    struct kids types = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (lower_is_extra (kid))
            continue;
        if (lower_has_type (kid, "block")) {
            x->kids[1] = lower (l, kid);
        } else if (lower_has_type (kid, "as_pattern")) {
            struct ast *target = NULL;
            struct ast *type = lower_as (l, kid, &target);
            vec_push (l->arena, &types, type);
            x->name = target && target->kind == AST_NAME ? target->name : 0;
        } else {
            struct ast *type = lower (l, kid);
            if (type)
                vec_push (l->arena, &types, type);
        }
    }
    x->kids[0] = types.len == 1 ? types.items[0] : types.len ? lower_with_kids (lower_make (l, AST_TUPLE, n), &types)
                                : NULL;
    if (!x->kids[1])
        x->kids[1] = lower_make (l, AST_BLOCK, n);
    return x;
}

struct ast *
lower_try (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_TRY, n, 4);
    struct kids handlers = { 0 };
    x->kids[0] = lower_block_field (l, n, l->syntax->f_body);
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (lower_has_type (kid, "except_clause") || lower_has_type (kid, "except_group_clause"))
            vec_push (l->arena, &handlers, lower_handler (l, kid));
        else if (lower_has_type (kid, "else_clause"))
            x->kids[2] = lower_block_field (l, kid, l->syntax->f_body);
        else if (lower_has_type (kid, "finally_clause"))
            x->kids[3] = lower_inner (l, kid);
    }
    x->kids[1] = lower_with_kids (lower_make (l, AST_BLOCK, n), &handlers);
    return x;
}

static void
add_with_item (struct lowering *l, TSNode n, struct kids *kids)
{
    struct ast *x = lower_make_fixed (l, AST_WITH_ITEM, n, 2);
    TSNode value = lower_get_field (n, l->syntax->f_value);
    if (lower_has_type (value, "as_pattern"))
        x->kids[0] = lower_as (l, value, &x->kids[1]);
    else
        x->kids[0] = ts_node_is_null (value) ? lower_make (l, AST_CONSTANT, n) : or_constant (l, lower (l, value), n);
    vec_push (l->arena, kids, x);
}

struct ast *
lower_with (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode clause = ts_node_named_child (n, i);
        if (!lower_has_type (clause, "with_clause"))
            continue;
        for (uint32_t k = 0; k < ts_node_named_child_count (clause); k++)
            if (lower_has_type (ts_node_named_child (clause, k), "with_item"))
                add_with_item (l, ts_node_named_child (clause, k), &kids);
    }
    struct ast *body = lower_block_field (l, n, l->syntax->f_body);
    vec_push (l->arena, &kids, body);
    return lower_with_kids (lower_make (l, AST_WITH, n), &kids);
}

/* ---- imports ---------------------------------------------------------------------------------------------------- */

/* A dotted name as one symbol, white space within it left out. */
static symbol
dotted_symbol (struct lowering *l, TSNode n)
{
    char text[512];
    size_t len = 0;
    for (uint32_t i = ts_node_start_byte (n); i < ts_node_end_byte (n) && len < sizeof text; i++)
        if (!strchr (" \t\r\n\\", l->text[i]))
            text[len++] = l->text[i];
    return symbol_of (l->symbols, text, len);
}

static void
add_alias (struct lowering *l, TSNode n, struct kids *kids)
{
    struct ast *x = lower_make (l, AST_ALIAS, n);
    TSNode alias = lower_get_field (n, l->syntax->f_alias);
    x->name = dotted_symbol (l, lower_has_type (n, "aliased_import") ? lower_get_field (n, l->syntax->f_name) : n);
    struct kids bound = { 0 };
    if (ts_node_is_null (alias)) {
        const char *text = symbol_text (l->symbols, x->name);
        struct ast *first = lower_make (l, AST_NAME, n);
        first->name = symbol_of (l->symbols, text, strcspn (text, "."));
        x->flags = strchr (text, '.') ? AST_STAR : 0;
        vec_push (l->arena, &bound, first);
    } else {
        vec_push (l->arena, &bound, lower_name (l, alias));
    }
    lower_with_kids (x, &bound);
    vec_push (l->arena, kids, x);
}

struct ast *
lower_import (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    TSNode module = lower_get_field (n, l->syntax->f_module_name);
    struct ast *x = lower_make (l, lower_has_type (n, "import_statement") ? AST_IMPORT : AST_IMPORT_FROM, n);
    if (lower_has_type (n, "future_import_statement"))
        x->name = symbol_of_str (l->symbols, "__future__");
    else if (!ts_node_is_null (module))
        x->name = dotted_symbol (l, module);
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (lower_has_type (kid, "wildcard_import"))
            x->flags |= AST_STAR;
        else if ((lower_has_type (kid, "dotted_name") || lower_has_type (kid, "aliased_import"))
                 && !ts_node_eq (kid, module))
            add_alias (l, kid, &kids);
    }
    return lower_with_kids (x, &kids);
}

struct ast *
lower_jump (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make (l, AST_PASS, n);
    x->flags = lower_has_type (n, "break_statement") ? AST_BREAK : lower_has_type (n, "continue_statement")
        ? AST_CONTINUE : 0;
    return x;
}
