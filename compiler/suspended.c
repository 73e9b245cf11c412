/* What computes only later: generators, generator expressions, map and filter with functions of the notebook, as they
 * are read; coroutines, as they are awaited. Their code is walked where they are made; a statement that moves one on
 * runs it too, and changes what it changes.
 * See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

struct suspended {
    int function;                 /* object number of the generator's function, or -1 */
    struct call call;             /* what that, or map, was given */
    const struct ast *expression; /* a generator expression, or NULL */
    struct env *env;              /* … and what stood around it */
    int unit;
    const char *text;
    bool coroutine;
    const struct set *given;      /* by the coroutine, once it is awaited */
};

void
suspended_arguments (struct interpreter *in, int id, const struct call *c)
{
    struct suspended *s = arena_new (in->arena, struct suspended);
    *s = (struct suspended){ .function = -1, .call = *c };
    heap_get (in->heap, id)->suspended = s;
}

const struct set *
suspended_call (struct interpreter *in, int function, const struct call *c, const struct set *given)
{
    int id = new_value (in);
    heap_get (in->heap, id)->iterator = heap_get (in->heap, id)->unpicklable = true;
    heap_store (in->heap, id, 0, given, true);
    suspended_arguments (in, id, c);
    heap_get (in->heap, id)->suspended->function = function;
    return set_one (in->arena, id);
}

/* What it holds is what it was given; what awaiting it gives stands beside. */
const struct set *
suspended_coroutine (struct interpreter *in, int function, const struct call *c, const struct set *given)
{
    const struct set *made = suspended_call (in, function, c, c->all);
    struct object *o = heap_get (in->heap, made->items[0]);
    o->type = symbol_of_str (in->symbols, "types.CoroutineType");
    o->suspended->coroutine = true;
    o->suspended->given = given;
    return made;
}

static bool
is_of (const struct interpreter *in, const struct object *o, const char *type)
{
    return o->kind == OBJECT_VALUE && o->type && strcmp (symbol_text (in->symbols, o->type), type) == 0;
}

static const struct set *awaited_all (struct interpreter *in, const struct set *values, int depth);

/* A coroutine runs, alone or as a task, or as many as asyncio.gather was given. Other values are taken to give
 * themselves. */
static const struct set *
awaited (struct interpreter *in, int id, int depth)
{
    const struct object *o = heap_get (in->heap, id);
    const struct set *held = heap_field (in->heap, id, 0);
    if (o->suspended && o->suspended->coroutine) {
        objects_change (in, set_one (in->arena, id), false);
        return heap_get (in->heap, id)->suspended->given;
    }
    if (depth && is_of (in, o, "list"))
        return awaited_all (in, held, depth);
    if (is_of (in, o, "asyncio.Task"))
        return awaited_all (in, held, depth);
    if (!is_of (in, o, "asyncio.Future"))
        return set_one (in->arena, id);
    const struct set *given = awaited_all (in, held, depth);
    int list = new_value (in);
    heap_get (in->heap, list)->type = symbol_of_str (in->symbols, "list");
    heap_store (in->heap, list, 0, given, true);
    return set_one (in->arena, list);
}

static const struct set *
awaited_all (struct interpreter *in, const struct set *values, int depth)
{
    const struct set *all = NULL;
    set_foreach (id, depth < 4 ? values : NULL)
        all = set_union (in->arena, all, awaited (in, id, depth + 1));
    return all;
}

const struct set *
suspended_await (struct interpreter *in, const struct set *values)
{
    const struct set *all = NULL;
    set_foreach (id, values)
        all = set_union (in->arena, all, awaited (in, id, 0));
    process_ended (in, "%tasks_that_run", values);
    return all;
}

void
suspended_expression (struct interpreter *in, int id, const struct ast *expression)
{
    struct suspended *s = arena_new (in->arena, struct suspended);
    *s = (struct suspended){ .function = -1, .expression = expression, .env = in->env, .unit = in->unit,
                             .text = in->text };
    heap_get (in->heap, id)->suspended = s;
}

static void
run_expression (struct interpreter *in, const struct suspended *s)
{
    struct env *env = in->env;
    int unit = in->unit;
    const char *text = in->text;
    in->env = s->env;
    in->unit = s->unit;
    in->text = s->text;
    evaluate (in, s->expression);
    in->env = env;
    in->unit = unit;
    in->text = text;
}

void
suspended_resume (struct interpreter *in, int id)
{
    struct suspended *s = heap_get (in->heap, id)->suspended;
    if (!s || heap_get (in->heap, id)->made_at == in->site || !vec_int_add_once (in->arena, &in->resumed, id))
        return;
    if (s->expression)
        run_expression (in, s);
    else if (s->function >= 0)
        call_one (in, s->function, &s->call);
    else
        call_back (in, s->call.all);
}
