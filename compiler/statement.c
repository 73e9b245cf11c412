/* Statements: what running each does. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include "compiler/builtins.h"

#include <ctype.h>
#include <string.h>

/* ---- imports ---------------------------------------------------------------------------------------------------- */

static void
bind_alias (struct interpreter *in, const struct ast *alias, symbol path)
{
    const struct set *module = set_one (in->arena, library_object (in, path));
    module_read (in, module);
    assign (in, alias->kids[0], module);
}

static void
run_import (struct interpreter *in, const struct ast *n)
{
    ast_foreach (alias, n) {
        bool first_only = (*alias)->flags & AST_STAR; /* import a.b binds a */
        module_used (in, symbol_text (in->symbols, (*alias)->name));
        bind_alias (in, *alias, first_only ? (*alias)->kids[0]->name : (*alias)->name);
    }
}

static void
run_import_from (struct interpreter *in, const struct ast *n)
{
    module_used (in, symbol_text (in->symbols, n->name));
    if (strcmp (symbol_text (in->symbols, n->name), "__future__") == 0)
        ast_foreach (alias, n)
            in->annotations_are_text |= strcmp (symbol_text (in->symbols, (*alias)->name), "annotations") == 0;
    if (n->flags & AST_STAR && !vec_int_has (&in->star_sites, in->site))
        vec_push (in->arena, &in->star_sites, in->site);
    ast_foreach (alias, n)
        bind_alias (in, *alias,
                    symbol_of_str (in->symbols, arena_printf (in->arena, "%s.%s", symbol_text (in->symbols, n->name),
                                                              symbol_text (in->symbols, (*alias)->name))));
}

bool
is_word_of (const char *word, const char *list)
{
    size_t n = strlen (word);
    for (const char *p = list; n && (p = strstr (p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
            return true;
    return false;
}

/* ---- definitions ------------------------------------------------------------------------------------------------ */

/* Decorators are applied inside out; a pure one (dataclass, lru_cache, property) leaves the definition as it is. */
static const struct set *
decorate (struct interpreter *in, const struct ast *decorators, const struct set *value)
{
    for (uint32_t i = decorators->nkids; i-- > 0;) {
        const struct ast *text = decorators->kids[i];
        const struct set *decorator = evaluate (in, text);
        if (text->kind == AST_ATTRIBUTE && text->kids[0]->kind == AST_NAME
            /* with the property it is of */
            && is_word_of (symbol_text (in->symbols, text->name), "setter deleter getter")) {
            value = set_union (in->arena, value, evaluate (in, text->kids[0]));
            continue;
        }
        if (text->kind == AST_ATTRIBUTE && !decorator) { /* @show.register, of functools.singledispatch */
            struct call call = { .count = 1, .positional = { value }, .all = value };
            call_named_method (in, evaluate (in, text->kids[0]), text->name, &call);
            continue;
        }
        in->decorating = true; /* who decorates calls later, if at all */
        const struct set *result = call_value (in, decorator, &value, 1);
        in->decorating = false;
        value = set_union (in->arena, value, result);
    }
    return value;
}

/* Type parameters live in a scope around the definition; NULL: there are none. */
static struct env *
enter_types (struct interpreter *in, const struct ast *types)
{
    if (!types || !types->scope)
        return NULL;
    struct env *env = arena_new (in->arena, struct env);
    *env = (struct env){ .outer = in->env, .scope = types->scope, .branches = in->branches };
    in->env = env;
    return env;
}

static void
leave_types (struct interpreter *in, const struct env *types)
{
    if (types)
        in->env = types->outer;
}

/* What it names is needed where it is evaluated; a variable's annotation within a function never is. */
static void
run_annotation (struct interpreter *in, const struct ast *n)
{
    bool outer = in->unevaluated;
    in->unevaluated = outer || in->annotations_are_text || (in->env && in->env->function);
    evaluate (in, n);
    in->unevaluated = outer;
}

static void
run_function (struct interpreter *in, const struct ast *n)
{
    int id = heap_add (in->heap, OBJECT_FUNCTION, in->site);
    ast_foreach (p, n->kids[0]) {
        const struct set *value = (*p)->kids[0] ? evaluate (in, (*p)->kids[0]) : NULL;
        heap_store (in->heap, id, (*p)->name, value, true);
    }
    const struct env *types = enter_types (in, n->kids[4]);
    ast_foreach (annotation, n->kids[3])
        run_annotation (in, *annotation);
    struct object *o = heap_get (in->heap, id);
    o->definition = n;
    o->env = in->env;
    o->unit = in->unit;
    o->source = in->text;
    keep_locals (in, id);
    leave_types (in, types);
    struct ast name = { .kind = AST_NAME, .name = n->name, .start = n->start, .end = n->end };
    assign (in, &name, decorate (in, n->kids[2], set_one (in->arena, id)));
}

static void
run_class (struct interpreter *in, const struct ast *n)
{
    const struct set *bases = NULL;
    const struct env *types = enter_types (in, n->kids[3]);
    const struct set *metaclass = NULL;
    ast_foreach (base, n->kids[0]) {
        const struct set *value = evaluate (in, *base);
        if ((*base)->kind != AST_KEYWORD)
            bases = set_union (in->arena, bases, value);
        else if (strcmp (symbol_text (in->symbols, (*base)->name), "metaclass") == 0)
            metaclass = value;
    }
    int id = heap_add (in->heap, OBJECT_CLASS, in->site);
    heap_get (in->heap, id)->definition = n;
    heap_get (in->heap, id)->unit = in->unit;
    heap_store (in->heap, id, in->s_bases, bases, true);
    heap_store (in->heap, id, in->s_metaclass, metaclass, true);
    struct env *env = arena_new (in->arena, struct env);
    *env = (struct env){ .outer = in->env, .scope = n->scope, .branches = in->branches };
    if (n->scope) {
        in->env = env;
        run_block (in, n->kids[1]);
        in->env = env->outer;
    }
    leave_types (in, types);
    vec_foreach (l, &env->locals) {
        heap_store (in->heap, id, l->name, l->value, true);
        class_owns (in, id, l->value);
    }
    enumeration_made (in, id, env);
    special_note (in, id);
    class_made (in, id);
    struct ast name = { .kind = AST_NAME, .name = n->name, .start = n->start, .end = n->end };
    assign (in, &name, decorate (in, n->kids[2], set_one (in->arena, id)));
}

/* ---- control flow ----------------------------------------------------------------------------------------------- */

static bool
is_true_constant (const struct interpreter *in, const struct ast *n)
{
    const char *text = in->text + n->start;
    return n->kind == AST_CONSTANT
        && (strncmp (text, "True", 4) == 0 || (isdigit ((unsigned char) *text) && *text != '0'));
}

static void
test (struct interpreter *in, const struct ast *condition)
{
    special_run (in, evaluate (in, condition), SPECIAL_TEST, NULL);
}

static void
run_if (struct interpreter *in, const struct ast *n)
{
    struct journal ways[2];
    test (in, n->kids[0]);
    if (is_true_constant (in, n->kids[0])) {
        run_block (in, n->kids[1]);
        return;
    }
    branch_begin (in, &ways[0]);
    run_block (in, n->kids[1]);
    branch_end (in, &ways[0]);
    branch_begin (in, &ways[1]);
    if (n->kids[2])
        run_statement (in, n->kids[2]);
    branch_end (in, &ways[1]);
    branch_join (in, ways, 2, n->kids[2] != NULL);
}

/* A loop over a non-empty display or range (3) runs at least once. */
static bool
runs_for_sure (const struct interpreter *in, const struct ast *iterable)
{
    if (iterable->kind == AST_LIST || iterable->kind == AST_TUPLE || iterable->kind == AST_DICT)
        return iterable->nkids > 0;
    if (iterable->kind != AST_CALL || iterable->nkids < 2 || iterable->kids[0]->kind != AST_NAME)
        return false;
    const char *name = symbol_text (in->symbols, iterable->kids[0]->name);
    const char *last = in->text + iterable->kids[1]->start;
    if (strcmp (name, "range") == 0)
        return iterable->nkids == 2 && iterable->kids[1]->kind == AST_CONSTANT && *last >= '1' && *last <= '9';
    return strcmp (name, "enumerate") == 0 && runs_for_sure (in, iterable->kids[1]);
}

/* As often as a round leaves something for the next that none has seen. */
static void
run_loop_body (struct interpreter *in, const struct ast *target, const struct set *elements, const struct ast *body)
{
    struct env *env = in->env;
    int least = in->loops++ ? 1 : 2;
    bool news = true;
    for (int round = 0; round < least || (news && round < MAX_ROUNDS); round++) {
        long novelty = in->heap->novelty, locals = env ? env->novelty : 0;
        if (target)
            assign (in, target, elements);
        run_block (in, body);
        news = in->heap->novelty != novelty || (env && env->novelty != locals);
    }
    in->loops--;
}

static void
run_for (struct interpreter *in, const struct ast *n)
{
    const struct set *iterable = evaluate (in, n->kids[1]);
    set_foreach (id, iterable)
        if (heap_get (in->heap, id)->iterator)
            objects_change (in, set_one (in->arena, id), false);
    if (runs_for_sure (in, n->kids[1])) {
        run_loop_body (in, n->kids[0], iterate (in, iterable), n->kids[2]);
    } else {
        struct journal way;
        branch_begin (in, &way);
        run_loop_body (in, n->kids[0], iterate (in, iterable), n->kids[2]);
        branch_end (in, &way);
        branch_join (in, &way, 1, false);
    }
    if (n->kids[3])
        run_statement (in, n->kids[3]);
}

static void
run_while (struct interpreter *in, const struct ast *n)
{
    test (in, n->kids[0]);
    if (is_true_constant (in, n->kids[0])) {
        run_loop_body (in, NULL, NULL, n->kids[1]);
        return;
    }
    struct journal way;
    branch_begin (in, &way);
    run_loop_body (in, NULL, NULL, n->kids[1]);
    test (in, n->kids[0]);
    branch_end (in, &way);
    branch_join (in, &way, 1, false);
    if (n->kids[2])
        run_statement (in, n->kids[2]);
}

/* A handler that ends by raising leaves nothing for what comes after. */
static bool
ends_in_raise (const struct ast *block)
{
    return block->nkids && block->kids[block->nkids - 1]->kind == AST_RAISE;
}

static void
run_raise (struct interpreter *in, const struct ast *n)
{
    ast_foreach (kid, n)
        in->raised = set_union (in->arena, in->raised, evaluate (in, *kid));
}

static void
run_try (struct interpreter *in, const struct ast *n)
{
    struct journal ways[17];
    int count = 1;
    const struct set *outside = in->raised;
    in->raised = NULL;
    branch_begin (in, &ways[0]);
    in->tries++;
    run_block (in, n->kids[0]);
    in->tries--;
    if (n->kids[2])
        run_statement (in, n->kids[2]);
    branch_end (in, &ways[0]);
    ast_foreach (handler, n->kids[1]) {
        if (count == 17)
            break;
        branch_begin (in, &ways[count]);
        if ((*handler)->kids[0])
            evaluate (in, (*handler)->kids[0]);
        if ((*handler)->name) {
            struct ast name = { .kind = AST_NAME, .name = (*handler)->name };
            assign (in, &name, in->raised);
        }
        run_block (in, (*handler)->kids[1]);
        branch_end (in, &ways[count]);
        count += !ends_in_raise ((*handler)->kids[1]);
    }
    branch_join (in, ways, count, true);
    in->raised = set_union (in->arena, outside, in->raised);
    if (n->kids[3])
        run_statement (in, n->kids[3]);
}

/* with contextlib.suppress (…): an exception ends the block, and that is all. */
static bool
suppresses (struct interpreter *in, const struct set *contexts)
{
    set_foreach (id, contexts) {
        symbol type = heap_get (in->heap, id)->type;
        if (type && strcmp (symbol_text (in->symbols, type), "contextlib.suppress") == 0)
            return true;
    }
    return false;
}

static void
run_with (struct interpreter *in, const struct ast *n)
{
    const struct set *all = NULL;
    for (uint32_t i = 0; i + 1 < n->nkids; i++) {
        const struct set *value = evaluate (in, n->kids[i]->kids[0]);
        const struct set *entered = special_run (in, value, SPECIAL_BLOCK, NULL);
        all = set_union (in->arena, all, value);
        if (n->kids[i]->kids[1])
            assign (in, n->kids[i]->kids[1], set_union (in->arena, value, entered));
    }
    const struct ast *body = n->nkids ? n->kids[n->nkids - 1] : NULL;
    if (body && suppresses (in, all)) {
        struct journal way;
        branch_begin (in, &way);
        in->tries++;
        run_block (in, body);
        in->tries--;
        branch_end (in, &way);
        branch_join (in, &way, 1, false);
    } else if (body) {
        run_block (in, body);
    }
    file_closed (in, all);
}

static void
run_pattern (struct interpreter *in, const struct ast *pattern, const struct set *subject)
{
    const struct set *parts = set_union (in->arena, subject, elements_of (in, subject));
    ast_foreach (kid, pattern)
        if ((*kid)->kind == AST_CAPTURE)
            assign (in, *kid, parts);
        else
            evaluate (in, *kid);
}

static void
run_match (struct interpreter *in, const struct ast *n)
{
    struct journal ways[32];
    int count = 0;
    const struct set *subject = n->kids[0]->nkids == 1 ? evaluate (in, n->kids[0]->kids[0]) : evaluate (in, n->kids[0]);
    for (uint32_t i = 1; i < n->nkids && count < 32; i++) {
        const struct ast *c = n->kids[i];
        branch_begin (in, &ways[count]);
        run_pattern (in, c->kids[0], subject);
        evaluate (in, c->kids[1]);
        run_block (in, c->kids[2]);
        branch_end (in, &ways[count++]);
    }
    branch_join (in, ways, count, false);
}

/* ---- the other statements --------------------------------------------------------------------------------------- */

static void
run_assign (struct interpreter *in, const struct ast *n)
{
    const struct set *value = evaluate (in, n->kids[n->nkids - 1]);
    for (uint32_t i = 0; i + 1 < n->nkids; i++) {
        const struct ast *target = n->kids[i], *right = n->kids[n->nkids - 1];
        bool pairwise = target->kind == AST_TUPLE && right->kind == AST_TUPLE && target->nkids == right->nkids;
        if (!pairwise)
            assign (in, target, value);
        for (uint32_t k = 0; pairwise && k < target->nkids; k++) /* a, b = x, y: each its own */
            assign (in, target->kids[k], evaluate (in, right->kids[k]));
    }
}

static void
run_augment (struct interpreter *in, const struct ast *n)
{
    const struct set *old = evaluate (in, n->kids[0]);
    const struct set *added = evaluate (in, n->kids[1]);
    const struct set *given = special_operate (in, old, SPECIAL_AUGMENT | SPECIAL_OPERATOR, operator_of (in, n), added);
    objects_change (in, old, false);
    set_foreach (id, old)
        heap_store (in->heap, id, 0, elements_of (in, added), false);
    assign (in, n->kids[0], set_union (in->arena, old, given));
}

static void
delete_item (struct interpreter *in, const struct ast *target)
{
    const struct set *base = evaluate (in, target->kids[0]);
    for (uint32_t i = 1; i < target->nkids; i++)
        evaluate (in, target->kids[i]);
    special_run (in, base, SPECIAL_STORE, NULL);
    delete_set_up (in, base, 0);
    objects_change (in, base, false);
    set_foreach (id, base)
        ending_of (in, heap_field (in->heap, id, 0), id, 0);
}

static void
run_delete (struct interpreter *in, const struct ast *n)
{
    ast_foreach (target, n)
        if ((*target)->kind == AST_NAME && !in->env)
            name_delete (in, (*target)->name);
        else if ((*target)->kind == AST_TUPLE)
            run_delete (in, *target);
        else if ((*target)->kind == AST_ATTRIBUTE && (*target)->nkids)
            delete_member (in, evaluate (in, (*target)->kids[0]), (*target)->name);
        else if ((*target)->kind != AST_NAME && (*target)->nkids)
            delete_item (in, *target);
}

/* The last expression of a cell is shown, unless a semicolon follows it. */
static bool
is_shown (const struct interpreter *in, const struct ast *n)
{
    const struct unit *u = &in->program->units.items[in->unit];
    if (in->env || !u->tree->nkids || u->tree->kids[u->tree->nkids - 1] != n)
        return false;
    const char *behind = u->text->code + n->end;
    return behind[strspn (behind, " \t")] != ';';
}

/* Figures, which are no longer quite the same once they have been drawn. */
static const struct set *
drawn (struct interpreter *in, const struct set *value)
{
    const struct set *all = NULL;
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_VALUE && o->type && strncmp (symbol_text (in->symbols, o->type), "matplotlib.", 11) == 0)
            all = set_union (in->arena, all, set_one (in->arena, id));
    }
    return all;
}

static void
run_expression (struct interpreter *in, const struct ast *n)
{
    const struct ast *outer = in->statement;
    bool outer_shown = in->shown;
    in->statement = n->kids[0];
    in->shown = is_shown (in, n);
    const struct set *value = evaluate (in, n->kids[0]);
    if (in->shown) {
        special_run (in, value, SPECIAL_TEXT, NULL);
        objects_change (in, drawn (in, value), false);
    }
    in->statement = outer;
    in->shown = outer_shown;
}

static void
run_return (struct interpreter *in, const struct ast *n)
{
    const struct set *value = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    if (in->env)
        in->env->returned = set_union (in->arena, in->env->returned, value);
}

enum { LEAVES_FUNCTION = 1, LEAVES_ROUND = 2 };

/* Whether what comes behind the statement may not run: it returns, or breaks off or continues the loop around it. */
static int
ways_out (const struct ast *n, bool in_loop)
{
    int ways = 0;
    if (!n)
        return 0;
    switch ((enum ast_kind) n->kind) {
    case AST_RETURN: return LEAVES_FUNCTION;
    case AST_PASS: return !in_loop && n->flags & (AST_BREAK | AST_CONTINUE) ? LEAVES_ROUND : 0;
    case AST_FOR:
    case AST_WHILE: in_loop = true; break;
    case AST_BLOCK:
    case AST_IF:
    case AST_TRY:
    case AST_HANDLER:
    case AST_WITH:
    case AST_MATCH:
    case AST_CASE: break;
    default: return 0;
    }
    ast_foreach (kid, n)
        ways |= ways_out (*kid, in_loop);
    return ways;
}

static void run_from (struct interpreter *in, const struct ast *block, uint32_t first);

/* What may not run, as of `first`. Where it does, it is sure to have passed the way out: locals have their new values,
 * though behind a loop they may have those from before. */
static void
run_rest (struct interpreter *in, const struct ast *block, uint32_t first, int ways)
{
    struct journal way;
    struct env *env = in->env;
    size_t count = env && ways & LEAVES_ROUND ? env->locals.len : 0;
    struct local *before = arena_alloc (in->arena, (count + 1) * sizeof *before);
    for (size_t i = 0; i < count; i++)
        before[i] = env->locals.items[i];
    branch_begin (in, &way);
    in->branches--;
    in->behind++;
    run_from (in, block, first);
    in->behind--;
    in->branches++;
    branch_end (in, &way);
    branch_join (in, &way, 1, false);
    for (size_t i = 0; i < count; i++)
        env->locals.items[i].value = set_union (in->arena, env->locals.items[i].value, before[i].value);
}

static void
run_from (struct interpreter *in, const struct ast *block, uint32_t first)
{
    for (uint32_t i = first; i < block->nkids; i++) {
        run_statement (in, block->kids[i]);
        int ways = i + 1 < block->nkids && (in->env || in->loops) ? ways_out (block->kids[i], false) : 0;
        if (ways) {
            run_rest (in, block, i + 1, ways);
            return;
        }
    }
}

void
run_block (struct interpreter *in, const struct ast *block)
{
    run_from (in, block, 0);
}

void
run_statement (struct interpreter *in, const struct ast *n)
{
    if (!n)
        return;
    in->nodes++;
    switch ((enum ast_kind) n->kind) {
    case AST_BLOCK: run_block (in, n); break;
    case AST_EXPRESSION: run_expression (in, n); break;
    case AST_ASSIGN: run_assign (in, n); break;
    case AST_AUGMENT: run_augment (in, n); break;
    case AST_ANNOTATE:
        run_annotation (in, n->kids[1]);
        if (n->kids[2] && n->kids[0])
            assign (in, n->kids[0], evaluate (in, n->kids[2]));
        break;
    case AST_DELETE: run_delete (in, n); break;
    case AST_FUNCTION: run_function (in, n); break;
    case AST_CLASS: run_class (in, n); break;
    case AST_RETURN: run_return (in, n); break;
    case AST_RAISE: run_raise (in, n); break;
    case AST_ASSERT:
    case AST_ERROR:
        ast_foreach (kid, n)
            evaluate (in, *kid);
        break;
    case AST_IF: run_if (in, n); break;
    case AST_FOR: run_for (in, n); break;
    case AST_WHILE: run_while (in, n); break;
    case AST_TRY: run_try (in, n); break;
    case AST_WITH: run_with (in, n); break;
    case AST_MATCH: run_match (in, n); break;
    case AST_IMPORT: run_import (in, n); break;
    case AST_IMPORT_FROM: run_import_from (in, n); break;
    case AST_TYPE_ALIAS: assign (in, n->kids[0], NULL); break;
    case AST_GLOBAL:
    case AST_NONLOCAL:
    case AST_PASS: break;
    default: /* an expression where a statement stands: within broken text */
        if (n->kind < AST_BLOCK)
            evaluate (in, n);
    }
}
