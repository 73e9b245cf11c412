/* Jupyter's wire format: from frames to a message and back, without any socket.
 *
 *     identity…  <IDS|MSG>  signature  header  parent_header  metadata  content  buffer…
 *
 * Specification: jupyter_client's documentation, "Messaging in Jupyter", §The Wire Protocol (5.4).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_WIRE_H
#define CHARD_KERNEL_WIRE_H

#include "base/error.h"
#include "base/hash.h"
#include "base/strbuf.h"

#include <jansson.h>
#include <stdbool.h>

/* A frame as it came in; borrowed. */
typedef struct hash_part wire_frame;

/* The JSON frames, in their order behind the signature. */
enum wire_part { WIRE_HEADER, WIRE_PARENT, WIRE_METADATA, WIRE_CONTENT, WIRE_PARTS };

/* A message seen in its frames; nothing is copied or parsed but the header. */
struct wire_message {
    const wire_frame *identities;
    size_t n_identities;
    const wire_frame *parts; /* WIRE_PARTS of them */
    json_t *header;          /* an object with msg_type and msg_id, both strings; owned */
    const char *type, *id;   /* borrowed from the header */
};

/* Takes it apart and checks the signature (not if `key` is NULL). False, with a reason for the log, when it isn't a
 * well-formed, signed message; `m` is untouched then. */
bool wire_read (struct wire_message *m, const wire_frame *frames, size_t n, const struct hmac *key, const char **why);
void wire_clear (struct wire_message *m);

/* Parses one part as an object; NULL if it isn't one. The caller's to json_decref. */
json_t *wire_parse (const struct wire_message *m, enum wire_part part);

/* The msg_type in a header's text without building a tree: for what is only looked at in passing. False if it isn't
 * there. `session` quotes and escapes aside, types are plain words, so that a type with an escape is simply unknown. */
bool wire_peek_type (const wire_frame *header, char *type, size_t size);

/* Who we are on the wire: what our own headers say. */
struct wire_author {
    const struct hmac *key; /* NULL: unsigned */
    char session[33];
    unsigned count; /* messages written, makes their ids */
};

/* Fills the session with a random name. */
void wire_author_init (struct wire_author *author, const struct hmac *key);

/* A message of ours: the frames behind the delimiter, as text. Zero-initialised is empty. */
struct wire_draft {
    char signature[HASH_HEX_SIZE];
    struct strbuf parts[WIRE_PARTS];
};

/* Writes a message. `parent` is the header it answers, or NULL; `content` and `metadata` (NULL for an empty one) stay
 * the caller's. Free it with wire_draft_clear. */
void wire_write (struct wire_draft *d, struct wire_author *author, const char *type, const json_t *parent,
                 const json_t *metadata, const json_t *content);

/* Puts other JSON text in the place of a part, and signs again. */
void wire_draft_replace (struct wire_draft *d, const struct wire_author *author, enum wire_part part, const char *text);
void wire_draft_clear (struct wire_draft *d);

extern const wire_frame wire_delimiter;
bool wire_is_delimiter (const wire_frame *f);

#endif
