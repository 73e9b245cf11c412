/* What the files syntax_judge*.c share: what tree-sitter's grammar lets pass and CPython refuses. syntax_judge.c walks
 * through the tree and judges statements, blocks and scopes; syntax_judge_value.c targets, calls and single values.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_SYNTAX_JUDGE_H
#define CHARD_COMPILER_SYNTAX_JUDGE_H

#include "compiler/syntax_lower.h"

struct judging {
    struct lowering *l;
    const char *end; /* of the text */
    const struct frame *frame;
};

/* Looks at one node, not at those below it; notes what is wrong by `refuse`. */
typedef void judge_fn (struct judging *j, const struct ast *x);

judge_fn judge_simple; /* a simple statement: it lies within one logical line */
judge_fn judge_plain;  /* the same, and none of its values is starred */

/* A compound statement's first line, up to the end of `part`, which may be NULL. */
void judge_header (struct judging *j, const struct ast *x, const struct ast *part);

/* syntax_judge_value.c */
judge_fn judge_assign, judge_augment, judge_annotate, judge_delete, judge_for, judge_with, judge_call, judge_class,
    judge_function, judge_parameters, judge_attribute, judge_generator, judge_operation, judge_constant, judge_string,
    judge_value, judge_values;

/* Notes that `x` is no Python, and why, in CPython's words. */
void refuse (struct judging *j, const struct ast *x, const char *problem);

static inline bool
is_kind (const struct ast *x, enum ast_kind kind)
{
    return x && x->kind == kind;
}

#endif
