/* The notebook of a program that runs it without saying which: nbclient, nbconvert and Papermill send the source of
 * each cell and no more. Their command line names files, though, and so may CHARD_NOTEBOOK for programs that are
 * started otherwise. None of them is believed for its name: a file is the notebook that runs if its code cells begin
 * with those that ran here, one by one.
 * Papermill has two such files: where it was given parameters, what runs is the output, which it writes again before
 * each cell. So what was written since the kernel is there goes before what wasn't; and files that fit alike must be
 * alike.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_UNNAMED_H
#define CHARD_KERNEL_UNNAMED_H

#include "base/arena.h"
#include "base/vec.h"

#include <time.h>

#define UNNAMED_VARIABLE "CHARD_NOTEBOOK"

/* The path of the notebook, or NULL; then `*why`, if it is changed, is what would surprise who named one. `ran` are the
 * sources of the cells that ran, the one that runs now among them; `began` is when the kernel did. */
const char *unnamed_find (struct arena *a, const struct vec_str *ran, const struct timespec *began, const char **why);

#endif
