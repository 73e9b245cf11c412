/* What cells showed, as HTML: the outputs of an executed notebook (nbformat 4), bounded in size whatever they hold.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_REPORT_OUTPUT_H
#define CHARD_ENGINE_REPORT_OUTPUT_H

#include "base/strbuf.h"

#include <jansson.h>

/* Adds all cells of the notebook (outputs.ipynb of a step), each with its source folded away. `*budget` is how many
 * bytes of outputs the page still takes; it is lowered, and what doesn't fit is replaced by a note. */
void report_output_add (struct strbuf *out, const json_t *notebook, size_t *budget);

/* Adds terminal text as a <pre> of that class; of a long text the beginning and the end. */
void report_output_add_text (struct strbuf *out, const char *class, const char *text, size_t n);

#endif
