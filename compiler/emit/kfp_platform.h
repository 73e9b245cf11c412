/* What Kubernetes has to know of steps on Kubeflow Pipelines, beside the pipeline itself: secrets, volumes, nodes,
 * labels and the like, by executor (kubernetes_executor_config.proto).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_PLATFORM_H
#define CHARD_COMPILER_EMIT_KFP_PLATFORM_H

#include "compiler/emit/emit.h"

/* The platform document, or an empty object when there is nothing to tell. The caller owns it. */
json_t *kfp_platform (const struct emit_plan *plan);

/* What such a document tells of each executor, to be changed in its place; NULL: nothing. */
json_t *kfp_platform_executors (const json_t *document);

/* Whether a task of a graph of its own stands for the step: a loop, or a choice of two. */
bool kfp_is_graph (const struct emit_plan *plan, int step);

#endif
