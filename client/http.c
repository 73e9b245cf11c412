/* See http.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/http.h"

#include "base/cleanup.h"
#include "base/dynlib.h"
#include "base/sonames.h"
#include "base/utf8.h"
#include "client/url.h"
#include "doc/json_text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

enum {
    REDIRECTS = 5,
    HOPS = 20, /* the same, of those who browse */
    TRIES = 4,
    TIMEOUT = 60, /* seconds for each try */
    CONNECT_SECONDS = 15,
    SILENCE_SECONDS = 30,
    WAIT_MAX = 30, /* seconds that a server may ask for */
    MAX_BYTES = 64 << 20,
};

struct http {
    struct http_settings settings;
    CURL *curl; /* keeps connections; NULL until the first request */
    bool renewed; /* its login, which is done once */
    bool cookies; /* are kept */
};

/* ---- the library ------------------------------------------------------------------------------------------------ */

#define FUNCTIONS(X)                                                                                                   \
    X (curl_easy_cleanup)                                                                                              \
    X (curl_easy_getinfo)                                                                                              \
    X (curl_easy_init)                                                                                                 \
    X (curl_easy_perform)                                                                                              \
    X (curl_easy_reset)                                                                                                \
    X (curl_easy_setopt)                                                                                               \
    X (curl_easy_strerror)                                                                                             \
    X (curl_global_init)                                                                                               \
    X (curl_mime_addpart)                                                                                              \
    X (curl_mime_data)                                                                                                 \
    X (curl_mime_filename)                                                                                             \
    X (curl_mime_free)                                                                                                 \
    X (curl_mime_init)                                                                                                 \
    X (curl_mime_name)                                                                                                 \
    X (curl_mime_type)                                                                                                 \
    X (curl_slist_append)                                                                                              \
    X (curl_slist_free_all)

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (CURL_SONAME, "libcurl", "to reach a server", symbols);

static int
load_library (struct error *err)
{
    if (dynlib.loaded)
        return 0;
    if (dynlib_load (&dynlib, err) < 0)
        return -1;
    lib.curl_global_init (CURL_GLOBAL_DEFAULT);
    srand48 ((long) getpid ());
    return 0;
}

/* ---- one try ---------------------------------------------------------------------------------------------------- */

enum outcome {
    OUTCOME_REPLY,
    OUTCOME_NOT_SENT, /* surely not done */
    OUTCOME_LOST,     /* perhaps done */
    OUTCOME_FATAL,    /* would fail again */
};

static const struct {
    CURLcode code;
    enum outcome outcome;
    const char *hint;
} failures[] = {
    { CURLE_COULDNT_RESOLVE_HOST, OUTCOME_NOT_SENT, "the host's name isn't known here: is the endpoint right?" },
    { CURLE_COULDNT_RESOLVE_PROXY, OUTCOME_NOT_SENT, "the proxy's name isn't known here" },
    { CURLE_COULDNT_CONNECT, OUTCOME_NOT_SENT, "nothing answers there: does it run, and are host and port right?" },
    { CURLE_PEER_FAILED_VERIFICATION, OUTCOME_FATAL,
      "its certificate isn't trusted here; if its authority is your own, name its certificate: --ca FILE" },
    { CURLE_SSL_CACERT_BADFILE, OUTCOME_FATAL, "there is no certificate in what is to be trusted (--ca)" },
    { CURLE_SSL_CERTPROBLEM, OUTCOME_FATAL, "the client's certificate can't be used" },
    { CURLE_SSL_CONNECT_ERROR, OUTCOME_FATAL, "TLS isn't spoken there as it should be: is the port right, is it https?" },
    { CURLE_OPERATION_TIMEDOUT, OUTCOME_LOST, "no answer in time" },
    { CURLE_GOT_NOTHING, OUTCOME_LOST, "the connection was closed without an answer" },
    { CURLE_RECV_ERROR, OUTCOME_LOST, "the connection broke before the answer was whole" },
    { CURLE_SEND_ERROR, OUTCOME_LOST, "the connection broke" },
    { CURLE_PARTIAL_FILE, OUTCOME_LOST, "the answer was cut short" },
    { CURLE_HTTP2, OUTCOME_LOST, "the connection broke" },
    { CURLE_HTTP2_STREAM, OUTCOME_LOST, "the connection broke" },
    { CURLE_WEIRD_SERVER_REPLY, OUTCOME_FATAL, "what answers there doesn't speak HTTP: is the port right?" },
    { CURLE_UNSUPPORTED_PROTOCOL, OUTCOME_FATAL, "what answers there doesn't speak HTTP: is the endpoint right?" },
    { CURLE_WRITE_ERROR, OUTCOME_FATAL, "what comes can't be kept: is the disk full?" },
    { CURLE_TOO_MANY_REDIRECTS, OUTCOME_FATAL, "it leads from one place to the next without an end" },
    { CURLE_URL_MALFORMAT, OUTCOME_FATAL, "it is no URL: http://HOST:PORT or https://HOST" },
};

struct transfer {
    CURL *curl;
    struct http_reply *reply;
    size_t max_bytes;
    FILE *sink;
    bool too_large;
};

/* Where a reply is what was asked for, and not an error that tells why. */
static bool
is_success (CURL *c)
{
    long status = 0;
    lib.curl_easy_getinfo (c, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
}

static size_t
on_body (char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    if (t->sink && is_success (t->curl))
        return fwrite (data, size, n, t->sink) * size;
    if (t->reply->body.len + size * n > t->max_bytes) {
        t->too_large = true;
        return 0;
    }
    strbuf_add (&t->reply->body, data, size * n);
    return size * n;
}

/* The value of a header line if it is that header, without white space around; NULL if not. */
static const char *
header_value (const char *line, size_t n, const char *name, size_t *len)
{
    size_t m = strlen (name);
    if (n <= m || strncasecmp (line, name, m) != 0 || line[m] != ':')
        return NULL;
    for (line += m + 1, n -= m + 1; n && isspace ((unsigned char) *line); line++, n--)
        ;
    while (n && isspace ((unsigned char) line[n - 1]))
        n--;
    *len = n;
    return line;
}

static void
copy_text (char *to, size_t size, const char *from, size_t len)
{
    snprintf (to, size, "%.*s", (int) (len < size ? len : size - 1), from);
}

static void
keep_challenge (struct http_reply *reply, const char *value, size_t len)
{
    bool bearer = strncasecmp (value, "Bearer", 6) == 0 && strncasecmp (reply->challenge, "Bearer", 6) != 0;
    if (bearer || !reply->challenge[0])
        copy_text (reply->challenge, sizeof reply->challenge, value, len);
}

static size_t
on_header (char *line, size_t size, size_t n, void *arg)
{
    struct http_reply *reply = ((struct transfer *) arg)->reply;
    const char *value;
    size_t len, all = size * n;
    if ((value = header_value (line, all, "Content-Type", &len))) {
        copy_text (reply->type, sizeof reply->type, value, len);
        reply->type[strcspn (reply->type, "; \t")] = '\0';
        for (char *c = reply->type; *c; c++)
            *c = (char) tolower ((unsigned char) *c);
    } else if ((value = header_value (line, all, "Location", &len))) {
        copy_text (reply->location, sizeof reply->location, value, len);
    } else if ((value = header_value (line, all, "Docker-Content-Digest", &len))) {
        copy_text (reply->digest, sizeof reply->digest, value, len);
    } else if ((value = header_value (line, all, "WWW-Authenticate", &len))) {
        keep_challenge (reply, value, len);
    } else if ((value = header_value (line, all, "Retry-After", &len)) && len && isdigit ((unsigned char) *value)) {
        reply->retry_after = strtod (value, NULL);
    }
    return all;
}

static bool
is_repeatable (const struct http_request *rq)
{
    static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE" };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp (rq->method, methods[i]) == 0)
            return true;
    return rq->repeatable;
}

static curl_mime *
make_form (CURL *c, const struct http_request *rq)
{
    curl_mime *form = lib.curl_mime_init (c);
    curl_mimepart *part = lib.curl_mime_addpart (form);
    lib.curl_mime_name (part, rq->file_part);
    lib.curl_mime_filename (part, rq->file_name);
    lib.curl_mime_type (part, rq->content_type ? rq->content_type : "application/octet-stream");
    lib.curl_mime_data (part, rq->body, rq->body_len);
    return form;
}

static struct curl_slist *
make_headers (const struct http *h, const struct http_request *rq)
{
    struct curl_slist *all = lib.curl_slist_append (NULL, "Expect:");
    all = lib.curl_slist_append (all, "Accept: application/json, */*;q=0.5");
    vec_foreach (line, &h->settings.headers)
        all = lib.curl_slist_append (all, *line);
    if (rq->body && !rq->file_part) {
        cleanup_free char *type = xasprintf ("Content-Type: %s", rq->content_type ? rq->content_type : "");
        all = lib.curl_slist_append (all, type);
    }
    return all;
}

static void
set_pem (CURL *c, CURLoption option, const char *text)
{
    struct curl_blob blob = { (void *) text, text ? strlen (text) : 0, CURL_BLOB_NOCOPY };
    if (text)
        lib.curl_easy_setopt (c, option, &blob);
}

static void
set_connection (const struct http *h, CURL *c)
{
    const struct http_settings *s = &h->settings;
    lib.curl_easy_setopt (c, CURLOPT_NOSIGNAL, 1L);
    lib.curl_easy_setopt (c, CURLOPT_PROTOCOLS_STR, "http,https");
    lib.curl_easy_setopt (c, CURLOPT_USERAGENT, "chard/" CHARD_VERSION);
    lib.curl_easy_setopt (c, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_SECONDS);
    lib.curl_easy_setopt (c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    lib.curl_easy_setopt (c, CURLOPT_LOW_SPEED_TIME, (long) SILENCE_SECONDS);
    set_pem (c, CURLOPT_CAINFO_BLOB, s->ca);
    set_pem (c, CURLOPT_SSLCERT_BLOB, s->cert);
    set_pem (c, CURLOPT_SSLKEY_BLOB, s->key);
    if (s->proxy)
        lib.curl_easy_setopt (c, CURLOPT_PROXY, s->proxy);
}

/* Cookies are kept from the first that there is, also across curl_easy_reset, which leaks what CURLOPT_COOKIEFILE said. */
static void
start_cookies (struct http *h)
{
    if (h->cookies)
        return;
    lib.curl_easy_setopt (h->curl, CURLOPT_COOKIELIST, "Set-Cookie: none=none; domain=none.invalid; path=/");
    lib.curl_easy_setopt (h->curl, CURLOPT_COOKIELIST, "ALL");
    h->cookies = true;
}

/* Redirects are libcurl's: it knows which become GET, and which cookies go where. */
static void
set_browsing (CURL *c, const struct http_request *rq)
{
    bool tls = strncasecmp (rq->url, "https:", 6) == 0;
    lib.curl_easy_setopt (c, CURLOPT_FOLLOWLOCATION, 1L);
    lib.curl_easy_setopt (c, CURLOPT_MAXREDIRS, (long) HOPS);
    lib.curl_easy_setopt (c, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
    if (!rq->body)
        lib.curl_easy_setopt (c, CURLOPT_HTTPGET, 1L);
    lib.curl_easy_setopt (c, CURLOPT_CUSTOMREQUEST, NULL);
}

static void
note_place (CURL *c, struct http_reply *reply)
{
    const char *url = NULL;
    long hops = 0;
    lib.curl_easy_getinfo (c, CURLINFO_EFFECTIVE_URL, &url);
    lib.curl_easy_getinfo (c, CURLINFO_REDIRECT_COUNT, &hops);
    copy_text (reply->url, sizeof reply->url, url ? url : "", url ? strlen (url) : 0);
    reply->hops = (int) hops;
}

/* $CHARD_TIMEOUT, for networks that are slower than most, or to give up sooner. */
static double
default_timeout (void)
{
    const char *said = getenv ("CHARD_TIMEOUT");
    double seconds = said ? strtod (said, NULL) : 0;
    return seconds > 0 && seconds < 86400 ? seconds : TIMEOUT;
}

static void
set_request (CURL *c, const struct http_request *rq, const char *url, struct transfer *t)
{
    lib.curl_easy_setopt (c, CURLOPT_URL, url);
    lib.curl_easy_setopt (c, CURLOPT_TIMEOUT_MS, (long) (fmax (rq->timeout, default_timeout ()) * 1000));
    lib.curl_easy_setopt (c, CURLOPT_WRITEFUNCTION, on_body);
    lib.curl_easy_setopt (c, CURLOPT_WRITEDATA, t);
    lib.curl_easy_setopt (c, CURLOPT_HEADERFUNCTION, on_header);
    lib.curl_easy_setopt (c, CURLOPT_HEADERDATA, t);
    if (rq->body && !rq->file_part) {
        lib.curl_easy_setopt (c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) rq->body_len);
        lib.curl_easy_setopt (c, CURLOPT_POSTFIELDS, rq->body);
    } else if (strcmp (rq->method, "POST") == 0 && !rq->file_part) {
        lib.curl_easy_setopt (c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) 0);
        lib.curl_easy_setopt (c, CURLOPT_POSTFIELDS, "");
    }
    lib.curl_easy_setopt (c, CURLOPT_CUSTOMREQUEST, rq->method);
    if (strcmp (rq->method, "HEAD") == 0)
        lib.curl_easy_setopt (c, CURLOPT_NOBODY, 1L);
    /* libcurl sends again what a connection that it kept has swallowed. */
    if (!is_repeatable (rq))
        lib.curl_easy_setopt (c, CURLOPT_FRESH_CONNECT, 1L);
}

/* "POST https://host/path" */
static const char *
request_name (struct arena *a, const struct http_request *rq, const char *url)
{
    return arena_printf (a, "%s %s", rq->method, url_strip_credentials (a, utf8_repair (a, url)));
}

static enum outcome
explain_failure (CURL *c, CURLcode code, const struct transfer *t, const char *name, const char *details,
                 struct error *err)
{
    curl_off_t sent = 0;
    if (t->too_large) {
        error_set (err, ERROR_ENVIRONMENT, "%s: the answer is longer than %zu MiB: is the endpoint right?", name,
                   t->max_bytes >> 20);
        return OUTCOME_FATAL;
    }
    if (!*details)
        details = lib.curl_easy_strerror (code);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].code != code)
            continue;
        error_set (err, ERROR_ENVIRONMENT, "%s: %s (%s)", name, failures[i].hint, details);
        lib.curl_easy_getinfo (c, CURLINFO_PRETRANSFER_TIME_T, &sent);
        return failures[i].outcome == OUTCOME_LOST && sent == 0 ? OUTCOME_NOT_SENT : failures[i].outcome;
    }
    error_set (err, ERROR_ENVIRONMENT, "%s: %s", name, details);
    return OUTCOME_FATAL;
}

static void
forget_reply (struct http_reply *reply)
{
    http_reply_clear (reply);
    *reply = (struct http_reply){ .retry_after = -1 };
}

static enum outcome
try_once (struct http *h, const struct http_request *rq, const char *url, const char *name, struct http_reply *reply,
          struct error *err)
{
    char details[CURL_ERROR_SIZE] = "";
    struct transfer t = { .curl = h->curl, .reply = reply, .max_bytes = rq->max_bytes ? rq->max_bytes : MAX_BYTES,
                          .sink = rq->sink };
    forget_reply (reply);
    if (rq->sink && (fseek (rq->sink, 0, SEEK_SET) < 0 || ftruncate (fileno (rq->sink), 0) < 0)) {
        error_errno (err, "%s: the file that it goes to", name);
        return OUTCOME_FATAL;
    }
    lib.curl_easy_reset (h->curl);
    lib.curl_easy_setopt (h->curl, CURLOPT_ERRORBUFFER, details);
    struct curl_slist *headers = make_headers (h, rq);
    curl_mime *form = rq->file_part ? make_form (h->curl, rq) : NULL;
    set_connection (h, h->curl);
    lib.curl_easy_setopt (h->curl, CURLOPT_HTTPHEADER, headers);
    if (form)
        lib.curl_easy_setopt (h->curl, CURLOPT_MIMEPOST, form);
    set_request (h->curl, rq, url, &t);
    if (h->settings.browse) {
        start_cookies (h);
        set_browsing (h->curl, rq);
    }
    CURLcode code = lib.curl_easy_perform (h->curl);
    long status = 0;
    lib.curl_easy_getinfo (h->curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int) status;
    if (h->settings.browse)
        note_place (h->curl, reply);
    enum outcome outcome = code == CURLE_OK ? OUTCOME_REPLY : explain_failure (h->curl, code, &t, name, details, err);
    lib.curl_mime_free (form);
    lib.curl_slist_free_all (headers);
    return outcome;
}

/* ---- several tries ---------------------------------------------------------------------------------------------- */

static bool
should_repeat (const struct http_request *rq, enum outcome outcome, int status)
{
    if (outcome != OUTCOME_REPLY)
        return outcome == OUTCOME_NOT_SENT || (outcome == OUTCOME_LOST && is_repeatable (rq));
    return status == 429 || ((status == 500 || status == 502 || status == 503 || status == 504) && is_repeatable (rq));
}

static void
wait_before (int attempt, double asked)
{
    double seconds = fmin (0.2 * pow (2, attempt) * (0.75 + drand48 () / 2), 4);
    if (asked > seconds)
        seconds = fmin (asked, WAIT_MAX);
    struct timespec t = { (time_t) seconds, (long) (fmod (seconds, 1) * 1e9) };
    nanosleep (&t, NULL);
}

/* One URL, until it answers or there is no sense in asking again. */
static enum outcome
try_often (struct http *h, const struct http_request *rq, const char *url, const char *name, struct http_reply *reply,
           struct error *err)
{
    bool maybe_done = false;
    for (int attempt = 0;; attempt++) {
        enum outcome outcome = try_once (h, rq, url, name, reply, err);
        maybe_done |= outcome == OUTCOME_LOST;
        reply->maybe_done = maybe_done && outcome != OUTCOME_REPLY;
        if (attempt + 1 >= TRIES || !should_repeat (rq, outcome, reply->status) || reply->retry_after > WAIT_MAX)
            return outcome;
        wait_before (attempt, reply->retry_after);
    }
}

/* ---- redirects -------------------------------------------------------------------------------------------------- */

/* Length of "scheme://host:port". */
static size_t
origin_length (const char *url)
{
    const char *mark = strstr (url, "://");
    return mark ? (size_t) (mark + 3 - url) + strcspn (mark + 3, "/?#") : 0;
}

/* `location` as seen from `url`: absolute, from the root, or beside it. */
static const char *
resolve (struct arena *a, const char *url, const char *location)
{
    size_t origin = origin_length (url), path = strcspn (url, "?#");
    if (strstr (location, "://"))
        return arena_strdup (a, location);
    if (strncmp (location, "//", 2) == 0)
        return arena_printf (a, "%.*s%s", (int) (strstr (url, "://") + 1 - url), url, location);
    if (location[0] == '/')
        return arena_printf (a, "%.*s%s", (int) origin, url, location);
    while (path > origin && url[path - 1] != '/')
        path--;
    return arena_printf (a, "%.*s%s%s", (int) path, url, path == origin ? "/" : "", location);
}

static bool
looks_like_login (const char *url)
{
    static const char *const marks[] = { "login", "signin", "sign_in", "/dex/", "/oauth2/", "openid", "/authorize",
                                         "/auth?", "sso" };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strcasestr (url, marks[i]))
            return true;
    return false;
}

/* Only where the credentials may go too; from http to https of the same host as well. */
static bool
may_follow (const struct http_request *rq, const char *from, const char *to, int status)
{
    size_t n = origin_length (from), m = origin_length (to);
    bool same = n == m && strncasecmp (from, to, n) == 0;
    bool upgrade = strncasecmp (from, "http://", 7) == 0 && strncasecmp (to, "https://", 8) == 0 && n + 1 == m
                   && strncasecmp (from + 7, to + 8, n - 7) == 0;
    bool keeps_method = status == 307 || status == 308 || strcmp (rq->method, "GET") == 0
                        || strcmp (rq->method, "HEAD") == 0;
    return (same || upgrade) && keeps_method;
}

static int
refuse_redirect (struct arena *a, const char *name, const char *to, struct error *err)
{
    to = url_strip_credentials (a, utf8_repair (a, to));
    if (looks_like_login (to))
        return error_set (err, ERROR_ENVIRONMENT, "%s: a login is wanted there: it leads to the login page %s; give the "
                                                  "context credentials that the endpoint takes", name, to);
    return error_set (err, ERROR_ENVIRONMENT, "%s: it leads to %s, where Chard doesn't follow; if that is the right place, "
                                              "make it the endpoint", name, to);
}

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
        return looks_like_login (resolve (a, url, reply->location));
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
        const char *name = request_name (a, rq, url);
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
        const char *to = resolve (a, url, reply->location);
        if (looks_like_login (to) || !may_follow (rq, url, to, reply->status))
            return refuse_redirect (a, name, to, err);
        url = to;
    }
    return error_set (err, ERROR_ENVIRONMENT, "%s: it leads from one place to the next without an end: is the endpoint right?",
                      request_name (a, rq, rq->url));
}

/* ---- the interface ---------------------------------------------------------------------------------------------- */

struct http *
http_create (const struct http_settings *s)
{
    struct http *h = xcalloc (1, sizeof *h);
    h->settings = *s;
    return h;
}

void
http_destroy (struct http *h)
{
    if (!h)
        return;
    if (h->curl)
        lib.curl_easy_cleanup (h->curl);
    free (h);
}

static int
check_headers (const struct http *h, struct error *err)
{
    vec_foreach (line, &h->settings.headers)
        for (const char *c = *line; *c; c++)
            if ((unsigned char) *c < 32 && *c != '\t')
                return error_set (err, ERROR_ENVIRONMENT, "the %.*s for the server holds a line end or control character",
                                  (int) strcspn (*line, ":"), *line);
    return 0;
}

int
http_send (struct http *h, const struct http_request *rq, struct http_reply *reply, struct error *err)
{
    *reply = (struct http_reply){ .retry_after = -1 };
    if (check_headers (h, err) < 0 || load_library (err) < 0)
        return -1;
    if (!h->curl && !(h->curl = lib.curl_easy_init ()))
        return error_set (err, ERROR_ENVIRONMENT, "libcurl can't be started");
    struct arena *a = arena_create ();
    int status = send_and_follow (h, a, rq, reply, err);
    arena_destroy (a);
    return status;
}

/* ---- cookies ---------------------------------------------------------------------------------------------------- */

/* The field `k` of a line of Netscape's format: domain, subdomains too, path, secure, expiry, name, value. */
static const char *
cookie_field (struct arena *a, const char *line, int k)
{
    for (; k > 0 && *line; k--)
        line += strcspn (line, "\t") + (line[strcspn (line, "\t")] == '\t');
    return arena_strndup (a, line, strcspn (line, "\t"));
}

static bool
is_for_host (const char *domain, const char *host)
{
    if (strncmp (domain, "#HttpOnly_", 10) == 0)
        domain += 10;
    domain += *domain == '.';
    size_t n = strlen (domain), m = strlen (host);
    return n <= m && strcasecmp (host + m - n, domain) == 0 && (n == m || host[m - n - 1] == '.');
}

const char *
http_cookies (struct http *h, struct arena *a, const char *url)
{
    struct curl_slist *lines = NULL;
    cleanup_strbuf struct strbuf out = { 0 };
    const char *mark = strstr (url, "://"), *from = mark ? mark + 3 : url;
    const char *host = arena_strndup (a, from, strcspn (from, ":/?#"));
    if (h->curl)
        lib.curl_easy_getinfo (h->curl, CURLINFO_COOKIELIST, &lines);
    for (const struct curl_slist *l = lines; l; l = l->next)
        if (is_for_host (cookie_field (a, l->data, 0), host))
            strbuf_addf (&out, "%s%s=%s", out.len ? "; " : "", cookie_field (a, l->data, 5), cookie_field (a, l->data, 6));
    lib.curl_slist_free_all (lines);
    return arena_strdup (a, strbuf_str (&out));
}

void
http_reply_clear (struct http_reply *reply)
{
    strbuf_free (&reply->body);
}

/* What the server says went wrong, in the shapes that are known: grpc-gateway, KFP's upload, Kubernetes, FastAPI. */
static const char *
server_message (struct arena *a, const struct http_reply *reply)
{
    static const char *const keys[] = { "error_details", "message", "error_message", "error", "detail" };
    json_auto_t *j = reply->body.len ? json_text_parse (strbuf_str (&reply->body), reply->body.len, NULL, NULL) : NULL;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *v = json_object_get (j, keys[i]);
        if (json_is_object (v))
            v = json_object_get (v, "message");
        if (json_string_length (v))
            return arena_strdup (a, json_string_value (v));
    }
    if (j || strcmp (reply->type, "text/plain") != 0)
        return "";
    return arena_printf (a, "%.300s", utf8_repair (a, strbuf_str (&reply->body)));
}

static const char *
status_hint (const struct http_reply *reply)
{
    switch (reply->status) {
    case 401: return "the credentials aren't accepted, or there are none";
    case 403: return "that isn't allowed with these credentials";
    case 404: return "there is nothing of that name";
    case 413: return "it is too large for the server";
    case 429: return "the server is asked too often; try again later";
    case 502:
    case 503:
    case 504: return "the service doesn't answer behind its gateway; try again later";
    default: return "the server refused it";
    }
}

int
http_check (const struct http_request *rq, const struct http_reply *reply, struct error *err)
{
    if (reply->status >= 200 && reply->status < 300)
        return 0;
    struct arena *a = arena_create ();
    const char *message = server_message (a, reply);
    error_set (err, ERROR_ENVIRONMENT, "%s: %s (HTTP %d)%s%s", request_name (a, rq, rq->url), status_hint (reply),
               reply->status, *message ? ": " : "", message);
    arena_destroy (a);
    return -1;
}

static json_t *
parse_reply (const struct http_request *rq, const struct http_reply *reply, struct error *err)
{
    struct error why = { 0 };
    if (reply->body.len == 0)
        return json_object ();
    json_t *j = json_text_parse (strbuf_str (&reply->body), reply->body.len, NULL, &why);
    if (j)
        return j;
    struct arena *a = arena_create ();
    if (strcmp (reply->type, "text/html") == 0)
        error_set (err, ERROR_ENVIRONMENT, "%s: a web page answers, perhaps to log in, and not the service: is the endpoint "
                                           "right, and do the credentials hold?", request_name (a, rq, rq->url));
    else
        error_set (err, ERROR_ENVIRONMENT, "%s: the answer isn't JSON (%s): is the endpoint right?",
                   request_name (a, rq, rq->url), why.text);
    arena_destroy (a);
    return NULL;
}

json_t *
http_json (struct http *h, struct http_call *call, struct error *err)
{
    cleanup_free char *text = call->body ? json_dumps (call->body, JSON_COMPACT | JSON_REAL_PRECISION (17)) : NULL;
    const struct http_request rq = { .method = call->method, .url = call->url, .body = text,
                                     .body_len = text ? strlen (text) : 0,
                                     .content_type = call->content_type ? call->content_type : "application/json",
                                     .repeatable = call->repeatable };
    struct http_reply reply;
    json_t *j = NULL;
    if (http_send (h, &rq, &reply, err) == 0 && http_check (&rq, &reply, err) == 0)
        j = parse_reply (&rq, &reply, err);
    call->status = reply.status;
    call->maybe_done = reply.maybe_done || (!j && reply.status >= 200 && reply.status < 300);
    http_reply_clear (&reply);
    return j;
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
