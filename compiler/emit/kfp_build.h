/* What the files of emit_kfp share: kfp.c puts the document together, kfp_component.c says what goes in and out of each
 * task, kfp_executor.c what its pod runs, kfp_task.c where what goes in comes from, kfp_parts.c parts a graph that is
 * too large.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_BUILD_H
#define CHARD_COMPILER_EMIT_KFP_BUILD_H

#include "compiler/emit/emit.h"

/* ---- kfp_component.c: strings lie in the plan's arena, documents are the caller's ---- */

/* "PREFIX-NAME" of a step: its component ("comp"), its executor ("exec"). */
const char *kfp_label (const struct emit_plan *plan, const char *prefix, int step);

/* The component of the graph around a step (kfp_is_graph); no step's own is called so. */
const char *kfp_graph_label (const struct emit_plan *plan, int step);

/* How a step's task calls what its guard tells: as KFP's SDK does, whose local orchestrator takes such names apart.
 * Likewise the ranges of rounds that there are, and the one that a task of a loop is for. */
const char *kfp_guard_input (const struct emit_plan *plan, int step);
const char *kfp_ranges_input (const struct emit_plan *plan, int each);
const char *kfp_range_input (const struct emit_plan *plan, int each);

/* The pipeline's parameters, with types and defaults. */
json_t *kfp_root_parameters (const struct emit_plan *plan);

/* All components of steps, and of graphs around them. */
json_t *kfp_components (const struct emit_plan *plan);

/* ---- kfp_executor.c ---- */

/* Executors of these components; NULL where KFP can't say what a step asks for. */
json_t *kfp_executors (const struct emit_plan *plan, const json_t *all_components, struct error *err);

/* ---- kfp_task.c ---- */

/* The task that runs a step; `within`: it stands in a graph of its own. */
json_t *kfp_task_of (const struct emit_plan *plan, int step, bool within);

/* All tasks but the one that runs at the end. */
json_t *kfp_tasks (const struct emit_plan *plan);

/* An input that is one of what the graph around is given itself. */
json_t *kfp_given (const char *key);

/* A task `name` for the graph of `tasks` (taken over), which becomes one of `components`. It is given the parameters
 * that `given` defines, all of which the graph around is given too. */
json_t *kfp_enclosed (const char *name, json_t *tasks, const json_t *given, json_t *components);

/* Lets `task` run once the task `body` has ended, well or not: dsl.ExitHandler's shape. KFP makes of it a hook of
 * `body`, which can have one. */
void kfp_run_at_end (json_t *task, const char *body);

/* ---- kfp_parts.c ---- */

/* A graph holds no more tasks: KFP makes two of each in its Argo workflow, where 200 are the most (maxItems of the full
 * CRDs). */
#define KFP_MOST_TASKS 100

/* The tasks that stand for `tasks` (taken over) in a graph that is given what `given` defines: these, or if they are
 * too many one for each part of them. The parts' graphs are added to `components`; `platform` is what Kubernetes is
 * told of each executor, or NULL. Tasks that could run at once still can, but that a part waits for all of the parts
 * before it that it takes something from. */
json_t *kfp_split_tasks (struct arena *a, json_t *tasks, const json_t *given, json_t *components, json_t *platform);

#endif
