/* One try of a request, by libcurl; for http.c, which repeats and follows. http_transfer.c is the only file that
 * includes curl.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_HTTP_TRANSFER_H
#define CHARD_CLIENT_HTTP_TRANSFER_H

#include "client/http.h"

struct http {
    struct http_settings settings;
    void *curl;   /* keeps connections; NULL until the first request */
    bool renewed; /* its login, which is done once */
    bool cookies; /* are kept */
};

enum outcome {
    OUTCOME_REPLY,
    OUTCOME_NOT_SENT, /* surely not done */
    OUTCOME_LOST,     /* perhaps done */
    OUTCOME_FATAL,    /* would fail again */
};

/* Loads libcurl, if that isn't done, and makes h->curl. */
int http_transfer_begin (struct http *h, struct error *err);
void http_transfer_end (struct http *h);

/* Sends `rq` once, to `url`, which errors call `name`. What `reply` held before is given up. */
enum outcome http_transfer (struct http *h, const struct http_request *rq, const char *url, const char *name,
                            struct http_reply *reply, struct error *err);

/* Whether doing it twice is as doing it once. */
bool http_is_repeatable (const struct http_request *rq);

#endif
