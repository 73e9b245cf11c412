/* See hash.h. The only file that includes OpenSSL's digest header.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <fcntl.h>
/* SHA-256 by its plain functions: through EVP the first digest of a process costs 1 ms, a third of what compiling a small
 * notebook takes, since that reads OpenSSL's configuration and lists all its algorithms. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <string.h>

struct hash {
    SHA256_CTX ctx;
};

struct hash *
hash_begin (void)
{
    struct hash *h = xcalloc (1, sizeof *h);
    if (!SHA256_Init (&h->ctx))
        abort ();
    return h;
}

void
hash_add (struct hash *h, const void *data, size_t len)
{
    if (!SHA256_Update (&h->ctx, data, len))
        abort ();
}

void
hash_add_str (struct hash *h, const char *s)
{
    uint64_t len = s ? strlen (s) : UINT64_MAX;
    hash_add (h, &len, sizeof len);
    if (s)
        hash_add (h, s, len);
}

void
hash_end (struct hash *h, char hex[HASH_HEX_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!SHA256_Final (digest, &h->ctx))
        abort ();
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf (hex + 2 * i, 3, "%02x", digest[i]);
    free (h);
}

void
hash_bytes (const void *data, size_t len, char hex[HASH_HEX_SIZE])
{
    struct hash *h = hash_begin ();
    hash_add (h, data, len);
    hash_end (h, hex);
}

int
hash_file (const char *path, char hex[HASH_HEX_SIZE], struct error *err)
{
    cleanup_fd int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno (err, "%s", path);
    struct hash *h = hash_begin ();
    static const size_t block = 1 << 18;
    cleanup_free char *buffer = xmalloc (block);
    ssize_t n;
    while ((n = read (fd, buffer, block)) > 0)
        hash_add (h, buffer, (size_t) n);
    char done[HASH_HEX_SIZE];
    hash_end (h, done);
    if (n < 0)
        return error_errno (err, "%s", path);
    memcpy (hex, done, HASH_HEX_SIZE);
    return 0;
}

struct hmac {
    EVP_MAC_CTX *keyed; /* never fed: each message starts from a copy, which spares hashing the key anew */
};

struct hmac *
hmac_create (const void *key, size_t len)
{
    struct hmac *m = xcalloc (1, sizeof *m);
    EVP_MAC *mac = EVP_MAC_fetch (NULL, "HMAC", NULL);
    m->keyed = mac ? EVP_MAC_CTX_new (mac) : NULL;
    EVP_MAC_free (mac);
    char name[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_END };
    if (!m->keyed || !EVP_MAC_init (m->keyed, key, len, params))
        abort ();
    return m;
}

void
hmac_sign (const struct hmac *m, const struct hash_part *parts, size_t n, char hex[HASH_HEX_SIZE])
{
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup (m->keyed);
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t len = 0;
    if (!ctx)
        abort ();
    for (size_t i = 0; i < n; i++)
        if (!EVP_MAC_update (ctx, parts[i].data, parts[i].len))
            abort ();
    if (!EVP_MAC_final (ctx, digest, &len, sizeof digest))
        abort ();
    EVP_MAC_CTX_free (ctx);
    for (size_t i = 0; i < len; i++)
        snprintf (hex + 2 * i, 3, "%02x", digest[i]);
}

void
hmac_destroy (struct hmac *m)
{
    if (!m)
        return;
    EVP_MAC_CTX_free (m->keyed);
    free (m);
}

struct gmac {
    EVP_CIPHER_CTX *ctx;
};

struct gmac *
gmac_begin (const unsigned char key[16], const unsigned char iv[12])
{
    struct gmac *g = xcalloc (1, sizeof *g);
    g->ctx = EVP_CIPHER_CTX_new ();
    if (!g->ctx || !EVP_EncryptInit_ex (g->ctx, EVP_aes_128_gcm (), NULL, key, iv))
        abort ();
    return g;
}

void
gmac_add (struct gmac *g, const void *data, size_t len)
{
    static const size_t most = 1 << 24; /* the length is an int there */
    for (const unsigned char *at = data; len > 0;) {
        int n = (int) (len < most ? len : most), ignored;
        if (!EVP_EncryptUpdate (g->ctx, NULL, &ignored, at, n))
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
    if (!EVP_EncryptFinal_ex (g->ctx, nothing, &ignored)
        || !EVP_CIPHER_CTX_ctrl (g->ctx, EVP_CTRL_GCM_GET_TAG, GMAC_SIZE, tag))
        abort ();
    EVP_CIPHER_CTX_free (g->ctx);
    free (g);
}
