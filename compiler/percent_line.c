/* See percent_line.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/percent_line.h"

#include <ctype.h>
#include <string.h>

bool
percent_line_at (const char *data, size_t len, size_t at, struct percent_line *l)
{
    if (at >= len)
        return false;
    const char *nl = memchr (data + at, '\n', len - at);
    l->start = at;
    l->end = nl ? (size_t) (nl - data) : len;
    l->next = nl ? l->end + 1 : len;
    if (l->end > l->start && data[l->end - 1] == '\r')
        l->end--;
    return true;
}

bool
percent_line_starts_with (const char *data, const struct percent_line *l, const char *prefix)
{
    size_t n = strlen (prefix);
    return l->end - l->start >= n && memcmp (data + l->start, prefix, n) == 0;
}

bool
percent_line_is_marker (const char *data, const struct percent_line *l)
{
    if (percent_line_starts_with (data, l, "#%%"))
        return true;
    return percent_line_starts_with (data, l, "# %%")
           && (l->end == l->start + 4 || !isalpha ((unsigned char) data[l->start + 4]));
}

size_t
percent_line_first (const char *data, size_t len, size_t *header, size_t *header_end)
{
    size_t start = len >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct percent_line l;
    *header = *header_end = start;
    if (!percent_line_at (data, len, start, &l) || !percent_line_starts_with (data, &l, "# ---"))
        return start;
    size_t inside = l.next;
    while (percent_line_at (data, len, l.next, &l))
        if (percent_line_starts_with (data, &l, "# ---")) {
            *header = inside;
            *header_end = l.start;
            return l.next;
        }
    return start;
}
