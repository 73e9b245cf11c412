/* An image that is built in the cluster: the Job that emit_container makes for it is started by the Kubernetes API and
 * waited for. Job and ConfigMap get a name with the content's, so that whoever wants the same image waits for the same
 * Job, also after having been interrupted; one that failed is made anew.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_CLUSTER_BUILD_H
#define CHARD_CLIENT_CLUSTER_BUILD_H

#include "client/auth.h"

#include <jansson.h>
#include <stdio.h>

/* The Kubernetes API of a context, where its way to log in reaches one (kubeconfig, in-cluster). False if it doesn't,
 * or if no namespace is known. */
bool cluster_find (struct arena *a, const struct context *c, struct auth *auth);

/* Builds the image that `documents` (an array) have a Job `build-NAME-` for, as the content that `content` names. What
 * happens is told on `out`, and of a failure the log's end. -1 and ERROR_ENVIRONMENT if it can't be started, fails, or
 * isn't done in an hour. */
int cluster_build (struct arena *a, const struct auth *auth, const json_t *documents, const char *name,
                   const char *content, FILE *out, struct error *err);

#endif
