/* The files that `chard kernel install` writes as they are: those of share/jupyter/, compiled in by make so that they
 * never lag behind the program nor get lost.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_KERNEL_FILES_H
#define CHARD_CLI_KERNEL_FILES_H

#include <stddef.h>

struct kernel_file {
    const char *name; /* "logo-svg.svg"; NULL ends the table */
    const unsigned char *data;
    size_t len;
};

/* The logos. */
extern const struct kernel_file kernel_logos[];

/* chard.py, the shim for a plain ipykernel. */
extern const struct kernel_file kernel_shim;

/* The extension of JupyterLab; names are paths from its directory. Ends with a zeroed row. */
extern const struct kernel_file kernel_lab_files[];

#endif
