/* Where boxes and edges of a drawing go. Knows sizes only, neither names nor colours; compiler/draw_svg.c draws what
 * comes back. Done by Graphviz (layout_graphviz.c, the only file that includes its headers).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_LAYOUT_H
#define CHARD_COMPILER_LAYOUT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <stdbool.h>

struct layout_point {
    double x, y;
};

struct layout_box {
    double w, h;                /* in */
    struct layout_point centre; /* out */
};

struct layout_edge {
    int from, to;                     /* in: indices of boxes */
    double label_w, label_h;          /* in: room to keep for a label, 0 for none */
    struct layout_point label;        /* out: the label's centre */
    vec (struct layout_point) points; /* out: a Bézier curve of 1 + 3n points, from `from` to the arrow's base */
    struct layout_point tip;          /* out: where the arrow touches `to` */
};

/* Units are points (1/72 inch), y grows downwards. */
struct layout {
    struct arena *arena;
    vec (struct layout_box) boxes;
    vec (struct layout_edge) edges;
    double w, h; /* out */
};

/* Lays the graph out from top to bottom. -1 (ERROR_ENVIRONMENT) if Graphviz can't: its plug-in for `dot` layouts is
 * missing. Edges may form cycles; an edge from a box to itself is fine. */
int layout_graph (struct layout *l, struct error *err);

#endif
