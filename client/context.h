/* Contexts: where pipelines may be sent, by name, as kubectl knows clusters. They lie in
 * $XDG_CONFIG_HOME/chard/config.yaml (~/.config/chard/config.yaml), which only its owner can read:
 *
 *     current: "prod"
 *     contexts:
 *       prod:
 *         target: "kfp"
 *         endpoint: "https://kubeflow.example.com/pipeline"
 *         namespace: "team"
 *         auth: "token"
 *         token_file: "/home/me/.secrets/kubeflow"
 *
 * The file is written whole, by renaming. What the keys mean is context_keys' to say.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_CONTEXT_H
#define CHARD_CLIENT_CONTEXT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

/* NULL is what isn't said. */
struct context {
    const char *name;
    const char *target;     /* "kfp" or "argo" */
    const char *endpoint;   /* URL of the service; may be NULL with a kubeconfig or in the cluster */
    const char *namespace, *registry, *builder, *experiment;
    const char *service_account; /* Kubernetes' account that steps run as; NULL: the service's default */
    const char *auth;       /* "none", "token", "cookie", "in-cluster", "kubeconfig" or "dex" */
    const char *username;   /* for dex, … */
    const char *connector;  /* … and which of Dex's connectors; NULL: "local" */
    const char *token;      /* for token, cookie and dex (the password), one of these three: itself, … */
    const char *token_file; /* … a file that is read each time, … */
    const char *token_env;  /* … or the name of an environment variable */
    const char *kubeconfig, *kube_context; /* file, and context in it; NULL: kubectl's own */
    const char *ca;         /* file of PEM certificates to trust */
    const char *proxy;
};

struct context_key {
    const char *name;
    size_t offset;       /* of its `const char *` in struct context */
    const char *choices; /* "a|b", or NULL */
};

extern const struct context_key context_keys[]; /* ends with a zeroed row */

struct contexts {
    struct context *items;
    size_t len, cap;
    const char *current; /* name, or NULL */
};

/* Path of the file, in `a`. */
const char *context_file (struct arena *a);

/* Reads all; none if there is no file. -1 with ERROR_USAGE and what to mend: no YAML, an unknown key or value, or
 * others than the owner can read a token in it. */
int context_read_all (struct arena *a, struct contexts *all, struct error *err);

/* The one of that name; NULL: $CHARD_CONTEXT, else the current one. ERROR_USAGE if there is none. */
int context_read (struct arena *a, const char *name, struct context *c, struct error *err);

/* Whether it makes sense: a target, an endpoint that is a URL without credentials, one source of a token, … */
int context_check (const struct context *c, struct error *err);

/* Writes a context, replacing that of its name; the first becomes the current one. */
int context_save (struct arena *a, const struct context *c, struct error *err);

/* Makes it the current one, or removes it; ERROR_USAGE if there is none of that name. */
int context_use (struct arena *a, const char *name, struct error *err);
int context_remove (struct arena *a, const char *name, struct error *err);

#endif
