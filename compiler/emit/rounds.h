/* What `foreach:` adds to a pipeline that runs elsewhere. A step that is a loop whose rounds may run at once becomes
 * three:
 *
 *     NAME items ── a list of ranges ──> NAME each, once a range ── what its rounds did ──> NAME, which does all that
 *     in order
 *
 * All have the step's code; templates/step.py (rounds.py) stops the first two at the loop.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_ROUNDS_H
#define CHARD_COMPILER_EMIT_ROUNDS_H

#include "compiler/pipeline.h"

/* The name under which the elements that the loop goes over are handed to its rounds. */
#define ROUNDS_ITEMS "__chard_items__"

/* Makes `items` the step that tells the elements of `s`'s loop. */
void rounds_make_items (struct arena *a, const struct pipeline *p, const struct step *s, struct step *items);

/* Makes `each` the step that runs some rounds; `items` is the index of the above. */
void rounds_make_each (struct arena *a, const struct pipeline *p, const struct step *s, int items, struct step *each);

#endif
