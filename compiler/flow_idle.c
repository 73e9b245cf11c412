/* Old values that nobody sees again. Code that binds a name on some path only, as a loop does that may not run, leaves
 * the name's old value on the others: the site must have that value at hand, but only if the name is seen before it is
 * bound for sure. `for axis in axes: …` in two steps, with no use of axis behind either, hands nothing on. See flow.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/flow.h"

struct idle {
    struct flow *flow;
    struct vec_int *seen; /* by site: the names that are seen as the site may have bound them */
};

static void
see (struct idle *idle, const struct event *e)
{
    for (int i = 0; e->writes && i < e->writes->len; i++)
        if (e->writes->items[i].kind == WRITE_MAYBE)
            vec_int_add_once (idle->flow->heap->arena, &idle->seen[e->writes->items[i].site], e->name);
}

/* From the end: what sees a name comes after what may have bound it. */
void
flow_settle_kept (struct flow *flow)
{
    struct arena *a = flow->heap->arena;
    struct idle idle = { flow, arena_alloc (a, (flow->sites.len + 1) * sizeof *idle.seen) };
    bool all = flow->dynamic_sites.len > 0; /* they may see any name */
    for (size_t i = flow->events.len; i-- > 0;) {
        struct event *e = &flow->events.items[i];
        bool kept = e->kind == EVENT_KEEP;
        if (kept)
            e->kind = EVENT_HOLD;
        if (!kept || all || vec_int_has (&idle.seen[e->site], e->name))
            see (&idle, e);
        else
            e->writes = NULL;
    }
}
