/* The program `chard`.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

int
main (void)
{
    puts ("chard " CHARD_VERSION);
    return 0;
}
