/* See wire.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/wire.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

const wire_frame wire_delimiter = { "<IDS|MSG>", 9 };

/* ---- reading ---------------------------------------------------------------------------------------------------- */

bool
wire_is_delimiter (const wire_frame *f)
{
    return f->len == wire_delimiter.len && memcmp (f->data, wire_delimiter.data, wire_delimiter.len) == 0;
}

static size_t
find_delimiter (const wire_frame *frames, size_t n)
{
    size_t i = 0;
    while (i < n && !wire_is_delimiter (&frames[i]))
        i++;
    return i;
}

/* Compares in constant time: how much of a forged signature is right must not show. */
static bool
is_signed (const wire_frame *signature, const wire_frame *parts, const struct hmac *key)
{
    char hex[HASH_HEX_SIZE];
    unsigned char differ = 0;
    if (signature->len != HASH_HEX_SIZE - 1)
        return false;
    hmac_sign (key, parts, WIRE_PARTS, hex);
    for (size_t i = 0; i < HASH_HEX_SIZE - 1; i++)
        differ |= (unsigned char) hex[i] ^ ((const unsigned char *) signature->data)[i];
    return differ == 0;
}

static json_t *
parse_object (const wire_frame *f)
{
    json_t *value = f->data ? json_loadb (f->data, f->len, 0, NULL) : NULL;
    if (json_is_object (value))
        return value;
    json_decref (value);
    return NULL;
}

static bool
refuse (const char **why, const char *reason)
{
    *why = reason;
    return false;
}

bool
wire_read (struct wire_message *m, const wire_frame *frames, size_t n, const struct hmac *key, const char **why)
{
    size_t at = find_delimiter (frames, n);
    if (at == n)
        return refuse (why, "it has no delimiter");
    if (n - at < 2 + WIRE_PARTS)
        return refuse (why, "it has too few frames");
    const wire_frame *parts = frames + at + 2;
    if (key && !is_signed (&frames[at + 1], parts, key))
        return refuse (why, "its signature is wrong");
    json_t *header = parse_object (&parts[WIRE_HEADER]);
    const char *type = json_string_value (json_object_get (header, "msg_type"));
    const char *id = json_string_value (json_object_get (header, "msg_id"));
    if (!type || !id) {
        json_decref (header);
        return refuse (why, "its header is no object with msg_type and msg_id");
    }
    *m = (struct wire_message){ frames, at, parts, header, type, id };
    return true;
}

void
wire_clear (struct wire_message *m)
{
    json_decref (m->header);
    *m = (struct wire_message){ 0 };
}

json_t *
wire_parse (const struct wire_message *m, enum wire_part part)
{
    return parse_object (&m->parts[part]);
}

bool
wire_peek_type (const wire_frame *header, char *type, size_t size)
{
    static const char name[] = "\"msg_type\"";
    const char *at = header->len ? memmem (header->data, header->len, name, sizeof name - 1) : NULL;
    const char *end = (const char *) header->data + header->len;
    if (!at)
        return false;
    for (at += sizeof name - 1; at < end && (*at == ' ' || *at == ':'); at++)
        ;
    const char *close = at < end && *at == '"' ? memchr (at + 1, '"', (size_t) (end - at - 1)) : NULL;
    if (!close || (size_t) (close - at) > size)
        return false;
    memcpy (type, at + 1, (size_t) (close - at - 1));
    type[close - at - 1] = '\0';
    return true;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

void
wire_author_init (struct wire_author *author, const struct hmac *key)
{
    unsigned char noise[16];
    if (getrandom (noise, sizeof noise, 0) != sizeof noise)
        memcpy (noise, &(time_t){ time (NULL) }, sizeof (time_t));
    *author = (struct wire_author){ .key = key };
    for (size_t i = 0; i < sizeof noise; i++)
        snprintf (author->session + 2 * i, 3, "%02x", noise[i]);
}

static void
add_json (struct strbuf *out, const json_t *value)
{
    cleanup_free char *text = value ? json_dumps (value, JSON_COMPACT) : NULL;
    strbuf_adds (out, text ? text : "{}");
}

static void
add_header (struct strbuf *out, struct wire_author *author, const char *type)
{
    struct timespec now;
    struct tm utc;
    char date[32];
    clock_gettime (CLOCK_REALTIME, &now);
    gmtime_r (&now.tv_sec, &utc);
    strftime (date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    strbuf_addf (out,
                 "{\"msg_id\":\"%s_%u\",\"msg_type\":\"%s\",\"username\":\"chard\",\"session\":\"%s\","
                 "\"date\":\"%s.%06ldZ\",\"version\":\"5.3\"}",
                 author->session, author->count++, type, author->session, date, now.tv_nsec / 1000);
}

static void
sign (struct wire_draft *d, const struct wire_author *author)
{
    wire_frame parts[WIRE_PARTS];
    for (int i = 0; i < WIRE_PARTS; i++)
        parts[i] = (wire_frame){ d->parts[i].data, d->parts[i].len };
    if (author->key)
        hmac_sign (author->key, parts, WIRE_PARTS, d->signature);
}

void
wire_write (struct wire_draft *d, struct wire_author *author, const char *type, const json_t *parent,
            const json_t *metadata, const json_t *content)
{
    *d = (struct wire_draft){ 0 };
    add_header (&d->parts[WIRE_HEADER], author, type);
    add_json (&d->parts[WIRE_PARENT], parent);
    add_json (&d->parts[WIRE_METADATA], metadata);
    add_json (&d->parts[WIRE_CONTENT], content);
    sign (d, author);
}

void
wire_draft_replace (struct wire_draft *d, const struct wire_author *author, enum wire_part part, const char *text)
{
    strbuf_clear (&d->parts[part]);
    strbuf_adds (&d->parts[part], text);
    sign (d, author);
}

void
wire_draft_clear (struct wire_draft *d)
{
    for (int i = 0; i < WIRE_PARTS; i++)
        strbuf_free (&d->parts[i]);
}
