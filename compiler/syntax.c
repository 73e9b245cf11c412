/* The parser, the table from tree-sitter's types of node to who lowers them, and errors of syntax. See syntax.h. Node
 * types and fields: tree-sitter-python's grammar.js.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_lower.h"

#include <stdlib.h>
#include <string.h>

const TSLanguage *tree_sitter_python (void);

/* ---- the table -------------------------------------------------------------------------------------------------- */

static const struct rule rules[] = {
    { "identifier", lower_name, AST_NAME },
    { "integer", lower_leaf, AST_CONSTANT },
    { "float", lower_leaf, AST_CONSTANT },
    { "true", lower_leaf, AST_CONSTANT },
    { "false", lower_leaf, AST_CONSTANT },
    { "none", lower_leaf, AST_CONSTANT },
    { "ellipsis", lower_leaf, AST_CONSTANT },
    { "string", lower_string, AST_STRING },
    { "concatenated_string", lower_string, AST_STRING },
    { "attribute", lower_attribute, AST_ATTRIBUTE },
    { "member_type", lower_inner, AST_TUPLE },
    { "subscript", lower_starrable, AST_SUBSCRIPT },
    { "slice", lower_kids, AST_SLICE },
    { "call", lower_call, AST_CALL },
    { "keyword_argument", lower_keyword_argument, AST_KEYWORD },
    { "list_splat", lower_kids, AST_STARRED },
    { "list_splat_pattern", lower_kids, AST_STARRED },
    { "splat_type", lower_inner, AST_STARRED },
    { "dictionary_splat", lower_kids, AST_DOUBLE_STARRED },
    { "dictionary_splat_pattern", lower_kids, AST_DOUBLE_STARRED },
    { "parenthesized_list_splat", lower_inner, AST_STARRED },
    { "binary_operator", lower_starrable, AST_OPERATION },
    { "unary_operator", lower_kids, AST_OPERATION },
    { "not_operator", lower_kids, AST_OPERATION },
    { "comparison_operator", lower_kids, AST_OPERATION },
    { "boolean_operator", lower_kids, AST_BOOLEAN },
    { "conditional_expression", lower_kids, AST_CONDITIONAL },
    { "tuple", lower_kids, AST_TUPLE },
    { "tuple_pattern", lower_kids, AST_TUPLE },
    { "expression_list", lower_kids, AST_TUPLE },
    { "pattern_list", lower_kids, AST_TUPLE },
    { "list", lower_kids, AST_LIST },
    { "list_pattern", lower_kids, AST_LIST },
    { "set", lower_kids, AST_SET },
    { "dictionary", lower_dictionary, AST_DICT },
    { "pair", lower_pair, AST_TUPLE },
    { "list_comprehension", lower_comprehension, AST_COMPREHENSION },
    { "set_comprehension", lower_comprehension, AST_COMPREHENSION },
    { "dictionary_comprehension", lower_comprehension, AST_COMPREHENSION },
    { "generator_expression", lower_comprehension, AST_COMPREHENSION },
    { "lambda", lower_lambda, AST_LAMBDA },
    { "named_expression", lower_named, AST_NAMED },
    { "await", lower_kids, AST_AWAIT },
    { "yield", lower_kids, AST_YIELD },
    { "parenthesized_expression", lower_inner, AST_TUPLE },
    { "type", lower_inner, AST_TUPLE },
    { "generic_type", lower_inner, AST_TUPLE },
    { "union_type", lower_inner, AST_TUPLE },
    { "constrained_type", lower_inner, AST_TUPLE },
    { "type_parameter", lower_inner, AST_TUPLE },
    { "as_pattern", lower_inner, AST_TUPLE },
    { "as_pattern_target", lower_inner, AST_TUPLE },
    { "dotted_name", lower_dotted_name, AST_NAME },
    { "module", lower_block, AST_BLOCK },
    { "block", lower_block, AST_BLOCK },
    { "expression_statement", lower_expression_statement, AST_EXPRESSION },
    { "print_statement", lower_old_statement, AST_RAISE },
    { "chevron", lower_inner, AST_TUPLE },
    { "exec_statement", lower_old_statement, AST_RAISE },
    { "assignment", lower_assignment, AST_ASSIGN },
    { "augmented_assignment", lower_augmented, AST_AUGMENT },
    { "delete_statement", lower_kids, AST_DELETE },
    { "return_statement", lower_kids, AST_RETURN },
    { "raise_statement", lower_kids, AST_RAISE },
    { "assert_statement", lower_kids, AST_ASSERT },
    { "pass_statement", lower_jump, AST_PASS },
    { "break_statement", lower_jump, AST_PASS },
    { "continue_statement", lower_jump, AST_PASS },
    { "global_statement", lower_kids, AST_GLOBAL },
    { "nonlocal_statement", lower_kids, AST_NONLOCAL },
    { "import_statement", lower_import, AST_IMPORT },
    { "import_from_statement", lower_import, AST_IMPORT_FROM },
    { "future_import_statement", lower_import, AST_IMPORT_FROM },
    { "function_definition", lower_function, AST_FUNCTION },
    { "class_definition", lower_class, AST_CLASS },
    { "decorated_definition", lower_decorated, AST_FUNCTION },
    { "type_alias_statement", lower_type_alias, AST_TYPE_ALIAS },
    { "if_statement", lower_if, AST_IF },
    { "for_statement", lower_for, AST_FOR },
    { "while_statement", lower_while, AST_WHILE },
    { "try_statement", lower_try, AST_TRY },
    { "with_statement", lower_with, AST_WITH },
    { "match_statement", lower_match, AST_MATCH },
    { "comment", lower_nothing, AST_PASS },
    { "line_continuation", lower_nothing, AST_PASS },
};

/* Rules are looked up when the first node of a type comes by: the names of all of them cost a small notebook more than
 * its own text. */
static const struct rule *
find_rule (TSSymbol symbol)
{
    static const struct rule none = { 0 };
    const TSLanguage *language = tree_sitter_python ();
    const char *type = ts_language_symbol_name (language, symbol);
    bool named = ts_language_symbol_type (language, symbol) == TSSymbolTypeRegular;
    for (size_t i = 0; named && i < sizeof rules / sizeof *rules; i++)
        if (strcmp (rules[i].type, type) == 0)
            return &rules[i];
    return &none;
}

const struct rule *
syntax_rule (struct syntax *s, TSSymbol symbol)
{
    if (symbol >= sizeof s->rules / sizeof *s->rules)
        return NULL;
    if (!s->rules[symbol])
        s->rules[symbol] = find_rule (symbol);
    return s->rules[symbol]->type ? s->rules[symbol] : NULL;
}

/* ---- errors ----------------------------------------------------------------------------------------------------- */

static bool
find_error (TSNode n, struct syntax_error *e, int depth)
{
    if (ts_node_is_missing (n)) {
        *e = (struct syntax_error){ .start = ts_node_start_byte (n), .end = ts_node_start_byte (n),
                                    .expected = ts_node_type (n) };
        return true;
    }
    if (!ts_node_has_error (n))
        return false;
    if (ts_node_is_error (n) || depth > SYNTAX_MAX_DEPTH) {
        *e = (struct syntax_error){ .start = ts_node_start_byte (n), .end = ts_node_end_byte (n) };
        return true;
    }
    for (uint32_t i = 0; i < ts_node_child_count (n); i++)
        if (find_error (ts_node_child (n, i), e, depth + 1))
            return true;
    return false;
}

/* ---- the parser ------------------------------------------------------------------------------------------------- */

struct syntax *
syntax_create (void)
{
    const TSLanguage *language = tree_sitter_python ();
    struct syntax *s = xcalloc (1, sizeof *s);
    s->parser = ts_parser_new ();
    if (!ts_parser_set_language (s->parser, language))
        abort (); /* grammar and library of different ages: configure has checked that */
    const struct {
        TSFieldId *id;
        const char *name;
    } fields[] = {
        { &s->f_name, "name" },           { &s->f_alias, "alias" },
        { &s->f_left, "left" },           { &s->f_right, "right" },
        { &s->f_type, "type" },           { &s->f_value, "value" },
        { &s->f_body, "body" },           { &s->f_parameters, "parameters" },
        { &s->f_return_type, "return_type" }, { &s->f_superclasses, "superclasses" },
        { &s->f_type_parameters, "type_parameters" }, { &s->f_function, "function" },
        { &s->f_arguments, "arguments" }, { &s->f_object, "object" },
        { &s->f_attribute, "attribute" }, { &s->f_subscript, "subscript" },
        { &s->f_definition, "definition" }, { &s->f_condition, "condition" },
        { &s->f_consequence, "consequence" }, { &s->f_alternative, "alternative" },
        { &s->f_subject, "subject" },     { &s->f_guard, "guard" },
        { &s->f_module_name, "module_name" },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i].id = ts_language_field_id_for_name (language, fields[i].name, (uint32_t) strlen (fields[i].name));
    return s;
}

void
syntax_destroy (struct syntax *s)
{
    if (!s)
        return;
    ts_parser_delete (s->parser);
    free (s);
}

struct ast *
syntax_parse (struct syntax *s, struct arena *a, struct symbols *symbols, const char *text, size_t len,
              struct syntax_error *error)
{
    *error = (struct syntax_error){ .start = UINT32_MAX };
    TSTree *tree = ts_parser_parse_string (s->parser, NULL, text, (uint32_t) len);
    TSNode root = ts_tree_root_node (tree);
    struct lowering l = { .arena = a, .symbols = symbols, .syntax = s, .text = text, .error = error };
    if (ts_node_has_error (root))
        find_error (root, error, 0);
    struct ast *block = lower (&l, root);
    if (block->kind != AST_BLOCK) { /* the whole text is one ERROR node */
        block->kind = AST_BLOCK;
    }
    if (error->start == UINT32_MAX)
        lower_judge (&l, block, len);
    ts_tree_delete (tree);
    return block;
}
