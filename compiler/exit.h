/* Tag exit: the step runs at the end, whatever became of the others: it tells somebody, or clears up. So that it means
 * the same where all goes well, it has to be the notebook's last and to take nothing that others make. Where it isn't
 * so a warning says why, and it is a step like any other.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EXIT_H
#define CHARD_COMPILER_EXIT_H

#include "base/diag.h"
#include "compiler/pipeline.h"
#include "compiler/program.h"

/* Judges each step's settings.exit, behind pass link: where its promise isn't kept, it is taken away. One that is kept
 * is not cached unless its tags ask for it: it isn't there for its values. */
void exit_check (struct pipeline *p, const struct program *program, struct diag_list *diags);

#endif
