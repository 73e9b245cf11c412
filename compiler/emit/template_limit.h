/* How many templates there may be in an Argo workflow, which Kubeflow Pipelines makes of its documents too. The
 * services tell it when a run is to start, in words of their own making; here it is told in those of the notebook.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_TEMPLATE_LIMIT_H
#define CHARD_COMPILER_EMIT_TEMPLATE_LIMIT_H

#include "compiler/emit/emit.h"

/* What Argo's full CRDs let stand in spec.templates (maxItems). */
#define MOST_TEMPLATES 200

/* The templates that KFP's compiler makes of a PipelineSpec, of whose executors `platform` tells more, or NULL
 * (backend/src/v2/compiler/argocompiler: argo.go, dag.go, container.go). */
size_t kfp_count_templates (const json_t *spec, const json_t *platform);

/* 0, or -1 with ERROR_NOTEBOOK: `service` would have more than there may be. */
int template_limit_check (const struct emit_plan *plan, size_t templates, const char *service, struct error *err);

#endif
