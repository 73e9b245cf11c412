/* Names of kinds, values of string constants; see ast.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/ast.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <string.h>

const char *
ast_kind_name (int kind)
{
    static const char *const names[] = {
        "Name",      "Constant",  "String",     "FString",    "Attribute",     "Subscript",  "Slice",
        "Call",      "Keyword",   "Starred",    "DoubleStarred", "Operation",  "Boolean",    "Conditional",
        "Tuple",     "List",      "Set",        "Dict",       "Comprehension", "Generator",  "Lambda",
        "Named",     "Await",     "Yield",      "Block",      "Expression",    "Assign",     "Augment",
        "Annotate",  "Delete",    "Function",   "Parameters", "Parameter",     "Class",      "Return",
        "Raise",     "Assert",    "If",         "For",        "While",         "Try",        "Handler",
        "With",      "WithItem",  "Match",      "Case",       "Pattern",       "Capture",    "Import",
        "ImportFrom", "Alias",    "Global",     "Nonlocal",   "TypeAlias",     "Pass",       "Error",
    };
    return kind >= 0 && kind <= AST_ERROR ? names[kind] : "?";
}

/* One escape sequence behind a backslash at `p`; returns how many bytes it took. Numeric ones are left as they are:
 * nobody spells a file's name that way. */
static size_t
add_escape (struct strbuf *b, const char *p, const char *end)
{
    static const char from[] = "ntr\\'\"0abfv", to[] = "\n\t\r\\'\"\0\a\b\f\v";
    if (p >= end)
        return 0;
    if (*p == '\n')
        return 1;
    const char *at = strchr (from, *p);
    if (at && *p != '0') {
        strbuf_addc (b, to[at - from]);
        return 1;
    }
    strbuf_addc (b, '\\');
    return 0;
}

static size_t
quote_length (const char *p, const char *end)
{
    return end - p >= 3 && p[1] == p[0] && p[2] == p[0] ? 3 : 1;
}

/* Appends one literal at `p` ("…", r'…', """…"""); returns the byte behind it, NULL for bytes literals. */
static const char *
add_literal (struct strbuf *b, const char *p, const char *end)
{
    bool raw = false;
    for (; p < end && *p != '\'' && *p != '"'; p++) {
        if (tolower (*p) == 'b')
            return NULL;
        raw |= tolower (*p) == 'r';
    }
    if (p >= end)
        return NULL;
    char quote = *p;
    size_t n = quote_length (p, end);
    for (p += n; p < end; p++) {
        if (*p == quote && (n == 1 || (end - p >= 3 && p[1] == quote && p[2] == quote)))
            return p + n;
        if (*p == '\\' && !raw)
            p += add_escape (b, p + 1, end);
        else
            strbuf_addc (b, *p);
    }
    return end;
}

char *
ast_string (struct arena *a, const struct ast *n, const char *source)
{
    if (n->kind != AST_STRING)
        return NULL;
    cleanup_strbuf struct strbuf b = { 0 };
    const char *p = source + n->start, *end = source + n->end;
    while (p < end) {
        p = add_literal (&b, p, end);
        if (!p)
            return NULL;
        while (p < end && (isspace ((unsigned char) *p) || *p == '\\')) /* "a" "b" is one string */
            p++;
    }
    return arena_strndup (a, strbuf_str (&b), b.len);
}
