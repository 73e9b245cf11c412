/* What may stand in a document, as tables of fields: services refuse a whole document for one field that they don't
 * know or that is of another type, and so do the emitters' own checks, before anything leaves this machine.
 *
 *     static const struct shape cache[] = { MUST ("name", TEXT), { 0 } };
 *     static const struct shape memoize[] = { MAY ("key", TEXT), MAY_HOLD ("cache", OBJECT, cache), { 0 } };
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_SHAPE_H
#define CHARD_COMPILER_EMIT_SHAPE_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

enum shape_kind {
    SHAPE_ANY,
    SHAPE_TEXT,
    SHAPE_NAME,       /* a text that isn't empty */
    SHAPE_DURATION,   /* proto3's: "10s" */
    SHAPE_BOOL,
    SHAPE_INTEGER,
    SHAPE_NUMBER,
    SHAPE_OBJECT,     /* with the fields `inside` */
    SHAPE_LIST,       /* of objects with the fields `inside` */
    SHAPE_MAP,        /* from any text to objects with the fields `inside` */
    SHAPE_TEXTS,      /* a list of texts */
    SHAPE_TEXT_MAP,   /* from any text to texts */
    SHAPE_QUANTITIES, /* from resources to Kubernetes' quantities */
};

struct shape {
    const char *name;
    enum shape_kind kind;
    const struct shape *inside;
    bool required;
};

/* A field that may or must be there; of kind OBJECT, LIST or MAP, with what it holds. */
#define MAY(name, kind) { name, SHAPE_##kind, NULL, false }
#define MUST(name, kind) { name, SHAPE_##kind, NULL, true }
#define MAY_HOLD(name, kind, inside) { name, SHAPE_##kind, inside, false }
#define MUST_HOLD(name, kind, inside) { name, SHAPE_##kind, inside, true }

/* 0 if `value` is an object with these fields (a table that ends with a zeroed row) and no others; else -1 with
 * ERROR_NOTEBOOK, which says where in the document what is wrong: "templates[1].memoize: there is no field zzz". */
int shape_check (const json_t *value, const struct shape *fields, struct error *err);

#endif
