/* What the files of pass link share: link.c (what each step needs and leaves), link_share.c (names that share an
 * object), link_import.c (imports that are made again), link_files.c (files that steps hand on), link_order.c (what
 * waits for what), and link_segment.c (the code that each step runs). Nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_LINK_H
#define CHARD_COMPILER_LINK_H

#include "compiler/front.h"

/* A value that a step is handed. */
struct need {
    symbol name;
    int from;                /* step that leaves it */
    int version;             /* site of the last write that it may come from */
    int written;             /* where it is found together with what shares an object with it: `version` or later */
    int read;                /* site of the first use */
    const struct set *value; /* what it may be */
    bool optional;
};

/* `del name` of something that another step has bound, or another use of a name. */
struct name_use {
    symbol name;
    int site;
};

struct linking {
    struct arena *arena;
    struct pipeline *p;
    const struct flow *flow;
    const struct grouping *g;
    struct diag_list *diags;
    bool *site_is_param;
    struct vec_int *replicated; /* by step: sites */
    vec (struct need) *needs;   /* by step */
    vec (struct name_use) *deleted; /* by step */
    vec (struct name_use) *early_reads; /* by step: what its cells read of values that are there before any step runs */
    struct vec_int *conflicts;  /* see link_steps; may be NULL */
    bool ahead;                 /* what is traced is repeated ahead of the step's own cells */
};

/* A symbol's text. */
const char *link_name (const struct linking *l, symbol name);

/* The step that a site belongs to, or an OWNER_ constant. */
int link_owner (const struct linking *l, int site);

/* The cell that a site stands in. */
const struct unit *link_unit (const struct linking *l, int site);

/* What the step is handed under that name; NULL: nothing. */
struct input *link_find_input (struct linking *l, int step, const char *name);

/* `step` waits for `before`. */
void link_after (struct linking *l, int step, int before);

/* Two steps are at odds that would not be if they were one. True if that is all that is asked, and nobody is to be
 * told. */
bool link_conflict (struct linking *l, int step, int other);

/* link.c: a value that the step is handed, and leaves to others; what must be there when it is read. */
void link_add_output (struct linking *l, int step, const char *name, enum input_kind kind, bool optional);
void link_add_data (struct linking *l, int step, const struct need *new);
/* where `other` comes from */
void link_take_from (struct linking *l, int step, struct need *n, const struct need *other);
void link_classes (struct linking *l, int step, const struct set *value); /* that the value's objects are of */

/* The step needs `name` as it was between cells of step `from`. */
void link_split (struct linking *l, int step, int from, int site, const char *name);

/* link_share.c: both of two names that share an object come from one step. */
void link_share (struct linking *l);

/* link_import.c: whether two statements are imports that bind `name` to the same thing. */
bool link_is_same_import (const struct linking *l, int x, int y, symbol name);

/* link_order.c: by files, by tags; what is told as a metric; then the steps into topological order. */
void link_files (struct linking *l);
void link_tags (struct linking *l, int step);
void link_metrics (struct linking *l);
void link_order (struct linking *l);

/* link_segment.c: the code of a step; and the definitions that it shares with others. */
void link_segments (struct linking *l, int step);
void link_definitions (struct linking *l);

#endif
