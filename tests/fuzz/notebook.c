/* Fuzz target: any bytes as a notebook, through every pass of the compiler. The first byte chooses nbformat or percent
 * format.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front.h"
#include "compiler/notebook.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_create ();
    struct diag_list diags = { .arena = a, .notebook = "fuzz" };
    struct error err;
    struct notebook *nb = notebook_parse (a, data[0] & 1 ? "fuzz.py" : "fuzz.ipynb", (const char *) data + 1, size - 1,
                                          &err);
    if (nb) {
        struct flow *flow = interpreter_run (program_build (a, nb, &diags));
        struct pipeline *p = pipeline_create (a);
        link_steps (p, flow, step_group (flow, &diags), &diags, NULL);
        pipeline_clear (p);
    }
    notebook_clear (nb);
    arena_destroy (a);
    return 0;
}
