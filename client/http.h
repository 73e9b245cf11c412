/* HTTP through libcurl: one request, one reply, within bounds. The library is loaded when the first request is made,
 * since linking it costs every program some 6 ms and 6 MB.
 *
 * - TLS is always verified. Proxies are those of the settings, else of the environment (https_proxy, no_proxy, …).
 * - A reply is whole or an error: at most `max_bytes` long, within `timeout`, and never silent for 30 s.
 * - Redirects are followed at most 5 times and only to the same host, so that credentials stay there; one that leads to
 *   a login page is told as such.
 * - What was surely not done (no connection, 429) is tried again, up to 4 times in all, waiting longer each time, as
 *   long as the server says if that is below 30 s. What may have been done (a lost reply, 502, 503, 504) only if the
 *   request says that it may be repeated.
 *
 * Errors are ERROR_ENVIRONMENT, name method and URL without its query, and say what to do next. Headers and bodies that
 * are sent never stand in them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_HTTP_H
#define CHARD_CLIENT_HTTP_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What all requests of a session have in common; strings are borrowed for its life. */
struct http_settings {
    const char *ca;         /* PEM text of certificates to trust besides the machine's; or NULL */
    const char *cert, *key; /* PEM text of a client's certificate and its key; or NULL */
    const char *proxy;      /* URL; "" for none at all; NULL: the environment's */
    const char *tls_name;   /* that the servers' certificates have, instead of the URL's host; or NULL */
    struct vec_str headers; /* "Authorization: Bearer …": credentials, sent with each request */

    /* As a browser: redirects are followed wherever they lead (but not from https to http), cookies are kept and sent
     * to whom they belong. For logging in; without `headers`. */
    bool browse;

    /* Called when the server wants a login, before that is an error: puts new headers into `s`, and the request is sent
     * again, once. NULL: nothing can be done about it. */
    int (*renew) (void *arg, struct http_settings *s, struct error *err);
    void *renew_arg;
};

struct http;

/* Never NULL. http_destroy accepts NULL. */
struct http *http_create (const struct http_settings *s);
void http_destroy (struct http *h);

struct http_request {
    const char *method;       /* "GET" */
    const char *url;
    const char *content_type; /* of the body; or NULL */
    const void *body;         /* or NULL */
    size_t body_len;
    const char *file_part, *file_name; /* the body is sent as this part of a multipart/form-data; or NULL */
    bool repeatable;          /* doing it twice is as doing it once; GET, HEAD, PUT and DELETE are taken so anyway */
    bool once;                /* it isn't tried again, whatever comes of it: what can do without */
    double timeout;           /* seconds for each try, if more than the usual: $CHARD_TIMEOUT, else 60 */
    size_t max_bytes;         /* of the reply's body; 0: 64 MiB, or no bound with a sink */
    FILE *sink;               /* takes the body of a reply of 2xx, which may be of any length; or NULL */
};

struct http_reply {
    int status;
    char type[128];     /* content type, lower case, without parameters; "" if there was none */
    struct strbuf body;
    bool maybe_done;    /* of a failure: the request may have been done, but the reply was lost */
    char digest[100];    /* Docker-Content-Digest; "" if there was none */
    char location[2000]; /* of a redirect; "" if there was none */
    char challenge[1000]; /* WWW-Authenticate; of several, the first that is Bearer, else the first; "" if there was
                             none */
    double retry_after; /* seconds, as the server said; -1: it didn't */
    char url[2000];     /* where it came from in the end, of those who browse */
    int hops;           /* redirects that they followed until then */
};

/* Sends it. 0 if there is a whole reply, whatever its status but a redirect; http_reply_clear gives it up (also after a
 * failure). */
int http_send (struct http *h, const struct http_request *rq, struct http_reply *reply, struct error *err);

/* The same, and -1 unless the status is 2xx (http_check). */
int http_ask (struct http *h, const struct http_request *rq, struct http_reply *reply, struct error *err);
void http_reply_clear (struct http_reply *reply);

/* "name=value; other=value": the cookies that a browsing `h` holds for the host of that URL; in `a`. "" if there are
 * none. */
const char *http_cookies (struct http *h, struct arena *a, const char *url);

/* -1 unless the status is 2xx: an error with what the server said of it. */
int http_check (const struct http_request *rq, const struct http_reply *reply, struct error *err);

/* Sends `body` (borrowed; NULL: none) as JSON and reads the reply as JSON; an empty one is {}. NULL if it fails, has a
 * status other than 2xx, or isn't JSON. `status`, if not NULL, is 0 where no reply came, and the reply's else;
 * `maybe_done`, if not NULL, as above. The caller owns the result. */
struct http_call {
    const char *method, *url;
    const json_t *body;
    const char *content_type; /* NULL: application/json */
    bool repeatable;
    int status;
    bool maybe_done;
};
json_t *http_json (struct http *h, struct http_call *call, struct error *err);

/* `s` with all but letters, digits, '-', '.', '_' and '~' as %XX. In `a`. */
char *http_escape (struct arena *a, const char *s);

#endif
