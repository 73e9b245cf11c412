/* %timeit and its like run code in a function of their own: what it binds, nobody else sees.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_TIMED_H
#define CHARD_COMPILER_TIMED_H

#include "compiler/ast.h"
#include "compiler/magic.h"

/* Puts the statements of the cell's `tree` that such a magic of `text` runs into functions that are called where they
 * stand. */
void timed_enclose (struct arena *a, struct ast *tree, const struct magic_text *text);

#endif
