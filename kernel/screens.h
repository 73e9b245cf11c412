/* What each client has on its screen: the notebook that it sent along last (session.h). Requests that bring none, as
 * those for completion do, are about that one: several notebooks may share a kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_SCREENS_H
#define CHARD_KERNEL_SCREENS_H

#include <jansson.h>

#define SCREENS_MAX 16 /* clients; the one that was heard of first is forgotten */

/* Zero-initialised knows of none. */
struct screens {
    struct screen {
        char *client;   /* the session of its headers */
        json_t *chard;  /* what it sent */
    } all[SCREENS_MAX];
    size_t n;
};

/* Notes what a request with this header and metadata brought, if it brought any. */
void screens_note (struct screens *s, const json_t *header, const json_t *metadata);

/* Metadata that says what the client has on its screen, a new reference; NULL if it never did. */
json_t *screens_metadata (const struct screens *s, const json_t *header);

void screens_clear (struct screens *s);

#endif
