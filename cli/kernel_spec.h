/* Kernelspecs of ours: directories kernels/NAME with a kernel.json that starts chard-kernel around another kernel. Used
 * by the commands `chard kernel …`. Which kernel is inside, and where the shim lies that was installed with it, is kept
 * in kernel.json as metadata.chard = {inner, shim}.
 * Specification: jupyter_client's documentation, "Making kernels for Jupyter", §Kernel specs.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_KERNEL_SPEC_H
#define CHARD_CLI_KERNEL_SPEC_H

#include "cli/command.h"
#include "engine/kernelspec.h"

/* Where a spec goes, as the options say; at most one of them. */
struct kernel_place {
    bool user, sys_prefix;
    const char *prefix;
};

/* Rows of a command's options that fill `place`, a member of its settings. */
#define KERNEL_PLACE_OPTIONS(type, place)                                                                            \
    { .name = "user",                                                                                                \
      .kind = OPTION_FLAG,                                                                                           \
      .offset = offsetof (type, place.user),                                                                         \
      .help = "for you alone (the default)" },                                                                       \
        { .name = "sys-prefix",                                                                                      \
          .kind = OPTION_FLAG,                                                                                       \
          .offset = offsetof (type, place.sys_prefix),                                                               \
          .help = "in the active virtual or conda environment, or that of the python3 in PATH" },                    \
        { .name = "prefix",                                                                                          \
          .kind = OPTION_STRING,                                                                                     \
          .offset = offsetof (type, place.prefix),                                                                   \
          .argument = "DIR",                                                                                         \
          .help = "in DIR/share/jupyter/kernels" }

/* The directory kernels/ that is meant, absolute. ERROR_USAGE if several are. */
const char *kernel_place_dir (struct arena *a, const struct kernel_place *place, struct error *err);

/* Whether any of the options was given. */
bool kernel_place_given (const struct kernel_place *place);

/* Whether it starts chard-kernel. */
bool kernel_spec_is_ours (const struct kernelspec *spec);

/* A text of metadata.chard, or NULL. */
const char *kernel_spec_note (const struct kernelspec *spec, const char *name);

/* All of ours in Jupyter's directories, the strongest directory first; the caller frees each one's `spec`. */
struct kernel_specs {
    struct kernelspec *items;
    size_t len, cap;
};
void kernel_specs_find (struct arena *a, struct kernel_specs *found);

/* Adds those of one directory kernels/ that aren't there yet. */
void kernel_specs_find_in (struct arena *a, const char *kernels, struct kernel_specs *found);
void kernel_specs_clear (struct kernel_specs *found);

/* The program chard-kernel: beside this one, or in PATH. NULL if it is nowhere. */
char *kernel_spec_program (struct arena *a);

#endif
