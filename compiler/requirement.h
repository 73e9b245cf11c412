/* Pass requirement: what each step needs installed, and which local modules it needs beside it. For every import of its
 * segments, those within functions too, and of the local modules that they import in turn: the distribution that holds
 * it, in the version of the notebook's Python where that is known.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_REQUIREMENT_H
#define CHARD_COMPILER_REQUIREMENT_H

#include "base/diag.h"
#include "compiler/pipeline.h"
#include "compiler/program.h"

/* Fills `requirements` ("pandas==2.2.1", sorted) and `modules` (files and folders, relative to the notebook's, sorted)
 * of every step. `environment` maps dotted modules to [distribution, version] as the caller found them installed; NULL:
 * nothing is known of it, versions are left out. An import that is neither there, nor installed by a `!pip install` of
 * the notebook, nor in a try, is a warning "missing-module" if the environment is known. */
void requirement_collect (struct pipeline *p, const struct program *program, const json_t *environment,
                          struct diag_list *diags);

/* The distribution that holds a module that isn't installed, by what is known of modules' names: "scikit-learn" for
 * "sklearn". NULL: the module is Python's own. */
const char *requirement_distribution (struct arena *a, const char *module);

/* Whether one of `lines`, as of a requirements file, is of the distribution `name`. */
bool requirement_has (const struct vec_str *lines, struct arena *a, const char *name);

/* compiler/modules.txt as it is compiled in, sorted by name: a module and the distribution that holds it, "" for the
 * standard library. */
struct requirement_module {
    const char *name, *distribution;
};
extern const struct requirement_module requirement_modules[];
extern const size_t requirement_modules_count;

/* The distribution named "Foo.Bar_baz" as indexes compare names: "foo-bar-baz" (PEP 503). */
char *requirement_normal_name (struct arena *a, const char *name);

#endif
