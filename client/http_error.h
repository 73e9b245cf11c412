/* What http.c and http_error.c share.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_HTTP_ERROR_H
#define CHARD_CLIENT_HTTP_ERROR_H

#include "client/http.h"

/* "POST https://host/path", at `url`, without what may be secret; in `a`. */
const char *http_request_name (struct arena *a, const struct http_request *rq, const char *url);

#endif
