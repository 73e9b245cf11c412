/* URLs as they may be shown and kept.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_URL_H
#define CHARD_CLIENT_URL_H

#include "base/arena.h"

/* A URL, or a text with URLs in it, without what may be secret: user names (an https one may be a token; an ssh one
 * stays), passwords, queries and fragments. In `a`. */
const char *url_strip_credentials (struct arena *a, const char *text);

#endif
