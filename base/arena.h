/* Memory that dies together: a compilation, a run or a command owns one arena and destroys it once.
 * Passes allocate and never free. Running out of memory aborts the program with a message (no untested branches).
 * When CHARD_ARENA_MALLOC is defined (sanitizer builds) every allocation is a malloc of its own, so that ASan
 * sees each object's bounds.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_ARENA_H
#define CHARD_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Makes an empty arena. Never returns NULL; the caller destroys it. */
struct arena *arena_create (void);

/* Frees the arena and everything allocated from it. NULL is fine. */
void arena_destroy (struct arena *a);

/* `size` zeroed bytes, aligned for any type. */
void *arena_alloc (struct arena *a, size_t size);

/* A block that holds the first `old_size` bytes of `p` and has room for `new_size`; `p` must not be used afterwards. */
void *arena_grow (struct arena *a, void *p, size_t old_size, size_t new_size);

/* Copies of text, NUL-terminated. arena_strndup copies exactly `n` bytes, NULs in the middle included. */
char *arena_strdup (struct arena *a, const char *s);
char *arena_strndup (struct arena *a, const char *s, size_t n);
char *arena_printf (struct arena *a, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
char *arena_vprintf (struct arena *a, const char *fmt, va_list ap);

/* Bytes handed out so far (for `-v` and the benches). */
size_t arena_used (const struct arena *a);

#define arena_new(a, type) ((type *) arena_alloc ((a), sizeof (type)))

/* malloc family that aborts when memory is out; for objects with a life of their own. */
void *xmalloc (size_t size);
void *xcalloc (size_t n, size_t size);
void *xrealloc (void *p, size_t size);
char *xstrdup (const char *s);
char *xasprintf (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));

#endif
