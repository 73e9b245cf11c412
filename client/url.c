/* See url.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/url.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Copies the URL's part behind "://" up to `end`. User names of ssh are no secrets, those of https may be tokens. */
static void
add_bare (struct strbuf *out, const char *s, const char *end, bool ssh)
{
    size_t authority = strcspn (s, "/?#");
    const char *stop = s + authority < end ? s + authority : end, *from = s;
    const char *at = memrchr (s, '@', (size_t) (stop - s)), *colon = memchr (s, ':', (size_t) (stop - s));
    if (at) {
        from = at + 1;
        if (ssh) {
            strbuf_add (out, s, (size_t) ((colon && colon < at ? colon : at) - s));
            strbuf_addc (out, '@');
        }
    } else if (colon && colon + 1 < stop && !isdigit ((unsigned char) colon[1])) {
        at = memrchr (s, '@', (size_t) (end - s)); /* a password with a slash in it */
        from = at ? at + 1 : s;
    }
    size_t rest = strcspn (from, "?#");
    strbuf_add (out, from, from + rest < end ? rest : (size_t) (end - from));
}

/* "user:password@host:path", as scp writes places. */
static const char *
skip_scp_password (const char *s)
{
    size_t n = strcspn (s, "/ \t\n'\"");
    const char *at = memchr (s, '@', n), *colon = memchr (s, ':', n);
    return at && colon && colon < at ? at + 1 : s;
}

const char *
url_strip_credentials (struct arena *a, const char *text)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *s = strstr (text, "://") ? text : skip_scp_password (text);
    for (const char *mark; (mark = strstr (s, "://"));) {
        const char *behind = mark + 3, *end = behind + strcspn (behind, " \t\r\n'\"<>");
        strbuf_add (&out, s, (size_t) (behind - s));
        add_bare (&out, behind, end, mark - s >= 3 && strncasecmp (mark - 3, "ssh", 3) == 0);
        s = end;
    }
    strbuf_adds (&out, s);
    return arena_strdup (a, strbuf_str (&out));
}
