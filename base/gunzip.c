/* See gunzip.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/gunzip.h"

#include "base/dynlib.h"
#include "base/sonames.h"

#include <stdint.h>
#include <zlib.h>

#define FUNCTIONS(X) X (inflate) X (inflateEnd) X (inflateInit2_)

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (ZLIB_SONAME, "zlib", "to unpack what a server has packed", symbols);

enum {
    GZIP_ONLY = 16, /* added to the window's size: no zlib header, no raw data */
    BLOCK = 1 << 16,
};

static int
unpack (z_stream *z, size_t most, struct strbuf *out, struct error *err)
{
    char block[BLOCK];
    for (int code = Z_OK; code == Z_OK;) {
        z->next_out = (Bytef *) block;
        z->avail_out = sizeof block;
        code = lib.inflate (z, Z_NO_FLUSH);
        size_t n = sizeof block - z->avail_out;
        if (code != Z_OK && code != Z_STREAM_END)
            return error_set (err, ERROR_ENVIRONMENT, "it is no gzip, or cut short");
        if (out->len + n > most)
            return error_set (err, ERROR_ENVIRONMENT, "it unpacks to more than %zu MiB", most >> 20);
        strbuf_add (out, block, n);
    }
    return 0;
}

int
gunzip (const void *data, size_t len, size_t most, struct strbuf *out, struct error *err)
{
    z_stream z = { .next_in = (Bytef *) data, .avail_in = (uInt) len };
    if (len > UINT32_MAX)
        return error_set (err, ERROR_ENVIRONMENT, "it is too long");
    if (dynlib_load (&dynlib, err) < 0)
        return -1;
    if (lib.inflateInit2_ (&z, MAX_WBITS + GZIP_ONLY, ZLIB_VERSION, (int) sizeof z) != Z_OK)
        return error_set (err, ERROR_ENVIRONMENT, "zlib can't be started");
    int status = unpack (&z, most, out, err);
    lib.inflateEnd (&z);
    return status;
}
