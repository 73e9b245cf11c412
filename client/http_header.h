/* What is kept of a reply's headers: see struct http_reply.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_HTTP_HEADER_H
#define CHARD_CLIENT_HTTP_HEADER_H

#include "client/http.h"

/* Takes note of a header line of `n` bytes, if it is one of those. */
void http_note_header (struct http_reply *reply, const char *line, size_t n);

#endif
