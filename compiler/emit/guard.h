/* Guards: elsewhere, a step with when: is started only if a small one before it finds that its expression holds. It takes what
 * the expression reads and nothing else, and leaves one parameter, "true" or "false".
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_GUARD_H
#define CHARD_COMPILER_EMIT_GUARD_H

#include "compiler/pipeline.h"

/* `p` with a guard behind its steps for each that has when:, in their order; `p` itself if none has. Everything else is
 * shared with `p`, which must outlive it. `guards` gets, by step of `p`, the index of its guard or -1. */
const struct pipeline *guard_steps (struct arena *a, const struct pipeline *p, struct vec_int *guards);

#endif
