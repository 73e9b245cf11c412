/* Bump allocator over a list of growing chunks; see arena.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN (64 * 1024)
#define CHUNK_MAX (4 * 1024 * 1024)
#define ALIGNMENT 16

struct chunk {
    struct chunk *next;
    size_t size, used;
    _Alignas (ALIGNMENT) char data[];
};

struct arena {
    struct chunk *chunks; /* newest first; only the newest is allocated from */
    size_t used;
};

static void
out_of_memory (size_t size)
{
    fprintf (stderr, "chard: out of memory (%zu bytes wanted)\n", size);
    abort ();
}

void *
xmalloc (size_t size)
{
    void *p = malloc (size ? size : 1);
    if (!p)
        out_of_memory (size);
    return p;
}

void *
xcalloc (size_t n, size_t size)
{
    void *p = calloc (n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory (n * size);
    return p;
}

void *
xrealloc (void *old, size_t size)
{
    void *p = realloc (old, size ? size : 1);
    if (!p)
        out_of_memory (size);
    return p;
}

char *
xstrdup (const char *s)
{
    char *copy = strdup (s);
    if (!copy)
        out_of_memory (strlen (s));
    return copy;
}

char *
xasprintf (const char *fmt, ...)
{
    va_list ap;
    char *s;
    va_start (ap, fmt);
    if (vasprintf (&s, fmt, ap) < 0)
        out_of_memory (0);
    va_end (ap);
    return s;
}

struct arena *
arena_create (void)
{
    return xcalloc (1, sizeof (struct arena));
}

void
arena_destroy (struct arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free (c);
    }
    free (a);
}

static struct chunk *
chunk_add (struct arena *a, size_t size)
{
    struct chunk *c = xcalloc (1, sizeof *c + size);
    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

static size_t
chunk_size_for (const struct arena *a, size_t size)
{
#ifdef CHARD_ARENA_MALLOC
    (void) a;
    return size;
#else
    size_t next = a->chunks ? a->chunks->size * 2 : CHUNK_MIN;
    if (next > CHUNK_MAX)
        next = CHUNK_MAX;
    return size > next ? size : next;
#endif
}

static size_t
aligned (size_t size)
{
#ifdef CHARD_ARENA_MALLOC
    return size ? size : 1;
#else
    return (size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
#endif
}

void *
arena_alloc (struct arena *a, size_t size)
{
    size_t need = aligned (size);
    struct chunk *c = a->chunks;
    if (!c || c->size - c->used < need)
        c = chunk_add (a, chunk_size_for (a, need));
    void *p = c->data + c->used;
    c->used += need;
    a->used += need;
    return p;
}

void *
arena_grow (struct arena *a, void *p, size_t old_size, size_t new_size)
{
    struct chunk *c = a->chunks;
    size_t old_need = aligned (old_size), new_need = aligned (new_size);
    if (p && c && (char *) p + old_need == c->data + c->used
        && c->size - c->used >= new_need - old_need) {
        c->used += new_need - old_need;
        a->used += new_need - old_need;
        return p;
    }
    void *bigger = arena_alloc (a, new_size);
    if (old_size)
        memcpy (bigger, p, old_size);
    return bigger;
}

char *
arena_strndup (struct arena *a, const char *s, size_t n)
{
    char *copy = arena_alloc (a, n + 1);
    memcpy (copy, s, n);
    return copy;
}

char *
arena_strdup (struct arena *a, const char *s)
{
    return arena_strndup (a, s, strlen (s));
}

/* Most texts are short, and printed once only. */
char *
arena_vprintf (struct arena *a, const char *fmt, va_list ap)
{
    va_list first;
    char small[256];
    va_copy (first, ap);
    int n = vsnprintf (small, sizeof small, fmt, first);
    va_end (first);
    if ((size_t) n < sizeof small)
        return arena_strndup (a, small, (size_t) n);
    char *s = arena_alloc (a, (size_t) n + 1);
    vsnprintf (s, (size_t) n + 1, fmt, ap);
    return s;
}

char *
arena_printf (struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *s = arena_vprintf (a, fmt, ap);
    va_end (ap);
    return s;
}

size_t
arena_used (const struct arena *a)
{
    return a->used;
}
