/* Jupyter's kernelspecs as they lie on the disk: NAME/kernel.json in one of Jupyter's directories. The runner asks
 * which Python a notebook's kernel has; chard-kernel, how to start a kernel.
 * Specification: jupyter_client's documentation, "Making kernels for Jupyter", and jupyter_core's paths.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_KERNELSPEC_H
#define CHARD_ENGINE_KERNELSPEC_H

#include "base/arena.h"
#include "base/vec.h"

#include <jansson.h>
#include <stdbool.h>

struct kernelspec {
    const char *name, *dir; /* the directory that holds its kernel.json, absolute */
    json_t *spec;           /* kernel.json, an object; the caller's to json_decref */
};

/* The directories that hold kernelspecs, the strongest first: JUPYTER_PATH, the environment of VIRTUAL_ENV and of the
 * python3 in PATH, the user's own, the system's. */
void kernelspec_dirs (struct arena *a, struct vec_str *dirs);

/* The user's own directory of kernelspecs; NULL without HOME. */
char *kernelspec_user_dir (struct arena *a);

/* Finds the spec called `name`; false if no directory has a readable one. Strings lie in `a`. */
bool kernelspec_find (struct kernelspec *found, struct arena *a, const char *name);

/* Reads DIR/kernel.json; false if there is none or it isn't an object. */
bool kernelspec_read (struct kernelspec *found, struct arena *a, const char *dir);

/* The program that a spec's first word means: a bare "python" is the one of the environment that the spec lies in
 * (PREFIX/share/jupyter/kernels/NAME). NULL if it isn't there. */
char *kernelspec_program (struct arena *a, const struct kernelspec *spec);

/* The interpreter of the Python kernel called `name`, also of one that Chard's starts, or NULL. */
char *kernelspec_find_python (struct arena *a, const char *name);

/* Absolute path of a program in PATH, or NULL. */
char *kernelspec_find_program (struct arena *a, const char *name);

#endif
