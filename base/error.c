/* See error.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
error_set (struct error *err, enum error_kind kind, const char *fmt, ...)
{
    if (!err)
        return -1;
    va_list ap;
    va_start (ap, fmt);
    err->kind = kind;
    vsnprintf (err->text, sizeof err->text, fmt, ap);
    va_end (ap);
    return -1;
}

int
error_wrap (struct error *err, const char *fmt, ...)
{
    if (!err)
        return -1;
    char inner[sizeof err->text - 2];
    memcpy (inner, err->text, sizeof inner);
    inner[sizeof inner - 1] = '\0';
    va_list ap;
    va_start (ap, fmt);
    int n = vsnprintf (err->text, sizeof err->text, fmt, ap);
    va_end (ap);
    if (n < 0 || (size_t) n + 3 > sizeof err->text)
        return -1;
    size_t room = sizeof err->text - (size_t) n - 3, len = strlen (inner);
    memcpy (err->text + n, ": ", 3);
    strncat (err->text + n, inner, len < room ? len : room);
    return -1;
}

int
error_errno (struct error *err, const char *fmt, ...)
{
    int saved = errno;
    if (!err)
        return -1;
    va_list ap;
    va_start (ap, fmt);
    int n = vsnprintf (err->text, sizeof err->text, fmt, ap);
    va_end (ap);
    err->kind = ERROR_ENVIRONMENT;
    if (n >= 0 && (size_t) n < sizeof err->text)
        snprintf (err->text + n, sizeof err->text - (size_t) n, ": %s", strerror (saved));
    return -1;
}
