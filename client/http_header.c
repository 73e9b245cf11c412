/* See http_header.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/http_header.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

void
http_note_header (struct http_reply *reply, const char *line, size_t n)
{
    const char *value;
    size_t len;
    if ((value = header_value (line, n, "Content-Type", &len))) {
        copy_text (reply->type, sizeof reply->type, value, len);
        reply->type[strcspn (reply->type, "; \t")] = '\0';
        for (char *c = reply->type; *c; c++)
            *c = (char) tolower ((unsigned char) *c);
    } else if ((value = header_value (line, n, "Location", &len))) {
        copy_text (reply->location, sizeof reply->location, value, len);
    } else if ((value = header_value (line, n, "Docker-Content-Digest", &len))) {
        copy_text (reply->digest, sizeof reply->digest, value, len);
    } else if ((value = header_value (line, n, "WWW-Authenticate", &len))) {
        keep_challenge (reply, value, len);
    } else if ((value = header_value (line, n, "Retry-After", &len)) && len && isdigit ((unsigned char) *value)) {
        reply->retry_after = strtod (value, NULL);
    }
}
