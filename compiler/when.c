/* See when.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/when.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "compiler/judge.h"
#include "compiler/syntax.h"
#include "compiler/syntax_normal.h"

#include <string.h>

/* Functions that an expression may call: they give a value and do nothing else. */
static const char *const pure[] = { "abs", "all", "any", "bool", "float", "int", "len", "max", "min", "round", "str",
                                    "sum" };

struct checking {
    struct arena *arena;
    struct symbols *symbols;
    const char *text;     /* of the expression */
    struct ast *tree;
    struct vec_str names; /* that it reads, those of `pure` excepted where they are called */
    struct strbuf normal; /* its text as syntax_normalize has it */
};

/* ---- the expression --------------------------------------------------------------------------------------------- */

static bool
is_pure_function (const struct checking *c, const struct ast *n)
{
    if (!n || n->kind != AST_NAME)
        return false;
    for (size_t i = 0; i < sizeof pure / sizeof pure[0]; i++)
        if (strcmp (pure[i], symbol_text (c->symbols, n->name)) == 0)
            return true;
    return false;
}

/* Whether evaluating it once more does no harm; collects the names that it reads. */
static bool
is_plain (struct checking *c, const struct ast *n)
{
    switch (n ? n->kind : AST_ERROR) {
    case AST_NAME:
        vec_str_add_once (c->arena, &c->names, symbol_text (c->symbols, n->name));
        return true;
    case AST_CONSTANT:
    case AST_STRING:
        return true;
    case AST_CALL:
        if (!is_pure_function (c, ast_kid (n, 0)))
            return false;
        for (uint32_t i = 1; i < n->nkids; i++)
            if (!is_plain (c, n->kids[i]))
                return false;
        return true;
    case AST_ATTRIBUTE:
    case AST_SUBSCRIPT:
    case AST_SLICE:
    case AST_OPERATION:
    case AST_BOOLEAN:
    case AST_TUPLE:
    case AST_LIST:
    case AST_SET:
        ast_foreach (kid, n)
            if (*kid && !is_plain (c, *kid))
                return false;
        return true;
    default:
        return false;
    }
}

/* Reads the expression; false if it isn't one that may be evaluated apart. */
static bool
read_expression (struct checking *c)
{
    struct syntax *s = syntax_create ();
    struct syntax_error error;
    const struct ast *block = syntax_parse (s, c->arena, c->symbols, c->text, strlen (c->text), &error);
    syntax_destroy (s);
    if (error.start != UINT32_MAX || block->nkids != 1 || block->kids[0]->kind != AST_EXPRESSION)
        return false;
    c->tree = ast_kid (block->kids[0], 0);
    return c->tree && is_plain (c, c->tree)
           && syntax_normalize (c->text + c->tree->start, c->tree->end - c->tree->start, &c->normal);
}

void
when_names (struct arena *a, const char *expression, struct vec_str *names)
{
    struct checking c = { .arena = a, .symbols = symbols_create (a), .text = expression };
    read_expression (&c);
    strbuf_free (&c.normal);
    *names = c.names;
}

/* ---- the step's code -------------------------------------------------------------------------------------------- */

static bool
is_constant (const struct ast *n)
{
    return !n || n->kind == AST_CONSTANT || n->kind == AST_STRING || n->kind == AST_NAME;
}

/* A function whose definition does nothing but bind its name. */
static bool
is_quiet_function (const struct ast *n)
{
    const struct ast *parameters = ast_kid (n, 0), *decorators = ast_kid (n, 2), *annotations = ast_kid (n, 3);
    if ((decorators && decorators->nkids) || !parameters)
        return false;
    ast_foreach (p, parameters)
        if (!is_constant (ast_kid (*p, 0)) || !is_constant (ast_kid (*p, 1)))
            return false;
    for (uint32_t i = 0; annotations && i < annotations->nkids; i++)
        if (!is_constant (annotations->kids[i]))
            return false;
    return true;
}

/* Whether a statement binds a name that the expression reads; only of those that may stand before the `if`. */
static bool
binds_what_is_read (const struct checking *c, const struct ast *n)
{
    if (n->kind == AST_FUNCTION)
        return vec_str_has (&c->names, symbol_text (c->symbols, n->name));
    ast_foreach (alias, n) {
        const struct ast *bound = *alias ? ast_kid (*alias, 0) : NULL;
        if (!bound || bound->kind != AST_NAME || vec_str_has (&c->names, symbol_text (c->symbols, bound->name)))
            return true;
    }
    return false;
}

/* NULL if the statement does nothing where the expression is false; else what is wrong with it. */
static const char *
find_fault (const struct checking *c, const struct unit *u, const struct ast *n)
{
    cleanup_strbuf struct strbuf test = { 0 };
    switch (n->kind) {
    case AST_PASS:
        return NULL;
    case AST_IMPORT:
    case AST_IMPORT_FROM:
    case AST_FUNCTION:
        if (n->kind == AST_FUNCTION && !is_quiet_function (n))
            return "this definition does more than bind a name";
        return n->flags & AST_STAR || binds_what_is_read (c, n) ? "this binds what the expression reads" : NULL;
    case AST_IF:
        if (ast_kid (n, 2))
            return "this `if` has an `else`";
        if (syntax_normalize (u->cell->source + n->kids[0]->start, n->kids[0]->end - n->kids[0]->start, &test)
            && strcmp (strbuf_str (&test), strbuf_str (&c->normal)) == 0)
            return NULL;
        return "this `if` asks something else";
    default:
        return "this runs in any case";
    }
}

/* ---- the step --------------------------------------------------------------------------------------------------- */

static bool
is_at_hand (const struct step *s, const char *name)
{
    if (vec_str_has (&s->parameters, name))
        return true;
    vec_foreach (in, &s->inputs)
        if (strcmp (in->name, name) == 0)
            return true;
    return false;
}

static struct fault
judge_code (const struct checking *c, const struct program *program, const struct step *s)
{
    vec_foreach (u, &program->units) {
        if (!judge_is_of_step (s, u))
            continue;
        if (u->broken)
            return (struct fault){ u, NULL, "its code isn't Python" };
        ast_foreach (n, u->tree) {
            const char *reason = find_fault (c, u, *n);
            if (reason)
                return (struct fault){ u, *n, reason };
        }
    }
    return (struct fault){ 0 };
}

static struct fault
judge (struct checking *c, const struct step *s, const struct program *program)
{
    struct fault fault = { 0 };
    if (!read_expression (c))
        fault.reason = "it is no expression of names, constants, comparisons and calls such as len ()";
    else
        fault = judge_code (c, program, s);
    if (fault.reason)
        return fault;
    vec_foreach (name, &c->names)
        if (!is_at_hand (s, *name))
            fault.reason = arena_printf (c->arena, "`%s` is bound by no cell before", *name);
    for (size_t i = 0; i < sizeof pure / sizeof pure[0]; i++)
        if (is_at_hand (s, pure[i]))
            fault.reason = arena_printf (c->arena, "`%s` means something else in this notebook", pure[i]);
    return fault;
}

static void
warn (const struct step *s, const struct program *program, struct fault fault, struct diag_list *diags)
{
    struct arena *a = program->arena;
    judge_warn (program, s, "when:", fault, "when-unguarded",
                arena_printf (a, "step %s starts even where `%s` is false", s->name, s->settings.when),
                arena_printf (a, "indent all that the step does under `if %s:`", s->settings.when),
                "the step starts in any case; its own `if` decides what it does", diags);
}

void
when_check (struct pipeline *p, const struct program *program, struct diag_list *diags)
{
    vec_foreach (s, &p->steps) {
        if (!s->settings.when)
            continue;
        struct checking c = { .arena = program->arena, .symbols = program->symbols, .text = s->settings.when };
        struct fault fault = judge (&c, s, program);
        if (fault.reason) {
            warn (s, program, fault, diags);
            s->settings.when = NULL;
        }
        strbuf_free (&c.normal);
    }
}
