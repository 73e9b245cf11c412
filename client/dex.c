/* See dex.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/dex.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- the session's file ----------------------------------------------------------------------------------------- */

static const char *
session_path (struct arena *a, const char *context)
{
    char hex[HASH_HEX_SIZE];
    hash_bytes (context, strlen (context), hex);
    return arena_printf (a, "%s/sessions/%.16s.json", fs_dirname (a, context_file (a)), hex);
}

/* The cookies that are kept for the context as it is now; "" if there are none. */
static const char *
read_session (const struct dex *d)
{
    json_auto_t *kept = json_load_file (session_path (d->arena, d->context->name), 0, NULL);
    const char *endpoint = json_string_value (json_object_get (kept, "endpoint"));
    const char *user = json_string_value (json_object_get (kept, "username"));
    const char *cookies = json_string_value (json_object_get (kept, "cookies"));
    bool same = endpoint && user && strcmp (endpoint, d->endpoint) == 0 && strcmp (user, d->context->username) == 0;
    return same && cookies ? arena_strdup (d->arena, cookies) : "";
}

static int
write_session (const struct dex *d, struct error *err)
{
    json_auto_t *kept = json_pack ("{s:s,s:s,s:s}", "endpoint", d->endpoint, "username", d->context->username,
                                   "cookies", d->cookies);
    cleanup_free char *text = json_dumps (kept, JSON_INDENT (2));
    const char *path = session_path (d->arena, d->context->name);
    mode_t mask = umask (077);
    int status = !text ? error_set (err, ERROR_ENVIRONMENT, "the session's cookies aren't text") : 0;
    if (status == 0)
        status = fs_mkdirs (fs_dirname (d->arena, path), err);
    if (status == 0)
        status = fs_write (path, text, strlen (text), err);
    umask (mask);
    return status;
}

void
dex_forget (struct arena *a, const char *context)
{
    unlink (session_path (a, context));
}

/* ---- the login -------------------------------------------------------------------------------------------------- */

/* "https://host/dex/auth" of "https://host/dex/auth?state=x". */
static const char *
path_of (struct arena *a, const char *url)
{
    return arena_strndup (a, url, strcspn (url, "?#"));
}

static bool
ends_with (const char *s, const char *end)
{
    size_t n = strlen (s), m = strlen (end);
    return n >= m && strcmp (s + n - m, end) == 0;
}

/* Where a browser is, and what it was told there. */
struct page {
    const char *url;
    int status, hops;
};

/* Goes there, with a form filled in or without one. */
static int
visit (const struct dex *d, struct http *h, const char *url, const char *form, struct page *page, struct error *err)
{
    const struct http_request rq = { .method = form ? "POST" : "GET", .url = url, .body = form,
                                     .body_len = form ? strlen (form) : 0,
                                     .content_type = form ? "application/x-www-form-urlencoded" : NULL };
    struct http_reply reply;
    int status = http_send (h, &rq, &reply, err);
    *page = (struct page){ arena_strdup (d->arena, reply.url), reply.status, reply.hops };
    http_reply_clear (&reply);
    return status;
}

/* oauth2-proxy's page with a button: where that leads. */
static const char *
start_of (struct arena *a, const char *url)
{
    const char *host = strstr (url, "://");
    size_t origin = host ? (size_t) (host + 3 - url) + strcspn (host + 3, "/?#") : 0;
    const char *path = path_of (a, url + origin);
    return arena_printf (a, "%.*s/oauth2/start?rd=%s", (int) origin, url, http_escape (a, *path ? path : "/"));
}

/* The page of Dex's connector that is used, or the form itself, if the endpoint leads there. */
static const char *
find_dex (const struct dex *d, struct http *h, struct error *err)
{
    struct page page;
    const char *connector = d->context->connector ? d->context->connector : "local";
    int status = visit (d, h, d->endpoint, NULL, &page, err);
    if (status == 0 && (page.status == 403 || page.status == 401))
        status = visit (d, h, start_of (d->arena, page.url), NULL, &page, err);
    if (status < 0)
        return NULL;
    const char *at = path_of (d->arena, page.url);
    if (page.status >= 400 || !strstr (at, "/auth")) {
        error_set (err, ERROR_ENVIRONMENT, "%s leads to no login page of Dex, but to %s (HTTP %d)", d->endpoint, at,
                   page.status);
        return NULL;
    }
    if (!ends_with (at, "/auth"))
        return page.url;
    return arena_printf (d->arena, "%s/%s%s", at, http_escape (d->arena, connector), page.url + strlen (at));
}

/* The form to log in. */
static const char *
find_form (const struct dex *d, struct http *h, struct error *err)
{
    struct page page;
    const char *at = find_dex (d, h, err);
    if (!at || ends_with (path_of (d->arena, at), "/login"))
        return at;
    if (visit (d, h, at, NULL, &page, err) < 0)
        return NULL;
    if (page.status < 400)
        return page.url;
    error_set (err, ERROR_ENVIRONMENT, "%s: Dex has no such way to log in (HTTP %d): is the connector right?",
               path_of (d->arena, at), page.status);
    return NULL;
}

/* Sends the form, and says yes where Dex asks whether that is wanted. */
static int
fill_in (const struct dex *d, struct http *h, const char *form, struct error *err)
{
    struct arena *a = d->arena;
    struct page page;
    const char *filled = arena_printf (a, "login=%s&password=%s", http_escape (a, d->context->username),
                                       http_escape (a, d->password));
    if (visit (d, h, form, filled, &page, err) < 0)
        return -1;
    if (page.hops == 0)
        return error_set (err, ERROR_ENVIRONMENT,
                          "%s: the login as %s isn't accepted: are user name and password right?",
                          path_of (a, form), d->context->username);
    if (!ends_with (path_of (a, page.url), "/approval"))
        return 0;
    return visit (d, h, page.url, "approval=approve", &page, err);
}

static int
log_in (struct dex *d, const struct http_settings *s, struct error *err)
{
    const struct http_settings browser = { .ca = s->ca, .proxy = s->proxy, .browse = true };
    struct http *h = http_create (&browser);
    const char *form = find_form (d, h, err);
    int status = form ? fill_in (d, h, form, err) : -1;
    if (status == 0)
        d->cookies = http_cookies (h, d->arena, d->endpoint);
    http_destroy (h);
    if (status == 0 && !*d->cookies)
        status = error_set (err, ERROR_ENVIRONMENT, "%s has given no session after the login", d->endpoint);
    return status < 0 ? error_wrap (err, "logging in") : write_session (d, err);
}

/* ---- in use ----------------------------------------------------------------------------------------------------- */

static void
set_cookies (struct dex *d, struct http_settings *s)
{
    s->headers.len = 0;
    if (*d->cookies)
        vec_push (d->arena, &s->headers, arena_printf (d->arena, "Cookie: %s", d->cookies));
}

/* The server wants a login: another process, or another connection of ours, may have done it meanwhile. */
static int
renew (void *arg, struct http_settings *s, struct error *err)
{
    struct dex *d = arg;
    const char *kept = read_session (d), *used = s->headers.len ? s->headers.items[0] + strlen ("Cookie: ") : "";
    s->headers = (struct vec_str){ 0 }; /* borrowed until now */
    if (*kept && strcmp (kept, used) != 0)
        d->cookies = kept;
    else if (log_in (d, s, err) < 0)
        return -1;
    set_cookies (d, s);
    return 0;
}

void
dex_use (struct dex *d, struct http_settings *s)
{
    d->cookies = read_session (d);
    set_cookies (d, s);
    s->renew = renew;
    s->renew_arg = d;
}
