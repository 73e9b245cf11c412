/* See rounds.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/rounds.h"

#include "compiler/emit/guard.h"

#include <string.h>

/* A step with `s`'s code that nobody reads from yet, and that waits for nobody. */
static struct step
bare_copy (struct arena *a, const struct pipeline *p, const struct step *s, const char *word)
{
    struct step helper = *s;
    helper.name = guard_name (a, p, s->name, word);
    helper.inferred = true;
    helper.settings.report = 0;
    memset (&helper.after, 0, sizeof helper.after);
    memset (&helper.inputs, 0, sizeof helper.inputs);
    memset (&helper.outputs, 0, sizeof helper.outputs);
    memset (&helper.metrics, 0, sizeof helper.metrics);
    return helper;
}

void
rounds_make_items (struct arena *a, const struct pipeline *p, const struct step *s, struct step *items)
{
    struct output all = { .name = ROUNDS_ITEMS, .kind = INPUT_DATA, .cell = -1, .type = "list" };
    *items = bare_copy (a, p, s, "items");
    memset (&items->parameters, 0, sizeof items->parameters);
    memset (&items->files, 0, sizeof items->files);
    items->settings = (struct step_settings){ .image = s->settings.image, .env = s->settings.env, .report = 0,
                                              .retries = s->settings.retries, .cache = s->settings.cache };
    guard_take (a, items, s, &s->loop->head);
    vec_push (a, &items->outputs, all);
}

void
rounds_make_each (struct arena *a, const struct pipeline *p, const struct step *s, int items, struct step *each)
{
    struct input all = { .name = ROUNDS_ITEMS, .from = items, .kind = INPUT_DATA };
    *each = bare_copy (a, p, s, "each");
    vec_foreach (in, &s->inputs)
        vec_push (a, &each->inputs, *in);
    vec_push (a, &each->inputs, all);
    vec_foreach (before, &s->after)
        vec_push (a, &each->after, *before);
    vec_push (a, &each->after, items);
}
