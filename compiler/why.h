/* Why one step waits for another: which names, files and tags tie them, down to the lines that write and read.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_WHY_H
#define CHARD_COMPILER_WHY_H

#include "compiler/flow.h"
#include "compiler/pipeline.h"

/* What ties step `to` to step `from` (indices): {"from", "to", "waits": bool, "through": [step…], "ties": [{"kind",
 * "name", "writes": [{"cell", "line", "how", "text"}], "reads": […]}]}. Kinds: data (a value), state (of a library),
 * file, tag, order (hidden state or effects that no name tells). "how": binds, "may bind", changes, reads, "called
 * function reads". `through` holds a chain of steps between, where `to` waits for `from` through others only. The
 * caller owns it. */
json_t *why_explain (const struct pipeline *p, const struct flow *flow, int from, int to);

#endif
