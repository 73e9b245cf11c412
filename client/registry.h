/* Registries of container images, as OCI's distribution specification has them: what is there already.
 *
 * Credentials are those that buildah, podman and docker use (client/registry_login.h): they are sent where the registry
 * asks for them and nowhere else, never with the context's own. A registry on this machine is asked over plain HTTP,
 * all others over HTTPS.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_REGISTRY_H
#define CHARD_CLIENT_REGISTRY_H

#include "base/arena.h"
#include "base/error.h"
#include "client/http.h"

/* An image's name taken apart as Docker does: "python:3.11" is docker.io's library/python. */
struct registry_reference {
    const char *host; /* "registry.example.com:5000" */
    const char *path; /* "team/train" */
    const char *tag;  /* "latest" if none is said */
    const char *digest; /* "sha256:…", or NULL */
};

/* All in `a`. */
struct registry_reference registry_parse (struct arena *a, const char *reference);

/* Whether the host is this machine, where nothing is encrypted. */
bool registry_is_local (const char *host);

/* Where the API of that host is: "https://registry.example.com/v2", in `a`. */
const char *registry_url (struct arena *a, const char *host);

/* Asks for an image; of `s` only certificates and proxy are used. 1 and its name by digest ("host/path@sha256:…", in
 * `a`) if it is there, 0 if not, -1 if that can't be known. */
int registry_find (struct arena *a, const struct http_settings *s, const char *reference, const char **pinned,
                   struct error *err);

#endif
