/* Redirects that a server asks for: where they lead, and whether Chard follows. It goes only where its credentials may
 * go too, which is the same scheme, host and port, or https in the place of http, and only if the request stays what it
 * is.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_REDIRECT_H
#define CHARD_CLIENT_REDIRECT_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

/* `location` as seen from `url`: absolute, from the root, or beside it. In `a`. */
const char *redirect_resolve (struct arena *a, const char *url, const char *location);

/* Whether that looks like a page to log in. */
bool redirect_is_login (const char *url);

/* Whether a request of that method may go from one URL to the other, after a reply with that status. */
bool redirect_may_follow (const char *method, const char *from, const char *to, int status);

/* The error of one that may not; `name` is the request's. Returns -1. */
int redirect_refuse (struct arena *a, const char *name, const char *to, struct error *err);

#endif
