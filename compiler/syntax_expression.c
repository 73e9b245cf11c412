/* Lowers expressions. See syntax_lower.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_lower.h"

#include <string.h>

/* `*a.b` and `*f (x) + y`, where they aren't within parentheses, are a star around it all; to tree-sitter the star
 * binds to the first name alone. */
static struct ast *
with_star_outside (struct ast *x)
{
    struct ast *star = x->nkids ? x->kids[0] : NULL;
    if (!star || star->kind != AST_STARRED || !star->nkids)
        return x;
    x->kids[0] = star->kids[0];
    x->start = star->kids[0]->start;
    star->kids[0] = x;
    star->end = x->end;
    return star;
}

struct ast *
lower_starrable (struct lowering *l, TSNode n)
{
    return with_star_outside (lower_kids (l, n));
}

struct ast *
lower_attribute (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_ATTRIBUTE, n, 1);
    x->kids[0] = lower_field (l, n, l->syntax->f_object);
    x->name = lower_symbol (l, lower_get_field (n, l->syntax->f_attribute));
    if (!x->kids[0])
        x->nkids = 0;
    return with_star_outside (x);
}

struct ast *
lower_call (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    struct ast *function = lower_field (l, n, l->syntax->f_function);
    TSNode arguments = lower_get_field (n, l->syntax->f_arguments);
    if (!function)
        return lower_make (l, AST_CONSTANT, n);
    vec_push (l->arena, &kids, function);
    if (lower_has_type (arguments, "generator_expression"))
        vec_push (l->arena, &kids, lower (l, arguments));
    else if (!ts_node_is_null (arguments))
        lower_add_children (l, arguments, &kids);
    return with_star_outside (lower_with_kids (lower_make (l, AST_CALL, n), &kids));
}

struct ast *
lower_keyword_argument (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_KEYWORD, n, 1);
    x->name = lower_symbol (l, lower_get_field (n, l->syntax->f_name));
    x->kids[0] = lower_field (l, n, l->syntax->f_value);
    if (!x->kids[0])
        x->kids[0] = lower_make (l, AST_CONSTANT, n);
    return x;
}

static void
add_interpolated (struct lowering *l, TSNode n, struct kids *kids)
{
    TSTreeCursor c = ts_tree_cursor_new (n);
    for (bool more = ts_tree_cursor_goto_first_child (&c); more; more = ts_tree_cursor_goto_next_sibling (&c)) {
        TSNode kid = ts_tree_cursor_current_node (&c);
        if (lower_is_extra (kid))
            continue;
        const char *type = ts_node_type (kid);
        if (strcmp (type, "interpolation") == 0 || strcmp (type, "format_specifier") == 0
            || strcmp (type, "format_expression") == 0 || strcmp (type, "string_content") == 0
            || strcmp (type, "string") == 0)
            add_interpolated (l, kid, kids);
        else if (strncmp (type, "string_", 7) != 0 && strcmp (type, "type_conversion") != 0
                 && strncmp (type, "escape", 6) != 0) {
            struct ast *x = lower (l, kid);
            if (x)
                vec_push (l->arena, kids, x);
        }
    }
    ts_tree_cursor_delete (&c);
}

/* string and concatenated_string: plain, or with expressions in braces. */
struct ast *
lower_string (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    if (ts_node_named_child_count (n) > 2 || lower_has_type (n, "concatenated_string"))
        add_interpolated (l, n, &kids);
    if (kids.len)
        return lower_with_kids (lower_make (l, AST_FSTRING, n), &kids);
    return lower_make (l, AST_STRING, n);
}

struct ast *
lower_comprehension (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    TSTreeCursor c = ts_tree_cursor_new (n);
    struct ast *generator = NULL;
    struct kids parts = { 0 };
    for (bool more = ts_tree_cursor_goto_first_child (&c); more; more = ts_tree_cursor_goto_next_sibling (&c)) {
        TSNode kid = ts_tree_cursor_current_node (&c);
        if (lower_is_extra (kid))
            continue;
        if (lower_has_type (kid, "for_in_clause")) {
            if (generator)
                lower_with_kids (generator, &parts);
            generator = lower_make (l, AST_GENERATOR, kid);
            parts = (struct kids){ 0 };
            struct ast *target = lower_field (l, kid, l->syntax->f_left);
            vec_push (l->arena, &parts, target ? target : lower_make (l, AST_CONSTANT, kid));
            /* several iterables are a tuple: `for x in 1, 2` (Python 2 only) */
            struct ast *iterable = lower_field (l, kid, l->syntax->f_right);
            vec_push (l->arena, &parts, iterable ? iterable : lower_make (l, AST_CONSTANT, kid));
            vec_push (l->arena, &kids, generator);
        } else if (lower_has_type (kid, "if_clause") && generator) {
            struct kids condition = { 0 };
            lower_add_children (l, kid, &condition);
            for (size_t i = 0; i < condition.len; i++)
                vec_push (l->arena, &parts, condition.items[i]);
        } else {
            struct ast *x = lower (l, kid);
            if (x && !generator)
                vec_push (l->arena, &kids, x);
        }
    }
    ts_tree_cursor_delete (&c);
    if (generator)
        lower_with_kids (generator, &parts);
    struct ast *x = lower_with_kids (lower_make (l, AST_COMPREHENSION, n), &kids);
    if (lower_has_type (n, "generator_expression"))
        x->flags |= AST_LAZY;
    return x;
}

/* key: value within a dictionary display or comprehension. */
struct ast *
lower_pair (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    lower_add_children (l, n, &kids);
    return lower_with_kids (lower_make (l, AST_TUPLE, n), &kids);
}

struct ast *
lower_dictionary (struct lowering *l, TSNode n)
{
    struct kids pairs = { 0 }, kids = { 0 };
    lower_add_children (l, n, &pairs);
    for (size_t i = 0; i < pairs.len; i++) {
        struct ast *p = pairs.items[i];
        bool pair = p->kind == AST_TUPLE && p->nkids == 2;
        struct ast *value = pair ? p->kids[1] : NULL;
        vec_push (l->arena, &kids, pair ? p->kids[0] : p);
        vec_push (l->arena, &kids, value);
    }
    return lower_with_kids (lower_make (l, AST_DICT, n), &kids);
}

struct ast *
lower_named (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_NAMED, n, 2);
    x->kids[0] = lower_field (l, n, l->syntax->f_name);
    x->kids[1] = lower_field (l, n, l->syntax->f_value);
    if (!x->kids[0] || !x->kids[1])
        return lower_make (l, AST_CONSTANT, n);
    return x;
}

struct ast *
lower_lambda (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_LAMBDA, n, 2);
    TSNode parameters = lower_get_field (n, l->syntax->f_parameters);
    x->kids[0] = ts_node_is_null (parameters) ? lower_make (l, AST_PARAMETERS, n) : lower_parameters (l, parameters);
    x->kids[1] = lower_field (l, n, l->syntax->f_body);
    if (!x->kids[1])
        x->kids[1] = lower_make (l, AST_CONSTANT, n);
    return x;
}
