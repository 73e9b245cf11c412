/* Fuzz target: any bytes as a cell with IPython's lines. Holds magic.h to its word: the text for the parser keeps every
 * position, so it has as many bytes as the cell, and its line ends where the cell has them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (memchr (data, '\0', size)) /* the notebook reader lets none through */
        return 0;
    struct arena *a = arena_create ();
    char *source = arena_strndup (a, (const char *) data, size);
    const struct magic_text *text = magic_rewrite (a, source, size);
    if (strlen (text->code) != size)
        abort ();
    for (size_t i = 0; i < size; i++)
        if ((source[i] == '\n') != (text->code[i] == '\n'))
            abort ();
    struct vec_str requirements = { 0 };
    vec_foreach (m, &text->magics)
        magic_requirements (a, m, &requirements);
    arena_destroy (a);
    return 0;
}
