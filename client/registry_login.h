/* How one logs in at a registry of images: with what `docker login`, `podman login` or `buildah login` left, in the
 * order in which podman looks:
 *
 *     $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json,
 *     $DOCKER_CONFIG/config.json, ~/.docker/config.json
 *
 * credential helpers (credHelpers, credsStore: docker-credential-NAME) included. Secrets stay in headers of requests to
 * the registry, and to whom it names for its tokens if that is over HTTPS (or on this machine).
 * The challenge is answered as RFC 7617 (Basic) and Docker's token authentication (Bearer) have it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_REGISTRY_LOGIN_H
#define CHARD_CLIENT_REGISTRY_LOGIN_H

#include "client/http.h"

struct registry_login_request {
    const char *host, *path; /* "registry.example.com", "team/train" */
    const char *challenge;   /* WWW-Authenticate: Bearer realm="https://…",service="…",scope="…" */
};

/* "Authorization: …" for the next try, in `a`; NULL and what to do if there are no credentials, or a token service that
 * doesn't give any. Without credentials a token is asked for too: public images have them for everyone. */
const char *registry_login_header (struct arena *a, const struct http_settings *s,
                                   const struct registry_login_request *rq, struct error *err);

#endif
