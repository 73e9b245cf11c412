/* What one cell's code does with names, by its text alone: bound, read, imported; what happens when the cell runs kept
 * apart from what its functions do when they are called. As CPython's symtable tells it, but for the order: `needs` is
 * what is read before the cell binds it. The interpreter does not use this; diagnostics, requirements and
 * `chard compile --stop-after=syntax` do.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_FACTS_H
#define CHARD_COMPILER_FACTS_H

#include "compiler/program.h"

#include <jansson.h>

/* One import of a module. */
struct import {
    const char *module;   /* dotted; dots of a relative import in front */
    symbol name;          /* from-imports: the name taken out of it ("*" for all); 0 for plain ones */
    const struct ast *at;
    bool later;           /* within a function: when it is called */
    bool guarded;         /* within a try: its failure may be expected */
};

/* Symbols, ascending by first occurrence, each once. */
struct facts {
    struct vec_int binds;       /* names that the cell binds in the module when it runs */
    struct vec_int deletes;
    struct vec_int reads;       /* names of the module (or builtins) that it reads when it runs */
    struct vec_int needs;       /* those of them that it reads before it has bound them, in the text's order */
    struct vec_int later_reads; /* names of the module that its functions, lambdas and methods read when called */
    struct vec_int later_binds; /* and bind, by `global` */
    vec (struct import) imports;
};

/* Collects the facts of a unit. Lies in `a`. */
struct facts *facts_collect (struct arena *a, const struct program *p, const struct unit *u);

/* {"cell", "parses", "binds", "deletes", "reads", "needs", "later_reads", "later_binds", "imports", "later_imports",
 * "star_imports", "magics": [[kind, name, arguments]]}, lists sorted; the caller owns it. */
json_t *facts_to_json (const struct program *p, const struct unit *u);

#endif
