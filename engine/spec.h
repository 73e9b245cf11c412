/* What step.py is told of a step: spec.json.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_SPEC_H
#define CHARD_ENGINE_SPEC_H

#include "base/error.h"
#include "compiler/pipeline.h"

/* Where things lie for one step. */
struct spec_places {
    const char *result;          /* directory that step.py makes */
    const char *const *producers; /* by step index: the result directory of each step that has one */
};

/* The document; `params` are the values of those the step uses (borrowed). The caller owns the result. */
json_t *spec_create (const struct pipeline *p, int step, const struct spec_places *where, json_t *params);

/* Writes a document of ours that is no truth (it can be made again), so without waiting for the disk. */
int spec_write (const char *path, const json_t *document, struct error *err);

#endif
