/* Zstandard (RFC 8878), by libzstd. unzstd.c is the only file that includes zstd.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_UNZSTD_H
#define CHARD_BASE_UNZSTD_H

#include "base/error.h"
#include "base/strbuf.h"

#include <stddef.h>

/* As gunzip does (base/gunzip.h). */
int unzstd (const void *data, size_t len, size_t most, struct strbuf *out, struct error *err);

#endif
