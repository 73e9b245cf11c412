/* See unzstd.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/unzstd.h"

#include "base/dynlib.h"
#include "base/sonames.h"

#include <zstd.h>

#define FUNCTIONS(X) X (ZSTD_createDStream) X (ZSTD_decompressStream) X (ZSTD_freeDStream) X (ZSTD_isError)

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (ZSTD_SONAME, "libzstd", "to unpack what a server has packed", symbols);

enum { BLOCK = 1 << 16 };

static int
unpack (ZSTD_DStream *z, ZSTD_inBuffer *in, size_t most, struct strbuf *out, struct error *err)
{
    char block[BLOCK];
    for (size_t wanted = 1; wanted > 0;) { /* 0: a frame has ended, and all of it is told */
        ZSTD_outBuffer to = { block, sizeof block, 0 };
        wanted = lib.ZSTD_decompressStream (z, &to, in);
        if (lib.ZSTD_isError (wanted) || (wanted > 0 && in->pos == in->size && to.pos < to.size))
            return error_set (err, ERROR_ENVIRONMENT, "it is no Zstandard frame, or cut short");
        if (out->len + to.pos > most)
            return error_set (err, ERROR_ENVIRONMENT, "it unpacks to more than %zu MiB", most >> 20);
        strbuf_add (out, block, to.pos);
    }
    return 0;
}

int
unzstd (const void *data, size_t len, size_t most, struct strbuf *out, struct error *err)
{
    ZSTD_inBuffer in = { data, len, 0 };
    if (dynlib_load (&dynlib, err) < 0)
        return -1;
    ZSTD_DStream *z = lib.ZSTD_createDStream ();
    int status = z ? unpack (z, &in, most, out, err) : error_set (err, ERROR_ENVIRONMENT, "libzstd can't be started");
    lib.ZSTD_freeDStream (z);
    return status;
}
