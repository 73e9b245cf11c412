/* Workflow files with which a forge checks notebooks on each push, and submits them from one branch: GitHub Actions and
 * GitLab CI. What both run are the same shell lines, which read where to, and secrets, from variables of the forge:
 *
 *     CHARD_IMAGE                        a container image with Chard and the builder in it, where none is given
 *     CHARD_ENDPOINT, CHARD_NAMESPACE,
 *     CHARD_EXPERIMENT, CHARD_REGISTRY,
 *     CHARD_SERVICE_ACCOUNT,
 *     CHARD_USERNAME, CHARD_CONNECTOR,
 *     CHARD_PROXY, CHARD_KUBE_CONTEXT    as in a context; those that `context` tells stand in the file
 *     CHARD_CA                           likewise, but the certificates themselves
 *     CHARD_TOKEN or CHARD_KUBECONFIG    secrets, by the context's way to log in
 *     REGISTRY_USER, REGISTRY_PASSWORD   secrets; else the forge's own for its own registry
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_CI_H
#define CHARD_CLI_CI_H

#include "client/context.h"

#include <jansson.h>

struct ci_plan {
    struct arena *arena;
    struct vec_str notebooks;    /* as they are called from the repository's root */
    struct vec_str requirements; /* likewise: files that pip installs from before something is submitted */
    const struct context *context; /* where to; NULL: variables tell */
    const char *ca;              /* what its file of certificates holds, or NULL */
    const char *branch;          /* that is submitted; NULL: the default one */
    const char *image;           /* container image of the jobs; NULL: $CHARD_IMAGE */
    const char *setup;           /* shell command that puts Chard onto the runner instead; or NULL */
    bool wait;                   /* the job ends with the run */
};

struct ci_forge {
    const char *name; /* "github" */
    const char *path; /* where its file belongs, from the repository's root */
    json_t *(*document) (const struct ci_plan *plan); /* the caller owns it */
};

/* Both; ends with a zeroed row. */
extern const struct ci_forge ci_forges[];

#endif
