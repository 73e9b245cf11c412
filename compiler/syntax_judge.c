/* What tree-sitter's grammar lets pass and CPython refuses: an assignment without a value (white space is anything to
 * the grammar, a newline too), a positional argument behind a keyword, `return` outside a function. A walk over the
 * lowered tree: a function a kind of node, chosen by the table `judges`. The sentences are CPython's own.
 *
 * Left to Python: patterns of `match`, what type parameters and annotations may not hold, numbers and escapes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic_part.h"
#include "compiler/syntax_judge.h"

#include <string.h>

enum frame_kind { FRAME_MODULE, FRAME_FUNCTION, FRAME_ASYNC_FUNCTION, FRAME_LAMBDA, FRAME_CLASS };

/* The function or class whose body is being judged. */
struct frame {
    enum frame_kind kind;
    const struct ast *body, *parameters; /* parameters: NULL if it has none */
    int loops;                           /* that enclose the statement, within the frame */
    const struct frame *outer;
};

static void judge (struct judging *j, const struct ast *x);

void
lower_refuse (struct lowering *l, uint32_t start, uint32_t end, const char *problem)
{
    if (l->error->start == UINT32_MAX)
        *l->error = (struct syntax_error){ .start = start, .end = end, .problem = problem };
}

void
refuse (struct judging *j, const struct ast *x, const char *problem)
{
    lower_refuse (j->l, x->start, x->end, problem);
}

/* ---- logical lines ---------------------------------------------------------------------------------------------- */

/* Whether `at` lies within an f-string, whose braces hold newlines since Python 3.12. */
static bool
within_fstring (const struct ast *x, uint32_t at)
{
    if (x->start > at || x->end <= at)
        return false;
    if (x->kind == AST_FSTRING)
        return true;
    ast_foreach (kid, x)
        if (*kid && within_fstring (*kid, at))
            return true;
    return false;
}

/* What begins at `from` must reach `to` within one logical line. */
static void
judge_line (struct judging *j, const struct ast *x, uint32_t from, uint32_t to)
{
    const char *text = j->l->text;
    if (to <= from || !memchr (text + from, '\n', to - from))
        return;
    uint32_t line_end = (uint32_t) (magic_python_end (text + from, j->end) - text);
    if (line_end < to && !within_fstring (x, line_end))
        lower_refuse (j->l, from, line_end, "the line ends too early");
}

void
judge_simple (struct judging *j, const struct ast *x)
{
    judge_line (j, x, x->start, x->end);
}

/* A compound statement's first line, up to the end of `part`, which may be NULL. */
void
judge_header (struct judging *j, const struct ast *x, const struct ast *part)
{
    if (part && part->start > x->start)
        judge_line (j, x, x->start, part->end);
}

/* A simple statement with values of which none may be starred. */
void
judge_plain (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    judge_values (j, x);
    const struct ast *value = ast_kid (x, 0);
    if (is_kind (value, AST_NAMED) && value->start == x->start)
        refuse (j, x, ":= must stand in parentheses here");
}

/* ---- scopes ----------------------------------------------------------------------------------------------------- */

/* Whether the body names it before byte `before`, not counting the functions and classes within. */
static bool
names_before (const struct ast *x, symbol name, uint32_t before)
{
    if (x->start >= before || x->kind == AST_GLOBAL || x->kind == AST_NONLOCAL || x->kind == AST_COMPREHENSION)
        return false;
    bool inner = x->kind == AST_FUNCTION || x->kind == AST_CLASS || x->kind == AST_LAMBDA;
    if (x->name == name
        && (x->kind == AST_NAME || x->kind == AST_FUNCTION || x->kind == AST_CLASS || x->kind == AST_HANDLER))
        return true;
    for (uint32_t i = 0; !inner && i < x->nkids; i++)
        if (x->kids[i] && names_before (x->kids[i], name, before))
            return true;
    return false;
}

static bool
is_parameter (const struct frame *f, symbol name)
{
    for (uint32_t i = 0; f->parameters && i < f->parameters->nkids; i++)
        if (f->parameters->kids[i]->name == name)
            return true;
    return false;
}

static bool
within_function (const struct frame *f)
{
    for (; f; f = f->outer)
        if (f->kind == FRAME_FUNCTION || f->kind == FRAME_ASYNC_FUNCTION || f->kind == FRAME_LAMBDA)
            return true;
    return false;
}

static void
judge_global (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    if (x->kind == AST_NONLOCAL && !within_function (j->frame->outer))
        refuse (j, x, "nonlocal declaration without an enclosing function");
    ast_foreach (name, x)
        if (is_parameter (j->frame, (*name)->name))
            refuse (j, x, "name is parameter and global");
        else if (names_before (j->frame->body, (*name)->name, x->start))
            refuse (j, x, "name is used prior to global declaration");
}

static void
judge_return (struct judging *j, const struct ast *x)
{
    judge_plain (j, x);
    if (j->frame->kind != FRAME_FUNCTION && j->frame->kind != FRAME_ASYNC_FUNCTION)
        refuse (j, x, "'return' outside function");
}

static void
judge_yield (struct judging *j, const struct ast *x)
{
    if (j->frame->kind == FRAME_MODULE || j->frame->kind == FRAME_CLASS)
        refuse (j, x, "'yield' outside function");
}

/* IPython runs a cell that awaits something. */
static void
judge_await (struct judging *j, const struct ast *x)
{
    if (j->frame->kind != FRAME_MODULE && j->frame->kind != FRAME_ASYNC_FUNCTION)
        refuse (j, x, "'await' outside async function");
}

static void
judge_jump (struct judging *j, const struct ast *x)
{
    if (x->flags & AST_BREAK && !j->frame->loops)
        refuse (j, x, "'break' outside loop");
    if (x->flags & AST_CONTINUE && !j->frame->loops)
        refuse (j, x, "'continue' not properly in loop");
}

/* ---- statements ------------------------------------------------------------------------------------------------- */

static void
judge_raise (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    const struct ast *first = ast_kid (x, 0);
    if (is_kind (first, AST_TUPLE) && first->nkids > 1 && j->l->text[first->start] != '(')
        refuse (j, x, "raise takes one exception: write raise X (message)");
}

static void
judge_body (struct judging *j, const struct ast *x, const struct ast *body)
{
    if (!is_kind (body, AST_BLOCK) || !body->nkids)
        refuse (j, x, "an indented block is missing");
}

static void
judge_match (struct judging *j, const struct ast *x)
{
    if (x->nkids < 2)
        refuse (j, x, "an indented block is missing");
}

static void
judge_try (struct judging *j, const struct ast *x)
{
    const struct ast *handlers = x->kids[1];
    if (x->kids[3])
        judge_body (j, x, x->kids[3]);
    for (uint32_t i = 0; i < handlers->nkids; i++) {
        const struct ast *h = handlers->kids[i], *type = h->kids[0];
        judge_body (j, h, h->kids[1]);
        if (is_kind (type, AST_TUPLE) && type->start == h->start)
            refuse (j, h, "multiple exception types must be parenthesized");
        if (!type && i + 1 < handlers->nkids)
            refuse (j, h, "default 'except:' must be last");
    }
}

static void
judge_import (struct judging *j, const struct ast *x)
{
    judge_simple (j, x);
    if (j->l->text[x->end - 1] == ',')
        refuse (j, x, "trailing comma not allowed without surrounding parentheses");
}

static void
judge_import_from (struct judging *j, const struct ast *x)
{
    judge_import (j, x);
    if (x->flags & AST_STAR && j->frame->kind != FRAME_MODULE)
        refuse (j, x, "import * only allowed at module level");
}

/* "if x" in one line, ": y = 1" in the next. */
static bool
is_behind_leading_colon (const struct judging *j, const struct ast *statement)
{
    const char *p = j->l->text + statement->start;
    while (p > j->l->text && p[-1] != '\n')
        p--;
    return p[strspn (p, " \t")] == ':';
}

/* Statements of one block: something must part them. */
static void
judge_block (struct judging *j, const struct ast *x)
{
    if (x->nkids && is_behind_leading_colon (j, x->kids[0]))
        refuse (j, x, "the line above ends too early");
    for (uint32_t i = 1; i < x->nkids; i++) {
        const struct ast *before = x->kids[i - 1], *at = x->kids[i];
        uint32_t from = before->end - (before->end > before->start), n = at->start > from ? at->start - from : 0;
        if (before->end <= at->start && !memchr (j->l->text + from, '\n', n) && !memchr (j->l->text + from, ';', n))
            refuse (j, at, "a new line or ; is missing before this");
    }
}

static void
judge_test (struct judging *j, const struct ast *x)
{
    judge_header (j, x, x->kids[0]);
}

/* ---- the walk --------------------------------------------------------------------------------------------------- */

static judge_fn *const judges[] = {
    [AST_ASSIGN] = judge_assign,
    [AST_ASSERT] = judge_plain,
    [AST_ATTRIBUTE] = judge_attribute,
    [AST_AUGMENT] = judge_augment,
    [AST_ANNOTATE] = judge_annotate,
    [AST_AWAIT] = judge_await,
    [AST_BLOCK] = judge_block,
    [AST_BOOLEAN] = judge_values,
    [AST_CALL] = judge_call,
    [AST_CLASS] = judge_class,
    [AST_CONDITIONAL] = judge_values,
    [AST_CONSTANT] = judge_constant,
    [AST_DELETE] = judge_delete,
    [AST_EXPRESSION] = judge_plain,
    [AST_FOR] = judge_for,
    [AST_FUNCTION] = judge_function,
    [AST_GENERATOR] = judge_generator,
    [AST_GLOBAL] = judge_global,
    [AST_IF] = judge_test,
    [AST_IMPORT] = judge_import,
    [AST_IMPORT_FROM] = judge_import_from,
    [AST_KEYWORD] = judge_values,
    [AST_LAMBDA] = judge_values,
    [AST_MATCH] = judge_match,
    [AST_NONLOCAL] = judge_global,
    [AST_OPERATION] = judge_operation,
    [AST_PARAMETERS] = judge_parameters,
    [AST_PASS] = judge_jump,
    [AST_RAISE] = judge_raise,
    [AST_RETURN] = judge_return,
    [AST_SLICE] = judge_values,
    [AST_STARRED] = judge_values,
    [AST_STRING] = judge_string,
    [AST_TRY] = judge_try,
    [AST_WHILE] = judge_test,
    [AST_WITH] = judge_with,
    [AST_YIELD] = judge_yield,
};

static void
judge_framed (struct judging *j, enum frame_kind kind, const struct ast *parameters, const struct ast *body)
{
    const struct frame frame = { kind, body, parameters, 0, j->frame };
    j->frame = &frame;
    judge (j, body);
    j->frame = frame.outer;
}

/* Loops are part of a frame: within one, a copy of it that is a loop deeper. */
static void
judge_looped (struct judging *j, const struct ast *body)
{
    const struct frame *outer = j->frame;
    struct frame frame = *outer;
    frame.loops++;
    j->frame = &frame;
    judge (j, body);
    j->frame = outer;
}

/* The kid that is the body, where the kind has one. */
static void
judge_inner (struct judging *j, const struct ast *x, const struct ast *body)
{
    switch (x->kind) {
    case AST_FOR:
    case AST_WHILE: judge_looped (j, body); break;
    case AST_CLASS: judge_framed (j, FRAME_CLASS, NULL, body); break;
    case AST_LAMBDA: judge_framed (j, FRAME_LAMBDA, x->kids[0], body); break;
    case AST_FUNCTION:
        judge_framed (j, x->flags & AST_ASYNC ? FRAME_ASYNC_FUNCTION : FRAME_FUNCTION, x->kids[0], body);
        break;
    default: judge (j, body);
    }
}

static void
judge (struct judging *j, const struct ast *x)
{
    if (!x || j->l->error->start != UINT32_MAX)
        return;
    if (x->kind < sizeof judges / sizeof *judges && judges[x->kind])
        judges[x->kind] (j, x);
    uint32_t body = x->kind == AST_FOR ? 2 : 1; /* see ast.h */
    for (uint32_t i = 0; i < x->nkids; i++)
        if (i == body)
            judge_inner (j, x, x->kids[i]);
        else
            judge (j, x->kids[i]);
}

void
lower_judge (struct lowering *l, const struct ast *tree, size_t len)
{
    const struct frame module = { .kind = FRAME_MODULE, .body = tree };
    struct judging j = { l, l->text + len, &module };
    judge (&j, tree);
}
