/* Volumes that one node or one pod alone may write: steps that run at once and mount one get into each other's way.
 * Specification: Kubernetes, "Persistent Volumes", §Access Modes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_VOLUME_H
#define CHARD_COMPILER_VOLUME_H

#include "base/diag.h"
#include "compiler/pipeline.h"

/* Rule volume-access, for the notebook's volumes whose access mode is said: all steps mount these. Behind pass link. */
void volume_check (const struct pipeline *p, struct diag_list *diags);

#endif
