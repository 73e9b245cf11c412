/* Composition (Kale 2.3's tag notebook:NAME): a cell that stands for another notebook's cells. The other notebook's
 * path stands in the cell's metadata (`notebook_path`) and counts from the folder of the notebook that says it; without
 * one it is NAME.ipynb or NAME.py beside it. What is composed means what running the notebooks in that order, in one
 * session, means: names are shared, each notebook's own tags decide over its steps, and where two notebooks of which
 * one brings in the other declare the same parameter, the outer one's value holds. Each runs in its own folder.
 * Called by program.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_COMPOSE_H
#define CHARD_COMPILER_COMPOSE_H

#include "base/diag.h"
#include "compiler/notebook.h"

/* Reads the notebook that `cell` of `nb` brings in under the name `alias`, and enters it in `root`->included. NULL, and
 * a diagnostic at the cell, if it isn't there, is no notebook, holds another language, or leads back to one that
 * brings it in. Everything lies in `a`, but for what notebook_clear (root) gives up. */
struct notebook *compose_read (struct arena *a, struct notebook *root, const struct cell *cell, const char *alias,
                               struct diag_list *diags);

/* A cell that brings in a notebook holds no code of its own: told as an error if it does. */
void compose_check_cell (struct arena *a, const struct cell *cell, const char *alias, struct diag_list *diags);

#endif
