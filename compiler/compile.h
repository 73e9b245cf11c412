/* The compiler's front door: a notebook file in, diagnostics and a pipeline out. Runs the table of passes
 * (compile.c). Called by every command that takes a notebook; the kernel has these commands do it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_COMPILE_H
#define CHARD_COMPILER_COMPILE_H

#include "base/diag.h"
#include "base/error.h"
#include "compiler/pipeline.h"

struct notebook;
struct flow;
struct program;

/* Names of all passes in their order, as choices of an option. */
#define COMPILE_PASSES "notebook|syntax|flow|step|link|metadata|requirement"

struct compile_options {
    const char *stop_after; /* name of the last pass to run, or NULL for all */
    const json_t *learned;     /* what earlier runs observed (compiler/learned.h), or NULL; not owned */
    const json_t *environment; /* what the notebook's Python has: dotted module -> [distribution, version]; or NULL */
};

struct compilation {
    struct arena *arena;
    struct diag_list diags;
    const char *path;          /* as given */
    struct notebook *notebook; /* front end's view; compiler/notebook.h */
    struct program *program;   /* code cells, parsed; compiler/program.h */
    struct flow *flow;         /* what reaches what between cells; compiler/flow.h */
    struct pipeline *pipeline; /* NULL until the `step` pass ran; meaningless if diags.errors > 0 */
};

/* Compiles one file. Returns 0 whenever the file could be read as a notebook: look at `c->diags.errors` for whether
 * the pipeline is fit to run. -1 when it isn't a readable notebook at all (`err` says why, with the path). Either
 * way compilation_destroy must be called. */
int compile_file (struct compilation *c, const char *path, const struct compile_options *options, struct error *err);

void compilation_destroy (struct compilation *c);

/* Prints the stage after which the compilation stopped (`--stop-after`), as JSON; the caller owns the result. */
json_t *compile_dump (const struct compilation *c, const char *pass);

/* The chard.yaml that counts for notebooks in the absolute `dir`: there or, nearest first, in a folder above it. NULL:
 * there is none. In `a`. */
const char *compile_project_file (struct arena *a, const char *dir);

/* Names of the passes in order, NULL-terminated. */
const char *const *compile_pass_names (void);

/* The pipeline's view on code cells, for `chard graph --cells`: {"edges": [{"from", "to", "names", "kind"}]} with
 * indices among the code cells from 0; kind is data, code, import, file, state or order. The caller owns it. */
json_t *compile_cell_graph (const struct compilation *c);

#endif
