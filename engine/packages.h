/* Which distributions the notebook's imports come from, in the environment that it runs in: what an image must install.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_PACKAGES_H
#define CHARD_ENGINE_PACKAGES_H

#include "compiler/pipeline.h"
#include "engine/python.h"

#include <jansson.h>

/* Asks the interpreter (importlib.metadata). With `state` the answer is kept there until what is installed changes;
 * python_probe must have filled `py` for that.
 *     {"python": "3.11.2", "modules": {"sklearn": ["scikit-learn"]}, "versions": {"scikit-learn": "1.9.1"},
 *      "requires": {"scikit-learn": ["numpy", …]}, "stdlib": ["abc", …]}
 * Names of distributions are normalised (PEP 503). The caller owns the result; NULL if the interpreter won't tell. */
json_t *packages_probe (const struct python *py, struct arena *a, const struct state *state, struct error *err);

/* Adds to `lines` what has to be installed for the modules `imports` of step `s` to be there: "scikit-learn==1.9.1",
 * with all that these need in turn. Modules of Python itself and of `dir` are passed over; one that the environment
 * lacks goes without a version, if the compiler says that the step requires it: an import within a try may fail.
 * `lines` is sorted and holds each once. */
void packages_require (const json_t *packages, struct arena *a, const char *dir, const struct step *s,
                       const struct vec_str *imports, struct vec_str *lines);

/* Likewise for a distribution by name, as `pip install` takes it: in the environment's version if it is installed, else
 * as it is written. */
void packages_require_line (const json_t *packages, struct arena *a, const char *line, struct vec_str *lines);

#endif
