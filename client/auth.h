/* From a context to what HTTP requests need: credentials, certificates, and where to. Secrets are read when they are
 * needed, from files, the environment, or what a kubeconfig's plugin prints; they go into request headers and nowhere
 * else.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_AUTH_H
#define CHARD_CLIENT_AUTH_H

#include "client/context.h"
#include "client/http.h"

/* Where to, and how. */
struct auth {
    struct http_settings settings;
    const char *endpoint;  /* URL without a slash at its end */
    const char *namespace; /* the context's, else the kubeconfig's or the pod's; or NULL */
    bool kubernetes;       /* the endpoint is a Kubernetes API server */
};

/* Fills `auth`, all in `a`. ERROR_ENVIRONMENT says which file, variable or plugin has not what is wanted. */
int auth_prepare (struct arena *a, const struct context *c, struct auth *auth, struct error *err);

#endif
