/* See instant.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/instant.h"

#include <time.h>

double
instant_read (const char *text)
{
    struct tm at = { 0 };
    return strptime (text, "%Y-%m-%dT%H:%M:%S", &at) ? (double) timegm (&at) : 0;
}
