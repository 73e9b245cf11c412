/* See volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/volume.h"

#include "base/cleanup.h"

#include <string.h>

static const struct lonely {
    const char *mode, *what;
} lonely[] = {
    { "ReadWriteOnce", "on one node at a time" },
    { "ReadWriteOncePod", "by one pod at a time" },
};

static const struct lonely *
find_lonely (const struct volume *v)
{
    for (size_t i = 0; v->access_mode && i < sizeof lonely / sizeof *lonely; i++)
        if (strcmp (v->access_mode, lonely[i].mode) == 0)
            return &lonely[i];
    return NULL;
}

/* The last of the steps before the i-th that it doesn't wait for, by whatever way; -1: it waits for all of them. Steps
 * stand in topological order. */
static int
find_beside (const struct pipeline *p, int i, bool *waited)
{
    memset (waited, 0, (size_t) i);
    vec_foreach (before, &p->steps.items[i].after)
        waited[*before] = true;
    for (int k = i - 1; k >= 0; k--) {
        if (!waited[k])
            return k;
        vec_foreach (before, &p->steps.items[k].after)
            waited[*before] = true;
    }
    return -1;
}

/* What may run at once, in words; NULL: nothing does. */
static const char *
find_parallel (const struct pipeline *p)
{
    cleanup_free bool *waited = xcalloc (p->steps.len + 1, sizeof *waited);
    for (int i = 0; i < (int) p->steps.len; i++) {
        const struct step *s = &p->steps.items[i];
        int beside = find_beside (p, i, waited);
        if (beside >= 0)
            return arena_printf (p->arena, "steps %s and %s", p->steps.items[beside].name, s->name);
        if (s->loop && s->settings.parallel != 1)
            return arena_printf (p->arena, "rounds of step %s", s->name);
    }
    return NULL;
}

void
volume_check (const struct pipeline *p, struct diag_list *diags)
{
    const char *parallel = NULL;
    bool looked = false;
    vec_foreach (v, &p->volumes) {
        const struct lonely *l = find_lonely (v);
        if (!l)
            continue;
        if (!looked)
            parallel = find_parallel (p);
        looked = true;
        if (parallel)
            diag_add (diags, SEVERITY_WARNING, "volume-access", PLACE_NOTEBOOK, NULL,
                      "give it the access mode ReadWriteMany, if its storage class has that; or tag the steps to wait "
                      "for each other",
                      "volume %s is %s, mounted %s, and %s may run at once", v->name, l->mode, l->what, parallel);
    }
}
