/* What a step's settings mean to Kubernetes, which KFP and Argo both run on: said in its own shapes, and checked
 * against what its API server takes, so that a typing error is told here and not by a pod that never starts.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KUBERNETES_H
#define CHARD_COMPILER_EMIT_KUBERNETES_H

#include "base/error.h"
#include "compiler/pipeline.h"

#include <jansson.h>

struct vec_volume {
    const struct volume **items;
    size_t len, cap;
};

/* 0, or -1 with ERROR_NOTEBOOK: the first setting of a step, or volume of the pipeline, that Kubernetes would refuse,
 * and what it takes instead. */
int kubernetes_check (const struct pipeline *p, struct error *err);

/* The volumes of a step: its own, then the pipeline's where no other is mounted at their place. Each mount point
 * once. */
void kubernetes_volumes (const struct pipeline *p, const struct step *s, struct vec_volume *volumes);

/* Whether the claim behind a volume is to be made, not one that is there. */
bool kubernetes_is_new_claim (const struct volume *v);

/* PersistentVolumeClaimSpec of such a claim: what the notebook says, else 5Gi that several pods may write. The caller
 * owns this and what follows. */
json_t *kubernetes_claim_spec (const struct volume *v);

/* [{"key", "operator", "value", "effect"}]: core/v1 Toleration; empty if there are none. */
json_t *kubernetes_tolerations (const struct step *s);

#endif
