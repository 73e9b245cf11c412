/* See names.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/names.h"

#include "base/hash.h"
#include "base/strbuf.h"

#include <ctype.h>

#define DIGITS 6

/* How long a name may be. */
static size_t
room_for (enum name_rule rule)
{
    return rule == NAME_SHORT ? 26 : 50;
}

static char
letter_of (char c, enum name_rule rule)
{
    if ((unsigned char) c >= 0x80 || !isalnum ((unsigned char) c))
        return 0;
    return rule != NAME_KEY ? (char) tolower ((unsigned char) c) : c;
}

const char *
names_map_one (struct arena *a, const char *name, enum name_rule rule, const char *fallback)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char separator = rule != NAME_KEY ? '-' : '_';
    bool pending = false;
    for (const char *p = name; *p && out.len < room_for (rule); p++) {
        char c = letter_of (*p, rule);
        if (!c && *p == separator && rule == NAME_KEY && out.len > 0)
            c = separator; /* a key keeps the underscores it has */
        if (!c) {
            pending = out.len > 0;
            continue;
        }
        if (out.len == 0 && !isalpha ((unsigned char) c)) {
            strbuf_adds (&out, fallback);
            pending = true;
        }
        if (pending && c != separator)
            strbuf_addc (&out, separator);
        pending = false;
        strbuf_addc (&out, c);
    }
    if (out.len > room_for (rule))
        out.len = room_for (rule);
    while (rule != NAME_KEY && out.len > 0 && out.data[out.len - 1] == separator)
        out.len--;
    return out.len ? arena_strndup (a, out.data, out.len) : arena_strdup (a, fallback);
}

static const char *
with_digest (struct arena *a, const char *mapped, const char *name, enum name_rule rule)
{
    char hex[HASH_HEX_SIZE];
    hash_bytes (name, strlen (name), hex);
    size_t room = room_for (rule) - DIGITS - 1, n = strlen (mapped);
    return arena_printf (a, "%.*s%c%.*s", (int) (n < room ? n : room), mapped, rule != NAME_KEY ? '-' : '_', DIGITS,
                         hex);
}

static bool
is_taken (const char *const *mapped, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (mapped[i] && strcmp (mapped[i], name) == 0)
            return true;
    return false;
}

/* What KFP's compiler to Argo has beside a task's own name: NAME-driver, and these within it (argocompiler/dag.go). */
static bool
is_reserved (const char *name, enum name_rule rule)
{
    static const char *const words[] = { "root", "executor", "iteration" };
    const size_t n = strlen (name), m = strlen ("-driver");
    if (rule == NAME_KEY)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp (words[i], name) == 0)
            return true;
    return n > m && strcmp (name + n - m, "-driver") == 0;
}

const char **
names_map (struct arena *a, const struct vec_str *names, enum name_rule rule, const char *fallback)
{
    const char **mapped = arena_alloc (a, (names->len + 1) * sizeof *mapped);
    for (size_t i = 0; i < names->len; i++) {
        const char *m = names_map_one (a, names->items[i], rule, fallback);
        if (strcmp (m, names->items[i]) == 0 && !is_reserved (m, rule))
            mapped[i] = m;
    }
    for (size_t i = 0; i < names->len; i++) {
        if (mapped[i])
            continue;
        const char *m = names_map_one (a, names->items[i], rule, fallback);
        if (is_taken (mapped, names->len, m) || is_reserved (m, rule))
            m = with_digest (a, m, names->items[i], rule);
        for (int again = 2; is_taken (mapped, names->len, m); again++)
            m = with_digest (a, m, arena_printf (a, "%s %d", names->items[i], again), rule);
        mapped[i] = m;
    }
    return mapped;
}
