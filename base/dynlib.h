/* Third-party libraries that only some commands need, loaded when they are first called. Linked they would be loaded at
 * every start with all that they need in turn: libgit2, Graphviz and libcurl bring 20 more libraries, which cost each
 * `chard check` 5 ms, and 3 MB that nothing else shares.
 *
 * The one file that wraps a library lists the functions (or variables) that it uses and calls them through a table;
 * their types are those of the library's own header:
 *
 *     #define FUNCTIONS(X) X (git_blob_free) X (git_blob_lookup)
 *     static struct { FUNCTIONS (DYNLIB_MEMBER) } lib;
 *     static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
 *     static struct dynlib dynlib = DYNLIB (GIT2_SONAME, "libgit2", "to read a Git repository", symbols);
 *
 *     if (dynlib_load (&dynlib, err) < 0)
 *         return -1;
 *     lib.git_blob_free (blob);
 *
 * base/sonames.h has the sonames.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_DYNLIB_H
#define CHARD_BASE_DYNLIB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct dynlib_symbol {
    const char *name;
    void *at; /* the pointer in the table that is to point to it */
};

struct dynlib {
    const char *soname;
    const char *name, *purpose; /* for who lacks it: "NAME is needed PURPOSE" */
    const struct dynlib_symbol *symbols;
    size_t count;
    bool loaded;
};

#define DYNLIB_MEMBER(symbol) __typeof__ (symbol) *symbol;
#define DYNLIB_SYMBOL(symbol) { #symbol, &lib.symbol },
#define DYNLIB(soname, name, purpose, symbols)                                                                         \
    { soname, name, purpose, symbols, sizeof symbols / sizeof symbols[0], false }

/* Loads it unless it is loaded, for as long as the process lives. -1 (ERROR_ENVIRONMENT) if it isn't installed, or has
 * not all the symbols. Any thread may call it. */
int dynlib_load (struct dynlib *d, struct error *err);

#endif
