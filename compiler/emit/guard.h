/* What `when:` adds to a pipeline that runs elsewhere: ahead of each step that has one, a small step that evaluates the
 * expression over the same inputs, so that the step's own pod is started only where it holds. Where others wait for the
 * step, a second one takes its place if it isn't: it runs the very same code, whose `if` then does nothing, so it hands
 * on what the notebook has there (values as they were, names that are unbound), without the step's limits and nodes.
 *
 *     NAME when ── true ──> NAME ───────────┬──> those that wait for NAME
 *               └─ false ─> NAME otherwise ─┘
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_GUARD_H
#define CHARD_COMPILER_EMIT_GUARD_H

#include "compiler/pipeline.h"

/* Makes `guard` the step that evaluates `s`'s settings.when: it has the definitions, inputs and parameters that this
 * takes. What lies behind its pointers is `s`'s, or in `a`; its name is none that `p` has. */
void guard_make (struct arena *a, const struct pipeline *p, const struct step *s, struct step *guard);

/* Makes `otherwise` what runs in the place of `s` where the expression is false. */
void guard_make_otherwise (struct arena *a, const struct pipeline *p, const struct step *s, struct step *otherwise);

/* A name for a step that helps another: "NAME WORD", or the same with more behind it where the notebook has such a
 * step. */
const char *guard_name (struct arena *a, const struct pipeline *p, const char *step, const char *word);

/* Gives `helper` those inputs, parameters and predecessors of `s` that have to do with `names`. */
void guard_take (struct arena *a, struct step *helper, const struct step *s, const struct vec_str *names);

#endif
