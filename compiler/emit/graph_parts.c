/* See graph_parts.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/graph_parts.h"

#include "base/arena.h"
#include "doc/json_value.h"

/* Into level[u] how long the longest way to unit u is. Steps may stand behind those that wait for them, so it is looked
 * for until nothing changes; as a rule the first look finds it all. */
static size_t
find_levels (const struct vec_int *after, const size_t *unit, size_t n, size_t *level)
{
    size_t deepest = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < n; i++)
            vec_foreach (before, &after[i])
                if (unit[*before] != unit[i] && level[unit[*before]] >= level[unit[i]]) {
                    level[unit[i]] = level[unit[*before]] + 1;
                    deepest = level[unit[i]] > deepest ? level[unit[i]] : deepest;
                    changed = true;
                }
    }
    return deepest;
}

size_t
graph_parts (struct arena *a, const struct vec_int *after, const size_t *unit, size_t n, size_t most, size_t *part)
{
    size_t *level = arena_alloc (a, (n + 1) * sizeof *level), *size = arena_alloc (a, (n + 1) * sizeof *size);
    size_t parts = 0, fill = most; /* of the last part: none is begun */
    for (size_t i = 0; i < n; i++)
        size[unit[i]]++;
    for (size_t l = 0, deepest = find_levels (after, unit, n, level); l <= deepest; l++) {
        size_t wide = 0;
        for (size_t u = 0; u < n; u++)
            wide += level[u] == l ? size[u] : 0;
        if (fill + wide > most)
            fill = most;
        for (size_t u = 0; u < n; u++) {
            if (!size[u] || level[u] != l)
                continue;
            if (fill + size[u] > most) {
                parts++;
                fill = 0;
            }
            part[u] = parts - 1;
            fill += size[u];
        }
        if (wide > most)
            fill = most; /* what is next would wait for a piece of this level only by chance */
    }
    for (size_t i = 0; i < n; i++)
        part[i] = part[unit[i]];
    return parts;
}

/* ---- in documents ----------------------------------------------------------------------------------------------- */

size_t
graph_part_of (const struct graph_parting *p, const char *task)
{
    return p->part[json_integer_value (json_object_get (p->index, task))];
}

static void
wait_for (const struct graph_parting *p, size_t part, size_t on)
{
    json_t *caller = p->callers[part];
    if (!json_object_get (caller, p->waits))
        json_object_set_new (caller, p->waits, json_array ());
    json_t *all = json_object_get (caller, p->waits);
    if (!json_has_string (all, p->name[on]))
        json_array_append_new (all, json_string (p->name[on]));
}

void
graph_divide_waits (const struct graph_parting *p, size_t part, json_t *task)
{
    json_t *own = json_array (), *one;
    size_t i;
    json_array_foreach (json_object_get (task, p->waits), i, one) {
        const size_t of = graph_part_of (p, json_string_value (one));
        if (of == part)
            json_array_append (own, one);
        else
            wait_for (p, part, of);
    }
    json_object_del (task, p->waits);
    json_put_unless_empty (task, p->waits, own);
}
