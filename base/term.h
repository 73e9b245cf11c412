/* What an output stream can show: colours, and how wide it is.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_TERM_H
#define CHARD_BASE_TERM_H

#include <stdbool.h>
#include <stdio.h>

/* Whether to colour what goes to `f`: `when` is "always", "never", or "auto" (NULL too): a terminal that isn't dumb,
 * and no NO_COLOR in the environment (https://no-color.org). */
bool term_wants_color (FILE *f, const char *when);

/* Columns of the terminal behind `f`; COLUMNS if it isn't one, else 100. Between 40 and 1000. */
int term_width (FILE *f);

#endif
