/* Volumes that a notebook wants anew, on Kubeflow Pipelines: each run makes a claim of its own before the first step
 * that mounts it, and gives it up behind the last, as kfp-kubernetes' CreatePVC and DeletePVC do. The tasks run no
 * container: KFP's driver knows them by their images.
 *
 *     create--NAME ── name ──> pvcMount of the steps ──> delete--NAME
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_CLAIM_H
#define CHARD_COMPILER_EMIT_KFP_CLAIM_H

#include "compiler/emit/emit.h"

/* The task that makes a claim leaves its name under this key. */
#define KFP_CLAIM_NAME "name"

/* The tasks that make the claims which a step mounts, each once. */
void kfp_claims_of (const struct emit_plan *plan, int step, struct vec_str *tasks);

/* The task that makes the claim behind a volume; NULL: it is there already. */
const char *kfp_claim_task (const struct emit_plan *plan, const struct volume *v);

/* How a loop calls the name of the claim that this task makes, among what it is given. */
const char *kfp_claim_input (const struct emit_plan *plan, const char *task);

/* Adds their tasks, components and executors to those of the steps, which are there already. */
void kfp_claims_add_tasks (const struct emit_plan *plan, json_t *tasks);
void kfp_claims_add_components (const struct emit_plan *plan, json_t *components);
void kfp_claims_add_executors (const struct emit_plan *plan, json_t *executors);

#endif
