/* Why a step failed, for people: from what step.py left in its result, or from how the process ended.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_FAILURE_H
#define CHARD_ENGINE_FAILURE_H

#include "engine/launcher.h"

#include <jansson.h>

struct failure {
    const struct launch_end *end;
    const char *result_dir;  /* may not exist */
    double timeout;          /* seconds, if that is what ended it; else 0 */
    bool out_of_memory;      /* the kernel killed something while the step ran */
    const char *not_whole;   /* why a result that step.py called good can't be used, or NULL */
};

/* {"type", "message", "cell", "line", "traceback", "hint"}: what is unknown is left out. The caller owns it. */
json_t *failure_describe (const struct failure *f);

/* False for what would fail again just the same (a value that can't be pickled). */
bool failure_is_worth_retrying (const struct failure *f);

#endif
