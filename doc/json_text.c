/* See json_text.h. One pass copies the text, mending what jansson would refuse.
 * SPDX-License-Identifier: Apache-2.0 */
#include "doc/json_text.h"

#include "base/strbuf.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const char *at, *end;
    const char *const *skip;
    struct strbuf out;
};

/* The byte behind a string whose opening quote is at `p`, or `end` if it never closes. */
static const char *
string_end (const char *p, const char *end)
{
    for (p++; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == '"')
            return p + 1;
    }
    return end;
}

static bool
hex4 (const char *p, const char *end, unsigned *value)
{
    if (end - p < 4)
        return false;
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit ((unsigned char) p[i]))
            return false;
        v = v * 16 + (unsigned) (isdigit ((unsigned char) p[i]) ? p[i] - '0' : tolower (p[i]) - 'a' + 10);
    }
    *value = v;
    return true;
}

/* True if "\uXXXX" at `p` (the backslash) is half of a surrogate pair without the other half. `*len` is how many
 * bytes belong together: 6, or 12 for a whole pair. */
static bool
is_lone_surrogate (const char *p, const char *end, size_t *len)
{
    unsigned high, low;
    *len = 6;
    if (!hex4 (p + 2, end, &high) || high < 0xd800 || high > 0xdfff)
        return false;
    if (high < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u' && hex4 (p + 8, end, &low) && low >= 0xdc00
        && low <= 0xdfff) {
        *len = 12;
        return false;
    }
    return true;
}

static void
copy_string (struct scan *s, const char *end)
{
    const char *from = s->at;
    for (const char *p = s->at; (p = memchr (p, '\\', (size_t) (end - p)));) {
        size_t len = 2;
        if (p + 1 < end && p[1] == 'u' && is_lone_surrogate (p, end, &len)) {
            strbuf_add (&s->out, from, (size_t) (p - from));
            strbuf_adds (&s->out, "\\ufffd");
            from = p + 6;
        }
        p = (size_t) (end - p) < len ? end : p + len;
    }
    if (from < end)
        strbuf_add (&s->out, from, (size_t) (end - from));
    s->at = end;
}

/* The byte behind the array or object that opens at `p`. */
static const char *
value_end (const char *p, const char *end)
{
    size_t depth = 0;
    for (; p < end; p++)
        switch (*p) {
        case '"':
            p = string_end (p, end) - 1;
            break;
        case '[':
        case '{': depth++; break;
        case ']':
        case '}':
            if (--depth == 0)
                return p + 1;
        }
    return end;
}

static const char *
space_end (const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static bool
is_skipped_key (const struct scan *s, const char *key, size_t len)
{
    for (const char *const *k = s->skip; k && *k; k++)
        if (strlen (*k) == len && memcmp (*k, key, len) == 0)
            return true;
    return false;
}

/* After a string was copied: if it was a key whose value nobody wants, leave the value out. */
static void
skip_value (struct scan *s, const char *key, const char *key_end)
{
    const char *colon = space_end (key_end, s->end);
    if (colon == s->end || *colon != ':' || !is_skipped_key (s, key + 1, (size_t) (key_end - key - 2)))
        return;
    const char *value = space_end (colon + 1, s->end);
    if (value == s->end || (*value != '[' && *value != '{'))
        return;
    const char *end = value_end (value, s->end);
    if (end == s->end) /* truncated: let jansson say so */
        return;
    strbuf_adds (&s->out, *value == '[' ? ":[]" : ":{}");
    s->at = end;
}

static bool
take_word (struct scan *s, const char *word)
{
    size_t n = strlen (word);
    if ((size_t) (s->end - s->at) < n || memcmp (s->at, word, n) != 0)
        return false;
    strbuf_adds (&s->out, "null");
    s->at += n;
    return true;
}

static void
copy_number (struct scan *s)
{
    const char *p = s->at, *digits;
    p += *p == '-';
    for (digits = p; p < s->end && isdigit ((unsigned char) *p);)
        p++;
    strbuf_add (&s->out, s->at, (size_t) (p - s->at));
    if (p - digits > 18 && !(p < s->end && (*p == '.' || *p == 'e' || *p == 'E')))
        strbuf_adds (&s->out, ".0");
    s->at = p;
}

static void
mend (struct scan *s)
{
    while (s->at < s->end) {
        char c = *s->at;
        if (c == '"') {
            const char *key = s->at, *end = string_end (s->at, s->end);
            copy_string (s, end);
            if (s->skip && end - key >= 2)
                skip_value (s, key, end);
        } else if (c == 'N' && take_word (s, "NaN")) {
        } else if (c == 'I' && take_word (s, "Infinity")) {
        } else if (c == '-' && take_word (s, "-Infinity")) {
        } else if (isdigit ((unsigned char) c) || (c == '-' && s->at + 1 < s->end)) {
            copy_number (s);
        } else {
            strbuf_addc (&s->out, c);
            s->at++;
        }
    }
}

/* ---- what is wrong ---- */

static int
fail_if_not_utf8 (const char *data, size_t len, struct error *err)
{
    int line = 1;
    if (len >= 2 && (memcmp (data, "\xff\xfe", 2) == 0 || memcmp (data, "\xfe\xff", 2) == 0))
        return error_set (err, ERROR_NOTEBOOK, "the file is UTF-16, and has to be UTF-8: save it as that");
    for (size_t i = 0, n; i < len; i += n) {
        if (utf8_decode (data + i, len - i, &n) == UTF8_REPLACEMENT && n == 1)
            return error_set (err, ERROR_NOTEBOOK, "line %d: the byte 0x%02x is not UTF-8: save the file as UTF-8",
                              line, (unsigned char) data[i]);
        line += data[i] == '\n';
    }
    return 0;
}

static int
count_lines (const char *data, size_t len)
{
    int lines = 1;
    for (const char *p = data; (p = memchr (p, '\n', (size_t) (data + len - p))); p++)
        lines++;
    return lines;
}

static json_t *parse (const char *data, size_t len, const char *const *skip, json_error_t *e);

/* Says what a person can do about it. Nothing is skipped this time: lines are the file's own. */
static void
fail (const char *data, size_t len, struct error *err)
{
    json_error_t e;
    if (space_end (data, data + len) == data + len) {
        error_set (err, ERROR_NOTEBOOK, "the file is empty");
        return;
    }
    if (fail_if_not_utf8 (data, len, err) < 0)
        return;
    json_decref (parse (data, len, NULL, &e));
    if (json_error_code (&e) == json_error_premature_end_of_input)
        error_set (err, ERROR_NOTEBOOK,
                   "the file is cut off: its JSON doesn't end (line %d is the last); get it whole again",
                   count_lines (data, len));
    else if (json_error_code (&e) == json_error_stack_overflow)
        error_set (err, ERROR_NOTEBOOK, "line %d: the JSON is nested too deeply (more than %d levels)", e.line,
                   JSON_PARSER_MAX_DEPTH);
    else
        error_set (err, ERROR_NOTEBOOK, "not valid JSON: line %d, column %d: %s", e.line, e.column, e.text);
}

static json_t *
parse (const char *data, size_t len, const char *const *skip, json_error_t *e)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct scan s = { .at = data, .end = data + len, .skip = skip };
    if (len >= 3 && memcmp (data, bom, 3) == 0)
        s.at += 3;
    mend (&s);
    json_t *j = json_loadb (strbuf_str (&s.out), s.out.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, e);
    strbuf_free (&s.out);
    return j;
}

json_t *
json_text_parse (const char *data, size_t len, const char *const *skip, struct error *err)
{
    json_error_t e;
    json_t *j = parse (data, len, skip, &e);
    if (!j)
        fail (data, len, err);
    return j;
}

void
json_text_print_real (double x, char out[JSON_TEXT_REAL_SIZE])
{
    char digits[40];
    int precision = 1;
    do
        snprintf (digits, sizeof digits, "%.*g", precision, x);
    while (strtod (digits, NULL) != x && ++precision <= 17);
    const char *exponent = strchr (digits, 'e');
    int before = exponent ? (int) (exponent - digits) : (int) strlen (digits);
    snprintf (out, JSON_TEXT_REAL_SIZE, "%.*s%s%s", before, digits, strchr (digits, '.') ? "" : ".0",
              exponent ? exponent : "");
}

/* The fewest digits from `least` on, at most 17, that tell every real apart from its neighbours. */
static int
digits_needed (const json_t *value, int least)
{
    char text[40];
    const char *key;
    json_t *item;
    size_t i;
    if (json_is_real (value)) {
        double x = json_real_value (value);
        do
            snprintf (text, sizeof text, "%.*g", least, x);
        while (strtod (text, NULL) != x && ++least < 17);
    } else if (json_is_array (value)) {
        json_array_foreach (value, i, item)
            least = digits_needed (item, least);
    } else if (json_is_object (value)) {
        json_object_foreach ((json_t *) value, key, item)
            least = digits_needed (item, least);
    }
    return least;
}

size_t
json_text_precision (const json_t *value)
{
    return JSON_REAL_PRECISION (digits_needed (value, 15));
}
