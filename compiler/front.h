/* Entry points of the passes, called by compile.c only, in this order.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_FRONT_H
#define CHARD_COMPILER_FRONT_H

#include "compiler/flow.h"
#include "compiler/interpreter.h"
#include "compiler/pipeline.h"
#include "compiler/program.h"

/* Where a unit's code belongs. */
enum { OWNER_SHARED = -1, OWNER_PARAMETERS = -2, OWNER_METRICS = -3 };

/* A step to be. */
struct group {
    const char *name, *title; /* `name` is unique among the pipeline's steps */
    const char *tag;          /* the name that its cells' tags give it; NULL if it was inferred */
    bool inferred;
    const struct notebook *notebook; /* all its units are of one notebook */
    struct vec_int units;     /* ascending */
};

/* Which step each unit belongs to, before dependencies are known. */
struct grouping {
    struct vec_int owner; /* by unit: a step's index or an OWNER_ constant */
    vec (struct group) groups;
};

/* Passes tag, magic, syntax: every code cell that isn't skipped becomes a unit. */
struct program *program_build (struct arena *a, struct notebook *nb, struct diag_list *diags);

/* Pass step, for each notebook by itself: its tags decide; without any, the sections under its headings; without those,
 * its cells, where chains that can't run in parallel are joined. Steps stand in the order of their first cells. */
struct grouping *step_group (const struct flow *flow, struct diag_list *diags);

/* Pass link: inputs, outputs, segments, files, parameters, settings; steps in topological order. Where an error is told
 * that would not be one if two groups were one step, their indices are appended to `conflicts` (may be NULL); ~UNIT in
 * the place of the second: if that unit, which all steps share, were of the first. */
void link_steps (struct pipeline *p, const struct flow *flow, const struct grouping *g, struct diag_list *diags,
                 struct vec_int *conflicts);

/* Parameters of the pipeline from the cells tagged so; `site_is_param` by site. Where notebooks are composed, the outer
 * one's value of a name holds; notebooks side by side that don't agree on a value keep it as a constant each. */
void param_collect (struct pipeline *p, const struct flow *flow, struct diag_list *diags, bool *site_is_param);

/* Pass metadata: what the notebook's own metadata says of the pipeline and of all its steps; a step's own tags win. */
void metadata_apply (struct pipeline *p, const struct program *program);

#endif
