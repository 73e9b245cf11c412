/* The extension of JupyterLab and Notebook 7 that goes with the kernel: toolbar, panel, margin. `chard kernel install`
 * puts it where the kernelspec's Jupyter looks for prebuilt extensions, PREFIX/share/jupyter/labextensions/chard beside
 * PREFIX/share/jupyter/kernels.
 * Specification: JupyterLab's documentation, "Extension Developer Guide", §Prebuilt extensions.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_KERNEL_LAB_H
#define CHARD_CLI_KERNEL_LAB_H

#include "base/arena.h"
#include "base/error.h"

/* Writes it for the kernels in the directory `kernels`; an older one is overwritten. Where it lies, in `a`; NULL if it
 * can't be written or another extension of that name is there. */
const char *kernel_lab_install (struct arena *a, const char *kernels, struct error *err);

/* Removes it. 0 also if there is none, or another's. *removed, if it was there, says where; else NULL. */
int kernel_lab_remove (struct arena *a, const char *kernels, const char **removed, struct error *err);

#endif
