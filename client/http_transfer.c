/* See http_transfer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/http_transfer.h"

#include "base/cleanup.h"
#include "base/dynlib.h"
#include "base/sonames.h"
#include "client/http_header.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

enum {
    HOPS = 20,    /* redirects of those who browse */
    TIMEOUT = 60, /* seconds for each try */
    CONNECT_SECONDS = 15,
    SILENCE_SECONDS = 30,
    MAX_BYTES = 64 << 20,
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
    return 0;
}

int
http_transfer_begin (struct http *h, struct error *err)
{
    if (load_library (err) < 0)
        return -1;
    if (!h->curl && !(h->curl = lib.curl_easy_init ()))
        return error_set (err, ERROR_ENVIRONMENT, "libcurl can't be started");
    return 0;
}

void
http_transfer_end (struct http *h)
{
    if (h->curl)
        lib.curl_easy_cleanup (h->curl);
    h->curl = NULL;
}

/* ---- one try ---------------------------------------------------------------------------------------------------- */

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
    { CURLE_SSL_CONNECT_ERROR, OUTCOME_FATAL,
      "TLS isn't spoken there as it should be: is the port right, is it https?" },
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

static size_t
on_header (char *line, size_t size, size_t n, void *arg)
{
    http_note_header (((struct transfer *) arg)->reply, line, size * n);
    return size * n;
}

bool
http_is_repeatable (const struct http_request *rq)
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

/* Cookies are kept from the first that there is, also across curl_easy_reset, which leaks what CURLOPT_COOKIEFILE
 * said. */
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
    snprintf (reply->url, sizeof reply->url, "%s", url ? url : "");
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

/* libcurl asks a certificate for the URL's host: where it has another name that one stands in the URL, and the
 * connection goes to the host all the same (curl_slist "NAME:PORT:HOST:PORT"). The list is the caller's to free. */
static struct curl_slist *
set_url (const struct http *h, CURL *c, const char *url)
{
    static const char tls[] = "https://";
    const char *name = h->settings.tls_name, *host = url + sizeof tls - 1;
    cleanup_strbuf struct strbuf renamed = { 0 }, way = { 0 };
    if (!name || strncmp (url, tls, sizeof tls - 1) != 0) {
        lib.curl_easy_setopt (c, CURLOPT_URL, url);
        return NULL;
    }
    const char *colon = host + (*host == '[' ? strcspn (host, "]") : 0), *path = host + strcspn (host, "/?#");
    colon += strcspn (colon, ":/?#");
    strbuf_addf (&renamed, "%s%s%s", tls, name, colon);
    lib.curl_easy_setopt (c, CURLOPT_URL, strbuf_str (&renamed));
    if (*colon == ':')
        strbuf_addf (&way, "%s%.*s:%.*s", name, (int) (path - colon), colon, (int) (path - host), host);
    else
        strbuf_addf (&way, "%s:443:%.*s:443", name, (int) (path - host), host);
    struct curl_slist *ways = lib.curl_slist_append (NULL, strbuf_str (&way));
    lib.curl_easy_setopt (c, CURLOPT_CONNECT_TO, ways);
    return ways;
}

static void
set_request (CURL *c, const struct http_request *rq, struct transfer *t)
{
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
    if (!http_is_repeatable (rq))
        lib.curl_easy_setopt (c, CURLOPT_FRESH_CONNECT, 1L);
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
    if (strstr (details, "CONNECT tunnel failed")) {
        error_set (err, ERROR_ENVIRONMENT, "%s: the proxy doesn't let it through (%s)%s", name, details,
                   strstr (details, "407") ? ": it wants a login, or doesn't take the one that is in its address" : "");
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

enum outcome
http_transfer (struct http *h, const struct http_request *rq, const char *url, const char *name,
               struct http_reply *reply, struct error *err)
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
    struct curl_slist *headers = make_headers (h, rq), *ways = set_url (h, h->curl, url);
    curl_mime *form = rq->file_part ? make_form (h->curl, rq) : NULL;
    set_connection (h, h->curl);
    lib.curl_easy_setopt (h->curl, CURLOPT_HTTPHEADER, headers);
    if (form)
        lib.curl_easy_setopt (h->curl, CURLOPT_MIMEPOST, form);
    set_request (h->curl, rq, &t);
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
    lib.curl_slist_free_all (ways);
    return outcome;
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
            strbuf_addf (&out, "%s%s=%s", out.len ? "; " : "", cookie_field (a, l->data, 5),
                         cookie_field (a, l->data, 6));
    lib.curl_slist_free_all (lines);
    return arena_strdup (a, strbuf_str (&out));
}
