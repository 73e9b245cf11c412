/* SHA-256 as lower-case hexadecimal text; for cache keys and content names; and HMAC by it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_HASH_H
#define CHARD_BASE_HASH_H

#include "base/error.h"

#include <stddef.h>

#define HASH_HEX_SIZE 65 /* 64 digits and the NUL */

struct hash; /* an unfinished digest */

/* Never NULL; hash_end frees it. Digests of the same bytes are the same, in whatever portions they are added. */
struct hash *hash_begin (void);
void hash_add (struct hash *h, const void *data, size_t len);

/* Adds the length and then the bytes of `s` (NULL counts as a string of its own), so that ("ab","c") and ("a","bc")
 * differ. */
void hash_add_str (struct hash *h, const char *s);

/* Writes the digest as text and frees `h`. */
void hash_end (struct hash *h, char hex[HASH_HEX_SIZE]);

/* All of it in one call. */
void hash_bytes (const void *data, size_t len, char hex[HASH_HEX_SIZE]);

/* Digest of a file's content; -1 with ERROR_ENVIRONMENT if it can't be read. */
int hash_file (const char *path, char hex[HASH_HEX_SIZE], struct error *err);

/* HMAC-SHA-256 (RFC 2104) under one key, for many messages. hmac_sign writes the tag of the parts put together; an
 * empty key is a key like others. hmac_destroy accepts NULL. */
struct hash_part {
    const void *data;
    size_t len;
};

struct hmac;

struct hmac *hmac_create (const void *key, size_t len);
void hmac_sign (const struct hmac *m, const struct hash_part *parts, size_t n, char hex[HASH_HEX_SIZE]);
void hmac_destroy (struct hmac *m);

#endif
