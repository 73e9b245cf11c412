/* See base64.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
base64_decode (struct arena *a, const char *text, size_t *len)
{
    char *out = arena_alloc (a, strlen (text) / 4 * 3 + 4);
    uint32_t bits = 0;
    size_t n = 0, read = 0, padding = 0;
    for (; *text; text++) {
        const char *digit = strchr (digits, *text);
        if (isspace ((unsigned char) *text))
            continue;
        if (*text == '=' ? ++padding > 2 : !digit || padding)
            return NULL;
        bits = bits << 6 | (uint32_t) (digit ? digit - digits : 0);
        if (++read % 4 == 0) {
            out[n++] = (char) (bits >> 16);
            out[n++] = (char) (bits >> 8);
            out[n++] = (char) bits;
        }
    }
    if (read % 4)
        return NULL;
    *len = n - padding;
    out[*len] = '\0';
    return out;
}

char *
base64_encode (struct arena *a, const void *data, size_t len)
{
    const unsigned char *in = data;
    char *out = arena_alloc (a, (len + 2) / 3 * 4 + 1), *to = out;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t) in[i] << 16 | (have > 1 ? (uint32_t) in[i + 1] << 8 : 0)
            | (have > 2 ? in[i + 2] : 0);
        for (size_t d = 0; d < 4; d++)
            *to++ = d <= have ? digits[bits >> (18 - 6 * d) & 63] : '=';
    }
    return out;
}
