/* Lowering: tree-sitter's concrete tree becomes struct ast, one function a shape of node, chosen by the table `rules`
 * in syntax.c from the node's type. Only the syntax files include this.
 *
 *     syntax.c (table, parser) ── syntax_lower.c (what all share) ── syntax_expression.c · _statement.c · _match.c
 *                              ── syntax_judge.c (what the grammar lets pass, though it is no Python)
 *
 * To lower a new type of node: a row in the table, and a function here if no shape that is there fits.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_SYNTAX_LOWER_H
#define CHARD_COMPILER_SYNTAX_LOWER_H

#include "base/vec.h"
#include "compiler/syntax.h"

#include <tree_sitter/api.h>

struct lowering {
    struct arena *arena; /* where the tree lies */
    struct symbols *symbols;
    struct syntax *syntax;
    const char *text;
    struct syntax_error *error; /* the first one, for the caller */
    int depth;
};

/* Gives the node's tree, in the lowering's arena; NULL for what means nothing (a comment). */
typedef struct ast *lower_fn (struct lowering *l, TSNode n);

struct rule {
    const char *type; /* tree-sitter's node type */
    lower_fn *lower;
    enum ast_kind kind; /* for the lowerers that serve several types */
};

struct syntax {
    TSParser *parser;
    const struct rule *rules[1024]; /* by tree-sitter symbol; NULL: not looked up yet (syntax_rule) */
    TSFieldId f_name, f_alias, f_left, f_right, f_type, f_value, f_body, f_parameters, f_return_type, f_superclasses,
        f_type_parameters, f_function, f_arguments, f_object, f_attribute, f_subscript, f_definition, f_condition,
        f_consequence, f_alternative, f_subject, f_guard, f_module_name;
};

/* The rule for nodes of that type; NULL if there is none. */
const struct rule *syntax_rule (struct syntax *s, TSSymbol symbol);

/* A list of kids while a node is being built. */
struct kids {
    struct ast **items;
    size_t len, cap;
};

/* ---- what all share ---- */

/* One level deeper; false, and an error, where that is too deep. lower_leave_level in any case. */
bool lower_enter_level (struct lowering *l, TSNode n);
void lower_leave_level (struct lowering *l);

/* A node of this kind that stands where `n` does: without kids, with `count` that are NULL yet, with those given. */
struct ast *lower_make (struct lowering *l, enum ast_kind kind, TSNode n);
struct ast *lower_make_fixed (struct lowering *l, enum ast_kind kind, TSNode n, uint32_t count);
struct ast *lower_with_kids (struct ast *x, const struct kids *kids);

symbol lower_symbol (struct lowering *l, TSNode n); /* the node's text as a symbol */
TSNode lower_get_field (TSNode n, TSFieldId f);     /* a null node if there is none */
bool lower_has_type (TSNode n, const char *type);
bool lower_is_extra (TSNode n); /* punctuation or a comment */
bool lower_starts_with (struct lowering *l, TSNode n, const char *word);

/* Lowers every named child (comments passed over) and appends it. */
void lower_add_children (struct lowering *l, TSNode n, struct kids *kids);

/* Lowers `n` by its rule, or its field `f` (NULL if it has none). */
lower_fn lower;
struct ast *lower_field (struct lowering *l, TSNode n, TSFieldId f);

/* ---- syntax_judge.c ---- */

/* Notes an error of syntax unless there is one already; `problem` is a literal, or NULL. */
void lower_refuse (struct lowering *l, uint32_t start, uint32_t end, const char *problem);

/* Looks through a whole tree of `len` bytes of text for what CPython refuses. */
void lower_judge (struct lowering *l, const struct ast *tree, size_t len);

/* The order of parameters, `/` and `*` among them: `n` holds them, `parameters` are the lowered ones. */
void lower_judge_parameters (struct lowering *l, TSNode n, const struct kids *parameters);

/* ---- the rules' functions ---- */

/* syntax_lower.c: shapes that serve many types */
lower_fn lower_kids, lower_leaf, lower_block, lower_old_statement, lower_inner, lower_nothing, lower_name,
    lower_dotted_name;

/* syntax_expression.c */
lower_fn lower_starrable, lower_attribute, lower_call, lower_keyword_argument, lower_string, lower_comprehension,
    lower_pair, lower_dictionary, lower_named, lower_lambda;

/* syntax_statement.c */
lower_fn lower_expression_statement, lower_assignment, lower_augmented, lower_function, lower_class, lower_decorated,
    lower_type_alias, lower_if, lower_for, lower_while, lower_try, lower_with, lower_import, lower_jump;
lower_fn lower_parameters; /* of a function or lambda */
struct ast *lower_block_field (struct lowering *l, TSNode n, TSFieldId f);

/* syntax_match.c */
lower_fn lower_match;

#endif
