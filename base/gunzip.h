/* gzip (RFC 1952), by zlib. gunzip.c is the only file that includes zlib.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_GUNZIP_H
#define CHARD_BASE_GUNZIP_H

#include "base/error.h"
#include "base/strbuf.h"

#include <stddef.h>

/* Adds what `data` unpacks to. -1 (ERROR_ENVIRONMENT) if it isn't gzip's, is cut short, or unpacks to more than `most`
 * bytes: a few kilobytes may hold gigabytes. */
int gunzip (const void *data, size_t len, size_t most, struct strbuf *out, struct error *err);

#endif
