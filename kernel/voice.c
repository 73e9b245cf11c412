/* See voice.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/voice.h"

#include "base/cleanup.h"

#include <stdio.h>

void
voice_init (struct voice *v, const struct hmac *key, struct socket *const *out, struct socket *const *in,
            struct askers *askers)
{
    *v = (struct voice){ .out = out, .in = in, .askers = askers };
    wire_author_init (&v->author, key);
}

void
voice_clear (struct voice *v)
{
    parcel_clear (&v->subscription);
}

void
voice_welcome (struct voice *v)
{
    while (socket_receive (v->out[CHANNEL_IOPUB], &v->subscription)) {
        const wire_frame *f = v->subscription.frames;
        if (v->subscription.len != 1 || f->len < 1 || ((const char *) f->data)[0] != 1)
            continue;
        wire_frame topic = { (const char *) f->data + 1, f->len - 1 };
        json_auto_t *content = json_pack ("{s:s%}", "subscription", topic.data, topic.len);
        if (!content) /* not UTF-8 */
            continue;
        struct wire_draft d;
        wire_write (&d, &v->author, "iopub_welcome", NULL, NULL, content);
        socket_send (v->out[CHANNEL_IOPUB], &topic, topic.len ? 1 : 0, &d);
        wire_draft_clear (&d);
    }
}

void
voice_publish (struct voice *v, const char *type, const json_t *parent, const json_t *content)
{
    struct wire_draft d;
    char topic[64];
    wire_frame identity = { topic, (size_t) snprintf (topic, sizeof topic, "kernel.chard.%s", type) };
    wire_write (&d, &v->author, type, parent, NULL, content);
    voice_welcome (v);
    socket_send (v->out[CHANNEL_IOPUB], &identity, 1, &d);
    wire_draft_clear (&d);
}

void
voice_status (struct voice *v, const json_t *parent, const char *state)
{
    json_auto_t *content = json_pack ("{s:s}", "execution_state", state);
    voice_publish (v, "status", parent, content);
}

void
voice_answer (struct voice *v, enum channel channel, const wire_frame *identities, size_t n, const json_t *parent,
              const char *type, const json_t *content)
{
    struct wire_draft d;
    wire_write (&d, &v->author, type, parent, NULL, content);
    socket_send (v->out[channel], identities, n, &d);
    wire_draft_clear (&d);
}

void
voice_request (struct voice *v, const wire_frame *sender, size_t n, const json_t *header, const char *type,
               const json_t *content)
{
    struct wire_draft d;
    wire_write (&d, &v->author, type, NULL, NULL, content);
    if (header) {
        cleanup_free char *text = json_dumps (header, JSON_COMPACT);
        wire_draft_replace (&d, &v->author, WIRE_HEADER, text);
    }
    json_auto_t *said = json_loadb (strbuf_str (&d.parts[WIRE_HEADER]), d.parts[WIRE_HEADER].len, 0, NULL);
    askers_note (v->askers, sender, n, said);
    socket_send (v->in[CHANNEL_SHELL], sender, n, &d);
    wire_draft_clear (&d);
}
