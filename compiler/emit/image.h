/* Which images a pipeline needs: one, but where a step's image: or its requirements ask for another.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_IMAGE_H
#define CHARD_COMPILER_EMIT_IMAGE_H

#include "compiler/emit/emit.h"

/* Fills the plan's images and each step's index among them; names must be mapped already. */
void image_plan (struct emit_plan *plan);

#endif
