/* The promise made executable: runs a notebook as a pipeline and, at least twice, straight from top to bottom in one
 * process, and compares every value that crosses a step boundary and every cell's shown output (step.py straight and
 * compare).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_VERIFY_H
#define CHARD_ENGINE_VERIFY_H

#include "compiler/compile.h"
#include "engine/runner.h"

struct verification {
    struct run_result run; /* of the pipeline */
    json_t *answer;        /* what step.py compare said, with "straight_error" in place of the rest if the notebook
                              itself fails when run straight; NULL if the pipeline's run failed. The caller's to free */
};

/* Where two runs are to agree: {"before_segment", "step", "names"} for each step and each producer of what it takes
 * over. Exposed for its test. The caller owns the result. */
json_t *verify_checkpoints (const struct compilation *c);

/* Does it all. `o` is for the pipeline's run, whose parameters hold for the straight runs too. -1 if it couldn't be
 * done; differences are no error. */
int verify_notebook (struct arena *a, const struct compilation *c, const struct run_options *o, struct verification *v,
                     struct error *err);

#endif
