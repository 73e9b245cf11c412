/* The code of two pipelines, cell by cell: which cell of the one became which of the other. For `chard runs diff`.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_RUN_CODE_H
#define CHARD_CLI_RUN_CODE_H

#include "base/error.h"
#include "compiler/pipeline.h"

/* A cell as the pipeline runs it: lines that no step needs are empty. */
struct code_cell {
    const char *notebook; /* of a composition, as in struct segment; NULL: the pipeline's own */
    int cell;
    const char *step; /* whose work it is; NULL: definitions that steps bring along */
    const char *text; /* ends with a line end */
};

struct code_cells {
    struct code_cell *items;
    size_t len, cap;
};

/* All cells with code, by notebook and number, in `a`. */
void run_code_cells (struct arena *a, const struct pipeline *p, struct code_cells *cells);

/* For each cell of `old` the one of `new` that it is or became: partner[i], or -1. Cells that share lines belong
 * together, and those between them where both sides have as many; what belongs together keeps its order. */
int run_code_align (struct arena *a, const struct code_cells *old, const struct code_cells *new, int *partner,
                    struct error *err);

#endif
