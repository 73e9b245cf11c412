/* A cell's text taken apart: what the inner kernel runs, and the %chard lines between. Knows nothing of messages.
 *
 *     x = load ()          code
 *     %chard check         a call of chard: check
 *     print (x)            code
 *
 * A %chard line counts where a statement could begin at the cell's left edge: not in a string, a bracket or a block
 * (there the inner kernel's own %chard takes it, share/python/chard.py). `%%chard run` at the top makes the whole cell
 * one call, whose further lines are words too. Words are quoted as in a shell: 'as it is', "with \" and \\", \ before a
 * blank; a # that begins a word begins a comment. A line that ends with ? asks for help.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_CELL_PARTS_H
#define CHARD_KERNEL_CELL_PARTS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

enum part_kind { PART_CODE, PART_CALL, PART_HELP };

struct cell_part {
    enum part_kind kind;
    int line;          /* its first, from 1 */
    const char *code;  /* of PART_CODE: to be run; errors in it name the cell's own lines */
    const char *text;  /* of the others: what stands behind %chard */
};

struct cell_parts {
    vec (struct cell_part) all;
    int calls; /* parts that aren't code; 0: the cell is none of ours */
};

/* Splits it; everything lies in `a`. `language` is the inner kernel's: in "python" lines are told as IPython tells
 * them, elsewhere a line that begins with %chard is ours. Code between two calls gets the lines above it as comments,
 * so that its own keep their numbers, where the language's comments begin with #. */
struct cell_parts cell_parts_split (struct arena *a, const char *source, size_t len, const char *language);

/* Cheap and sometimes wrongly true: whether it is worth splitting. */
bool cell_parts_may_call (const char *text, size_t len);

/* The words of a call. ERROR_USAGE if a quote isn't closed. */
int cell_parts_words (struct arena *a, const char *text, struct vec_str *words, struct error *err);

#endif
