/* Moments as services tell them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_INSTANT_H
#define CHARD_CLIENT_INSTANT_H

/* "2026-11-26T06:21:12Z" (RFC 3339 in UTC, as Kubernetes and KFP print it; a fraction is left out) in seconds since
 * 1970; 0 for what is none. */
double instant_read (const char *text);

#endif
