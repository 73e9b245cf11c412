/* See shape.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/shape.h"

#include "compiler/tag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where in the document a value stands. */
struct spot {
    const struct spot *outer; /* NULL: the document itself */
    const char *key;           /* of its object, or NULL: … */
    size_t index;              /* … of its list */
};

/* Writes as much of the place as fits; returns how long that is. */
static size_t
describe (const struct spot *at, char *text, size_t room)
{
    if (!at->outer)
        return 0;
    size_t n = describe (at->outer, text, room);
    if (n >= room)
        return n;
    int more = at->key ? snprintf (text + n, room - n, "%s%.80s", n ? "." : "", at->key)
                       : snprintf (text + n, room - n, "[%zu]", at->index);
    return n + (size_t) more;
}

static int __attribute__ ((format (printf, 3, 4)))
wrong (const struct spot *at, struct error *err, const char *fmt, ...)
{
    char where[600] = "", what[300];
    va_list ap;
    va_start (ap, fmt);
    vsnprintf (what, sizeof what, fmt, ap);
    va_end (ap);
    describe (at, where, sizeof where);
    return error_set (err, ERROR_NOTEBOOK, "%s%s%s", where, *where ? ": " : "", what);
}

static int check_object (const json_t *value, const struct shape *fields, const struct spot *at, struct error *err);

static bool
is_duration (const json_t *value)
{
    const char *s = json_string_value (value);
    size_t digits = s ? strspn (s, "0123456789") : 0;
    return digits > 0 && strcmp (s + digits, "s") == 0;
}

/* Whether a value that holds no others is of its kind. */
static bool
is_scalar (const json_t *value, enum shape_kind kind)
{
    switch (kind) {
    case SHAPE_TEXT:
        return json_is_string (value);
    case SHAPE_NAME:
        return json_string_length (value) > 0;
    case SHAPE_DURATION:
        return is_duration (value);
    case SHAPE_BOOL:
        return json_is_boolean (value);
    case SHAPE_INTEGER:
        return json_is_integer (value);
    case SHAPE_NUMBER:
        return json_is_number (value);
    default:
        return true;
    }
}

static int
check_list (const json_t *value, const struct shape *f, const struct spot *at, struct error *err)
{
    size_t i;
    json_t *one;
    if (!json_is_array (value))
        return wrong (at, err, "it is no list");
    json_array_foreach (value, i, one) {
        struct spot here = { at, NULL, i };
        if (f->kind == SHAPE_TEXTS && !json_is_string (one))
            return wrong (&here, err, "it is no text");
        if (f->kind == SHAPE_LIST && check_object (one, f->inside, &here, err) < 0)
            return -1;
    }
    return 0;
}

static int
check_map (const json_t *value, const struct shape *f, const struct spot *at, struct error *err)
{
    const char *key;
    json_t *one;
    if (!json_is_object (value))
        return wrong (at, err, "it is no map");
    json_object_foreach ((json_t *) value, key, one) {
        struct spot here = { at, key, 0 };
        if (f->kind == SHAPE_MAP) {
            if (check_object (one, f->inside, &here, err) < 0)
                return -1;
        } else if (!json_is_string (one)) {
            return wrong (&here, err, "it is no text");
        } else if (f->kind == SHAPE_QUANTITIES && !tag_is_quantity (json_string_value (one))) {
            return wrong (&here, err, "it is no quantity");
        }
    }
    return 0;
}

static int
check_field (const json_t *value, const struct shape *f, const struct spot *at, struct error *err)
{
    switch (f->kind) {
    case SHAPE_OBJECT:
        return check_object (value, f->inside, at, err);
    case SHAPE_LIST:
    case SHAPE_TEXTS:
        return check_list (value, f, at, err);
    case SHAPE_MAP:
    case SHAPE_TEXT_MAP:
    case SHAPE_QUANTITIES:
        return check_map (value, f, at, err);
    default:
        return is_scalar (value, f->kind) ? 0 : wrong (at, err, "it is of another type, or empty");
    }
}

static const struct shape *
find_field (const struct shape *fields, const char *name)
{
    for (const struct shape *f = fields; f->name; f++)
        if (strcmp (f->name, name) == 0)
            return f;
    return NULL;
}

static int
check_object (const json_t *value, const struct shape *fields, const struct spot *at, struct error *err)
{
    const char *key;
    json_t *member;
    if (!json_is_object (value))
        return wrong (at, err, "it is no object");
    json_object_foreach ((json_t *) value, key, member) {
        const struct shape *f = find_field (fields, key);
        struct spot here = { at, key, 0 };
        if (!f)
            return wrong (at, err, "there is no field %.80s", key);
        if (check_field (member, f, &here, err) < 0)
            return -1;
    }
    for (const struct shape *f = fields; f->name; f++)
        if (f->required && !json_object_get (value, f->name))
            return wrong (at, err, "%s is missing", f->name);
    return 0;
}

int
shape_check (const json_t *value, const struct shape *fields, struct error *err)
{
    const struct spot document = { NULL, NULL, 0 };
    return check_object (value, fields, &document, err);
}
