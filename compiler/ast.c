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

/* A character by its number, as many digits as there may be: \x41, \u20ac, \101. Returns how many bytes it took; 0 if
 * it is none, or one that no text of ours can hold (NUL, a lone surrogate). */
static size_t
add_number (struct strbuf *b, const char *p, const char *end, int base, size_t least, size_t most)
{
    unsigned c = 0;
    size_t n = 0;
    for (; n < most && p + n < end; n++) {
        const char *digits = "0123456789abcdef", *at = strchr (digits, tolower ((unsigned char) p[n]));
        if (!at || !*at || at - digits >= base)
            break;
        c = c * (unsigned) base + (unsigned) (at - digits);
    }
    if (n < least || c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    strbuf_add_utf8 (b, c);
    return n;
}

/* One escape sequence whose letter stands at `p`; returns the byte behind it, NULL if its character can't be told. An
 * unknown one is a backslash, as in Python. */
static const char *
add_escape (struct strbuf *b, const char *p, const char *end)
{
    static const char from[] = "ntr\\'\"abfv", to[] = "\n\t\r\\'\"\a\b\f\v";
    static const struct {
        char letter;
        size_t digits;
    } numeric[] = { { 'x', 2 }, { 'u', 4 }, { 'U', 8 } };
    if (p >= end || *p == 'N')
        return NULL;
    if (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'))
        return p + (*p == '\r' ? 2 : 1);
    const char *at = *p ? strchr (from, *p) : NULL;
    if (at) {
        strbuf_addc (b, to[at - from]);
        return p + 1;
    }
    size_t taken = *p >= '0' && *p <= '7' ? add_number (b, p, end, 8, 1, 3) : 0;
    if (*p >= '0' && *p <= '7')
        return taken ? p + taken : NULL;
    for (size_t i = 0; i < sizeof numeric / sizeof *numeric; i++)
        if (*p == numeric[i].letter) {
            taken = add_number (b, p + 1, end, 16, numeric[i].digits, numeric[i].digits);
            return taken ? p + 1 + taken : NULL;
        }
    strbuf_addc (b, '\\');
    return p;
}

static size_t
quote_length (const char *p, const char *end)
{
    return end - p >= 3 && p[1] == p[0] && p[2] == p[0] ? 3 : 1;
}

/* Appends one literal at `p` ("…", r'…', """…"""); returns the byte behind it, NULL if it is bytes or an f-string. */
static const char *
add_literal (struct strbuf *b, const char *p, const char *end)
{
    bool raw = false;
    for (; p < end && *p != '\'' && *p != '"'; p++) {
        if (!strchr ("rRuU", *p))
            return NULL;
        raw |= tolower (*p) == 'r';
    }
    if (p >= end)
        return NULL;
    char quote = *p;
    size_t n = quote_length (p, end);
    for (p += n; p && p < end;) {
        if (*p == quote && (n == 1 || (end - p >= 3 && p[1] == quote && p[2] == quote)))
            return p + n;
        if (*p == '\\' && !raw) {
            p = add_escape (b, p + 1, end);
            continue;
        }
        if (*p == '\\' && p + 1 < end) /* raw: it keeps a quote from ending the string, and stays */
            strbuf_addc (b, *p++);
        if (*p != '\r' || p + 1 >= end || p[1] != '\n')
            strbuf_addc (b, *p);
        p++;
    }
    return p;
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
