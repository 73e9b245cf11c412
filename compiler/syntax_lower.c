/* What all of the lowering shares, and the shapes that serve many types of node. See syntax_lower.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_lower.h"

#include <stdio.h>
#include <string.h>

bool
lower_enter_level (struct lowering *l, TSNode n)
{
    if (++l->depth <= SYNTAX_MAX_DEPTH)
        return true;
    if (l->error->start == UINT32_MAX)
        *l->error = (struct syntax_error){ .start = ts_node_start_byte (n), .end = ts_node_end_byte (n),
                                           .too_deep = true };
    return false;
}

void
lower_leave_level (struct lowering *l)
{
    l->depth--;
}

/* ---- small helpers ---------------------------------------------------------------------------------------------- */

struct ast *
lower_make (struct lowering *l, enum ast_kind kind, TSNode n)
{
    struct ast *x = arena_new (l->arena, struct ast);
    x->kind = (uint8_t) kind;
    x->start = ts_node_start_byte (n);
    x->end = ts_node_end_byte (n);
    return x;
}

struct ast *
lower_with_kids (struct ast *x, const struct kids *kids)
{
    x->kids = kids->items;
    x->nkids = (uint32_t) kids->len;
    return x;
}

struct ast *
lower_make_fixed (struct lowering *l, enum ast_kind kind, TSNode n, uint32_t count)
{
    struct ast *x = lower_make (l, kind, n);
    x->nkids = count;
    x->kids = arena_alloc (l->arena, count * sizeof *x->kids);
    return x;
}

symbol
lower_symbol (struct lowering *l, TSNode n)
{
    uint32_t a = ts_node_start_byte (n), b = ts_node_end_byte (n);
    return symbol_of (l->symbols, l->text + a, b - a);
}

TSNode
lower_get_field (TSNode n, TSFieldId f)
{
    return ts_node_child_by_field_id (n, f);
}

struct ast *
lower_field (struct lowering *l, TSNode n, TSFieldId f)
{
    TSNode kid = lower_get_field (n, f);
    return ts_node_is_null (kid) ? NULL : lower (l, kid);
}

bool
lower_has_type (TSNode n, const char *type)
{
    return !ts_node_is_null (n) && strcmp (ts_node_type (n), type) == 0;
}

bool
lower_is_extra (TSNode n)
{
    return !ts_node_is_named (n) || ts_node_is_extra (n);
}

void
lower_add_children (struct lowering *l, TSNode n, struct kids *kids)
{
    TSTreeCursor c = ts_tree_cursor_new (n);
    for (bool more = ts_tree_cursor_goto_first_child (&c); more; more = ts_tree_cursor_goto_next_sibling (&c)) {
        TSNode kid = ts_tree_cursor_current_node (&c);
        if (lower_is_extra (kid))
            continue;
        struct ast *x = lower (l, kid);
        if (x)
            vec_push (l->arena, kids, x);
    }
    ts_tree_cursor_delete (&c);
}

bool
lower_starts_with (struct lowering *l, TSNode n, const char *word)
{
    uint32_t start = ts_node_start_byte (n);
    return strncmp (l->text + start, word, strlen (word)) == 0;
}

/* ---- shapes that serve many node types -------------------------------------------------------------------------- */

static const struct rule *
lower_get_rule (const struct lowering *l, TSNode n)
{
    return syntax_rule (l->syntax, ts_node_symbol (n));
}

/* A node whose named children are its kids, in order. */
struct ast *
lower_kids (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    lower_add_children (l, n, &kids);
    return lower_with_kids (lower_make (l, lower_get_rule (l, n)->kind, n), &kids);
}

struct ast *
lower_leaf (struct lowering *l, TSNode n)
{
    return lower_make (l, lower_get_rule (l, n)->kind, n);
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

/* How far in every line of a cell begins at least, which IPython takes off all of them. */
static int
common_indentation (const char *text)
{
    int least = -1;
    for (const char *line = text; *line; line += *line == '\n') {
        const char *p = line + strspn (line, " \t\r\f");
        int width = *p && *p != '\n' ? indentation (text, (uint32_t) (p - text)) : -1;
        if (width >= 0 && (least < 0 || width < least))
            least = width;
        if (least == 0)
            break;
        line = p + strcspn (p, "\n");
    }
    return least;
}

/* Statements. tree-sitter lets the first of them decide nothing: all that begin a line must begin where it does; those
 * of a whole cell at its left. */
struct ast *
lower_block (struct lowering *l, TSNode n)
{
    struct ast *block = lower_kids (l, n);
    TSNode owner = ts_node_parent (n);
    bool whole = ts_node_is_null (owner);
    int wanted = whole ? common_indentation (l->text) : block->nkids ? indentation (l->text, block->kids[0]->start)
                       : -1;
    if (!whole && wanted >= 0 && wanted <= indentation (l->text, ts_node_start_byte (owner)))
        lower_refuse (l, block->start, block->end, "an indented block is missing");
    for (uint32_t i = 0; i < block->nkids && wanted >= 0; i++) {
        int found = indentation (l->text, block->kids[i]->start);
        if (found >= 0 && found != wanted)
            lower_refuse (l, block->kids[i]->start, block->kids[i]->end,
                          found > wanted ? "unexpected indent" : "the indentation of the lines above is missing");
    }
    return block;
}

/* Python 2's `print x` and `exec x`; `print >> x` is an expression of Python 3 too. */
struct ast *
lower_old_statement (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    bool chevron = ts_node_named_child_count (n) == 1 && lower_has_type (ts_node_named_child (n, 0), "chevron");
    if (chevron)
        vec_push (l->arena, &kids, lower (l, ts_node_child (n, 0)));
    else
        lower_refuse (l, ts_node_start_byte (n), ts_node_end_byte (n), NULL);
    lower_add_children (l, n, &kids);
    if (chevron) {
        kids.items[0]->kind = AST_NAME;
        kids.items[0]->name = symbol_of_str (l->symbols, "print");
    }
    return lower_with_kids (lower_make (l, chevron ? AST_OPERATION : AST_RAISE, n), &kids);
}

/* A wrapper without meaning of its own: parenthesised expression, type annotation. */
struct ast *
lower_inner (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    lower_add_children (l, n, &kids);
    if (kids.len == 1)
        return kids.items[0];
    return lower_with_kids (lower_make (l, AST_TUPLE, n), &kids);
}

struct ast *
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

struct ast *
lower_name (struct lowering *l, TSNode n)
{
    struct ast *x = lower_make (l, AST_NAME, n);
    x->name = lower_symbol (l, n);
    if (is_keyword (l->text + x->start, x->end - x->start))
        lower_refuse (l, x->start, x->end, NULL);
    return x;
}

/* a.b.c as names: the first is a name, the rest attributes of it. */
struct ast *
lower_dotted_name (struct lowering *l, TSNode n)
{
    struct ast *x = NULL;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode part = ts_node_named_child (n, i);
        if (!x) {
            x = lower_name (l, part);
            continue;
        }
        struct ast *attribute = lower_make_fixed (l, AST_ATTRIBUTE, n, 1);
        attribute->kids[0] = x;
        attribute->name = lower_symbol (l, part);
        x = attribute;
    }
    return x;
}

/* What the table doesn't know, ERROR nodes above all: the expressions and statements within it are still read. */
static struct ast *
lower_unknown (struct lowering *l, TSNode n)
{
    struct kids kids = { 0 };
    lower_add_children (l, n, &kids);
    return lower_with_kids (lower_make (l, AST_ERROR, n), &kids);
}

struct ast *
lower (struct lowering *l, TSNode n)
{
    const struct rule *r = lower_get_rule (l, n);
    struct ast *x = !lower_enter_level (l, n) ? lower_make (l, AST_CONSTANT, n) : r ? r->lower (l, n)
                                              : lower_unknown (l, n);
    lower_leave_level (l);
    return x;
}
