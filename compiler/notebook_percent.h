/* Percent-format Python scripts ("# %% [markdown] tags=[…]"), as Jupytext, VS Code and Spyder write them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_NOTEBOOK_PERCENT_H
#define CHARD_COMPILER_NOTEBOOK_PERCENT_H

#include "compiler/notebook.h"

/* Fills `nb` with the cells of a script. Never fails: a script without any marker is one code cell. */
void notebook_percent_read (struct arena *a, struct notebook *nb, const char *data, size_t len);

#endif
