/* Functions of the notebook are followed into their bodies. One that calls itself goes round as a loop does, until its
 * calls bring it nothing that it wasn't given before. Where there is too much to follow, a function is taken to change
 * whatever it can. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#define MAX_DEPTH 48 /* calls within calls */
#define MAX_ALIKE 3  /* of these, calls of functions that one definition made: decorators put on twice */
#define MAX_SKIMMED 200   /* functions not followed that name one another; beyond them everything may change */
#define MAX_PASSED_BY 200 /* calls of one statement that aren't followed; if there are more, it may change everything */

/* A function that runs. */
struct activation {
    struct activation *outer;
    const struct ast *definition;
    const struct env *closure;  /* where the function was defined */
    struct env given;           /* its parameters: what all calls of it have given so far */
    const struct env *running;  /* the round's own */
    const struct set *returned; /* by earlier rounds */
    const struct set *yielded;
    const struct set *told;     /* what calls within it were told that it returns */
    bool generator;
    bool entered_again;         /* it called itself, on whatever way … */
    bool news;                  /* … with what it hadn't been given before */
};

/* ---- what a call gives ------------------------------------------------------------------------------------------ */

static void
bind_parameter (struct interpreter *in, struct env *env, const struct ast *p, const struct set *value)
{
    struct local *l = vec_add (in->arena, &env->locals);
    l->name = p->name;
    l->value = value;
}

static const struct set *
collected (struct interpreter *in, const struct set *held)
{
    int id = new_value (in);
    heap_store (in->heap, id, 0, held, true);
    return set_one (in->arena, id);
}

static void
bind_parameters (struct interpreter *in, struct env *env, int function, const struct call *c)
{
    const struct ast *parameters = heap_get (in->heap, function)->definition->kids[0];
    int next = 0;
    ast_foreach (p, parameters) {
        const struct set *value = NULL;
        if ((*p)->flags & AST_STAR) {
            const struct set *held = c->rest;
            while (next < c->count)
                held = set_union (in->arena, held, c->positional[next++]);
            bind_parameter (in, env, *p, collected (in, held));
            continue;
        }
        if ((*p)->flags & AST_STAR_STAR) {
            const struct set *held = c->rest;
            for (int k = 0; k < c->keywords; k++)
                held = set_union (in->arena, held, c->keyword[k].value);
            bind_parameter (in, env, *p, collected (in, held));
            continue;
        }
        bool given = false;
        for (int k = 0; k < c->keywords; k++)
            if (c->keyword[k].name == (*p)->name) {
                value = c->keyword[k].value;
                given = true;
            }
        if (!given && !((*p)->flags & AST_KEYWORD_ONLY) && next < c->count) {
            value = c->positional[next++];
            given = true;
        }
        if (!given)
            value = set_union (in->arena, heap_field (in->heap, function, (*p)->name), c->rest);
        bind_parameter (in, env, *p, value);
    }
}

/* ---- functions that aren't followed ----------------------------------------------------------------------------- */

static void skim (struct interpreter *in, const struct set *functions, int depth);

static void
may_change (struct interpreter *in, const struct set *values)
{
    set_foreach (id, values)
        if (heap_get (in->heap, id)->kind == OBJECT_VALUE && heap_get (in->heap, id)->changed_at != in->site)
            objects_change (in, set_one (in->arena, id), false);
}

static void
change_everything (struct interpreter *in)
{
    in->passed_by = MAX_PASSED_BY;
    for (size_t name = 1; name < in->globals.len; name++)
        if (name_is_bound (in, (symbol) name))
            may_change (in, heap_reach (in->heap, name_read (in, (symbol) name, NULL)));
    for (int id = 0; id < in->heap->mark; id++) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_FUNCTION && o->definition->scope)
            vec_foreach (name, &o->definition->scope->globals)
                name_may_change (in, *name);
    }
}

static void
skim_names (struct interpreter *in, const struct ast *definition, const struct ast *n, int depth)
{
    if (!n)
        return;
    if (n->kind == AST_NAME && !scope_is_local (definition->scope, n->name) && name_is_bound (in, n->name)) {
        const struct set *reach = heap_reach (in->heap, name_read (in, n->name, NULL));
        may_change (in, reach);
        skim (in, reach, depth + 1);
    }
    ast_foreach (kid, n)
        skim_names (in, definition, *kid, depth);
}

/* They read what they name, and may bind it and change it; so do those that they name. */
static void
skim (struct interpreter *in, const struct set *functions, int depth)
{
    set_foreach (id, functions) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_FUNCTION || !o->definition->scope || !vec_int_add_once (in->arena, &in->skimmed, id))
            continue;
        const struct ast *definition = o->definition;
        if (depth > MAX_SKIMMED || interpreter_stack (in) > 2 * MAX_STACK) {
            change_everything (in);
            return;
        }
        vec_foreach (name, &definition->scope->globals)
            name_may_change (in, *name);
        skim_names (in, definition, definition->kids[1], depth);
        skim (in, heap_reach (in->heap, set_one (in->arena, id)), depth + 1); /* in its closure */
    }
}

/* The call isn't followed. */
static void
pass_by (struct interpreter *in, int function, const struct call *c)
{
    if (in->passed_by == MAX_PASSED_BY)
        return;
    if (++in->passed_by == MAX_PASSED_BY) {
        change_everything (in);
        return;
    }
    skim (in, set_one (in->arena, function), 0);
    const struct set *reach = heap_reach (in->heap, c->all);
    may_change (in, reach);
    skim (in, reach, 0);
}

/* ---- functions that are ----------------------------------------------------------------------------------------- */

static struct activation *
running (const struct interpreter *in, int function)
{
    const struct object *o = heap_get (in->heap, function);
    struct activation *alike = NULL;
    int count = 0;
    for (struct activation *a = in->activation; a; a = a->outer)
        if (a->definition == o->definition) {
            if (a->closure == o->env)
                return a;
            alike = alike ? alike : a;
            count++;
        }
    return count >= MAX_ALIKE ? alike : NULL;
}

static bool
has_function_like (struct interpreter *in, const struct set *s, const struct ast *definition)
{
    set_foreach (id, s)
        if (heap_get (in->heap, id)->kind == OBJECT_FUNCTION && heap_get (in->heap, id)->definition == definition)
            return true;
    return false;
}

/* Whether `value` has something from before this statement, or a function, that `had` hasn't. */
static bool
brings_news (struct interpreter *in, const struct set *had, const struct set *value)
{
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (set_has (had, id))
            continue;
        if (o->kind == OBJECT_FUNCTION && !has_function_like (in, had, o->definition))
            return true;
        if (heap_brings_older (in->heap, id, had))
            return true;
    }
    return false;
}

static void
run_body (struct interpreter *in, int function, struct activation *a)
{
    struct env *env = arena_new (in->arena, struct env); /* closures made within may outlive the call */
    struct env *outer_env = in->env;
    int outer_unit = in->unit;
    const char *outer_text = in->text;
    bool decorating = in->decorating;
    *env = (struct env){ .outer = heap_get (in->heap, function)->env,
                         .scope = a->definition->scope,
                         .function = function + 1,
                         .branches = in->branches };
    vec_foreach (l, &a->given.locals)
        vec_push (in->arena, &env->locals, *l);
    a->running = in->env = env;
    in->unit = heap_get (in->heap, function)->unit;
    in->text = heap_get (in->heap, function)->source;
    in->decorating = false;
    in->depth++;
    if (a->definition->kind == AST_LAMBDA)
        env->returned = evaluate (in, a->definition->kids[1]);
    else
        run_block (in, a->definition->kids[1]);
    in->depth--;
    in->env = outer_env;
    in->unit = outer_unit;
    in->text = outer_text;
    in->decorating = decorating;
    a->returned = set_union (in->arena, a->returned, env->returned);
    a->yielded = set_union (in->arena, a->yielded, env->yielded);
    a->generator |= env->generator;
}

static const struct set *
result (struct interpreter *in, int function, const struct activation *a, const struct call *c)
{
    const struct env *now = a->running;
    if (a->generator || now->generator) {
        const struct set *yielded = set_union (in->arena, a->yielded, now->yielded);
        return suspended_call (in, function, c, set_union (in->arena, yielded, c->all));
    }
    const struct set *returned = set_union (in->arena, a->returned, now->returned);
    return a->definition->flags & AST_ASYNC ? suspended_coroutine (in, function, c, returned) : returned;
}

/* `a` is called from within itself: with what this call brings it will be run once more. */
static const struct set *
enter_again (struct interpreter *in, int function, struct activation *a, const struct call *c)
{
    struct env given = { 0 };
    bind_parameters (in, &given, function, c);
    for (size_t i = 0; i < given.locals.len && i < a->given.locals.len; i++) {
        struct local *l = &a->given.locals.items[i];
        const struct set *had = l->value;
        l->value = set_union (in->arena, had, given.locals.items[i].value);
        a->news |= l->value != had && brings_news (in, had, l->value);
    }
    call_functions (in, c->all); /* brings_news doesn't look for them within what *args collects */
    a->entered_again = true;
    a->told = set_union (in->arena, a->told, set_union (in->arena, a->returned, a->running->returned));
    return result (in, function, a, c);
}

static const struct set *
run_function (struct interpreter *in, int function, const struct call *c)
{
    const struct object *o = heap_get (in->heap, function);
    if (!o->definition->scope)
        return NULL;
    struct activation *again = running (in, function);
    if (again)
        return enter_again (in, function, again, c);
    if (in->depth >= MAX_DEPTH || !interpreter_has_room (in)) {
        pass_by (in, function, c);
        return NULL;
    }
    struct activation a = { .outer = in->activation, .definition = o->definition, .closure = o->env };
    bind_parameters (in, &a.given, function, c);
    in->activation = &a;
    bool more = true;
    for (int round = 0; more && round < MAX_ROUNDS; round++) {
        long novelty = in->heap->novelty;
        a.entered_again = a.news = false;
        run_body (in, function, &a);
        more = a.entered_again
            && (a.news || in->heap->novelty != novelty || brings_news (in, a.told, a.returned));
    }
    in->activation = a.outer;
    return result (in, function, &a, c);
}

const struct set *
follow (struct interpreter *in, int function, const struct call *c)
{
    if (!heap_get (in->heap, function)->cache || running (in, function))
        return run_function (in, function, c);
    const struct watch outer = cached_begin (in);
    return cached_end (in, function, run_function (in, function, c), &outer);
}
