/* Volumes that a notebook wants anew, on Kubeflow Pipelines: each run makes a claim of its own before all steps, and
 * gives it up behind them whatever became of them, as kfp-kubernetes' CreatePVC and DeletePVC do. These tasks run no
 * container: KFP's driver knows them by their images. All else of the graph becomes one task between them, since KFP
 * skips what waits for a task that failed, but for a hook of one task:
 *
 *     create--NAME ── name ──> with--NAME (dag: the steps, which mount it) ── at its end ──> delete--NAME
 *
 * Of several claims each encloses the next, so that one which can't be made leaves none behind.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_CLAIM_H
#define CHARD_COMPILER_EMIT_KFP_CLAIM_H

#include "compiler/emit/emit.h"

/* What the names of tasks that give claims up begin with. */
#define KFP_CLAIM_DELETE "delete--"

/* How graphs call the name of the claim behind a volume, among what they are given; NULL: the claim is there. */
const char *kfp_claim_input (const struct emit_plan *plan, const struct volume *v);

/* These names of all claims which a step mounts, each once. */
void kfp_claims_of (const struct emit_plan *plan, int step, struct vec_str *inputs);

/* Whether pods of KFP can mount the claims that are there already, by their names; 0 or -1. */
int kfp_claims_check (const struct emit_plan *plan, struct error *err);

/* What a graph within all claims is given: what `given` defines, and their names. The caller's. */
json_t *kfp_claims_given (const struct emit_plan *plan, const json_t *given);

/* The graph of `tasks` (taken over) between the tasks that make claims and give them up; theirs and its component are
 * added to `components`. `given` is what the graph around is given. */
json_t *kfp_claims_enclose (const struct emit_plan *plan, json_t *tasks, const json_t *given, json_t *components);

/* Adds the components and executors of the tasks. */
void kfp_claims_add_components (const struct emit_plan *plan, json_t *components);
void kfp_claims_add_executors (const struct emit_plan *plan, json_t *executors);

#endif
