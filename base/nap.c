/* See nap.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/nap.h"

#include <time.h>

void
nap (double seconds)
{
    struct timespec t = { (time_t) seconds, (long) ((seconds - (double) (time_t) seconds) * 1e9) };
    nanosleep (&t, NULL);
}
