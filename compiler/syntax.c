/* Lowers tree-sitter's concrete tree to struct ast: one function a shape of node, chosen by a table from node type.
 * See syntax.h. Node types and fields: tree-sitter-python's grammar.js.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax.h"

#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_python (void);

struct lowering {
    struct arena *arena;
    struct symbols *symbols;
    const struct syntax *syntax;
    const char *text;
    struct syntax_error *error;
    int depth;
};

typedef struct ast *lower_fn (struct lowering *l, TSNode n);

struct rule {
    const char *type; /* tree-sitter's node type */
    lower_fn *lower;
    enum ast_kind kind; /* for the lowerers that serve several types */
};

struct syntax {
    TSParser *parser;
    const struct rule *rules[1024]; /* by tree-sitter symbol */
    TSFieldId f_name, f_alias, f_left, f_right, f_type, f_value, f_body, f_parameters, f_return_type, f_superclasses,
        f_type_parameters, f_function, f_arguments, f_object, f_attribute, f_subscript, f_definition, f_condition,
        f_consequence, f_alternative, f_subject, f_guard, f_module_name;
};

/* A list of kids while a node is being built. */
struct kids {
    struct ast **items;
    size_t len, cap;
};

static struct ast *lower (struct lowering *l, TSNode n);

/* One level deeper; false, and an error, where that is too deep. leave_level in any case. */
static bool
enter_level (struct lowering *l, TSNode n)
{
    if (++l->depth <= SYNTAX_MAX_DEPTH)
        return true;
    if (l->error->start == UINT32_MAX)
        *l->error = (struct syntax_error){ ts_node_start_byte (n), ts_node_end_byte (n), NULL, true };
    return false;
}

static void
leave_level (struct lowering *l)
{
    l->depth--;
}

/* ---- small helpers ---------------------------------------------------------------------------------------------- */

static struct ast *
make (struct lowering *l, enum ast_kind kind, TSNode n)
{
    struct ast *x = arena_new (l->arena, struct ast);
    x->kind = (uint8_t) kind;
    x->start = ts_node_start_byte (n);
    x->end = ts_node_end_byte (n);
    return x;
}

static struct ast *
with_kids (struct ast *x, const struct kids *kids)
{
    x->kids = kids->items;
    x->nkids = (uint32_t) kids->len;
    return x;
}

static struct ast *
make_fixed (struct lowering *l, enum ast_kind kind, TSNode n, uint32_t count)
{
    struct ast *x = make (l, kind, n);
    x->nkids = count;
    x->kids = arena_alloc (l->arena, count * sizeof *x->kids);
    return x;
}

static symbol
text_symbol (struct lowering *l, TSNode n)
{
    uint32_t a = ts_node_start_byte (n), b = ts_node_end_byte (n);
    return symbol_of (l->symbols, l->text + a, b - a);
}

static TSNode
field (TSNode n, TSFieldId f)
{
    return ts_node_child_by_field_id (n, f);
}

static struct ast *
lower_field (struct lowering *l, TSNode n, TSFieldId f)
{
    TSNode kid = field (n, f);
    return ts_node_is_null (kid) ? NULL : lower (l, kid);
}

static bool
has_type (TSNode n, const char *type)
{
    return !ts_node_is_null (n) && strcmp (ts_node_type (n), type) == 0;
}

static bool
is_extra (TSNode n)
{
    return !ts_node_is_named (n) || ts_node_is_extra (n);
}

/* Lowers every named child (comments passed over) and appends it. */
static void
add_children (struct lowering *l, TSNode n, struct kids *kids)
{
    TSTreeCursor c = ts_tree_cursor_new (n);
    for (bool more = ts_tree_cursor_goto_first_child (&c); more; more = ts_tree_cursor_goto_next_sibling (&c)) {
        TSNode kid = ts_tree_cursor_current_node (&c);
        if (is_extra (kid))
            continue;
        struct ast *x = lower (l, kid);
        if (x)
            vec_push (l->arena, kids, x);
    }
    ts_tree_cursor_delete (&c);
}

static bool
starts_with_word (struct lowering *l, TSNode n, const char *word)
{
    uint32_t start = ts_node_start_byte (n);
    return strncmp (l->text + start, word, strlen (word)) == 0;
}

/* ---- shapes that serve many node types -------------------------------------------------------------------------- */

static const struct rule *
rule_of (const struct lowering *l, TSNode n)
{
    TSSymbol s = ts_node_symbol (n);
    return s < sizeof l->syntax->rules / sizeof *l->syntax->rules ? l->syntax->rules[s] : NULL;
}

/* A node whose named children are its kids, in order. */
static struct ast *
lower_kids (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    add_children (l, n, &kids);
    return with_kids (make (l, rule_of (l, n)->kind, n), &kids);
}

static struct ast *
lower_leaf (struct lowering *l, TSNode n)
{
    return make (l, rule_of (l, n)->kind, n);
}

/* How far in the line's first byte that isn't blank stands, tabs to multiples of 8; -1 if `at` isn't that byte. */
static int
indentation (const char *text, uint32_t at)
{
    uint32_t p = at;
    while (p > 0 && text[p - 1] != '\n')
        p--;
    int width = 0;
    for (; p < at; p++)
        if (text[p] == '\t')
            width = (width / 8 + 1) * 8;
        else if (text[p] == '\f')
            width = 0;
        else if (text[p] == ' ')
            width++;
        else
            return -1;
    return width;
}

/* Statements. tree-sitter lets the first of them decide nothing: all that begin a line must begin where it does. */
static struct ast *
lower_block (struct lowering *l, TSNode n)
{
    struct ast *block = lower_kids (l, n);
    int wanted = block->nkids ? indentation (l->text, block->kids[0]->start) : -1;
    for (uint32_t i = 1; i < block->nkids && wanted >= 0 && l->error->start == UINT32_MAX; i++) {
        int found = indentation (l->text, block->kids[i]->start);
        if (found >= 0 && found != wanted)
            *l->error = (struct syntax_error){ block->kids[i]->start, block->kids[i]->end,
                                                  "the indentation of the lines above", false };
    }
    return block;
}

/* Python 2's `print x` and `exec x`; `print >> x` is an expression of Python 3 too. */
static struct ast *
lower_old_statement (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    bool chevron = ts_node_named_child_count (n) == 1 && has_type (ts_node_named_child (n, 0), "chevron");
    if (chevron)
        vec_push (l->arena, &kids, lower (l, ts_node_child (n, 0)));
    else if (l->error->start == UINT32_MAX)
        *l->error = (struct syntax_error){ ts_node_start_byte (n), ts_node_end_byte (n), NULL, false };
    add_children (l, n, &kids);
    if (chevron) {
        kids.items[0]->kind = AST_NAME;
        kids.items[0]->name = symbol_of_str (l->symbols, "print");
    }
    return with_kids (make (l, chevron ? AST_OPERATION : AST_RAISE, n), &kids);
}

/* A wrapper without meaning of its own: parenthesised expression, type annotation. */
static struct ast *
lower_inner (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    add_children (l, n, &kids);
    if (kids.len == 1)
        return kids.items[0];
    return with_kids (make (l, AST_TUPLE, n), &kids);
}

static struct ast *
lower_nothing (struct lowering *l, TSNode n)
{
    (void) l;
    (void) n;
    return NULL;
}

/* tree-sitter takes a keyword for a name where no keyword can stand: `else: pass` alone. */
static bool
is_keyword (const char *text, size_t len)
{
    static const char keywords[] = " False None True and as assert async await break class continue def del elif else "
                                   "except finally for from global if import in is lambda nonlocal not or pass raise "
                                   "return try while with yield ";
    char word[12];
    if (len + 3 > sizeof word)
        return false;
    snprintf (word, sizeof word, " %.*s ", (int) len, text);
    return strstr (keywords, word) != NULL;
}

static struct ast *
lower_name (struct lowering *l, TSNode n)
{
    struct ast *x = make (l, AST_NAME, n);
    x->name = text_symbol (l, n);
    if (l->error->start == UINT32_MAX && is_keyword (l->text + x->start, x->end - x->start))
        *l->error = (struct syntax_error){ x->start, x->end, NULL, false };
    return x;
}

/* a.b.c as names: the first is a name, the rest attributes of it. */
static struct ast *
lower_dotted_name (struct lowering *l, TSNode n)
{
    struct ast *x = NULL;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode part = ts_node_named_child (n, i);
        if (!x) {
            x = lower_name (l, part);
            continue;
        }
        struct ast *attribute = make_fixed (l, AST_ATTRIBUTE, n, 1);
        attribute->kids[0] = x;
        attribute->name = text_symbol (l, part);
        x = attribute;
    }
    return x;
}

/* ---- expressions ------------------------------------------------------------------------------------------------ */

static struct ast *
lower_attribute (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_ATTRIBUTE, n, 1);
    x->kids[0] = lower_field (l, n, l->syntax->f_object);
    x->name = text_symbol (l, field (n, l->syntax->f_attribute));
    if (!x->kids[0])
        x->nkids = 0;
    return x;
}

static struct ast *
lower_call (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    struct ast *function = lower_field (l, n, l->syntax->f_function);
    TSNode arguments = field (n, l->syntax->f_arguments);
    if (!function)
        return make (l, AST_CONSTANT, n);
    vec_push (l->arena, &kids, function);
    if (has_type (arguments, "generator_expression"))
        vec_push (l->arena, &kids, lower (l, arguments));
    else if (!ts_node_is_null (arguments))
        add_children (l, arguments, &kids);
    return with_kids (make (l, AST_CALL, n), &kids);
}

static struct ast *
lower_keyword_argument (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_KEYWORD, n, 1);
    x->name = text_symbol (l, field (n, l->syntax->f_name));
    x->kids[0] = lower_field (l, n, l->syntax->f_value);
    if (!x->kids[0])
        x->kids[0] = make (l, AST_CONSTANT, n);
    return x;
}

static void
add_interpolated (struct lowering *l, TSNode n, struct kids *kids)
{
    TSTreeCursor c = ts_tree_cursor_new (n);
    for (bool more = ts_tree_cursor_goto_first_child (&c); more; more = ts_tree_cursor_goto_next_sibling (&c)) {
        TSNode kid = ts_tree_cursor_current_node (&c);
        if (is_extra (kid))
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
static struct ast *
lower_string (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    if (ts_node_named_child_count (n) > 2 || has_type (n, "concatenated_string"))
        add_interpolated (l, n, &kids);
    if (kids.len)
        return with_kids (make (l, AST_FSTRING, n), &kids);
    return make (l, AST_STRING, n);
}

static struct ast *
lower_comprehension (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    TSTreeCursor c = ts_tree_cursor_new (n);
    struct ast *generator = NULL;
    struct kids parts = { 0 };
    for (bool more = ts_tree_cursor_goto_first_child (&c); more; more = ts_tree_cursor_goto_next_sibling (&c)) {
        TSNode kid = ts_tree_cursor_current_node (&c);
        if (is_extra (kid))
            continue;
        if (has_type (kid, "for_in_clause")) {
            if (generator)
                with_kids (generator, &parts);
            generator = make (l, AST_GENERATOR, kid);
            parts = (struct kids){ 0 };
            struct ast *target = lower_field (l, kid, l->syntax->f_left);
            vec_push (l->arena, &parts, target ? target : make (l, AST_CONSTANT, kid));
            /* several iterables are a tuple: `for x in 1, 2` (Python 2 only) */
            struct ast *iterable = lower_field (l, kid, l->syntax->f_right);
            vec_push (l->arena, &parts, iterable ? iterable : make (l, AST_CONSTANT, kid));
            vec_push (l->arena, &kids, generator);
        } else if (has_type (kid, "if_clause") && generator) {
            struct kids condition = { 0 };
            add_children (l, kid, &condition);
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
        with_kids (generator, &parts);
    struct ast *x = with_kids (make (l, AST_COMPREHENSION, n), &kids);
    if (has_type (n, "generator_expression"))
        x->flags |= AST_LAZY;
    return x;
}

/* key: value within a dictionary display or comprehension. */
static struct ast *
lower_pair (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    add_children (l, n, &kids);
    return with_kids (make (l, AST_TUPLE, n), &kids);
}

static struct ast *
lower_dictionary (struct lowering *l, TSNode n)
{
    struct kids pairs = { 0 }, kids = { 0 };
    add_children (l, n, &pairs);
    for (size_t i = 0; i < pairs.len; i++) {
        struct ast *p = pairs.items[i];
        bool pair = p->kind == AST_TUPLE && p->nkids == 2;
        struct ast *value = pair ? p->kids[1] : NULL;
        vec_push (l->arena, &kids, pair ? p->kids[0] : p);
        vec_push (l->arena, &kids, value);
    }
    return with_kids (make (l, AST_DICT, n), &kids);
}

static struct ast *
lower_named (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_NAMED, n, 2);
    x->kids[0] = lower_field (l, n, l->syntax->f_name);
    x->kids[1] = lower_field (l, n, l->syntax->f_value);
    if (!x->kids[0] || !x->kids[1])
        return make (l, AST_CONSTANT, n);
    return x;
}

static struct ast *lower_parameters (struct lowering *l, TSNode n);

static struct ast *
lower_lambda (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_LAMBDA, n, 2);
    TSNode parameters = field (n, l->syntax->f_parameters);
    x->kids[0] = ts_node_is_null (parameters) ? make (l, AST_PARAMETERS, n) : lower_parameters (l, parameters);
    x->kids[1] = lower_field (l, n, l->syntax->f_body);
    if (!x->kids[1])
        x->kids[1] = make (l, AST_CONSTANT, n);
    return x;
}

/* ---- assignment ------------------------------------------------------------------------------------------------- */

/* a = b = value nests to the right in tree-sitter; here all targets stand in one node. */
static struct ast *
lower_assignment (struct lowering *l, TSNode n)
{
    TSNode type = field (n, l->syntax->f_type);
    if (!ts_node_is_null (type)) {
        struct ast *x = make_fixed (l, AST_ANNOTATE, n, 3);
        x->kids[0] = lower_field (l, n, l->syntax->f_left);
        x->kids[1] = lower (l, type);
        x->kids[2] = lower_field (l, n, l->syntax->f_right);
        if (!x->kids[1])
            x->kids[1] = make (l, AST_CONSTANT, n);
        return x;
    }
    struct kids kids = { 0 };
    TSNode at = n;
    for (;;) {
        struct ast *target = lower_field (l, at, l->syntax->f_left);
        if (target)
            vec_push (l->arena, &kids, target);
        TSNode right = field (at, l->syntax->f_right);
        if (!has_type (right, "assignment")) {
            struct ast *value = ts_node_is_null (right) ? NULL : lower (l, right);
            vec_push (l->arena, &kids, value ? value : make (l, AST_CONSTANT, at));
            return with_kids (make (l, AST_ASSIGN, n), &kids);
        }
        at = right;
    }
}

static struct ast *
lower_augmented (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_AUGMENT, n, 2);
    x->kids[0] = lower_field (l, n, l->syntax->f_left);
    x->kids[1] = lower_field (l, n, l->syntax->f_right);
    if (!x->kids[0] || !x->kids[1])
        return make (l, AST_PASS, n);
    return x;
}

/* An expression statement holds one expression, an assignment, or several expressions (a bare tuple). */
static struct ast *
lower_expression_statement (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    add_children (l, n, &kids);
    if (kids.len == 1) {
        int kind = kids.items[0]->kind;
        if (kind == AST_ASSIGN || kind == AST_AUGMENT || kind == AST_ANNOTATE || kind == AST_PASS)
            return kids.items[0];
    }
    struct ast *x = make_fixed (l, AST_EXPRESSION, n, 1);
    x->kids[0] = kids.len == 1 ? kids.items[0] : with_kids (make (l, AST_TUPLE, n), &kids);
    return x;
}

/* ---- definitions ------------------------------------------------------------------------------------------------ */

/* The name within a parameter that may be typed or starred; sets the star flags. */
static void
name_parameter (struct lowering *l, struct ast *p, TSNode n)
{
    if (has_type (n, "list_splat_pattern"))
        p->flags |= AST_STAR;
    if (has_type (n, "dictionary_splat_pattern"))
        p->flags |= AST_STAR_STAR;
    if (has_type (n, "identifier")) {
        p->name = text_symbol (l, n);
        return;
    }
    if (ts_node_named_child_count (n))
        name_parameter (l, p, ts_node_named_child (n, 0));
}

static struct ast *
lower_parameter (struct lowering *l, TSNode n)
{
    struct ast *p = make_fixed (l, AST_PARAMETER, n, 2);
    TSNode name = field (n, l->syntax->f_name);
    name_parameter (l, p, ts_node_is_null (name) ? n : name);
    TSNode value = field (n, l->syntax->f_value), type = field (n, l->syntax->f_type);
    if (has_type (n, "default_parameter") || has_type (n, "typed_default_parameter"))
        p->kids[0] = ts_node_is_null (value) ? NULL : lower (l, value);
    p->kids[1] = ts_node_is_null (type) ? NULL : lower (l, type);
    return p;
}

static struct ast *
lower_parameters (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    bool keyword_only = false;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (has_type (kid, "keyword_separator"))
            keyword_only = true;
        if (is_extra (kid) || has_type (kid, "keyword_separator") || has_type (kid, "positional_separator"))
            continue;
        struct ast *p = lower_parameter (l, kid);
        if (keyword_only)
            p->flags |= AST_KEYWORD_ONLY;
        keyword_only |= (p->flags & AST_STAR) != 0;
        if (p->name)
            vec_push (l->arena, &kids, p);
    }
    return with_kids (make (l, AST_PARAMETERS, n), &kids);
}

static struct ast *
empty_tuple (struct lowering *l, TSNode n)
{
    return make (l, AST_TUPLE, n);
}

static struct ast *
lower_block_field (struct lowering *l, TSNode n, TSFieldId f)
{
    struct ast *body = lower_field (l, n, f);
    if ((!body || (body->kind == AST_BLOCK && !body->nkids)) && l->error->start == UINT32_MAX)
        *l->error = (struct syntax_error){ ts_node_start_byte (n), ts_node_end_byte (n), "an indented block", false };
    return body ? body : make (l, AST_BLOCK, n);
}

/* PEP 695 parameters: an AST_NAME each, the first identifier; its kids are what is behind: bound and default. */
static struct ast *
lower_type_parameters (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    TSNode list = field (n, l->syntax->f_type_parameters);
    for (uint32_t i = 0; !ts_node_is_null (list) && i < ts_node_named_child_count (list); i++) {
        TSNode at = ts_node_named_child (list, i);
        struct kids bounds = { 0 };
        while (!has_type (at, "identifier") && ts_node_named_child_count (at)) {
            for (uint32_t k = 1; k < ts_node_named_child_count (at); k++)
                vec_push (l->arena, &bounds, lower (l, ts_node_named_child (at, k)));
            at = ts_node_named_child (at, 0);
        }
        if (has_type (at, "identifier"))
            vec_push (l->arena, &kids, with_kids (lower_name (l, at), &bounds));
    }
    return with_kids (make (l, AST_TUPLE, n), &kids);
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
    return with_kids (make (l, AST_TUPLE, n), &kids);
}

static struct ast *
lower_function (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_FUNCTION, n, 5);
    TSNode parameters = field (n, l->syntax->f_parameters);
    x->name = text_symbol (l, field (n, l->syntax->f_name));
    x->kids[0] = ts_node_is_null (parameters) ? make (l, AST_PARAMETERS, n) : lower_parameters (l, parameters);
    x->kids[1] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[2] = empty_tuple (l, n);
    x->kids[3] = parameter_annotations (l, n, x->kids[0]);
    x->kids[4] = lower_type_parameters (l, n);
    if (starts_with_word (l, n, "async"))
        x->flags |= AST_ASYNC;
    return x;
}

static struct ast *
lower_class (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_CLASS, n, 4);
    struct kids bases = { 0 };
    TSNode superclasses = field (n, l->syntax->f_superclasses);
    if (!ts_node_is_null (superclasses))
        add_children (l, superclasses, &bases);
    x->name = text_symbol (l, field (n, l->syntax->f_name));
    x->kids[0] = with_kids (make (l, AST_TUPLE, n), &bases);
    x->kids[1] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[2] = empty_tuple (l, n);
    x->kids[3] = lower_type_parameters (l, n);
    return x;
}

static struct ast *
lower_decorated (struct lowering *l, TSNode n)
{
    struct ast *x = lower_field (l, n, l->syntax->f_definition);
    if (!x || (x->kind != AST_FUNCTION && x->kind != AST_CLASS))
        return x;
    struct kids decorators = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (has_type (kid, "decorator"))
            add_children (l, kid, &decorators);
    }
    x->kids[2] = with_kids (make (l, AST_TUPLE, n), &decorators);
    x->start = ts_node_start_byte (n);
    return x;
}

static struct ast *
lower_type_alias (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_TYPE_ALIAS, n, 3);
    struct ast *left = lower_field (l, n, l->syntax->f_left), *names = empty_tuple (l, n);
    if (left && left->kind == AST_TUPLE && left->nkids) { /* X[T]: a generic_type */
        names->kids = left->kids + 1;
        names->nkids = left->nkids - 1;
        left = left->kids[0];
    }
    x->kids[0] = left ? left : make (l, AST_CONSTANT, n);
    x->kids[1] = lower_field (l, n, l->syntax->f_right);
    x->kids[2] = names;
    if (!x->kids[1])
        x->kids[1] = make (l, AST_CONSTANT, n);
    return x;
}

/* ---- control flow ----------------------------------------------------------------------------------------------- */

/* elif chains become nested ifs in the `otherwise` place. */
static struct ast *
lower_if (struct lowering *l, TSNode n)
{
    struct ast *first = make_fixed (l, AST_IF, n, 3), *at = first;
    first->kids[0] = lower_field (l, n, l->syntax->f_condition);
    first->kids[1] = lower_block_field (l, n, l->syntax->f_consequence);
    int outer = l->depth;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (has_type (kid, "elif_clause") && !enter_level (l, kid))
            break;
        if (has_type (kid, "elif_clause")) {
            struct ast *next = make_fixed (l, AST_IF, kid, 3);
            next->kids[0] = lower_field (l, kid, l->syntax->f_condition);
            next->kids[1] = lower_block_field (l, kid, l->syntax->f_consequence);
            at->kids[2] = next;
            at = next;
        } else if (has_type (kid, "else_clause")) {
            at->kids[2] = lower_block_field (l, kid, l->syntax->f_body);
        }
    }
    l->depth = outer;
    for (at = first; at && at->kind == AST_IF; at = at->kids[2])
        if (!at->kids[0])
            at->kids[0] = make (l, AST_CONSTANT, n);
    return first;
}

static struct ast *
lower_else (struct lowering *l, TSNode n)
{
    TSNode clause = field (n, l->syntax->f_alternative);
    return ts_node_is_null (clause) ? NULL : lower_block_field (l, clause, l->syntax->f_body);
}

static struct ast *
or_constant (struct lowering *l, struct ast *x, TSNode n)
{
    return x ? x : make (l, AST_CONSTANT, n);
}

static struct ast *
lower_for (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_FOR, n, 4);
    x->kids[0] = or_constant (l, lower_field (l, n, l->syntax->f_left), n);
    x->kids[1] = or_constant (l, lower_field (l, n, l->syntax->f_right), n);
    x->kids[2] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[3] = lower_else (l, n);
    return x;
}

static struct ast *
lower_while (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_WHILE, n, 3);
    x->kids[0] = or_constant (l, lower_field (l, n, l->syntax->f_condition), n);
    x->kids[1] = lower_block_field (l, n, l->syntax->f_body);
    x->kids[2] = lower_else (l, n);
    return x;
}

/* `E as name` within except, with and case: the expression and the target. */
static struct ast *
lower_as (struct lowering *l, TSNode n, struct ast **target)
{
    TSNode alias = field (n, l->syntax->f_alias);
    TSNode value = ts_node_named_child (n, 0);
    *target = ts_node_is_null (alias) ? NULL : lower_inner (l, alias);
    return ts_node_is_null (value) ? make (l, AST_CONSTANT, n) : or_constant (l, lower (l, value), n);
}

static struct ast *
lower_handler (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_HANDLER, n, 2);
    struct kids types = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (is_extra (kid))
            continue;
        if (has_type (kid, "block")) {
            x->kids[1] = lower (l, kid);
        } else if (has_type (kid, "as_pattern")) {
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
    x->kids[0] = types.len == 1 ? types.items[0] : types.len ? with_kids (make (l, AST_TUPLE, n), &types) : NULL;
    if (!x->kids[1])
        x->kids[1] = make (l, AST_BLOCK, n);
    return x;
}

static struct ast *
lower_try (struct lowering *l, TSNode n)
{
    struct ast *x = make_fixed (l, AST_TRY, n, 4);
    struct kids handlers = { 0 };
    x->kids[0] = lower_block_field (l, n, l->syntax->f_body);
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (has_type (kid, "except_clause") || has_type (kid, "except_group_clause"))
            vec_push (l->arena, &handlers, lower_handler (l, kid));
        else if (has_type (kid, "else_clause"))
            x->kids[2] = lower_block_field (l, kid, l->syntax->f_body);
        else if (has_type (kid, "finally_clause"))
            x->kids[3] = lower_inner (l, kid);
    }
    x->kids[1] = with_kids (make (l, AST_BLOCK, n), &handlers);
    return x;
}

static void
add_with_item (struct lowering *l, TSNode n, struct kids *kids)
{
    struct ast *x = make_fixed (l, AST_WITH_ITEM, n, 2);
    TSNode value = field (n, l->syntax->f_value);
    if (has_type (value, "as_pattern"))
        x->kids[0] = lower_as (l, value, &x->kids[1]);
    else
        x->kids[0] = ts_node_is_null (value) ? make (l, AST_CONSTANT, n) : or_constant (l, lower (l, value), n);
    vec_push (l->arena, kids, x);
}

static struct ast *
lower_with (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode clause = ts_node_named_child (n, i);
        if (!has_type (clause, "with_clause"))
            continue;
        for (uint32_t k = 0; k < ts_node_named_child_count (clause); k++)
            if (has_type (ts_node_named_child (clause, k), "with_item"))
                add_with_item (l, ts_node_named_child (clause, k), &kids);
    }
    struct ast *body = lower_block_field (l, n, l->syntax->f_body);
    vec_push (l->arena, &kids, body);
    return with_kids (make (l, AST_WITH, n), &kids);
}

/* ---- match ------------------------------------------------------------------------------------------------------ */

static void add_pattern (struct lowering *l, TSNode n, struct kids *kids);

static void
add_pattern_children (struct lowering *l, TSNode n, uint32_t from, struct kids *kids)
{
    for (uint32_t i = from; i < ts_node_named_child_count (n) && enter_level (l, n); i++) {
        add_pattern (l, ts_node_named_child (n, i), kids);
        leave_level (l);
    }
}

static void
add_capture (struct lowering *l, TSNode name, struct kids *kids)
{
    struct ast *x = make (l, AST_CAPTURE, name);
    x->name = text_symbol (l, name);
    if (strcmp (symbol_text (l->symbols, x->name), "_") != 0)
        vec_push (l->arena, kids, x);
}

/* In a pattern a bare name captures, a dotted one is a value; the name of a class is a value. */
static void
add_pattern (struct lowering *l, TSNode n, struct kids *kids)
{
    const char *type = ts_node_type (n);
    if (is_extra (n))
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
        struct ast *class_name = ts_node_named_child_count (n) ? lower_dotted_name (l, ts_node_named_child (n, 0)) : NULL;
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
    struct ast *x = make_fixed (l, AST_CASE, n, 3);
    struct kids pattern = { 0 };
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++)
        if (has_type (ts_node_named_child (n, i), "case_pattern"))
            add_pattern (l, ts_node_named_child (n, i), &pattern);
    TSNode guard = field (n, l->syntax->f_guard);
    x->kids[0] = with_kids (make (l, AST_PATTERN, n), &pattern);
    x->kids[1] = ts_node_is_null (guard) ? NULL : lower_inner (l, guard);
    x->kids[2] = lower_block_field (l, n, l->syntax->f_consequence);
    return x;
}

static struct ast *
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
    struct ast *subject = with_kids (make (l, AST_TUPLE, n), &subjects);
    vec_push (l->arena, &kids, subject);
    TSNode body = field (n, l->syntax->f_body);
    for (uint32_t i = 0; !ts_node_is_null (body) && i < ts_node_named_child_count (body); i++)
        if (has_type (ts_node_named_child (body, i), "case_clause"))
            vec_push (l->arena, &kids, lower_case (l, ts_node_named_child (body, i)));
    return with_kids (make (l, AST_MATCH, n), &kids);
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
    struct ast *x = make (l, AST_ALIAS, n);
    TSNode alias = field (n, l->syntax->f_alias);
    x->name = dotted_symbol (l, has_type (n, "aliased_import") ? field (n, l->syntax->f_name) : n);
    struct kids bound = { 0 };
    if (ts_node_is_null (alias)) {
        const char *text = symbol_text (l->symbols, x->name);
        struct ast *first = make (l, AST_NAME, n);
        first->name = symbol_of (l->symbols, text, strcspn (text, "."));
        x->flags = strchr (text, '.') ? AST_STAR : 0;
        vec_push (l->arena, &bound, first);
    } else {
        vec_push (l->arena, &bound, lower_name (l, alias));
    }
    with_kids (x, &bound);
    vec_push (l->arena, kids, x);
}

static struct ast *
lower_import (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    TSNode module = field (n, l->syntax->f_module_name);
    struct ast *x = make (l, has_type (n, "import_statement") ? AST_IMPORT : AST_IMPORT_FROM, n);
    if (has_type (n, "future_import_statement"))
        x->name = symbol_of_str (l->symbols, "__future__");
    else if (!ts_node_is_null (module))
        x->name = dotted_symbol (l, module);
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        if (has_type (kid, "wildcard_import"))
            x->flags |= AST_STAR;
        else if ((has_type (kid, "dotted_name") || has_type (kid, "aliased_import")) && !ts_node_eq (kid, module))
            add_alias (l, kid, &kids);
    }
    return with_kids (x, &kids);
}

static struct ast *
lower_jump (struct lowering *l, TSNode n)
{
    struct ast *x = make (l, AST_PASS, n);
    x->flags = has_type (n, "break_statement") ? AST_BREAK : has_type (n, "continue_statement") ? AST_CONTINUE : 0;
    return x;
}

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
    { "subscript", lower_kids, AST_SUBSCRIPT },
    { "slice", lower_kids, AST_SLICE },
    { "call", lower_call, AST_CALL },
    { "keyword_argument", lower_keyword_argument, AST_KEYWORD },
    { "list_splat", lower_kids, AST_STARRED },
    { "list_splat_pattern", lower_kids, AST_STARRED },
    { "splat_type", lower_inner, AST_STARRED },
    { "dictionary_splat", lower_kids, AST_DOUBLE_STARRED },
    { "dictionary_splat_pattern", lower_kids, AST_DOUBLE_STARRED },
    { "parenthesized_list_splat", lower_inner, AST_STARRED },
    { "binary_operator", lower_kids, AST_OPERATION },
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

/* What the table doesn't know, ERROR nodes above all: the expressions and statements within it are still read. */
static struct ast *
lower_unknown (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    add_children (l, n, &kids);
    return with_kids (make (l, AST_ERROR, n), &kids);
}

static struct ast *
lower (struct lowering *l, TSNode n)
{
    const struct rule *r = rule_of (l, n);
    struct ast *x = !enter_level (l, n) ? make (l, AST_CONSTANT, n) : r ? r->lower (l, n) : lower_unknown (l, n);
    leave_level (l);
    return x;
}

/* ---- errors ----------------------------------------------------------------------------------------------------- */

static bool
find_error (TSNode n, struct syntax_error *e, int depth)
{
    if (ts_node_is_missing (n)) {
        *e = (struct syntax_error){ ts_node_start_byte (n), ts_node_start_byte (n), ts_node_type (n), false };
        return true;
    }
    if (!ts_node_has_error (n))
        return false;
    if (ts_node_is_error (n) || depth > SYNTAX_MAX_DEPTH) {
        *e = (struct syntax_error){ ts_node_start_byte (n), ts_node_end_byte (n), NULL, false };
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
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        TSSymbol symbol = ts_language_symbol_for_name (language, rules[i].type, (uint32_t) strlen (rules[i].type), true);
        if (symbol && symbol < sizeof s->rules / sizeof *s->rules)
            s->rules[symbol] = &rules[i];
    }
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
    *error = (struct syntax_error){ UINT32_MAX, 0, NULL, false };
    TSTree *tree = ts_parser_parse_string (s->parser, NULL, text, (uint32_t) len);
    TSNode root = ts_tree_root_node (tree);
    struct lowering l = { .arena = a, .symbols = symbols, .syntax = s, .text = text, .error = error };
    if (ts_node_has_error (root))
        find_error (root, error, 0);
    struct ast *block = lower (&l, root);
    if (block->kind != AST_BLOCK) { /* the whole text is one ERROR node */
        block->kind = AST_BLOCK;
    }
    ts_tree_delete (tree);
    return block;
}
