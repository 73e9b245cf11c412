/* Pictures of a pipeline, or of what passes between cells: text, Graphviz dot, Mermaid, SVG. Called by `chard graph`,
 * by the run report and by the kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_DRAW_H
#define CHARD_COMPILER_DRAW_H

#include "base/error.h"
#include "base/strbuf.h"
#include "compiler/pipeline.h"

/* How a box is coloured. */
enum draw_state {
    DRAW_STATE_NONE,
    DRAW_STATE_WAITING,
    DRAW_STATE_RUNNING,
    DRAW_STATE_DONE,
    DRAW_STATE_CACHED,
    DRAW_STATE_FAILED,
    DRAW_STATE_SKIPPED,
};

struct draw_node {
    const char *title;   /* first line: the step's title or name */
    const char *name;    /* what commands know it by, for draw_text; NULL if that is the title */
    const char *detail;  /* second line, small: "cells 3, 4", "cell 7 · 1.2 s"; may be NULL */
    const char *tooltip; /* SVG: shown when the pointer rests on it; may be NULL */
    const char *href;    /* SVG: where a click leads; may be NULL */
    enum draw_state state;
};

/* One arrow. Several reasons between the same two boxes are one arrow; its kind is the weightiest. */
struct draw_edge {
    int from, to;
    const char *kind;     /* "data", "file", "state", "code", "import" or "order" */
    struct vec_str names; /* what is handed over */
};

struct drawing {
    struct arena *arena;
    const char *name;
    vec (struct draw_node) nodes;
    vec (struct draw_edge) edges;
};

/* What passes between the steps, as `chard graph --to json` prints it:
 * {"name", "notebook", "steps": [{"name", "title", "cells", "inferred"}],
 *  "edges": [{"from": "load", "to": "train", "names": ["X"], "kind": "data|file|state|order"}]}.
 * Edges are sorted by the steps' order. The caller owns it. */
json_t *draw_pipeline_json (const struct pipeline *p);

/* The steps as a drawing in `a`; strings are the pipeline's or the arena's. Titles are the steps' own. */
struct drawing *draw_pipeline (struct arena *a, const struct pipeline *p);

/* Cells as a drawing: `edges` is the array of {"from", "to", "names", "kind"} that compile_cell_graph makes, among `n`
 * code cells of the main notebook (edges from or to others are left out); `cells` are their indices in the notebook (or
 * NULL), used for the titles. */
struct drawing *draw_cells (struct arena *a, const char *name, const json_t *edges, int n, const int *cells);

/* "cell 3", "cells 3–5, 8", and if that gets long "10 cells, 33–52". */
const char *draw_cell_list (struct arena *a, const struct vec_int *cells);

/* The same of a step, behind the notebook's name if it is of another one: "prepare.ipynb, cells 3–5". */
const char *draw_step_cells (struct arena *a, const struct step *s);

/* For terminals (draw_plain.c): a line per box with the wave in which it can start and what it waits for. Boxes are
 * told by the names that other commands take. */
void draw_text (const struct drawing *d, struct strbuf *out);

/* Graphviz's language, to be laid out elsewhere (draw_dot.c). */
void draw_dot (const struct drawing *d, struct strbuf *out);

/* A Mermaid flowchart, as GitHub, GitLab and JupyterLab show it within Markdown (draw_mermaid.c). */
void draw_mermaid (const struct drawing *d, struct strbuf *out);

/* A self-contained <svg> element (draw_svg.c), fit for a file of its own and to be put into HTML. Follows the reader's
 * dark or light colour scheme. -1 if it can't be laid out (see layout.h). */
int draw_svg (const struct drawing *d, struct strbuf *out, struct error *err);

const char *draw_state_name (enum draw_state s); /* "waiting", "running", "done", … ; "" for NONE */

/* A state's colours as #rrggbb, for languages that know no colour scheme of the reader's. */
struct draw_color {
    const char *fill, *stroke;
};

struct draw_color draw_state_color (enum draw_state s);

#endif
