/* What templates/step.py is told of a step wherever it runs (its docstring, SPEC): what the step is, but not where
 * things lie. The engine and the emitters add that.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_STEP_SPEC_H
#define CHARD_COMPILER_STEP_SPEC_H

#include "compiler/pipeline.h"

/* version, step, notebook, segments, path, outputs, metrics, definitions and env. The caller owns the result. */
json_t *step_spec_create (const struct pipeline *p, int step);

/* Adds "path": where modules lie besides the notebook's directory, if it is composed of notebooks from elsewhere. */
void step_spec_put_folders (json_t *spec, const struct pipeline *p);

#endif
