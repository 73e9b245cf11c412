/* What argo.c (runs) and argo_schedule.c (CronWorkflows) share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_ARGO_H
#define CHARD_CLIENT_ARGO_H

#include "client/argo_api.h"
#include "client/service.h"

/* The WorkflowTemplate's name: the pipeline's and a digest of its content. */
const char *argo_template_name (struct arena *a, const struct submission *s);

/* Sends it unless it is there. */
int argo_send_template (struct argo *argo, const struct submission *s, const char *name, struct error *err);

/* Labels of what runs; `run` may be NULL. */
json_t *argo_labels (const struct submission *s, const char *run);

/* The spec of a Workflow that refers to the template. */
json_t *argo_run_spec (const char *template, const struct submission *s);

/* A page of argo-server's user interface, or the command of kubectl that tells the same. */
const char *argo_link (const struct argo *argo, const char *path, const char *plural, const char *name);

/* The functions of struct service. */
int argo_schedule (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record,
                   struct error *err);
json_t *argo_schedules (struct arena *a, const struct auth *auth, struct error *err);
json_t *argo_runs (struct arena *a, const struct auth *auth, int limit, struct error *err);
int argo_change_schedule (struct arena *a, const struct auth *auth, const char *id, enum schedule_change change,
                          struct error *err);

#endif
