/* Habits that make notebooks fail as pipelines, though each cell is right: cells run out of order, paths of one
 * machine, questions to the user, secrets in the source. Told by chard check; nothing else depends on them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_LINT_H
#define CHARD_COMPILER_LINT_H

#include "base/diag.h"
#include "compiler/flow.h"
#include "compiler/front.h"

/* Rules cell-order, absolute-path, asks-user and secret-in-source; see chard-diagnostics(7). */
void lint_flow (const struct flow *flow, struct diag_list *diags);

/* Rule session-history: `_`, `Out[3]` and the like, read in a step that doesn't show what they stand for. */
void lint_history (const struct flow *flow, const struct grouping *g, struct diag_list *diags);

/* Rule large-value: what earlier runs saw a step hand on was very large. `learned` (learned.h) may be NULL. */
void lint_sizes (const struct pipeline *p, const struct program *program, const json_t *learned,
                 struct diag_list *diags);

#endif
