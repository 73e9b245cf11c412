/* See option.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/option.h"

#include "base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct option option_common_table[] = {
    { .name = "format", .kind = OPTION_STRING, .offset = offsetof (struct option_common, format), .argument = "FORMAT",
      .help = "print results as text (the default) or JSON", .choices = "text|json" },
    { .name = "verbose", .letter = 'v', .kind = OPTION_COUNT, .offset = offsetof (struct option_common, verbose),
      .help = "tell more; twice, still more" },
    { .name = "no-learned", .kind = OPTION_FLAG, .offset = offsetof (struct option_common, no_learned),
      .help = "leave out what earlier runs observed of the notebook" },
    { .name = "color", .kind = OPTION_STRING, .offset = offsetof (struct option_common, color), .argument = "WHEN",
      .help = "colour what is printed: auto (the default), always or never", .choices = "auto|always|never" },
    { .name = "help", .letter = 'h', .kind = OPTION_FLAG, .offset = offsetof (struct option_common, help),
      .help = "show this text" },
    { 0 },
};

static bool
takes_value (const struct option *o)
{
    return o->kind != OPTION_FLAG && o->kind != OPTION_COUNT;
}

/* One parse under way. */
struct parse {
    struct arena *arena;
    const struct option *options; /* the command's, or NULL */
    void *settings;
    struct option_common *common;
    int argc, at;
    char *const *argv;
    struct error *err;
};

/* ---- suggestions ------------------------------------------------------------------------------------------------ */

/* Damerau's distance: insertions, deletions, changes and swaps of neighbours. */
static int
distance (const char *a, const char *b)
{
    enum { MAX = 40 };
    int n = (int) strlen (a), m = (int) strlen (b), d[MAX + 1][MAX + 1];
    if (n > MAX || m > MAX)
        return MAX;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *
option_nearest (const char *word, const char *const *names)
{
    const char *best = NULL;
    int limit = (int) strlen (word) / 3 + 1, least = limit + 1;
    for (; *names; names++) {
        size_t n = strlen (word);
        int d = n >= 2 && strncmp (word, *names, n) == 0 ? 1 : distance (word, *names);
        if (d < least) {
            least = d;
            best = *names;
        }
    }
    return best;
}

static int
unknown_option (const struct parse *p, const char *word, size_t len)
{
    char *name = arena_strndup (p->arena, word, len);
    struct vec_str names = { 0 };
    for (const struct option *o = p->options; o && o->name; o++)
        vec_push (p->arena, &names, o->name);
    for (const struct option *o = option_common_table; o->name; o++)
        vec_push (p->arena, &names, o->name);
    vec_push (p->arena, &names, NULL);
    const char *near = option_nearest (name, names.items);
    return near ? error_set (p->err, ERROR_USAGE, "unknown option --%s; did you mean --%s?", name, near)
                : error_set (p->err, ERROR_USAGE, "unknown option --%s; --help lists them", name);
}

/* ---- parsing ---------------------------------------------------------------------------------------------------- */

static const struct option *
find_in (const struct option *table, const char *name, size_t len, char letter)
{
    for (const struct option *o = table; o && o->name; o++)
        if (name ? strlen (o->name) == len && memcmp (o->name, name, len) == 0 : o->letter == letter)
            return o;
    return NULL;
}

/* The option of that name, or of that letter if `name` is NULL, and the struct that its offset counts in. */
static const struct option *
find (const struct parse *p, const char *name, size_t len, char letter, void **base)
{
    const struct option *o = find_in (p->options, name, len, letter);
    *base = p->settings;
    if (!o) {
        o = find_in (option_common_table, name, len, letter);
        *base = p->common;
    }
    return o;
}

/* Whether `value` is one of the words of "a|b|c". */
static bool
is_choice (const char *choices, const char *value)
{
    size_t n = strlen (value);
    for (const char *c = choices; c; c = strchr (c, '|') ? strchr (c, '|') + 1 : NULL)
        if (strncmp (c, value, n) == 0 && (c[n] == '|' || c[n] == '\0'))
            return n > 0;
    return false;
}

static char *
choices_in_words (struct arena *a, const char *choices)
{
    cleanup_strbuf struct strbuf words = { 0 };
    for (const char *c = choices; *c; c++)
        if (*c == '|')
            strbuf_adds (&words, strchr (c + 1, '|') ? ", " : " or ");
        else
            strbuf_addc (&words, *c);
    return arena_strdup (a, strbuf_str (&words));
}

static int
store_int (const struct parse *p, const struct option *o, const char *value, int *slot)
{
    char *end;
    errno = 0;
    long n = strtol (value, &end, 10);
    if (!*value || *end || errno || n < INT_MIN || n > INT_MAX)
        return error_set (p->err, ERROR_USAGE, "--%s wants a whole number, not '%s'", o->name, value);
    *slot = (int) n;
    return 0;
}

static int
store_number (const struct parse *p, const struct option *o, const char *value, double *slot)
{
    char *end;
    double x = strtod (value, &end);
    if (!*value || *end || !isfinite (x))
        return error_set (p->err, ERROR_USAGE, "--%s wants a number, not '%s'", o->name, value);
    *slot = x;
    return 0;
}

static int
store (const struct parse *p, const struct option *o, void *base, const char *value)
{
    char *slot = (char *) base + o->offset;
    if (o->choices && value && !is_choice (o->choices, value))
        return error_set (p->err, ERROR_USAGE, "--%s is %s, not '%s'", o->name, choices_in_words (p->arena, o->choices),
                          value);
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *) slot = true;
        return 0;
    case OPTION_COUNT:
        ++*(int *) slot;
        return 0;
    case OPTION_STRING:
        *(const char **) slot = value;
        return 0;
    case OPTION_INT:
        return store_int (p, o, value, (int *) slot);
    case OPTION_NUMBER:
        return store_number (p, o, value, (double *) slot);
    case OPTION_LIST:
        vec_push (p->arena, (struct vec_str *) slot, value);
        return 0;
    }
    return 0;
}

/* The value behind an option that needs one: `attached` if there is, else the next word. NULL if there is neither. */
static const char *
take_value (struct parse *p, const struct option *o, const char *attached)
{
    if (attached)
        return attached;
    if (p->at < p->argc)
        return p->argv[p->at++];
    error_set (p->err, ERROR_USAGE, "--%s needs a value: --%s=%s", o->name, o->name,
               o->argument ? o->argument : "VALUE");
    return NULL;
}

static int
parse_long (struct parse *p, const char *word)
{
    const char *equals = strchr (word, '=');
    size_t len = equals ? (size_t) (equals - word) : strlen (word);
    void *base;
    const struct option *o = find (p, word, len, 0, &base);
    if (!o)
        return unknown_option (p, word, len);
    if (!takes_value (o))
        return equals ? error_set (p->err, ERROR_USAGE, "--%s takes no value", o->name) : store (p, o, base, NULL);
    const char *value = take_value (p, o, equals ? equals + 1 : NULL);
    return value ? store (p, o, base, value) : -1;
}

static int
parse_letters (struct parse *p, const char *letters)
{
    for (; *letters; letters++) {
        void *base;
        const struct option *o = find (p, NULL, 0, *letters, &base);
        if (!o)
            return error_set (p->err, ERROR_USAGE, "unknown option -%c; --help lists them", *letters);
        if (takes_value (o)) {
            const char *value = take_value (p, o, letters[1] ? letters + 1 : NULL);
            return value ? store (p, o, base, value) : -1;
        }
        if (store (p, o, base, NULL) < 0)
            return -1;
    }
    return 0;
}

static int
parse_word (struct parse *p, const char *word)
{
    return word[1] == '-' ? parse_long (p, word + 2) : parse_letters (p, word + 1);
}

static bool
is_option (const char *word)
{
    return word[0] == '-' && word[1];
}

int
option_parse (struct arena *a, const struct option *options, void *settings, struct option_common *common, int argc,
              char *const *argv, struct vec_str *operands, struct error *err)
{
    struct parse p = { a, options, settings, common, argc, 0, argv, err };
    bool ended = false;
    while (p.at < p.argc) {
        const char *word = p.argv[p.at++];
        if (ended || !is_option (word))
            vec_push (a, operands, word);
        else if (strcmp (word, "--") == 0)
            ended = true;
        else if (parse_word (&p, word) < 0)
            return -1;
    }
    return 0;
}

int
option_parse_leading (struct arena *a, struct option_common *common, int argc, char *const *argv, struct error *err)
{
    struct parse p = { a, NULL, NULL, common, argc, 0, argv, err };
    while (p.at < p.argc && is_option (p.argv[p.at]))
        if (parse_word (&p, p.argv[p.at++]) < 0)
            return -1;
    return p.at;
}

/* ---- help ------------------------------------------------------------------------------------------------------- */

/* Columns that `n` bytes of UTF-8 take. */
static int
columns (const char *s, size_t n)
{
    int count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char) s[i] & 0xc0) != 0x80;
    return count;
}

static void
add_spaces (struct strbuf *out, int n)
{
    for (; n > 0; n--)
        strbuf_addc (out, ' ');
}

void
option_fold (const char *text, int indent, int width, struct strbuf *out)
{
    int at = indent;
    bool first = true;
    for (; *text; text++) {
        if (*text == '\n') {
            strbuf_addc (out, '\n');
            if (text[1] && text[1] != '\n')
                add_spaces (out, indent);
            at = indent;
            first = true;
            continue;
        }
        if (*text == ' ' && !first)
            continue;
        size_t n = strcspn (text + 1, " \n") + 1;
        int word = columns (text, n);
        if (!first && at + 1 + word > width) {
            strbuf_addc (out, '\n');
            add_spaces (out, indent);
            at = indent;
        } else if (!first) {
            strbuf_addc (out, ' ');
            at++;
        }
        strbuf_add (out, text, n);
        at += word;
        text += n - 1;
        first = false;
    }
}

void
option_help_table (const struct option *options, bool color, int width, struct strbuf *out)
{
    enum { COLUMN = 26 };
    for (const struct option *o = options; o && o->name; o++) {
        cleanup_strbuf struct strbuf left = { 0 };
        if (o->letter)
            strbuf_addf (&left, "  -%c, ", o->letter);
        else
            strbuf_adds (&left, "      ");
        strbuf_addf (&left, "--%s", o->name);
        if (takes_value (o))
            strbuf_addf (&left, "=%s", o->argument ? o->argument : "VALUE");
        strbuf_addf (out, "%s%s%s", color ? "\033[1m" : "", strbuf_str (&left), color ? "\033[0m" : "");
        int used = columns (strbuf_str (&left), left.len);
        if (used + 2 > COLUMN) {
            strbuf_addc (out, '\n');
            used = 0;
        }
        add_spaces (out, COLUMN - used);
        option_fold (o->help, COLUMN, width, out);
        strbuf_addc (out, '\n');
    }
}

void
option_usage (const struct command *c, struct strbuf *out)
{
    strbuf_addf (out, "Usage: chard %s [OPTION…]%s%s", c->name, *c->operands ? " " : "", c->operands);
}

static void
add_title (struct strbuf *out, const char *title, bool color)
{
    strbuf_addf (out, "\n%s%s%s\n", color ? "\033[1m" : "", title, color ? "\033[0m" : "");
}

/* Example lines, indented; `text` may or may not end with a line end. */
static void
add_examples (struct strbuf *out, const char *text)
{
    while (*text) {
        size_t n = strcspn (text, "\n");
        strbuf_adds (out, "  ");
        strbuf_add (out, text, n);
        strbuf_addc (out, '\n');
        text += n + (text[n] == '\n');
    }
}

void
option_help (const struct command *c, bool color, int width, struct strbuf *out)
{
    option_usage (c, out);
    strbuf_adds (out, "\n");
    option_fold (c->summary, 0, width, out);
    strbuf_adds (out, "\n");
    if (c->details) {
        strbuf_adds (out, "\n");
        option_fold (c->details, 0, width, out);
        if (out->data[out->len - 1] != '\n')
            strbuf_adds (out, "\n");
    }
    if (c->options && c->options->name) {
        add_title (out, "Options", color);
        option_help_table (c->options, color, width, out);
    }
    add_title (out, "Common options", color);
    option_help_table (option_common_table, color, width, out);
    if (c->examples) {
        add_title (out, "Examples", color);
        add_examples (out, c->examples);
    }
}

/* ---- the other way round ---------------------------------------------------------------------------------------- */

void
option_words (struct arena *a, const struct option *options, const void *settings, struct vec_str *words)
{
    for (const struct option *o = options; o->name; o++) {
        const void *slot = (const char *) settings + o->offset;
        switch (o->kind) {
        case OPTION_FLAG:
            if (*(const bool *) slot)
                vec_push (a, words, arena_printf (a, "--%s", o->name));
            break;
        case OPTION_COUNT:
            for (int i = 0; i < *(const int *) slot; i++)
                vec_push (a, words, arena_printf (a, "--%s", o->name));
            break;
        case OPTION_INT:
            if (*(const int *) slot)
                vec_push (a, words, arena_printf (a, "--%s=%d", o->name, *(const int *) slot));
            break;
        case OPTION_NUMBER:
            if (*(const double *) slot != 0)
                vec_push (a, words, arena_printf (a, "--%s=%.17g", o->name, *(const double *) slot));
            break;
        case OPTION_STRING:
            if (*(const char *const *) slot)
                vec_push (a, words, arena_printf (a, "--%s=%s", o->name, *(const char *const *) slot));
            break;
        case OPTION_LIST:
            vec_foreach (value, (const struct vec_str *) slot)
                vec_push (a, words, arena_printf (a, "--%s=%s", o->name, *value));
            break;
        }
    }
}
