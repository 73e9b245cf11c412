/* The shim: one Python module, chard.py, installed into the environment of the kernel inside, so that `%load_ext chard`
 * gives %chard in a plain ipykernel as well. It calls this program.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_KERNEL_SHIM_H
#define CHARD_CLI_KERNEL_SHIM_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>

/* Writes it for the interpreter `python`: into its packages, or, if `user` or they can't be written, into the user's
 * own. Returns the path; NULL and ERROR_ENVIRONMENT with why not: no permission, or another module of that name. */
char *kernel_shim_install (struct arena *a, const char *python, bool user, struct error *err);

/* Whether the file is a shim of ours. */
bool kernel_shim_is_ours (const char *path);

/* Removes it if it is ours; a path that isn't there is fine. */
int kernel_shim_remove (const char *path, struct error *err);

#endif
