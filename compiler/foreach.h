/* Tag foreach:NAME. It doesn't change what the code means: the step has to be a loop over NAME whose rounds don't
 * depend on one another, so that they may run at once, here in processes of their own and elsewhere in pods of their
 * own. Each round may bind names of its own and add to values that no round looks at:
 *
 *     imports, definitions, constants        what every round starts with
 *     for x in NAME:                         …; results.append (f (x)); table[x] = …; total += …
 *     whatever follows                       runs once, with all that the rounds added, in the notebook's order
 *
 * Where that can't be shown, a warning says why, and the step runs whole.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_FOREACH_H
#define CHARD_COMPILER_FOREACH_H

#include "base/diag.h"
#include "compiler/flow.h"
#include "compiler/pipeline.h"

/* Judges each step's settings.foreach, behind pass link: where its promise is kept, the step gets its `loop`; elsewhere
 * the setting is taken away. */
void foreach_check (struct pipeline *p, const struct flow *flow, struct diag_list *diags);

#endif
