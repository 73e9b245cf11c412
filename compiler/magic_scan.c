/* Where IPython's logical lines begin and end, and what they are. See magic_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic_part.h"

#include <ctype.h>
#include <string.h>

const char *
magic_line_end (const char *p, const char *end)
{
    const char *nl = memchr (p, '\n', (size_t) (end - p));
    return nl ? nl : end;
}

/* The byte behind the string literal whose quote is at `p`; an unclosed single-quoted one ends at its line. */
static const char *
string_end (const char *p, const char *end)
{
    char quote = *p;
    bool triple = end - p >= 3 && p[1] == quote && p[2] == quote;
    for (p += triple ? 3 : 1; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == quote && !triple)
            return p + 1;
        else if (*p == quote && end - p >= 3 && p[1] == quote && p[2] == quote)
            return p + 3;
        else if (*p == '\n' && !triple)
            return p;
    }
    return end;
}

const char *
magic_python_end (const char *p, const char *end)
{
    int depth = 0;
    while (p < end) {
        char c = *p;
        if (c == '#')
            p = magic_line_end (p, end);
        else if (c == '"' || c == '\'')
            p = string_end (p, end);
        else if (c == '\\' && p + 1 < end && p[1] == '\n')
            p += 2;
        else if (c == '\\' && p + 2 < end && p[1] == '\r' && p[2] == '\n')
            p += 3;
        else if (c == '\n' && depth == 0)
            return p;
        else {
            depth += c == '(' || c == '[' || c == '{';
            depth -= depth > 0 && (c == ')' || c == ']' || c == '}');
            p++;
        }
    }
    return end;
}

const char *
magic_escaped_end (const char *p, const char *end)
{
    for (;;) {
        const char *nl = magic_line_end (p, end);
        const char *last = nl;
        if (last > p && last[-1] == '\r')
            last--;
        if (nl == end || last == p || last[-1] != '\\')
            return nl;
        p = nl + 1;
    }
}

int
magic_count_lines (const char *p, const char *end)
{
    int n = 0;
    for (; p < end; p++)
        n += *p == '\n';
    return n;
}

bool
magic_is_help (const struct logical *l)
{
    const char *from = l->text, *to = l->end;
    if (from < to && *from == '?')
        return true;
    while (to > from && (isspace ((unsigned char) to[-1]) || to[-1] == ';'))
        to--;
    bool marked = to > from && to[-1] == '?';
    while (to > from && to[-1] == '?')
        to--;
    if (!marked || from == to)
        return false;
    for (const char *p = from; p < to; p++)
        if (!isalnum ((unsigned char) *p) && !strchr ("_.*%", *p) && !((unsigned char) *p & 0x80))
            return false;
    return true;
}

const char *
magic_assigned_mark (const struct logical *l)
{
    int depth = 0;
    for (const char *p = l->text; p < l->end; p++) {
        char c = *p;
        if (c == '"' || c == '\'' || c == '#' || c == '\n')
            return NULL;
        depth += c == '(' || c == '[' || c == '{';
        depth -= c == ')' || c == ']' || c == '}';
        if (c != '=' || depth)
            continue;
        if (p == l->text || strchr ("=!<>+-*/%&|^:@~", p[-1]))
            return NULL;
        for (p++; p < l->end && (*p == ' ' || *p == '\t'); p++)
            ;
        if (p < l->end && (*p == '!' || (*p == '%' && p + 1 < l->end && (isalpha ((unsigned char) p[1])))))
            return p;
        p--;
    }
    return NULL;
}

bool
magic_is_automagic (const struct logical *l, const char *end)
{
    static const char *const names[] = { "pip", "conda", "ls", "cd", "cat", "mkdir", "rm", "cp", "mv", "pwd", "mamba" };
    const char *rest = l->end;
    while (rest < end && isspace ((unsigned char) *rest))
        rest++;
    if (rest != end)
        return false;
    size_t n = strcspn (l->text, " \t\n");
    if ((ptrdiff_t) n >= l->end - l->text)
        return false;
    const char *behind = l->text + n + strspn (l->text + n, " \t");
    if (behind >= l->end || strchr ("=([,.+-*/<>:", *behind) || strncmp (behind, "in ", 3) == 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen (names[i]) == n && memcmp (l->text, names[i], n) == 0)
            return true;
    return false;
}
