/* Requests that are repeated and follow redirects where that is right: see http.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/http_transfer.h"

#include "base/cleanup.h"
#include "base/nap.h"
#include "client/http_error.h"
#include "client/redirect.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum {
    REDIRECTS = 5,
    TRIES = 4,
    WAIT_MAX = 30, /* seconds that a server may ask for */
};

/* ---- several tries ---------------------------------------------------------------------------------------------- */

static bool
should_repeat (const struct http_request *rq, enum outcome outcome, int status)
{
    if (rq->once)
        return false;
    if (outcome != OUTCOME_REPLY)
        return outcome == OUTCOME_NOT_SENT || (outcome == OUTCOME_LOST && http_is_repeatable (rq));
    return status == 429
        || ((status == 500 || status == 502 || status == 503 || status == 504) && http_is_repeatable (rq));
}

static void
wait_before (int attempt, double asked)
{
    double seconds = fmin (0.2 * pow (2, attempt) * (0.75 + drand48 () / 2), 4);
    if (asked > seconds)
        seconds = fmin (asked, WAIT_MAX);
    nap (seconds);
}

/* One URL, until it answers or there is no sense in asking again. */
static enum outcome
try_often (struct http *h, const struct http_request *rq, const char *url, const char *name, struct http_reply *reply,
           struct error *err)
{
    bool maybe_done = false;
    for (int attempt = 0;; attempt++) {
        enum outcome outcome = http_transfer (h, rq, url, name, reply, err);
        maybe_done |= outcome == OUTCOME_LOST;
        reply->maybe_done = maybe_done && outcome != OUTCOME_REPLY;
        if (attempt + 1 >= TRIES || !should_repeat (rq, outcome, reply->status) || reply->retry_after > WAIT_MAX)
            return outcome;
        wait_before (attempt, reply->retry_after);
    }
}

/* ---- redirects -------------------------------------------------------------------------------------------------- */

static bool
is_redirect (const struct http_reply *reply)
{
    return reply->status >= 300 && reply->status < 400 && reply->status != 304 && reply->location[0];
}

/* A page to log in, or a refusal of who isn't. oauth2-proxy says 403 with a page, and 401 to programs. */
static bool
wants_login (struct arena *a, const char *url, const struct http_reply *reply)
{
    if (is_redirect (reply))
        return redirect_is_login (redirect_resolve (a, url, reply->location));
    bool page = strcmp (reply->type, "text/html") == 0;
    return reply->status == 401 || (reply->status == 403 && page);
}

/* Whether it was refused for want of a login, and there are other credentials now. -1 if they can't be had. */
static int
renew_login (struct http *h, struct arena *a, const char *url, const struct http_reply *reply, struct error *err)
{
    struct http_settings *s = &h->settings;
    if (!s->renew || h->renewed || !wants_login (a, url, reply))
        return 0;
    h->renewed = true;
    return s->renew (s->renew_arg, s, err) < 0 ? -1 : 1;
}

static int
send_and_follow (struct http *h, struct arena *a, const struct http_request *rq, struct http_reply *reply,
                 struct error *err)
{
    const char *url = rq->url;
    for (int n = 0; n <= REDIRECTS; n++) {
        const char *name = http_request_name (a, rq, url);
        if (try_often (h, rq, url, name, reply, err) != OUTCOME_REPLY)
            return -1;
        int renewed = renew_login (h, a, url, reply, err);
        if (renewed < 0)
            return -1;
        if (renewed > 0) {
            n--;
            continue;
        }
        if (!is_redirect (reply))
            return 0;
        const char *to = redirect_resolve (a, url, reply->location);
        if (redirect_is_login (to) || !redirect_may_follow (rq->method, url, to, reply->status))
            return redirect_refuse (a, name, to, err);
        url = to;
    }
    return error_set (err, ERROR_ENVIRONMENT,
                      "%s: it leads from one place to the next without an end: is the endpoint right?",
                      http_request_name (a, rq, rq->url));
}

/* ---- the interface ---------------------------------------------------------------------------------------------- */

struct http *
http_create (const struct http_settings *s)
{
    struct http *h = xcalloc (1, sizeof *h);
    h->settings = *s;
    srand48 ((long) getpid ()); /* many may wait for the same server */
    return h;
}

void
http_destroy (struct http *h)
{
    if (!h)
        return;
    http_transfer_end (h);
    free (h);
}

static int
check_headers (const struct http *h, struct error *err)
{
    vec_foreach (line, &h->settings.headers)
        for (const char *c = *line; *c; c++)
            if ((unsigned char) *c < 32 && *c != '\t')
                return error_set (err, ERROR_ENVIRONMENT,
                                  "the %.*s for the server holds a line end or control character",
                                  (int) strcspn (*line, ":"), *line);
    return 0;
}

int
http_send (struct http *h, const struct http_request *rq, struct http_reply *reply, struct error *err)
{
    *reply = (struct http_reply){ .retry_after = -1 };
    if (check_headers (h, err) < 0 || http_transfer_begin (h, err) < 0)
        return -1;
    struct arena *a = arena_create ();
    int status = send_and_follow (h, a, rq, reply, err);
    arena_destroy (a);
    return status;
}

void
http_reply_clear (struct http_reply *reply)
{
    strbuf_free (&reply->body);
}

char *
http_escape (struct arena *a, const char *s)
{
    cleanup_strbuf struct strbuf out = { 0 };
    for (; *s; s++)
        if (isascii ((unsigned char) *s) && (isalnum ((unsigned char) *s) || strchr ("-._~", *s)))
            strbuf_addc (&out, *s);
        else
            strbuf_addf (&out, "%%%02X", (unsigned char) *s);
    return arena_strdup (a, strbuf_str (&out));
}
