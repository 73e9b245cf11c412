/* Base64 (RFC 4648, section 4).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_BASE64_H
#define CHARD_BASE_BASE64_H

#include "base/arena.h"

#include <stddef.h>

/* The bytes that `text` stands for, white space passed over, with a NUL behind them; NULL if it is no Base64. In
 * `a`. */
char *base64_decode (struct arena *a, const char *text, size_t *len);

/* The other way round, without line ends. In `a`. */
char *base64_encode (struct arena *a, const void *data, size_t len);

#endif
