/* What the files of emit_argo share: argo.c makes the workflow and its tasks, argo_step.c the templates of steps'
 * containers, argo_graph.c graphs within the graph, argo_parts.c those of a graph that is too large for one.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_ARGO_BUILD_H
#define CHARD_COMPILER_EMIT_ARGO_BUILD_H

#include "compiler/emit/emit.h"

struct argo {
    const struct emit_plan *plan;
    json_t *templates; /* containers, each once */
    json_t *graphs;    /* around those that run the rounds of a loop, and around two of which one is started */
    json_t *volumes, *claims; /* of the workflow: "volumes", "volumeClaimTemplates" */
    struct vec_str claimed;   /* names of the volumes of all steps, … */
    const char **volume_names; /* … and what each is called in the workflow */
    const char **codes; /* by step: digest of its specification and of all that it builds upon */
    bool **used;        /* by step: which parameters it and all before it use, … */
    bool *fixed;        /* … and whether nothing else decides its result: none of them is to run each time */
};

/* {"name": …, "value": …} */
json_t *argo_value (const char *name, const char *value);

/* ---- argo_step.c ---- */

/* Pieces of a step's specification are parameters spec, spec-2, … */
const char *argo_piece_name (struct arena *a, size_t k);

/* What gives `{{` where Argo looks for references: an expression. What comes of it is looked at once more when the pod
 * is made, so behind it may stand nothing that Argo knows (argo_verify). */
#define ARGO_BRACES "{{='{{'}}"

/* Whether Argo keeps the step's result for the next run. Rounds' it doesn't: what they did lies in a folder of this
 * run. */
bool argo_is_memoized (const struct argo *argo, int step);

/* All of a step's template but its name. The caller owns it. */
json_t *argo_step_template (struct argo *argo, int step, size_t pieces);

/* The name of the template that is like `body` (taken over), which becomes one if there is none yet. */
const char *argo_share_template (struct argo *argo, json_t *body);

/* Fills in the workflow's volumes and claims. Volumes of one name are one; the first that speaks says what it is. */
void argo_declare_volumes (struct argo *argo);

/* ---- argo_graph.c ---- */

/* Adds a graph around the rounds of a loop, which bounds how many run at a time. `arguments` are its task's, which get
 * what the graph wants besides. Its name. */
const char *argo_add_loop (struct argo *argo, int each, const char *template, json_t *arguments);

/* Adds a graph in which one of two is started, by what the step's guard told. Its name. */
const char *argo_add_choice (struct argo *argo, int step, const char *template, size_t pieces, json_t *arguments);

/* ---- argo_parts.c ---- */

/* Custom resources of Argo 4 hold no more tasks in a graph (maxItems of the full CRDs, which its manifests install). */
#define ARGO_MOST_TASKS 200

/* The tasks that stand for `tasks` (taken over) in a graph: these, or if they are too many one for each part of them.
 * The parts' graphs are appended to `graphs`. Tasks that could run at once still can, but that a part waits for all of
 * the parts before it that it takes something from. */
json_t *argo_split_tasks (struct arena *a, json_t *tasks, json_t *graphs);

#endif
