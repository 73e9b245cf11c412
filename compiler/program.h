/* The front end's view of a notebook's code: one unit a code cell that takes part, in notebook order, with its tags
 * read, magics rewritten and text parsed; the cells of a notebook that is brought in (compose.h) stand where the cell
 * stood that brings it in. Filled by the passes tag, magic and syntax; read by the interpreter and the
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
    const json_t *effects; /* the project's own lines for the table of library effects, or NULL; not owned */
    const json_t *learned; /* what earlier runs observed, or NULL; not owned */
    const char *schedule, *timezone; /* that its cells' tags say, not those of notebooks that it brings in; or NULL */
    vec (struct unit) units;      /* code cells that are not skipped, in the order in which they run */
};

/* Line and column (from 1, in characters) of a byte offset within a unit's source. */
struct place program_place (const struct program *p, int unit, uint32_t offset);

/* The notebook that steps and segments of the IR call `reference`; NULL is the main one. */
struct notebook *program_notebook (const struct program *p, const char *reference);

#endif
