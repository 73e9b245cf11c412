/* IPython's own syntax. A cell's source becomes two texts of as many lines: `code`, of exactly as many bytes too, in
 * which what isn't Python is blanked or replaced by harmless Python of the same length, so that every position stays
 * true for the analysis; and `run`, in which it is rewritten to get_ipython() calls as IPython's transformer does.
 * Specification: IPython.core.inputtransformer2.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_MAGIC_H
#define CHARD_COMPILER_MAGIC_H

#include "base/arena.h"
#include "base/vec.h"

enum magic_kind {
    MAGIC_LINE,  /* %name arguments, also behind an `=` */
    MAGIC_CELL,  /* %%name arguments, and the whole cell */
    MAGIC_SHELL, /* !command, also behind an `=` */
    MAGIC_HELP,  /* ?object, object? */
};

struct magic {
    enum magic_kind kind;
    int line;              /* within the cell, from 1 */
    int lines;             /* physical lines it spans; of a cell magic those of its first line */
    bool indented;         /* it stands within a block */
    const char *name;      /* "matplotlib"; "" for shell and help */
    const char *arguments; /* the rest of the line; for shell lines the command */
    const char *body;      /* of cell magics: the lines behind; else NULL */
    bool transparent;      /* the statement or cell behind it is plain code and stays in `code` */
    bool encloses;         /* what the statement or cell binds, nobody else sees (timed.h) */
    bool assigned;         /* its value is bound: `x = !cmd` */
};

struct magic_text {
    const char *code; /* for the parser */
    const char *run;  /* for the interpreter */
    const char *bare; /* the source as IPython looks at it, without margin and prompts */
    int newly_bare;   /* the first line with a prompt, if only IPython 9.10 and later take it off; else 0 */
    vec (struct magic) magics;
    vec (struct magic) calls; /* %chard lines or cells: they work on the notebook, and no step knows of them */
};

/* Rewrites one cell's source. The result lies in `a`. Never fails. */
struct magic_text *magic_rewrite (struct arena *a, const char *source, size_t len);

/* The distributions that a magic installs (`pip install X Y==1`, `conda install X`): appended to `requirements`,
 * options and -r files left out. True if it was such a line. */
bool magic_requirements (struct arena *a, const struct magic *m, struct vec_str *requirements);

#endif
