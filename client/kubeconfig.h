/* kubectl's configuration (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/): which cluster, with which
 * credentials: certificates, tokens, and plugins (client.authentication.k8s.io) that print them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_KUBECONFIG_H
#define CHARD_CLIENT_KUBECONFIG_H

#include "base/arena.h"
#include "base/error.h"

struct kubeconfig {
    const char *server;           /* URL */
    const char *namespace;        /* of the context, or NULL */
    const char *ca, *cert, *key;  /* PEM text, or NULL */
    const char *token;            /* or NULL */
    const char *user, *password;  /* both or neither */
    const char *proxy;            /* or NULL */
    const char *tls_name;         /* that the server's certificate has, if not its URL's; or NULL */
};

/* Reads `file` (NULL: the first of $KUBECONFIG that is there, else ~/.kube/config) and its context `name` (NULL: its
 * current one). Relative paths in it count from its folder. Runs the plugin, if there is one, for at most a minute. All
 * in `a`. A cluster whose certificate isn't to be verified is refused. */
int kubeconfig_read (struct arena *a, const char *file, const char *name, struct kubeconfig *k, struct error *err);

#endif
