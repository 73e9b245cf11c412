/* Which images a pipeline needs, and what each is made of: one, but where a step's image: asks for another. An image's
 * reference names its content, so the same content is built once.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_IMAGE_H
#define CHARD_COMPILER_EMIT_IMAGE_H

#include "compiler/emit/emit.h"

/* A file of an image's context. */
struct image_file {
    const char *path;   /* in the context */
    const char *source; /* where it lies; NULL: `text` is its content */
    const char *text;
};

struct vec_image_file {
    struct image_file *items;
    size_t len, cap;
};

/* Fills the plan's images and each step's index among them; names must be mapped already. -1 if a file can't be
 * read. */
int image_plan (struct emit_plan *plan, struct error *err);

/* What lies in the context for image number `index`, its Containerfile first: the harness, requirements, modules, data
 * that its steps read, specifications where the plan puts code into images. Sorted but for the first. */
void image_files (const struct emit_plan *plan, int index, struct vec_image_file *files);

/* Where the Containerfile of image number `index` lies: "Containerfile", "Containerfile.NAME". */
const char *image_containerfile (const struct emit_plan *plan, int index);

/* Another name for it, "REPOSITORY:COMMIT-CONTENT", which tells the commit that it was first built of; NULL if that
 * isn't known. */
const char *image_commit_name (const struct emit_plan *plan, int index);

#endif
