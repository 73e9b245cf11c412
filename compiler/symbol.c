/* Open-addressing hash of names; see symbol.h. The one file that knows utf8proc.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/symbol.h"

#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct name {
    const char *text;
    size_t len;
    uint32_t hash;
};

struct symbols {
    struct arena *arena;
    vec (struct name) names; /* [0] is the empty name */
    int *slots;              /* 0: free */
    size_t nslots;           /* a power of two */
};

static uint32_t
hash_text (const char *text, size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char) text[i]) * 16777619u;
    return h;
}

struct symbols *
symbols_create (struct arena *a)
{
    struct symbols *s = arena_new (a, struct symbols);
    s->arena = a;
    s->nslots = 1024;
    s->slots = arena_alloc (a, s->nslots * sizeof *s->slots);
    struct name none = { "", 0, 0 };
    vec_push (a, &s->names, none);
    return s;
}

/* The slot that holds the name, or the free one where it belongs. */
static size_t
slot_of (const struct symbols *s, const char *text, size_t len, uint32_t hash)
{
    size_t i = hash & (s->nslots - 1);
    for (; s->slots[i]; i = (i + 1) & (s->nslots - 1)) {
        const struct name *n = &s->names.items[s->slots[i]];
        if (n->hash == hash && n->len == len && memcmp (n->text, text, len) == 0)
            break;
    }
    return i;
}

static void
grow (struct symbols *s)
{
    s->nslots *= 2;
    s->slots = arena_alloc (s->arena, s->nslots * sizeof *s->slots);
    for (size_t i = 1; i < s->names.len; i++) {
        const struct name *n = &s->names.items[i];
        s->slots[slot_of (s, n->text, n->len, n->hash)] = (int) i;
    }
}

static bool
is_ascii (const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char) text[i] & 0x80)
            return false;
    return true;
}

static symbol symbol_of_plain (struct symbols *s, const char *text, size_t len);

symbol
symbol_of (struct symbols *s, const char *text, size_t len)
{
    if (is_ascii (text, len))
        return symbol_of_plain (s, text, len);
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t n = utf8proc_map ((const utf8proc_uint8_t *) text, (utf8proc_ssize_t) len, &normal,
                                       UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    symbol x = n > 0 ? symbol_of_plain (s, (const char *) normal, (size_t) n) : symbol_of_plain (s, text, len);
    free (normal); /* from malloc */
    return x;
}

static symbol
symbol_of_plain (struct symbols *s, const char *text, size_t len)
{
    if (len == 0)
        return 0;
    uint32_t hash = hash_text (text, len);
    size_t slot = slot_of (s, text, len, hash);
    if (s->slots[slot])
        return s->slots[slot];
    struct name n = { arena_strndup (s->arena, text, len), len, hash };
    vec_push (s->arena, &s->names, n);
    s->slots[slot] = (int) s->names.len - 1;
    if (s->names.len * 2 > s->nslots)
        grow (s);
    return (int) s->names.len - 1;
}

symbol
symbol_of_str (struct symbols *s, const char *text)
{
    return symbol_of (s, text, strlen (text));
}

symbol
symbol_find (const struct symbols *s, const char *text)
{
    size_t len = strlen (text);
    return s->slots[slot_of (s, text, len, hash_text (text, len))];
}

const char *
symbol_text (const struct symbols *s, symbol x)
{
    return s->names.items[x].text;
}

int
symbols_count (const struct symbols *s)
{
    return (int) s->names.len;
}
