/* Finds its way through the text of a JSON document that has been parsed before: where members and values begin and
 * end, for those who change a few bytes of a file and leave the rest as it is (compiler/notebook_edit.h). It builds
 * nothing and judges nothing; whatever the text is, it stays within it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_DOC_JSON_WALK_H
#define CHARD_DOC_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>

/* The text; a NUL stands behind it. */
struct json_span {
    const char *data;
    size_t len;
};

/* A member of an object, or an element of an array (whose key is empty). All are indices into the text. */
struct json_member {
    size_t gap;          /* where the white space before it begins: behind '{', '[' or ',' */
    size_t start;        /* of the key, or of the element */
    size_t key, key_len; /* without quotes */
    size_t value, end;
};

/* Looks through an object or array. */
struct json_walk {
    const struct json_span *t;
    size_t at; /* behind '{', '[' or the last member */
};

/* The document's value: behind a byte order mark and white space. */
size_t json_walk_root (const struct json_span *t);

/* Index behind the white space, or behind the value, that begins at `i`. */
size_t json_walk_skip_space (const struct json_span *t, size_t i);
size_t json_walk_skip_value (const struct json_span *t, size_t i);

/* The next member, or false at the end. */
bool json_walk_next (struct json_walk *w, bool object, struct json_member *m);

/* The first member of the object or array that begins at `container`; false if it is empty. */
bool json_walk_first (const struct json_span *t, size_t container, bool object, struct json_member *m);

/* The last member of that name in the object at `object`, as parsers take it. */
bool json_walk_find (const struct json_span *t, size_t object, const char *key, struct json_member *found);

bool json_walk_is_key (const struct json_span *t, const struct json_member *m, const char *key);

#endif
