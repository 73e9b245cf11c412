/* Lowers match statements and their patterns. See syntax_lower.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_lower.h"

#include <string.h>

static void add_pattern (struct lowering *l, TSNode n, struct kids *kids);

static void
add_pattern_children (struct lowering *l, TSNode n, uint32_t from, struct kids *kids)
{
    for (uint32_t i = from; i < ts_node_named_child_count (n) && lower_enter_level (l, n); i++) {
        add_pattern (l, ts_node_named_child (n, i), kids);
        lower_leave_level (l);
    }
}

static void
add_capture (struct lowering *l, TSNode name, struct kids *kids)
{
    struct ast *x = lower_make (l, AST_CAPTURE, name);
    x->name = lower_symbol (l, name);
    if (strcmp (symbol_text (l->symbols, x->name), "_") != 0)
        vec_push (l->arena, kids, x);
}

/* In a pattern a bare name captures, a dotted one is a value; the name of a class is a value. */
static void
add_pattern (struct lowering *l, TSNode n, struct kids *kids)
{
    const char *type = ts_node_type (n);
    if (lower_is_extra (n))
        return;
    if (strcmp (type, "dotted_name") == 0 && ts_node_named_child_count (n) == 1) {
        add_capture (l, ts_node_named_child (n, 0), kids);
    } else if (strcmp (type, "dotted_name") == 0) {
        struct ast *value = lower_dotted_name (l, n);
        if (value)
            vec_push (l->arena, kids, value);
    } else if (strcmp (type, "identifier") == 0) {
        add_capture (l, n, kids);
    } else if (strcmp (type, "class_pattern") == 0) {
        struct ast *class_name = ts_node_named_child_count (n) ? lower_dotted_name (l, ts_node_named_child (n, 0))
                                                               : NULL;
        if (class_name)
            vec_push (l->arena, kids, class_name);
        add_pattern_children (l, n, 1, kids);
    } else if (strcmp (type, "keyword_pattern") == 0) {
        add_pattern_children (l, n, 1, kids);
    } else if (strcmp (type, "string") == 0 || strcmp (type, "concatenated_string") == 0) {
        vec_push (l->arena, kids, lower_string (l, n));
    } else {
        add_pattern_children (l, n, 0, kids);
    }
}

static struct ast *
lower_case (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make_fixed (l, AST_CASE, n, 3);
    struct kids pattern = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++)
        if (lower_has_type (ts_node_named_child (n, i), "case_pattern"))
            add_pattern (l, ts_node_named_child (n, i), &pattern);
    TSNode guard = lower_get_field (n, l->syntax->f_guard);
    x->kids[0] = lower_with_kids (lower_make (l, AST_PATTERN, n), &pattern);
    x->kids[1] = ts_node_is_null (guard) ? NULL : lower_inner (l, guard);
    x->kids[2] = lower_block_field (l, n, l->syntax->f_consequence);
    return x;
}

struct ast *
lower_match (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 }, subjects = { 0 };
    for (uint32_t i = 0; i < ts_node_child_count (n); i++) {
        const char *name = ts_node_field_name_for_child (n, i);
        if (!name || strcmp (name, "subject") != 0)
            continue;
        struct ast *subject = lower (l, ts_node_child (n, i));
        if (subject)
            vec_push (l->arena, &subjects, subject);
    }
    struct ast *subject = lower_with_kids (lower_make (l, AST_TUPLE, n), &subjects);
    vec_push (l->arena, &kids, subject);
    TSNode body = lower_get_field (n, l->syntax->f_body);
    for (uint32_t i = 0; !ts_node_is_null (body) && i < ts_node_named_child_count (body); i++)
        if (lower_has_type (ts_node_named_child (body, i), "case_clause"))
            vec_push (l->arena, &kids, lower_case (l, ts_node_named_child (body, i)));
    return lower_with_kids (lower_make (l, AST_MATCH, n), &kids);
}
