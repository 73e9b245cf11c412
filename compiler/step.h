/* What the files of the pass step share: how a notebook's cells become groups (step.c by tags, step_section.c by
 * headings, step_join.c by what flows between cells) and what groups are called (step_name.c).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_STEP_H
#define CHARD_COMPILER_STEP_H

#include "compiler/front.h"

struct stepping {
    struct arena *arena;
    const struct flow *flow;
    struct grouping *g;
    bool *works; /* by unit: it does something that is to be done once only, rather than define, import or set up */
};

/* A new group without units; its name is made unique at the end. */
struct group *step_add_group (struct stepping *s, const struct notebook *nb, const char *name, const char *title,
                              const char *tag);

/* Sections under headings become groups, and the units that belong to none are given their owners. False, and nothing
 * done, if the headings don't part the notebook's work in two at least. */
bool step_by_sections (struct stepping *s, const struct notebook *nb);

/* Each unit of `nb` that works becomes a group, to be joined later by step_join. */
void step_by_cells (struct stepping *s, const struct notebook *nb);

/* Joins groups that were inferred. Those in `cells` where nothing could run in parallel anyway: a group and the only
 * one that waits for it, if it waits for no other; and what merely shows a value with what makes it. And all those
 * between which something would have to travel that can't, or that would need a value as it was in the midst of the
 * other. */
void step_join (struct stepping *s, const struct vec_int *cells);

/* "Train the model" -> "train-the-model", at most 40 bytes, whole words; "" if nothing of it is fit for a name. */
char *step_slug (struct arena *a, const char *text, size_t len);

/* What a group of untagged cells is called: by the comment that its first cell begins with, or else by the first call
 * that says something, or the name that is bound. `title` is for people; NULL: the name will do. */
const char *step_name_units (struct stepping *s, const struct vec_int *units, const char **title);

/* True of a cell of metrics that only prints names and text: what it prints is recorded where it is made, and the cell
 * itself is not run. One that computes is work. */
bool step_only_reports (const struct stepping *s, int unit);

/* True if the unit only shows something that is there already: print (x), df.head (), x. */
bool step_only_shows (const struct stepping *s, int unit);

#endif
