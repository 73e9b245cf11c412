/* See gmac.h. The only file that includes OpenSSL's headers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/gmac.h"

#include "base/arena.h"
#include "base/dynlib.h"
#include "base/sonames.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define FUNCTIONS(X)                                                                                                   \
    X (EVP_CIPHER_CTX_ctrl) X (EVP_CIPHER_CTX_free) X (EVP_CIPHER_CTX_new) X (EVP_EncryptFinal_ex)                     \
    X (EVP_EncryptInit_ex) X (EVP_EncryptUpdate) X (EVP_aes_128_gcm)

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (CRYPTO_SONAME, "OpenSSL's libcrypto", "to compare large values", symbols);

struct gmac {
    EVP_CIPHER_CTX *ctx;
};

struct gmac *
gmac_begin (const unsigned char key[16], const unsigned char iv[12], struct error *err)
{
    if (dynlib_load (&dynlib, err) < 0)
        return NULL;
    struct gmac *g = xcalloc (1, sizeof *g);
    g->ctx = lib.EVP_CIPHER_CTX_new ();
    if (!g->ctx || !lib.EVP_EncryptInit_ex (g->ctx, lib.EVP_aes_128_gcm (), NULL, key, iv))
        abort ();
    return g;
}

void
gmac_add (struct gmac *g, const void *data, size_t len)
{
    static const size_t most = 1 << 24; /* the length is an int there */
    for (const unsigned char *at = data; len > 0;) {
        int n = (int) (len < most ? len : most), ignored;
        if (!lib.EVP_EncryptUpdate (g->ctx, NULL, &ignored, at, n))
            abort ();
        at += n;
        len -= (size_t) n;
    }
}

void
gmac_end (struct gmac *g, unsigned char tag[GMAC_SIZE])
{
    unsigned char nothing[16];
    int ignored;
    if (!lib.EVP_EncryptFinal_ex (g->ctx, nothing, &ignored)
        || !lib.EVP_CIPHER_CTX_ctrl (g->ctx, EVP_CTRL_GCM_GET_TAG, GMAC_SIZE, tag))
        abort ();
    lib.EVP_CIPHER_CTX_free (g->ctx);
    free (g);
}
