/* See foreach.h. What the rounds of a loop do to the notebook's names is known from the flow (the loop is one site);
 * this file finds the loop, tells its own names from those it adds to, and walks its body in the order in which it
 * runs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/foreach.h"

#include "base/words.h"
#include "compiler/foreach_body.h"
#include "compiler/judge.h"

#include <string.h>

/* ---- what stands before the loop -------------------------------------------------------------------------------- */

/* Functions that give a value and do nothing else. */
static bool
is_plain_call (const struct symbols *symbols, const struct ast *n)
{
    static const char *const functions[] = { "dict", "enumerate", "float", "int", "len", "list", "max", "min", "range",
                                             "reversed", "set", "sorted", "str", "sum", "tuple", "zip", NULL };
    static const char *const methods[] = { "full", "items", "keys", "ones", "values", "zeros", NULL };
    const struct ast *called = ast_kid (n, 0);
    if (called->kind == AST_NAME)
        return words_have (functions, symbol_text (symbols, called->name));
    return called->kind == AST_ATTRIBUTE && words_have (methods, symbol_text (symbols, called->name));
}

/* An expression that may be evaluated once more, elsewhere, with the same value. */
static bool
is_plain (const struct symbols *symbols, const struct ast *n)
{
    switch (n->kind) {
    case AST_NAME:
    case AST_CONSTANT:
    case AST_STRING: return true;
    case AST_CALL:
        if (!is_plain_call (symbols, n))
            return false;
        break;
    case AST_ATTRIBUTE:
    case AST_SUBSCRIPT:
    case AST_SLICE:
    case AST_KEYWORD:
    case AST_OPERATION:
    case AST_BOOLEAN:
    case AST_TUPLE:
    case AST_LIST:
    case AST_SET:
    case AST_DICT: break;
    default: return false;
    }
    ast_foreach (kid, n)
        if (*kid && !is_plain (symbols, *kid))
            return false;
    return true;
}

static bool
is_name_or_names (const struct ast *n)
{
    if (n->kind == AST_NAME)
        return true;
    if (n->kind != AST_TUPLE && n->kind != AST_LIST)
        return false;
    ast_foreach (kid, n)
        if (!is_name_or_names (*kid))
            return false;
    return true;
}

/* It may run in every process that runs a round. */
static bool
is_quiet (const struct symbols *symbols, const struct site *x)
{
    const struct ast *n = x->statement;
    if (x->kind != SITE_PLAIN)
        return true;
    if (!n)
        return false;
    if (n->kind == AST_EXPRESSION)
        return n->kids[0]->kind == AST_CONSTANT || n->kids[0]->kind == AST_STRING;
    if (n->kind != AST_ASSIGN)
        return n->kind == AST_PASS;
    for (uint32_t i = 0; i + 1 < n->nkids; i++)
        if (!is_name_or_names (n->kids[i]))
            return false;
    return is_plain (symbols, n->kids[n->nkids - 1]);
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

static void
add_names (struct foreach_body *b, const struct ast *n)
{
    if (!n)
        return;
    if (n->kind == AST_NAME)
        vec_str_add_once (b->arena, &b->head, symbol_text (b->symbols, n->name));
    ast_foreach (kid, n)
        add_names (b, *kid);
}

static void
find_loop (struct foreach_body *b, const struct step *s)
{
    for (size_t i = 0; i < b->flow->sites.len; i++) {
        const struct site *x = &b->flow->sites.items[i];
        const struct unit *u = &b->flow->program->units.items[x->unit];
        if (!judge_is_of_step (s, u))
            continue;
        b->last = b->site < 0;
        if (b->site >= 0)
            return;
        b->unit = u;
        if (u->broken) {
            foreach_fail (b, NULL, "its code isn't Python");
            return;
        }
        if (x->statement && x->statement->kind == AST_FOR) {
            b->site = (int) i;
            b->loop = x->statement;
        } else if (!is_quiet (b->symbols, x)) {
            foreach_fail (b, x->statement, "this runs before the loop");
            return;
        }
        add_names (b, x->statement && x->statement->kind == AST_FOR ? x->statement->kids[1] : x->statement);
    }
}

static bool
mentions (const struct ast *n, symbol name)
{
    if (!n)
        return false;
    if (n->kind == AST_NAME && n->name == name)
        return true;
    ast_foreach (kid, n)
        if (mentions (*kid, name))
            return true;
    return false;
}

static void
judge_loop (struct foreach_body *b, const char *name)
{
    symbol wanted = symbol_find (b->symbols, name);
    if (!b->loop)
        foreach_fail (b, NULL, "it has no loop");
    else if (!wanted || !mentions (b->loop->kids[1], wanted))
        foreach_fail (b, b->loop, arena_printf (b->arena, "this loop isn't over `%s`", name));
    else if (!is_plain (b->symbols, b->loop->kids[1]))
        foreach_fail (b, b->loop->kids[1], "what it goes over isn't made of names alone");
    else if (b->loop->flags & AST_ASYNC)
        foreach_fail (b, b->loop, "its rounds take turns themselves");
    else if (ast_kid (b->loop, 3))
        foreach_fail (b, b->loop->kids[3], "this `else` asks how the rounds ended");
}

/* ---- what its rounds do to the notebook -------------------------------------------------------------------------- */

static bool
is_added_to (const struct foreach_body *b, symbol name)
{
    return vec_int_has (&b->gathered, name);
}

static const struct ast *
find_mention (const struct ast *n, symbol name)
{
    if (n->kind == AST_NAME && n->name == name)
        return n;
    ast_foreach (kid, n) {
        const struct ast *found = *kid ? find_mention (*kid, name) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

static void
judge_changes (struct foreach_body *b)
{
    vec_foreach (x, &b->flow->changes) {
        if (x->site != b->site || vec_int_has (&b->bound, x->name) || is_added_to (b, x->name))
            continue;
        const char *name = symbol_text (b->symbols, x->name);
        const struct ast *at = find_mention (b->loop, x->name);
        foreach_fail (b, at ? at : b->loop,
                      *name == '%'
                      ? arena_printf (b->arena, "it uses the state %s, which goes on from round to round", name + 1)
                                   : arena_printf (b->arena, "it changes `%s`, which the next round may see", name));
    }
    vec_foreach (e, &b->flow->events)
        if (e->site == b->site && e->kind == EVENT_READ && (e->called || !e->at)
            && (is_added_to (b, e->name) || vec_int_has (&b->bound, e->name)))
            foreach_fail (b, b->loop, arena_printf (b->arena, "a function that it calls reads `%s`",
                                                    symbol_text (b->symbols, e->name)));
    vec_foreach (f, &b->flow->files)
        if (f->site == b->site && f->use != FILE_READ)
            foreach_fail (b, b->loop, "it writes files, or runs a command");
    if (vec_int_has (&b->flow->dynamic_sites, b->site))
        foreach_fail (b, b->loop, "it may bind names that can't be seen");
}

/* Whether something behind the loop reads what it left under that name. */
static bool
is_read_behind (const struct foreach_body *b, symbol name, const struct set **value)
{
    bool found = false;
    vec_foreach (e, &b->flow->events) {
        if (e->site <= b->site || e->name != name || !e->writes)
            continue;
        for (int i = 0; i < e->writes->len; i++)
            if (e->writes->items[i].site == b->site) {
                found = true;
                *value = set_union (b->arena, *value, e->value);
            }
    }
    return found;
}

static const struct set *
value_at_loop (const struct foreach_body *b, symbol name)
{
    const struct set *value = NULL;
    vec_foreach (e, &b->flow->events)
        if (e->site == b->site && e->name == name)
            value = set_union (b->arena, value, e->value);
    return value;
}

/* What a round hands over is a copy; that shows where it was there before the loop, and is changed later or known by
 * its identity. `own`: the values themselves, which aren't copied. */
static void
judge_sharing (struct foreach_body *b, symbol name, const struct set *value, const struct set *own)
{
    struct heap *h = b->flow->heap;
    const struct set *reach = heap_reach_ever (h, value);
    set_foreach (id, reach) {
        const struct object *o = heap_get (h, id);
        if (o->kind == OBJECT_VALUE && !o->immutable && !o->iterator && o->made_at < b->site && !set_has (own, id)
            && (o->changed_at >= b->site || o->class_object >= 0))
            foreach_fail (b, b->loop, arena_printf (b->arena, "`%s` may hold what was there before the loop and is "
                                                              "changed later, or is an instance of the notebook's own "
                                                              "class",
                                                    symbol_text (b->symbols, name)));
    }
}

static void
settle (struct foreach_body *b, struct loop *loop)
{
    vec_foreach (name, &b->gathered) {
        const struct set *own = value_at_loop (b, *name);
        judge_sharing (b, *name, own, own);
        vec_push (b->arena, &loop->gathered, symbol_text (b->symbols, *name));
        if (vec_int_has (&b->tried, *name))
            vec_push (b->arena, &loop->tried, symbol_text (b->symbols, *name));
    }
    vec_foreach (name, &b->bound) {
        const struct set *value = NULL;
        vec_push (b->arena, &loop->bound, symbol_text (b->symbols, *name));
        if (!is_read_behind (b, *name, &value))
            continue;
        judge_sharing (b, *name, value, NULL);
        vec_push (b->arena, &loop->kept, symbol_text (b->symbols, *name));
    }
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static void
judge (struct foreach_body *b, const struct step *s, struct loop *loop)
{
    find_loop (b, s);
    if (!b->fault.reason)
        judge_loop (b, s->settings.foreach);
    if (!b->fault.reason)
        foreach_walk (b);
    if (!b->fault.reason)
        judge_changes (b);
    if (!b->fault.reason)
        settle (b, loop);
    if (b->fault.reason)
        return;
    struct place at = program_place (b->flow->program, (int) (b->unit - b->flow->program->units.items), b->loop->start);
    loop->notebook = b->unit->cell->notebook->reference;
    loop->cell = b->unit->cell->index;
    loop->line = at.line;
    loop->head = b->head;
    loop->last = b->last;
}

void
foreach_check (struct pipeline *p, const struct flow *flow, struct diag_list *diags)
{
    struct arena *a = p->arena;
    vec_foreach (s, &p->steps) {
        if (!s->settings.foreach)
            continue;
        struct foreach_body b = { .arena = a, .flow = flow, .symbols = flow->program->symbols, .site = -1 };
        struct loop *loop = arena_new (a, struct loop);
        judge (&b, s, loop);
        if (!b.fault.reason) {
            s->loop = loop;
            continue;
        }
        judge_warn (flow->program, s, "foreach:", b.fault, "foreach-whole",
                    arena_printf (a, "step %s runs whole, not an element of `%s` at a time", s->name,
                                  s->settings.foreach),
                    arena_printf (a, "let the step be imports, definitions and constants, then `for … in %s:`, whose "
                                     "rounds only bind names of their own and add to others (append, x[i] =, +=)",
                                     s->settings.foreach),
                    "take the tag off, or write the loop", diags);
        s->settings.foreach = NULL;
    }
}
