/* See guard.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/guard.h"

#include "compiler/when.h"

#include <string.h>

/* The name that templates/step.py (pod.py) looks for the answer under. */
#define ANSWER "__chard_when__"

const char *
guard_name (struct arena *a, const struct pipeline *p, const char *step, const char *word)
{
    const char *name = arena_printf (a, "%s %s", step, word);
    while (pipeline_find_step (p, name) >= 0)
        name = arena_printf (a, "%s?", name);
    return name;
}

/* Of dotted names ("settings.depth") the first part counts. */
static bool
is_read (const struct vec_str *names, const char *name)
{
    size_t n = strcspn (name, ".");
    vec_foreach (one, names)
        if (strlen (*one) == n && memcmp (*one, name, n) == 0)
            return true;
    return false;
}

void
guard_take (struct arena *a, struct step *guard, const struct step *s, const struct vec_str *names)
{
    bool *waits = arena_alloc (a, s->after.len + 1);
    vec_foreach (in, &s->inputs) {
        if (in->kind == INPUT_DATA && !is_read (names, in->name))
            continue;
        vec_push (a, &guard->inputs, *in);
        for (size_t k = 0; k < s->after.len; k++)
            waits[k] |= in->kind == INPUT_DATA && s->after.items[k] == in->from;
    }
    for (size_t k = 0; k < s->after.len; k++)
        if (waits[k])
            vec_push (a, &guard->after, s->after.items[k]);
    vec_foreach (name, &s->parameters)
        if (is_read (names, *name))
            vec_push (a, &guard->parameters, *name);
}

/* What the step has before its own code, and the question. */
static void
add_code (struct arena *a, struct step *guard, const struct step *s)
{
    struct segment question = { .notebook = s->notebook, .cell = s->cells.len ? s->cells.items[0] : 0, .line = 1 };
    question.source = arena_printf (a, ANSWER " = bool (%s\n)", s->settings.when);
    vec_foreach (seg, &s->segments)
        if (seg->replicated)
            vec_push (a, &guard->segments, *seg);
    vec_push (a, &guard->segments, question);
}

/* What a step's pod is given that does nothing of its work. */
static struct step_settings
small_settings (const struct step *s)
{
    return (struct step_settings){ .image = s->settings.image, .env = s->settings.env, .retries = s->settings.retries,
                                   .cache = s->settings.cache };
}

void
guard_make_otherwise (struct arena *a, const struct pipeline *p, const struct step *s, struct step *otherwise)
{
    *otherwise = *s;
    otherwise->name = guard_name (a, p, s->name, "otherwise");
    otherwise->settings = small_settings (s);
    otherwise->settings.report = s->settings.report;
    otherwise->inferred = true;
}

void
guard_make (struct arena *a, const struct pipeline *p, const struct step *s, struct step *guard)
{
    struct vec_str names = { 0 };
    when_names (a, s->settings.when, &names);
    *guard = (struct step){
        .name = guard_name (a, p, s->name, "when"),
        .title = s->title,
        .notebook = s->notebook,
        .cells = s->cells,
        .definitions = s->definitions,
        .imports = s->imports,
        .requirements = s->requirements,
        .modules = s->modules,
        .settings = small_settings (s),
        .inferred = true,
    };
    guard_take (a, guard, s, &names);
    add_code (a, guard, s);
}
