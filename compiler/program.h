/* The front end's view of a notebook's code: one unit a code cell that takes part, in notebook order, with its tags
 * read, magics rewritten and text parsed. Filled by the passes tag, magic and syntax; read by the interpreter and the
 * step pass.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_PROGRAM_H
#define CHARD_COMPILER_PROGRAM_H

#include "base/diag.h"
#include "compiler/ast.h"
#include "compiler/magic.h"
#include "compiler/notebook.h"
#include "compiler/tag.h"

struct unit {
    const struct cell *cell;
    struct cell_tags tags;
    struct magic_text *text;
    struct ast *tree; /* AST_BLOCK */
    bool broken;      /* its text is no Python */
};

struct program {
    struct arena *arena;
    struct symbols *symbols;
    struct notebook *notebook;
    vec (struct unit) units;      /* code cells that are not skipped */
    struct vec_int unit_of_cell;  /* by cell index; -1 for cells that are no unit */
};

/* Line and column (from 1, in characters) of a byte offset within a unit's source. */
struct place program_place (const struct program *p, int unit, uint32_t offset);

#endif
