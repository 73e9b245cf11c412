/* What a server says of a request that it doesn't fulfil, and JSON that it is asked in and answers in. See http.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/http_error.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "client/http_transfer.h"
#include "client/url.h"
#include "doc/json_text.h"

#include <string.h>

const char *
http_request_name (struct arena *a, const struct http_request *rq, const char *url)
{
    return arena_printf (a, "%s %s", rq->method, url_strip_credentials (a, utf8_repair (a, url)));
}

/* google.rpc.Status with one more in its details: KFP has what went wrong there in one sentence, and the whole chain of
 * its functions in the message. */
static const char *
detail (const json_t *j)
{
    const char *said = json_string_value (json_object_get (json_array_get (json_object_get (j, "details"), 0),
                                                           "message"));
    return said ? said : "";
}

/* What the server says went wrong, in the shapes that are known: grpc-gateway, KFP's upload, Kubernetes, FastAPI. */
static const char *
server_message (struct arena *a, const struct http_reply *reply)
{
    static const char *const keys[] = { "error_details", "message", "error_message", "error", "detail" };
    json_auto_t *j = reply->body.len ? json_text_parse (strbuf_str (&reply->body), reply->body.len, NULL, NULL) : NULL;
    const char *said = reply->status < 500 ? detail (j) : "";
    if (*said)
        return arena_strdup (a, said);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *v = json_object_get (j, keys[i]);
        if (json_is_object (v))
            v = json_object_get (v, "message");
        if (json_string_length (v))
            return arena_strdup (a, json_string_value (v));
    }
    if (j || strcmp (reply->type, "text/plain") != 0)
        return "";
    const char *body = utf8_repair (a, strbuf_str (&reply->body));
    return arena_printf (a, "%.*s", (int) strcspn (body, "\r\n"), arena_printf (a, "%.300s", body));
}

static const char *
status_hint (const struct http_reply *reply)
{
    switch (reply->status) {
    case 401: return "the credentials aren't accepted, or there are none";
    case 403: return "that isn't allowed with these credentials";
    case 404: return "there is nothing of that name";
    case 407: return "the proxy wants a login, or doesn't take the one that is in its address";
    case 413: return "it is too large for the server";
    case 409: return "it is there already, or has changed meanwhile";
    case 429: return "the server is asked too often; try again later";
    case 502:
    case 503:
    case 504: return "the service doesn't answer behind its gateway; try again later";
    default: return reply->status >= 500 ? "the server failed" : "the server refused it";
    }
}

int
http_check (const struct http_request *rq, const struct http_reply *reply, struct error *err)
{
    if (reply->status >= 200 && reply->status < 300)
        return 0;
    struct arena *a = arena_create ();
    const char *message = reply->status == 407 ? "" : server_message (a, reply); /* a proxy's credentials aren't known
                                                                                    here */
    error_set (err, ERROR_ENVIRONMENT, "%s: %s (HTTP %d)%s%s", http_request_name (a, rq, rq->url), status_hint (reply),
               reply->status, *message ? ": " : "", message);
    arena_destroy (a);
    return -1;
}

/* ---- what must not be told -------------------------------------------------------------------------------------- */

enum { SECRET_LEAST = 6 }; /* shorter ones would be found in any text */

static void
hide (struct error *err, const char *secret, size_t len)
{
    cleanup_strbuf struct strbuf told = { 0 };
    const char *at = err->text, *found;
    for (; len >= SECRET_LEAST && (found = memmem (at, strlen (at), secret, len)); at = found + len)
        strbuf_addf (&told, "%.*s***", (int) (found - at), at);
    if (at == err->text)
        return;
    strbuf_adds (&told, at);
    error_set (err, err->kind, "%s", strbuf_str (&told));
}

/* "me:s3cret", of Basic. */
static void
hide_password (struct arena *a, struct error *err, const char *encoded)
{
    size_t n;
    const char *both = base64_decode (a, encoded, &n), *colon = both ? strchr (both, ':') : NULL;
    if (colon)
        hide (err, colon + 1, strlen (colon + 1));
}

static void
http_hide_credentials (const struct http *h, struct error *err)
{
    struct arena *a = err && err->kind ? arena_create () : NULL;
    if (!a)
        return;
    vec_foreach (line, &h->settings.headers) {
        bool cookie = strncmp (*line, "Cookie: ", 8) == 0, basic = strncmp (*line, "Authorization: Basic ", 21) == 0;
        const char *value = strrchr (*line, ' ') ? strrchr (*line, ' ') + 1 : *line;
        if (basic)
            hide_password (a, err, value);
        for (const char *at = cookie ? *line + 8 : ""; *at; at += strspn (at, "; ")) { /* "a=b; c=d" */
            size_t n = strcspn (at, ";"), name = strcspn (at, "=;") + 1;
            if (name < n)
                hide (err, at + name, n - name);
            hide (err, at, n);
            at += n;
        }
        if (!cookie && strncmp (*line, "Authorization: ", 15) == 0)
            hide (err, value, strlen (value));
    }
    arena_destroy (a);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

int
http_ask (struct http *h, const struct http_request *rq, struct http_reply *reply, struct error *err)
{
    if (http_send (h, rq, reply, err) == 0 && http_check (rq, reply, err) == 0)
        return 0;
    http_hide_credentials (h, err);
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
        error_set (err, ERROR_ENVIRONMENT, "%s: a web page answers, perhaps to log in, and not the service: is the "
                                           "endpoint right, and do the credentials hold?",
                                           http_request_name (a, rq, rq->url));
    else
        error_set (err, ERROR_ENVIRONMENT, "%s: the answer isn't JSON (%s): is the endpoint right?",
                   http_request_name (a, rq, rq->url), why.text);
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
    if (http_ask (h, &rq, &reply, err) == 0 && !(j = parse_reply (&rq, &reply, err)))
        http_hide_credentials (h, err);
    call->status = reply.status;
    call->maybe_done = reply.maybe_done || (!j && reply.status >= 200 && reply.status < 300);
    http_reply_clear (&reply);
    return j;
}
