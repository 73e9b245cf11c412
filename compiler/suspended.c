/* Iterators that compute only as they are read: generators, generator expressions, map and filter with functions of the notebook.
 * Their code is walked where they are made; a statement that moves one on runs it too, and changes what it changes.
 * See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

struct suspended {
    int function;                 /* object number of the generator's function, or -1 */
    struct call call;             /* what that, or map, was given */
    const struct ast *expression; /* a generator expression, or NULL */
    struct env *env;              /* … and what stood around it */
    int unit;
    const char *text;
};

void
suspended_call (struct interpreter *in, int id, int function, const struct call *c)
{
    struct suspended *s = arena_new (in->arena, struct suspended);
    s->function = function;
    s->call = *c;
    heap_get (in->heap, id)->suspended = s;
}

void
suspended_expression (struct interpreter *in, int id, const struct ast *expression)
{
    struct suspended *s = arena_new (in->arena, struct suspended);
    *s = (struct suspended){ .function = -1, .expression = expression, .env = in->env, .unit = in->unit, .text = in->text };
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
