/* See path.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/path.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"

#include <ctype.h>
#include <string.h>

bool
path_is_exact (const char *path)
{
    return !strchr (path, PATH_ANY);
}

static void
add_any (struct strbuf *b)
{
    if (!b->len || strbuf_str (b)[b->len - 1] != PATH_ANY)
        strbuf_addc (b, PATH_ANY);
}

/* ---- formatting ------------------------------------------------------------------------------------------------- */

/* Behind the replacement field that begins at `p`: nested braces are in it. */
static const char *
skip_field (const char *p, const char *end)
{
    int depth = 0;
    for (; p < end; p++) {
        depth += *p == '{';
        depth -= *p == '}';
        if (!depth)
            return p + 1;
    }
    return end;
}

/* The expression whose text is all that stands in the field: `{name}`, without a conversion or a format. */
static const char *
known_of_field (const struct ast *n, const char *source, const char *field, const char *const *known)
{
    for (uint32_t i = 0; i < n->nkids; i++)
        if (source + n->kids[i]->start == field + 1 && source[n->kids[i]->end] == '}')
            return known[i];
    return NULL;
}

/* `p` stands at the quote that opens a literal; returns behind the one that closes it. */
static const char *
add_fstring_literal (struct strbuf *b, const struct ast *n, const char *source, const char *p, const char *const *known,
                     bool raw)
{
    const char *end = source + n->end;
    char quote = *p;
    size_t width = end - p >= 3 && p[1] == quote && p[2] == quote ? 3 : 1;
    for (p += width; p < end;) {
        if (*p == quote && (width == 1 || (p[1] == quote && p[2] == quote)))
            return p + width;
        if (*p == '\\' && !raw) {
            add_any (b);
            p += 2;
        } else if ((*p == '{' || *p == '}') && p[1] == *p) {
            strbuf_addc (b, *p);
            p += 2;
        } else if (*p == '{') {
            const char *text = known_of_field (n, source, p, known);
            if (text)
                strbuf_adds (b, text);
            else
                add_any (b);
            p = skip_field (p, end);
        } else {
            strbuf_addc (b, *p++);
        }
    }
    return end;
}

char *
path_of_fstring (struct arena *a, const struct ast *n, const char *source, const char *const *known)
{
    cleanup_strbuf struct strbuf b = { 0 };
    const char *p = source + n->start, *end = source + n->end;
    bool raw = false;
    while (p < end) {
        if (*p == '"' || *p == '\'') {
            p = add_fstring_literal (&b, n, source, p, known, raw);
            raw = false;
        } else {
            raw |= tolower ((unsigned char) *p++) == 'r';
        }
    }
    return arena_strndup (a, strbuf_str (&b), b.len);
}

char *
path_of_format (struct arena *a, const char *text, char sign)
{
    cleanup_strbuf struct strbuf b = { 0 };
    const char *end = text + strlen (text);
    while (*text) {
        if ((*text == sign || (sign == '{' && *text == '}')) && text[1] == *text) {
            strbuf_addc (&b, *text);
            text += 2;
        } else if (*text != sign) {
            strbuf_addc (&b, *text++);
        } else if (sign == '{') {
            add_any (&b);
            text = skip_field (text, end);
        } else {
            add_any (&b);
            text += 1 + strcspn (text + 1, "diouxXeEfFgGcrsa");
            text += *text != '\0';
        }
    }
    return arena_strndup (a, strbuf_str (&b), b.len);
}

const char *
path_of_glob (struct arena *a, const char *path)
{
    cleanup_strbuf struct strbuf b = { 0 };
    if (!strchr (path, '*') || strstr (path, "://"))
        return path;
    for (const char *p = path; *p; p++)
        if (*p == '*' || *p == '?')
            add_any (&b);
        else if (*p == '[' && strchr (p, ']')) {
            add_any (&b);
            p = strchr (p, ']');
        } else {
            strbuf_addc (&b, *p);
        }
    return arena_strndup (a, strbuf_str (&b), b.len);
}

/* ---- which file -------------------------------------------------------------------------------------------------- */

char *
path_in (struct arena *a, const char *cwd, const char *path)
{
    if (strstr (path, "://") || *path == PATH_ANY)
        return arena_strdup (a, path);
    char *whole = *cwd ? fs_join (a, cwd, path) : arena_strdup (a, path);
    if (!path_is_exact (whole) && strstr (whole, ".."))
        return arena_strdup (a, PATH_UNKNOWN);
    return fs_normalize (a, whole);
}

/* `left` bounds the work; when it is used up the two are taken to meet. */
static bool
meet (const char *x, const char *y, int *left)
{
    if (--*left < 0)
        return true;
    if (*x == PATH_ANY)
        return meet (x + 1, y, left) || (*y && meet (x, y + 1, left));
    if (*y == PATH_ANY)
        return meet (x, y + 1, left) || (*x && meet (x + 1, y, left));
    if (!*x || !*y) /* the folder itself, or what is in it */
        return *x == *y || *x == '/' || *y == '/';
    return *x == *y && meet (x + 1, y + 1, left);
}

bool
path_may_meet (const char *x, const char *y)
{
    int left = 20000;
    bool here = strcmp (x, ".") == 0, there = strcmp (y, ".") == 0; /* the notebook's folder holds all relative paths */
    return (here && *y != '/') || (there && *x != '/') || meet (x, y, &left);
}
