/* What a Python environment has installed: which distribution holds which module, for the compiler's requirements. One
 * Python is started for it; what it answers is kept in the user's cache until anything is installed or removed.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_ENVIRONMENT_H
#define CHARD_ENGINE_ENVIRONMENT_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

/* {"sklearn": ["scikit-learn", "1.5.0"], "google.cloud.storage": […], …}: a module stands there if one distribution
 * alone holds it and no other entry says so already. `wanted` is a path or a name in PATH; NULL: the Python of the
 * active virtual or conda environment ($VIRTUAL_ENV, $CONDA_PREFIX), and if there is none, `*modules` becomes NULL,
 * which is no error. The caller owns the result. -1 and ERROR_ENVIRONMENT if that Python can't be asked. */
int environment_read (struct arena *a, const char *wanted, json_t **modules, struct error *err);

#endif
