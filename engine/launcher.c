/* See launcher.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/launcher.h"

const char *const launcher_env[] = { "PYTHONHASHSEED=0", "PYTHONUNBUFFERED=1", NULL };

int
launcher_run (struct launcher *l, int id, const char *spec, const char *log, struct error *err)
{
    return l->kind->run (l, id, spec, log, err);
}

void
launcher_cancel (struct launcher *l, int id)
{
    l->kind->cancel (l, id);
}

void
launcher_destroy (struct launcher *l)
{
    if (l)
        l->kind->destroy (l);
}
