/* A typed growable array whose memory lies in an arena, in the manner of tree-sitter's array.h:
 *     vec (struct step) steps = {0};
 *     vec_push (arena, &steps, step);
 *     vec_foreach (s, &steps) printf ("%s", s->name);
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_VEC_H
#define CHARD_BASE_VEC_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define vec(type)                                                                                                      \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        size_t len, cap;                                                                                               \
    }

/* Named vectors of the commonest kinds, so that they can be passed to functions. */
struct vec_str {
    const char **items;
    size_t len, cap;
};

struct vec_int {
    int *items;
    size_t len, cap;
};

#define vec_reserve(a, v, n)                                                                                           \
    do {                                                                                                               \
        if ((n) > (v)->cap) {                                                                                          \
            size_t vec_cap_ = (v)->cap ? (v)->cap * 2 : 8;                                                             \
            if (vec_cap_ < (n))                                                                                        \
                vec_cap_ = (n);                                                                                        \
            (v)->items = arena_grow ((a), (v)->items, (v)->cap * sizeof *(v)->items, vec_cap_ * sizeof *(v)->items);   \
            (v)->cap = vec_cap_;                                                                                       \
        }                                                                                                              \
    } while (0)

#define vec_push(a, v, item)                                                                                           \
    do {                                                                                                               \
        vec_reserve (a, v, (v)->len + 1);                                                                              \
        (v)->items[(v)->len++] = (item);                                                                               \
    } while (0)

/* Appends a zeroed element and yields its address. */
#define vec_add(a, v)                                                                                                  \
    ({                                                                                                                 \
        vec_reserve (a, v, (v)->len + 1);                                                                              \
        memset (&(v)->items[(v)->len], 0, sizeof *(v)->items);                                                         \
        &(v)->items[(v)->len++];                                                                                       \
    })

#define vec_foreach(it, v)                                                                                             \
    for (__typeof__ (&*(v)->items) it = (v)->items; it && it < (v)->items + (v)->len; it++)

static inline bool
vec_int_has (const struct vec_int *v, int x)
{
    for (size_t i = 0; i < v->len; i++)
        if (v->items[i] == x)
            return true;
    return false;
}

/* Appends `x` unless it is there; true if it was added. */
static inline bool
vec_int_add_once (struct arena *a, struct vec_int *v, int x)
{
    if (vec_int_has (v, x))
        return false;
    vec_push (a, v, x);
    return true;
}

static inline int
vec_int_compare_ (const void *x, const void *y)
{
    int a = *(const int *) x, b = *(const int *) y;
    return (a > b) - (a < b);
}

/* Ascending. */
static inline void
vec_int_sort (struct vec_int *v)
{
    if (v->len)
        qsort (v->items, v->len, sizeof *v->items, vec_int_compare_);
}

static inline int
vec_str_compare_ (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
}

static inline void
vec_str_sort (struct vec_str *v)
{
    if (v->len)
        qsort (v->items, v->len, sizeof *v->items, vec_str_compare_);
}

static inline bool
vec_str_has (const struct vec_str *v, const char *s)
{
    for (size_t i = 0; i < v->len; i++)
        if (strcmp (v->items[i], s) == 0)
            return true;
    return false;
}

static inline bool
vec_str_add_once (struct arena *a, struct vec_str *v, const char *s)
{
    if (vec_str_has (v, s))
        return false;
    vec_push (a, v, s);
    return true;
}

#endif
