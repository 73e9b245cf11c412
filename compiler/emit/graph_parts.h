/* How tasks of a graph that is too large for a service are parted, whatever document they stand in.
 *
 *     levels: what waits for nobody, what waits for these, …      parts: as many whole levels as fit into each
 *
 * A level that doesn't fit itself becomes several parts, which wait for those before it and not for one another.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_GRAPH_PARTS_H
#define CHARD_COMPILER_EMIT_GRAPH_PARTS_H

#include "base/vec.h"

#include <stddef.h>

/* `after[i]` are the tasks that task i of `n` waits for; no circle. `unit[i]` is i, or the task k that i can't be
 * parted from, with unit[k] = k; units wait in no circle either, and none has more than `most` tasks. Fills in part[i],
 * from 0, so that no part has more than `most` tasks and each task waits for such of its own part or of earlier ones.
 * The number of parts. */
size_t graph_parts (struct arena *a, const struct vec_int *after, const size_t *unit, size_t n, size_t most,
                    size_t *part);

#endif
