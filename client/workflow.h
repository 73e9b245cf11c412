/* What Argo's controller keeps in a Workflow of how it went, wherever that object was had from: Argo's own services
 * give it, and Kubeflow Pipelines too, which runs its pipelines as workflows.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_WORKFLOW_H
#define CHARD_CLIENT_WORKFLOW_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

/* A phase (NodePhase of workflow_types.go) in the words of struct service's status: of a run, or of a step. */
const char *workflow_state (const char *phase, bool run);

/* The controller packs the nodes of large workflows into one string: this unpacks them into status.nodes, where they
 * are else.
 * -1 if they can't be had: packed otherwise, or kept in a database, which only argo-server reads. */
int workflow_unpack (struct arena *a, json_t *workflow, struct error *err);

/* The name of a node's pod. In `a`. */
const char *workflow_pod (struct arena *a, const json_t *workflow, const json_t *node);

/* What ran last of a node, one of `nodes` (by id): the node itself, or the last try below it. */
const json_t *workflow_last_try (const json_t *nodes, const json_t *node);

/* The message of a node or of a workflow's status, or null. The caller owns it. */
json_t *workflow_message (const json_t *o);

#endif
