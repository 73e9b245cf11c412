/* Fuzz target: lines as the frames of a Jupyter message. Whatever comes in is refused with a reason or has a type and
 * an id; an answer to it, signed by us, is read back as what was written; the same with one byte changed is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/vec.h"
#include "kernel/wire.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

struct frames {
    wire_frame *items;
    size_t len, cap;
};

static void
must (bool holds)
{
    if (!holds)
        abort ();
}

static void
split (struct arena *a, const uint8_t *data, size_t size, struct frames *frames)
{
    const uint8_t *end = data + size;
    for (const uint8_t *at = data, *next; at <= end; at = next + 1) {
        next = at < end ? memchr (at, '\n', (size_t) (end - at)) : NULL;
        if (!next)
            next = end;
        vec_push (a, frames, ((wire_frame){ at, (size_t) (next - at) }));
    }
}

/* The frames of a draft, as they would arrive. */
static void
lay_out (struct arena *a, const struct wire_draft *d, struct frames *out)
{
    vec_push (a, out, wire_delimiter);
    vec_push (a, out, ((wire_frame){ d->signature, strlen (d->signature) }));
    for (int i = 0; i < WIRE_PARTS; i++)
        vec_push (a, out, ((wire_frame){ d->parts[i].data, d->parts[i].len }));
}

static void
answer (struct arena *a, const struct wire_message *m, const struct hmac *key, const uint8_t *noise, size_t size)
{
    struct wire_author author;
    struct wire_draft d;
    struct wire_message back;
    struct frames frames = { 0 };
    const char *why = NULL;
    json_auto_t *content = wire_parse (m, WIRE_CONTENT);
    wire_author_init (&author, key);
    wire_write (&d, &author, "fuzz_reply", m->header, NULL, content);
    lay_out (a, &d, &frames);
    must (wire_read (&back, frames.items, frames.len, key, &why));
    json_auto_t *parent = wire_parse (&back, WIRE_PARENT), *same = wire_parse (&back, WIRE_CONTENT);
    must (json_equal (parent, m->header));
    must (!content || json_equal (content, same));
    wire_clear (&back);
    struct strbuf *changed = &d.parts[noise[0] % WIRE_PARTS];
    changed->data[noise[size - 1] % changed->len] ^= 1;
    must (!wire_read (&back, frames.items, frames.len, key, &why) && why);
    wire_draft_clear (&d);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct arena *a = arena_create ();
    struct hmac *key = hmac_create ("key", 3);
    struct frames frames = { 0 };
    struct wire_message m;
    const char *why = NULL;
    split (a, data, size, &frames);
    if (wire_read (&m, frames.items, frames.len, NULL, &why)) {
        must (m.type && m.id && m.n_identities + 2 + WIRE_PARTS <= frames.len);
        for (int i = 0; i < WIRE_PARTS; i++)
            json_decref (wire_parse (&m, i));
        answer (a, &m, key, data, size);
        wire_clear (&m);
    } else
        must (why);
    vec_foreach (frame, &frames) {
        char type[64] = "";
        must (!wire_peek_type (frame, type, sizeof type) || strlen (type) < sizeof type);
    }
    hmac_destroy (key);
    arena_destroy (a);
    return 0;
}
