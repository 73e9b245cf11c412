/* Values that a step was given to read, and changed all the same: step.py finds them at the step's end (result.json's
 * "mutated"), since no analysis sees every change. Harmless if nobody reads the value later; else what the readers got
 * is not what the notebook had at that point, and the run must not pass for one of the notebook.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_CHANGE_H
#define CHARD_ENGINE_CHANGE_H

#include "engine/plan.h"

#include <jansson.h>

/* What step `i`, whose result is there, changed: [{"name", "cell" (or null), "from": step, "used_by": [step]}], where
 * used_by are the steps behind it in the notebook that read the value as it was before. NULL if nothing; the caller
 * owns it. Results of the steps before it must be there. */
json_t *change_find (const struct pipeline *p, struct plan *plan, int i);

/* The first of `changes` that some step was given unchanged, as an error for people ({"type", "message", "cell",
 * "hint"}); NULL if there is none. The caller owns it. */
json_t *change_error (const struct pipeline *p, int i, const json_t *changes);

/* A sentence about changes that hurt nobody, in `a`. */
char *change_note (struct arena *a, const struct pipeline *p, int i, const json_t *changes);

#endif
