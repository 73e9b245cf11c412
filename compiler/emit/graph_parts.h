/* How tasks of a graph that is too large for a service are parted, whatever document they stand in.
 *
 *     levels: what waits for nobody, what waits for these, …      parts: as many whole levels as fit into each
 *
 * A level that doesn't fit itself becomes several parts, which wait for those before it and not for one another.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_GRAPH_PARTS_H
#define CHARD_COMPILER_EMIT_GRAPH_PARTS_H

#include "base/vec.h"

#include <jansson.h>
#include <stddef.h>

/* `after[i]` are the tasks that task i of `n` waits for; no circle. `unit[i]` is i, or the task k that i can't be
 * parted from, with unit[k] = k; units wait in no circle either, and none has more than `most` tasks. Fills in part[i],
 * from 0, so that no part has more than `most` tasks and each task waits for such of its own part or of earlier ones.
 * The number of parts. */
size_t graph_parts (struct arena *a, const struct vec_int *after, const size_t *unit, size_t n, size_t most,
                    size_t *part);

/* What graph_parts found, for documents. */
struct graph_parting {
    const char *waits;       /* the list of a task that names those which it waits for */
    const json_t *index;     /* the number of each task by its name */
    const size_t *part;      /* by task, from 0 */
    json_t **callers;        /* by part: the task that stands for it in the graph around, … */
    const char *const *name; /* … and what it is called */
};

size_t graph_part_of (const struct graph_parting *p, const char *task);

/* `task` goes on waiting for those of its own part; for those of others `part`'s caller waits for theirs. */
void graph_divide_waits (const struct graph_parting *p, size_t part, json_t *task);

#endif
