/* See exit.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/exit.h"

#include "compiler/judge.h"

#include <string.h>

/* A cell of another step behind the first of step `s`; NULL: there is none. */
static const struct unit *
find_behind (const struct pipeline *p, const struct program *program, const struct step *s)
{
    bool began = false;
    vec_foreach (u, &program->units) {
        bool own = judge_is_of_step (s, u);
        began |= own;
        vec_foreach (other, &p->steps)
            if (began && !own && other != s && judge_is_of_step (other, u))
                return u;
    }
    return NULL;
}

static const char *
find_fault (struct arena *a, const struct pipeline *p, const struct program *program, const struct step *s)
{
    const int index = (int) (s - p->steps.items);
    vec_foreach (in, &s->inputs)
        if (in->kind == INPUT_DATA)
            return arena_printf (a, "it takes `%s` from step %s, which may not have got that far", in->name,
                                 p->steps.items[in->from].name);
    vec_foreach (f, &s->files)
        if (strcmp (f->path, PIPELINE_ALL_FILES) != 0)
            return arena_printf (a, "it reads the file %s of step %s", f->path, p->steps.items[f->from].name);
    vec_foreach (other, &p->steps)
        if (vec_int_has (&other->after, index))
            return arena_printf (a, "step %s waits for it", other->name);
    const struct unit *behind = find_behind (p, program, s);
    if (behind)
        return arena_printf (a, "cell %d, of another step, stands behind it", behind->cell->index);
    if (s->settings.when || s->loop)
        return "it has when: or foreach: too";
    return NULL;
}

void
exit_check (struct pipeline *p, const struct program *program, struct diag_list *diags)
{
    struct arena *a = program->arena;
    vec_foreach (s, &p->steps) {
        if (!s->settings.exit)
            continue;
        struct fault fault = { .reason = find_fault (a, p, program, s) };
        if (!fault.reason) {
            s->files.len = 0; /* a command of its own may be about any file, or none */
            if (s->settings.cache < 0)
                s->settings.cache = 0;
            continue;
        }
        const char *way = "let it be the last step, and take only parameters, imports and definitions";
        judge_warn (program, s, "exit", fault, "exit-ordinary",
                    arena_printf (a, "step %s is a step like any other, not run when others fail", s->name), way, way,
                    diags);
        s->settings.exit = false;
    }
}
