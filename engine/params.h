/* Parameters of a run: what -p NAME=VALUE and --params-file say, checked against what the notebook declares.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_PARAMS_H
#define CHARD_ENGINE_PARAMS_H

#include "base/error.h"
#include "base/vec.h"
#include "compiler/pipeline.h"

/* Values of all parameters of `p`: the defaults, over them `file` (a JSON object in a file, or NULL), over them
 * `settings` ("NAME=VALUE"). ERROR_USAGE with a suggestion for an unknown name, and with what is wanted for a value
 * that doesn't fit the type. The caller owns the object. */
json_t *params_resolve (const struct pipeline *p, const char *file, const struct vec_str *settings, struct error *err);

/* Reads one value of a type: for str the text itself; for the others a Python or JSON literal. The caller owns it. */
json_t *params_parse (const char *type, const char *text, struct error *err);

/* Reads a literal: None, True, False (or null, true, false), numbers, strings in either quotes, lists, tuples (as
 * lists), dicts with string keys. NULL and ERROR_USAGE if `text` isn't one. The caller owns it. */
json_t *params_parse_literal (const char *text, struct error *err);

/* The name of `names` that is most like `name`, or NULL if none is close. */
const char *params_closest (const char *name, const struct vec_str *names);

#endif
