/* See json_walk.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "doc/json_walk.h"

#include <string.h>

size_t
json_walk_skip_space (const struct json_span *t, size_t i)
{
    while (i < t->len && strchr (" \t\r\n", t->data[i]) && t->data[i])
        i++;
    return i;
}

size_t
json_walk_root (const struct json_span *t)
{
    bool marked = t->len >= 3 && memcmp (t->data, "\xef\xbb\xbf", 3) == 0;
    return json_walk_skip_space (t, marked ? 3 : 0);
}

static size_t
skip_string (const struct json_span *t, size_t i)
{
    for (i++; i < t->len && t->data[i] != '"'; i++)
        if (t->data[i] == '\\')
            i++;
    return i < t->len ? i + 1 : t->len;
}

size_t
json_walk_skip_value (const struct json_span *t, size_t i)
{
    size_t depth = 0;
    do {
        char c = i < t->len ? t->data[i] : '\0';
        if (i >= t->len)
            return t->len;
        if (c == '"') {
            i = skip_string (t, i);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth -= depth > 0;
        else if (depth == 0)
            return i + strcspn (t->data + i, ",]} \t\r\n"); /* the text ends with a NUL */
        i++;
    } while (depth > 0);
    return i;
}

bool
json_walk_next (struct json_walk *w, bool object, struct json_member *m)
{
    const struct json_span *t = w->t;
    size_t i = json_walk_skip_space (t, w->at);
    m->gap = w->at;
    if (i < t->len && t->data[i] == ',') {
        m->gap = i + 1;
        i = json_walk_skip_space (t, i + 1);
    }
    if (i >= t->len || t->data[i] == '}' || t->data[i] == ']')
        return false;
    m->start = m->value = i;
    m->key = m->key_len = 0;
    if (object) {
        size_t close = skip_string (t, i);
        m->key = i + 1;
        m->key_len = close > i + 1 ? close - i - 2 : 0;
        i = json_walk_skip_space (t, close);
        m->value = json_walk_skip_space (t, i + (i < t->len && t->data[i] == ':'));
    }
    m->end = json_walk_skip_value (t, m->value);
    if (m->end <= m->start)
        return false;
    w->at = m->end;
    return true;
}

bool
json_walk_is_key (const struct json_span *t, const struct json_member *m, const char *key)
{
    return m->key_len == strlen (key) && memcmp (t->data + m->key, key, m->key_len) == 0;
}

bool
json_walk_find (const struct json_span *t, size_t object, const char *key, struct json_member *found)
{
    struct json_walk w = { t, object + 1 };
    bool any = false;
    for (struct json_member m; json_walk_next (&w, true, &m);)
        if (json_walk_is_key (t, &m, key)) {
            *found = m;
            any = true;
        }
    return any;
}

bool
json_walk_first (const struct json_span *t, size_t container, bool object, struct json_member *m)
{
    struct json_walk w = { t, container + 1 };
    return json_walk_next (&w, object, m);
}
