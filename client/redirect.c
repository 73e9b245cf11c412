/* See redirect.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/redirect.h"

#include "base/utf8.h"
#include "client/url.h"

#include <string.h>
#include <strings.h>

/* Length of "scheme://host:port". */
static size_t
origin_length (const char *url)
{
    const char *mark = strstr (url, "://");
    return mark ? (size_t) (mark + 3 - url) + strcspn (mark + 3, "/?#") : 0;
}

const char *
redirect_resolve (struct arena *a, const char *url, const char *location)
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

bool
redirect_is_login (const char *url)
{
    static const char *const marks[] = { "login", "signin", "sign_in", "/dex/", "/oauth2/", "openid", "/authorize",
                                         "/auth?", "sso" };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strcasestr (url, marks[i]))
            return true;
    return false;
}

bool
redirect_may_follow (const char *method, const char *from, const char *to, int status)
{
    size_t n = origin_length (from), m = origin_length (to);
    bool same = n == m && strncasecmp (from, to, n) == 0;
    bool upgrade = strncasecmp (from, "http://", 7) == 0 && strncasecmp (to, "https://", 8) == 0 && n + 1 == m
                   && strncasecmp (from + 7, to + 8, n - 7) == 0;
    bool keeps_method = status == 307 || status == 308 || strcmp (method, "GET") == 0
                        || strcmp (method, "HEAD") == 0;
    return (same || upgrade) && keeps_method;
}

int
redirect_refuse (struct arena *a, const char *name, const char *to, struct error *err)
{
    to = url_strip_credentials (a, utf8_repair (a, to));
    if (redirect_is_login (to))
        return error_set (err, ERROR_ENVIRONMENT, "%s: a login is wanted there: it leads to the login page %s; give "
                                                  "the context credentials that the endpoint takes", name, to);
    return error_set (err, ERROR_ENVIRONMENT, "%s: it leads to %s, where Chard doesn't follow; if that is the right "
                                              "place, make it the endpoint", name, to);
}
