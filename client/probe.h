/* Whether a context's service can be reached and takes its credentials, and if not, what to do. For `chard context
 * test`.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_PROBE_H
#define CHARD_CLIENT_PROBE_H

#include "client/auth.h"

/* Each fills `found`, one line for people, in `a`; or returns -1 with what is wrong and how it is mended. */

/* Something that is `target` answers there. */
int probe_service (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                   struct error *err);

/* It lets us look at what is in our namespace. */
int probe_permission (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                      struct error *err);

/* The registry of images answers. */
int probe_registry (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                    struct error *err);

/* What builds images is here. */
int probe_builder (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                   struct error *err);

#endif
