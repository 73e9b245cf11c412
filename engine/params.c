/* See params.h. Literals follow the Python Language Reference, "Lexical analysis: literals", as far as JSON can hold
 * their values.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/params.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "doc/json_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define DEPTH_MAX 200

struct reader {
    const char *at;
    int depth;
    const char *problem;
};

static json_t *read_value (struct reader *r);

static void
skip_space (struct reader *r)
{
    while (isspace ((unsigned char) *r->at))
        r->at++;
}

static json_t *
fail (struct reader *r, const char *problem)
{
    if (!r->problem)
        r->problem = problem;
    return NULL;
}

static bool
take (struct reader *r, char c)
{
    skip_space (r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

/* ---- strings ---- */

/* The code point that `digits` hexadecimal digits name; -1 if they aren't there. */
static long
read_hex (struct reader *r, int digits)
{
    char text[9] = "";
    for (int i = 0; i < digits; i++) {
        if (!isxdigit ((unsigned char) r->at[i]))
            return -1;
        text[i] = r->at[i];
    }
    r->at += digits;
    return strtol (text, NULL, 16);
}

static bool
read_wide_escape (struct reader *r, int digits, struct strbuf *out)
{
    long c = read_hex (r, digits);
    if (c >= 0xd800 && c < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u') { /* JSON's surrogate pairs */
        r->at += 2;
        long low = read_hex (r, 4);
        c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : -1;
    }
    if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    strbuf_add_utf8 (out, (unsigned) c);
    return true;
}

static bool
read_escape (struct reader *r, struct strbuf *out)
{
    static const char from[] = "nrtbfav0\\'\"/", to[] = "\n\r\t\b\f\a\v\0\\'\"/";
    char c = *r->at++;
    const char *known = c ? strchr (from, c) : NULL;
    if (known)
        strbuf_addc (out, to[known - from]);
    else if (c == 'x')
        return read_wide_escape (r, 2, out);
    else if (c == 'u')
        return read_wide_escape (r, 4, out);
    else if (c == 'U')
        return read_wide_escape (r, 8, out);
    else if (c == '\0')
        return false;
    else { /* as Python: an unknown escape stays as written */
        strbuf_addc (out, '\\');
        strbuf_addc (out, c);
    }
    return true;
}

static json_t *
read_string (struct reader *r)
{
    cleanup_strbuf struct strbuf out = { 0 };
    char quote = *r->at++;
    while (*r->at != quote) {
        if (*r->at == '\0')
            return fail (r, "a string has no end");
        if (*r->at != '\\')
            strbuf_addc (&out, *r->at++);
        else if (r->at++, !read_escape (r, &out))
            return fail (r, "a string holds an escape that means nothing");
    }
    r->at++;
    json_t *s = json_stringn (strbuf_str (&out), out.len);
    return s ? s : fail (r, "a string is not UTF-8");
}

/* ---- the rest ---- */

static json_t *
read_number (struct reader *r)
{
    char text[400];
    size_t n = 0;
    bool real = false;
    const char *at = r->at;
    for (; *at && (isalnum ((unsigned char) *at) || strchr ("+-._", *at)); at++) {
        if (*at == '_')
            continue;
        real |= strchr (".eE", *at) != NULL;
        if (n + 1 < sizeof text)
            text[n++] = *at;
    }
    text[n] = '\0';
    char *end;
    errno = 0;
    if (!real) {
        long long i = strtoll (text, &end, 10);
        if (n == 0 || *end)
            return fail (r, "it isn't a literal");
        if (errno == ERANGE)
            return fail (r, "the number is too large");
        r->at = at;
        return json_integer (i);
    }
    double d = strtod (text, &end);
    if (*end || !isfinite (d))
        return fail (r, *end ? "it isn't a literal" : "the number is not finite");
    r->at = at;
    return json_real (d);
}

static json_t *
read_list (struct reader *r, char close)
{
    r->at++;
    json_auto_t *list = json_array ();
    while (!take (r, close)) {
        json_t *item = read_value (r);
        if (!item)
            return NULL;
        json_array_append_new (list, item);
        skip_space (r);
        if (*r->at != close && !take (r, ','))
            return fail (r, "a list has no end");
    }
    return json_incref (list);
}

static json_t *
read_dict (struct reader *r)
{
    r->at++;
    json_auto_t *dict = json_object ();
    while (!take (r, '}')) {
        skip_space (r);
        if (*r->at != '"' && *r->at != '\'')
            return fail (r, "the keys of a dict have to be strings");
        json_auto_t *key = read_string (r);
        if (!key || !take (r, ':'))
            return fail (r, "a dict misses a colon");
        json_t *value = read_value (r);
        if (!value)
            return NULL;
        json_object_setn_new (dict, json_string_value (key), json_string_length (key), value);
        skip_space (r);
        if (*r->at != '}' && !take (r, ','))
            return fail (r, "a dict has no end");
    }
    return json_incref (dict);
}

static json_t *
read_word (struct reader *r)
{
    static const struct {
        const char *word;
        int kind;
    } words[] = { { "None", 0 }, { "null", 0 }, { "True", 1 }, { "true", 1 }, { "False", 2 }, { "false", 2 } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen (words[i].word);
        if (strncmp (r->at, words[i].word, n) != 0 || isalnum ((unsigned char) r->at[n]) || r->at[n] == '_')
            continue;
        r->at += n;
        return words[i].kind == 0 ? json_null () : json_boolean (words[i].kind == 1);
    }
    return fail (r, "it isn't a literal");
}

static json_t *
read_value (struct reader *r)
{
    skip_space (r);
    if (++r->depth > DEPTH_MAX)
        return fail (r, "it is nested too deeply");
    json_t *value;
    switch (*r->at) {
    case '[': value = read_list (r, ']'); break;
    case '(': value = read_list (r, ')'); break;
    case '{': value = read_dict (r); break;
    case '"':
    case '\'': value = read_string (r); break;
    default:
        value = isdigit ((unsigned char) *r->at)
            || (*r->at && strchr ("+-.", *r->at)) ? read_number (r) : read_word (r);
    }
    r->depth--;
    return value;
}

json_t *
params_parse_literal (const char *text, struct error *err)
{
    struct reader r = { .at = text };
    json_t *value = read_value (&r);
    skip_space (&r);
    if (value && *r.at) {
        json_decref (value);
        value = fail (&r, "something stands behind it");
    }
    if (!value)
        error_set (err, ERROR_USAGE, "“%.200s” can't be read: %s", text, r.problem ? r.problem : "it isn't a literal");
    return value;
}

/* ---- types ---- */

static bool
fits (const char *type, const json_t *value)
{
    static const struct {
        const char *type;
        json_type json;
    } types[] = { { "int", JSON_INTEGER }, { "float", JSON_REAL },   { "str", JSON_STRING },
                  { "list", JSON_ARRAY },  { "dict", JSON_OBJECT } };
    if (strcmp (type, "bool") == 0)
        return json_is_boolean (value);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp (type, types[i].type) == 0)
            return json_typeof (value) == types[i].json;
    return true; /* "none": nothing is known about it */
}

/* Makes `value` (stolen) fit: an int where a float is wanted becomes one. NULL if it can't. */
static json_t *
convert (const char *type, json_t *value, struct error *err)
{
    if (value && strcmp (type, "float") == 0 && json_is_integer (value)) {
        json_t *real = json_real ((double) json_integer_value (value));
        json_decref (value);
        return real;
    }
    if (value && !fits (type, value)) {
        cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | json_text_precision (value));
        error_set (err, ERROR_USAGE, "%.200s is no %s", text, type);
        json_decref (value);
        return NULL;
    }
    return value;
}

static json_t *
parse_bool (const char *text, struct error *err)
{
    static const char *const yes[] = { "true", "1", "yes", "on" }, *const no[] = { "false", "0", "no", "off" };
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp (text, yes[i]) == 0)
            return json_true ();
        if (strcasecmp (text, no[i]) == 0)
            return json_false ();
    }
    error_set (err, ERROR_USAGE, "“%.200s” is no bool: say true or false", text);
    return NULL;
}

json_t *
params_parse (const char *type, const char *text, struct error *err)
{
    if (strcmp (type, "str") == 0) {
        json_t *s = json_string (text);
        if (!s)
            error_set (err, ERROR_USAGE, "the text is not UTF-8");
        return s;
    }
    if (strcmp (type, "bool") == 0)
        return parse_bool (text, err);
    if (strcmp (type, "none") == 0) {
        json_t *literal = params_parse_literal (text, NULL);
        return literal ? literal : json_string (text);
    }
    struct error why = { 0 };
    json_t *literal = params_parse_literal (text, &why);
    if (!literal)
        error_set (err, ERROR_USAGE, "a value of type %s is wanted: %s", type, why.text);
    return convert (type, literal, err);
}

/* ---- names ---- */

static size_t
distance (const char *s, const char *t)
{
    size_t n = strlen (s), m = strlen (t);
    if (n > 60 || m > 60)
        return 99;
    size_t row[61];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            size_t best = diagonal + (tolower ((unsigned char) s[i - 1]) != tolower ((unsigned char) t[j - 1]));
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[m];
}

const char *
params_closest (const char *name, const struct vec_str *names)
{
    const char *best = NULL;
    size_t least = strlen (name) / 3 + 2;
    vec_foreach (n, names) {
        size_t d = distance (name, *n);
        if (d < least) {
            least = d;
            best = *n;
        }
    }
    return best;
}

static int
unknown (const struct pipeline *p, const char *name, struct error *err)
{
    struct arena *a = arena_create ();
    struct vec_str names = { 0 };
    cleanup_strbuf struct strbuf list = { 0 };
    vec_foreach (param, &p->params) {
        vec_push (a, &names, param->name);
        strbuf_addf (&list, "%s%s", list.len ? ", " : "", param->name);
    }
    const char *closest = params_closest (name, &names);
    if (closest)
        error_set (err, ERROR_USAGE, "the notebook has no parameter “%s”: did you mean “%s”?", name, closest);
    else if (names.len)
        error_set (err, ERROR_USAGE, "the notebook has no parameter “%s”; it has %s", name, strbuf_str (&list));
    else
        error_set (err, ERROR_USAGE, "the notebook has no parameter “%s”, and no others: tag a cell with "
                                     "pipeline-parameters", name);
    arena_destroy (a);
    return -1;
}

static int
apply_setting (const struct pipeline *p, json_t *values, const char *setting, struct error *err)
{
    const char *equals = strchr (setting, '=');
    if (!equals || equals == setting)
        return error_set (err, ERROR_USAGE, "-p %s: write it as NAME=VALUE", setting);
    cleanup_free char *name = strndup (setting, (size_t) (equals - setting));
    int i = pipeline_find_param (p, name);
    if (i < 0)
        return unknown (p, name, err);
    json_t *value = params_parse (p->params.items[i].type, equals + 1, err);
    if (!value)
        return error_wrap (err, "parameter %s", name);
    json_object_set_new (values, name, value);
    return 0;
}

static int
apply_file (const struct pipeline *p, json_t *values, const char *file, struct error *err)
{
    json_error_t where;
    json_auto_t *given = json_load_file (file, JSON_ALLOW_NUL, &where);
    if (!given && where.line < 0)
        return error_set (err, ERROR_ENVIRONMENT, "%s: %s", file, where.text);
    if (!json_is_object (given))
        return error_set (err, ERROR_USAGE, "%s:%d: %s", file, given ? 1 : where.line,
                          given ? "an object {\"NAME\": value} is wanted" : where.text);
    const char *name;
    json_t *value;
    json_object_foreach (given, name, value) {
        int i = pipeline_find_param (p, name);
        if (i < 0)
            return unknown (p, name, err), error_wrap (err, "%s", file);
        json_t *fitting = convert (p->params.items[i].type, json_incref (value), err);
        if (!fitting)
            return error_wrap (err, "%s: parameter %s", file, name);
        json_object_set_new (values, name, fitting);
    }
    return 0;
}

json_t *
params_resolve (const struct pipeline *p, const char *file, const struct vec_str *settings, struct error *err)
{
    json_auto_t *values = json_object ();
    vec_foreach (param, &p->params)
        json_object_set (values, param->name, param->default_value ? param->default_value : json_null ());
    if (file && apply_file (p, values, file, err) < 0)
        return NULL;
    vec_foreach (setting, settings)
        if (apply_setting (p, values, *setting, err) < 0)
            return NULL;
    return json_incref (values);
}
