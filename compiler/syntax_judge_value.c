/* Targets, calls, parameters and single values that CPython refuses. See syntax_judge.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_judge.h"

#include <string.h>

/* ---- targets ---------------------------------------------------------------------------------------------------- */

static bool
is_reserved (const struct judging *j, symbol name)
{
    const char *text = symbol_text (j->l->symbols, name);
    return strcmp (text, "None") == 0 || strcmp (text, "True") == 0 || strcmp (text, "False") == 0;
}

/* "can't be assigned to", "can't be deleted": kinds that may stand there as they are, and those of which each part
 * may. */
static bool
is_target (const struct judging *j, const struct ast *x)
{
    switch (x ? x->kind : AST_ERROR) {
    case AST_NAME: return !is_reserved (j, x->name);
    case AST_ATTRIBUTE:
    case AST_SUBSCRIPT: return true;
    case AST_TUPLE:
    case AST_LIST:
        ast_foreach (kid, x)
            if (!is_target (j, *kid))
                return false;
        return true;
    case AST_STARRED: return is_target (j, ast_kid (x, 0));
    default: return false;
    }
}

/* A tuple or list; `(x)` is none. */
static bool
is_several (const struct judging *j, const struct ast *x)
{
    if (!is_kind (x, AST_TUPLE) || x->nkids != 1)
        return is_kind (x, AST_TUPLE) || is_kind (x, AST_LIST);
    uint32_t behind = x->kids[0]->end;
    return behind < x->end && memchr (j->l->text + behind, ',', x->end - behind);
}

static void
judge_stars (struct judging *j, const struct ast *target)
{
    int stars = 0;
    if (!is_kind (target, AST_TUPLE) && !is_kind (target, AST_LIST))
        return;
    ast_foreach (kid, target) {
        stars += is_kind (*kid, AST_STARRED);
        judge_stars (j, *kid);
    }
    if (stars > 1)
        refuse (j, target, "multiple starred expressions in assignment");
}

static void
judge_target (struct judging *j, const struct ast *target)
{
    if (!is_target (j, target))
        refuse (j, target, "this can't be assigned to");
    else if (target->kind == AST_STARRED)
        refuse (j, target, "starred assignment target must be in a list or tuple");
    judge_stars (j, target);
}

void
judge_value (struct judging *j, const struct ast *value)
{
    if (is_kind (value, AST_STARRED))
        refuse (j, value, "can't use starred expression here");
}

void
judge_values (struct judging *j, const struct ast *x)
{
    ast_foreach (kid, x)
        judge_value (j, *kid);
}

void
judge_assign (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    for (uint32_t i = 0; i + 1 < x->nkids; i++)
        judge_target (j, x->kids[i]);
    judge_value (j, x->kids[x->nkids - 1]);
}

void
judge_augment (struct judging *j, const struct ast *x)
{
    const struct ast *target = x->kids[0];
    judge_simple (j, x);
    if (!is_target (j, target) || is_several (j, target) || is_kind (target, AST_STARRED))
        refuse (j, x, "illegal expression for augmented assignment");
}

void
judge_annotate (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    if (is_several (j, x->kids[0]))
        refuse (j, x, "only single target can be annotated");
    judge_value (j, x->kids[1]);
    judge_value (j, ast_kid (x, 2));
}

void
judge_delete (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    ast_foreach (kid, x)
        if (!is_target (j, *kid) || is_kind (*kid, AST_STARRED))
            refuse (j, x, "this can't be deleted");
}

void
judge_for (struct judging *j, const struct ast *x)
{
    judge_header (j, x, x->kids[1]);
    judge_target (j, x->kids[0]);
}

void
judge_with (struct judging *j, const struct ast *x)
{
    ast_foreach (item, x)
        if (is_kind (*item, AST_WITH_ITEM) && ast_kid (*item, 1))
            judge_target (j, (*item)->kids[1]);
}

/* ---- calls and parameters --------------------------------------------------------------------------------------- */

static bool
named_before (struct ast *const *arguments, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (is_kind (arguments[i], AST_KEYWORD) && arguments[i]->name == arguments[at]->name)
            return true;
    return false;
}

/* Of a call, and of a class. */
static void
judge_arguments (struct judging *j, struct ast *const *arguments, uint32_t n)
{
    bool keyword = false, unpacked = false;
    for (uint32_t i = 0; i < n; i++) {
        const struct ast *x = arguments[i];
        if (is_kind (x, AST_KEYWORD) && named_before (arguments, i))
            refuse (j, x, "keyword argument repeated");
        else if (unpacked && is_kind (x, AST_STARRED))
            refuse (j, x, "iterable argument unpacking follows keyword argument unpacking");
        else if ((keyword || unpacked) && !is_kind (x, AST_KEYWORD) && !is_kind (x, AST_DOUBLE_STARRED)
                 && !is_kind (x, AST_STARRED))
            refuse (j, x, "positional argument follows keyword argument");
        keyword |= is_kind (x, AST_KEYWORD);
        unpacked |= is_kind (x, AST_DOUBLE_STARRED);
    }
}

void
judge_call (struct judging *j, const struct ast *x)
{
    if (x->nkids > 1)
        judge_arguments (j, x->kids + 1, x->nkids - 1);
    const char *p = memchr (j->l->text + x->kids[0]->end, '(', x->end - x->kids[0]->end);
    if (p && p[1 + strspn (p + 1, " \t\r\n")] == ',')
        refuse (j, x, "an argument is missing before the comma");
}

static void
judge_name (struct judging *j, const struct ast *x, symbol name)
{
    if (name && is_reserved (j, name))
        refuse (j, x, "a keyword can't be a name");
}

void
judge_class (struct judging *j, const struct ast *x)
{
    judge_name (j, x, x->name);
    judge_arguments (j, x->kids[0]->kids, x->kids[0]->nkids);
}

void
judge_function (struct judging *j, const struct ast *x)
{
    judge_name (j, x, x->name);
}

/* Which parameters have been passed, in what order they must come. */
struct parameters {
    bool any, slash, star, double_star, defaults;
};

static const char *
parameter_problem (struct parameters *p, const struct ast *x, const char *separator)
{
    if (p->double_star)
        return "parameters cannot follow var-keyword parameter";
    bool slash = strcmp (separator, "/") == 0;
    bool star = strcmp (separator, "*") == 0 || (x && x->flags & AST_STAR);
    if (slash && !p->any)
        return "at least one argument must precede /";
    if (slash && p->slash)
        return "/ may appear only once";
    if (slash && p->star)
        return "/ must be ahead of *";
    if (star && p->star)
        return "* may appear only once";
    p->any = true;
    p->slash |= slash;
    p->star |= star;
    if (!x || star)
        return NULL;
    p->double_star = (x->flags & AST_STAR_STAR) != 0;
    if (!p->star && !p->double_star && p->defaults && !x->kids[0])
        return "parameter without a default follows parameter with a default";
    p->defaults |= x->kids[0] != NULL;
    return NULL;
}

/* The separators are no nodes of ours: read from tree-sitter's. `parameters` are those that have names, in order. */
void
lower_judge_parameters (struct lowering *l, TSNode n, const struct kids *parameters)
{
    struct parameters seen = { 0 };
    size_t at = 0;
    for (uint32_t i = 0; i < ts_node_named_child_count (n); i++) {
        TSNode kid = ts_node_named_child (n, i);
        const char *separator = lower_has_type (kid, "keyword_separator")
            ? "*" : lower_has_type (kid, "positional_separator") ? "/" : "";
        if (lower_is_extra (kid))
            continue;
        const struct ast *x = NULL;
        if (!*separator && at < parameters->len && parameters->items[at]->start == ts_node_start_byte (kid))
            x = parameters->items[at++];
        const char *problem = x || *separator ? parameter_problem (&seen, x, separator) : NULL;
        if (lower_has_type (kid, "tuple_pattern"))
            problem = "parameters cannot be parenthesized";
        if (problem)
            lower_refuse (l, ts_node_start_byte (kid), ts_node_end_byte (kid), problem);
    }
}

void
judge_parameters (struct judging *j, const struct ast *x)
{
    for (uint32_t i = 0; i < x->nkids; i++) {
        judge_name (j, x->kids[i], x->kids[i]->name);
        for (uint32_t k = 0; k < i; k++)
            if (x->kids[k]->name == x->kids[i]->name)
                refuse (j, x->kids[i], "duplicate argument in function definition");
    }
}

/* ---- single kinds ----------------------------------------------------------------------------------------------- */

/* `for x in a, b`: the grammar takes several iterables, as Python 2 did; in a call the second may be an argument. */
void
judge_generator (struct judging *j, const struct ast *x)
{
    uint32_t from = x->kids[1]->end, to = x->nkids > 2 ? x->kids[2]->start : x->end;
    if (from < to && memchr (j->l->text + from, ',', to - from))
        refuse (j, x, "Generator expression must be parenthesized");
}

/* 010, which was octal in Python 2. */
void
judge_constant (struct judging *j, const struct ast *x)
{
    const char *text = j->l->text + x->start;
    uint32_t n = x->end - x->start, zeros = (uint32_t) strspn (text, "0_");
    if (*text == '0' && zeros < n && strspn (text, "0123456789_") >= n)
        refuse (j, x, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
                      "integers");
}

/* b"…", whatever letters stand with the b. Several literals that are one string aren't looked at. */
void
judge_string (struct judging *j, const struct ast *x)
{
    const char *p = j->l->text + x->start, *end = j->l->text + x->end;
    bool bytes = false;
    for (; p < end && *p != '"' && *p != '\''; p++)
        bytes |= *p == 'b' || *p == 'B';
    for (; bytes && p < end; p++)
        if (*p & 0x80) {
            refuse (j, x, "bytes can only contain ASCII literal characters");
            return;
        }
}

/* `a <> b` */
void
judge_operation (struct judging *j, const struct ast *x)
{
    judge_values (j, x);
    for (uint32_t i = 1; i < x->nkids; i++) {
        const char *p = j->l->text + x->kids[i - 1]->end, *end = j->l->text + x->kids[i]->start;
        while (p < end && (*p == ' ' || *p == ')'))
            p++;
        if (end - p >= 2 && p[0] == '<' && p[1] == '>')
            refuse (j, x, "write != for <>");
    }
}

void
judge_attribute (struct judging *j, const struct ast *x)
{
    judge_name (j, x, x->name);
}
