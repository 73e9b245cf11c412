/* AES-128-GMAC over public key and IV: not against an enemy, but to tell large contents apart several times faster than
 * SHA-256 does. By OpenSSL's libcrypto, which has it for every processor; loaded when it is called.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_GMAC_H
#define CHARD_BASE_GMAC_H

#include "base/error.h"

#include <stddef.h>

#define GMAC_SIZE 16

struct gmac; /* an unfinished tag */

/* NULL (ERROR_ENVIRONMENT) if there is no libcrypto. */
struct gmac *gmac_begin (const unsigned char key[16], const unsigned char iv[12], struct error *err);
void gmac_add (struct gmac *g, const void *data, size_t len);

/* Writes the tag and frees `g`. */
void gmac_end (struct gmac *g, unsigned char tag[GMAC_SIZE]);

#endif
