/* Registries of container images, as OCI's distribution specification has them: what is there already.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_REGISTRY_H
#define CHARD_CLIENT_REGISTRY_H

#include "base/arena.h"
#include "base/error.h"
#include "client/http.h"

/* Asks for "host[:port]/path:tag" without credentials. 1 and the same by its digest ("host/path@sha256:…", in `a`) if it is
 * there, 0 if not, -1 if that can't be known. A registry on this machine is asked over plain HTTP. */
int registry_find (struct arena *a, const struct http_settings *s, const char *reference, const char **pinned,
                   struct error *err);

#endif
