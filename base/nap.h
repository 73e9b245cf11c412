/* Sleeping. Ctrl-C ends the process as ever; where a signal is caught, it ends the sleep alone, so that a loop that
 * waits looks at its flag at once.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_NAP_H
#define CHARD_BASE_NAP_H

/* Negative seconds are none. */
void nap (double seconds);

#endif
