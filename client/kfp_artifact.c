/* Artifacts of runs on Kubeflow Pipelines. Its v2beta1 API has none of a version 2 pipeline; what is there is
 * - ML Metadata, which knows where they lie: gRPC-web through the user interface's server, at ENDPOINT/ml_metadata.*
 *   (protocol buffers: https://protobuf.dev/programming-guides/encoding/;
 *   ml_metadata/proto/metadata_store_service.proto), and
 * - the user interface's server, which hands out objects: ENDPOINT/artifacts/get, a directory as .tar.gz
 *   (frontend/server/handlers/artifacts.ts).
 * An artifact's URI ends in TASK/SALT/NAME (backend/src/v2/driver/driver.go), also where it was taken from the cache.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/kfp_api.h"

#include <stdint.h>

#define RUN_TYPE "system.PipelineRun"

enum {
    FETCH_SECONDS = 86400, /* for an artifact, as long as it isn't silent */
    FRAME = 5,             /* bytes before a message of gRPC-web: kind and length */
    TRAILER = 0x80,
};

/* ---- protocol buffers ------------------------------------------------------------------------------------------- */

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static void
add_varint (struct strbuf *out, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        strbuf_addc (out, (char) (n | 0x80));
    strbuf_addc (out, (char) n);
}

static void
add_text (struct strbuf *out, unsigned field, const char *text)
{
    add_varint (out, field << 3 | WIRE_BYTES);
    add_varint (out, strlen (text));
    strbuf_adds (out, text);
}

static void
add_number (struct strbuf *out, unsigned field, uint64_t n)
{
    add_varint (out, field << 3 | WIRE_VARINT);
    add_varint (out, n);
}

/* A message that is read, or what is left of it. */
struct span {
    const unsigned char *at, *end;
};

/* One field of it. */
struct field {
    unsigned number;
    uint64_t value;    /* of varints */
    struct span bytes; /* of texts and messages */
};

static bool
read_varint (struct span *s, uint64_t *n)
{
    *n = 0;
    for (unsigned shift = 0; s->at < s->end && shift < 64; shift += 7) {
        unsigned char c = *s->at++;
        *n |= (uint64_t) (c & 0x7f) << shift;
        if (c < 0x80)
            return true;
    }
    return false;
}

/* The next field; false at the end, or where it isn't one. */
static bool
read_field (struct span *s, struct field *f)
{
    uint64_t key, n = 0;
    *f = (struct field){ 0 };
    if (!read_varint (s, &key))
        return false;
    f->number = (unsigned) (key >> 3);
    switch ((enum wire) (key & 7)) {
    case WIRE_VARINT: return read_varint (s, &f->value);
    case WIRE_FIXED64: n = 8; break;
    case WIRE_FIXED32: n = 4; break;
    case WIRE_BYTES:
        if (!read_varint (s, &n))
            return false;
        break;
    default: return false;
    }
    if (n > (uint64_t) (s->end - s->at))
        return false;
    f->bytes = (struct span){ s->at, s->at + n };
    s->at += n;
    return true;
}

/* ---- ML Metadata ------------------------------------------------------------------------------------------------ */

/* The message in a reply of gRPC-web, whose trailer must say 0. */
static int
read_frames (struct strbuf *body, struct span *message, const char *name, struct error *err)
{
    const unsigned char *data = (const unsigned char *) strbuf_str (body);
    bool ok = false;
    *message = (struct span){ data, data };
    for (size_t at = 0; at + FRAME <= body->len;) {
        const unsigned char *h = data + at;
        size_t n = (size_t) h[1] << 24 | (size_t) h[2] << 16 | (size_t) h[3] << 8 | h[4];
        if (n > body->len - at - FRAME)
            break;
        if (h[0] == 0)
            *message = (struct span){ h + FRAME, h + FRAME + n };
        else if (h[0] == TRAILER)
            ok = n >= 13 && memmem (h + FRAME, n, "grpc-status:0", 13);
        at += FRAME + n;
    }
    return ok ? 0 : error_set (err, ERROR_ENVIRONMENT, "%s: ML Metadata doesn't answer as it should", name);
}

/* Calls `method` with a message; `body` then holds the answer, in which `message` points. */
static int
call_store (struct kfp *k, const char *method, const struct strbuf *asked, struct strbuf *body, struct span *message,
            struct error *err)
{
    cleanup_strbuf struct strbuf framed = { 0 };
    const unsigned char head[FRAME] = { 0, (unsigned char) (asked->len >> 24), (unsigned char) (asked->len >> 16),
                                        (unsigned char) (asked->len >> 8), (unsigned char) asked->len };
    strbuf_add (&framed, (const char *) head, FRAME);
    strbuf_add (&framed, asked->data, asked->len);
    const struct http_request rq = { .method = "POST", .body = framed.data, .body_len = framed.len, .repeatable = true,
                                     .content_type = "application/grpc-web+proto",
                                     .url = arena_printf (k->arena, "%s/ml_metadata.MetadataStoreService/%s",
                                                          k->auth->endpoint, method) };
    struct http_reply reply;
    int status = http_ask (k->http, &rq, &reply, err);
    if (status == 0) {
        strbuf_add (body, strbuf_str (&reply.body), reply.body.len);
        status = read_frames (body, message, rq.url, err);
    }
    http_reply_clear (&reply);
    return status;
}

/* The id of the run's context; 0 if it isn't known there. */
static int
find_context (struct kfp *k, const char *run, uint64_t *id, struct error *err)
{
    cleanup_strbuf struct strbuf asked = { 0 }, body = { 0 };
    struct span message;
    struct field context, member;
    *id = 0;
    add_text (&asked, 1, RUN_TYPE);
    add_text (&asked, 2, run);
    if (call_store (k, "GetContextByTypeAndName", &asked, &body, &message, err) < 0)
        return -1;
    while (read_field (&message, &context))
        while (context.number == 1 && read_field (&context.bytes, &member))
            if (member.number == 1)
                *id = member.value;
    return 0;
}

/* Whether a URI ends in TASK/SALT/NAME. */
static bool
is_of (const char *uri, const char *task, const char *name)
{
    const char *last = strrchr (uri, '/'), *salt = last ? memrchr (uri, '/', (size_t) (last - uri)) : NULL;
    size_t n = strlen (task);
    return salt && strcmp (last + 1, name) == 0 && (size_t) (salt - uri) > n && strncmp (salt - n, task, n) == 0
           && salt[-(ptrdiff_t) n - 1] == '/';
}

/* Where an artifact lies, and what the user interface's server has to be told to get there: which of the namespace's
 * secrets hold the store's credentials. */
struct place {
    uint64_t id;
    const char *uri, *store; /* "": nothing is to be told */
};

static const char *
text_of (struct kfp *k, struct span bytes)
{
    return arena_strndup (k->arena, (const char *) bytes.at, (size_t) (bytes.end - bytes.at));
}

/* A member of the map custom_properties: what KFP's launcher notes of the store (backend/src/v2/metadata/client.go). */
static void
read_property (struct kfp *k, struct span entry, struct place *p)
{
    struct field f, value;
    const char *key = "";
    while (read_field (&entry, &f)) {
        if (f.number == 1)
            key = text_of (k, f.bytes);
        while (f.number == 2 && read_field (&f.bytes, &value))
            if (value.number == 3 && strcmp (key, "store_session_info") == 0)
                p->store = text_of (k, value.bytes);
    }
}

static struct place
read_artifact (struct kfp *k, struct span message)
{
    struct place p = { .uri = "", .store = "" };
    struct field f;
    while (read_field (&message, &f))
        switch (f.number) {
        case 1: p.id = f.value; break;
        case 3: p.uri = text_of (k, f.bytes); break;
        case 5: read_property (k, f.bytes, &p); break;
        default: break;
        }
    return p;
}

/* Finds a task's artifact, the last that there is: a task may have been tried again. */
static int
find_artifact (struct kfp *k, const char *run, const char *task, const char *name, struct place *found,
               struct error *err)
{
    cleanup_strbuf struct strbuf asked = { 0 }, body = { 0 };
    struct span message;
    struct field artifact;
    uint64_t context;
    *found = (struct place){ 0 };
    if (find_context (k, run, &context, err) < 0)
        return -1;
    add_number (&asked, 1, context);
    if (context && call_store (k, "GetArtifactsByContext", &asked, &body, &message, err) < 0)
        return -1;
    while (context && read_field (&message, &artifact)) {
        const struct place p = artifact.number == 1 ? read_artifact (k, artifact.bytes) : (struct place){ .uri = "" };
        if (p.id >= found->id && is_of (p.uri, task, name))
            *found = p;
    }
    return found->uri
        ? 0 : error_set (err, ERROR_NOTEBOOK, "ML Metadata knows no artifact %s of step %s yet", name, task);
}

/* ---- the bytes -------------------------------------------------------------------------------------------------- */

static int
fetch_from (struct kfp *k, const struct place *p, FILE *to, struct error *err)
{
    struct arena *a = k->arena;
    const char *uri = p->uri, *mark = strstr (uri, "://"), *bucket = mark ? mark + 3 : uri, *key = strchr (bucket, '/');
    if (!mark || !key)
        return error_set (err, ERROR_ENVIRONMENT, "the artifact lies at %s, which is no object store", uri);
    const char *source = arena_strndup (a, uri, (size_t) (mark - uri));
    const char *store = *p->store ? arena_printf (a, "&providerInfo=%s", http_escape (a, p->store)) : "";
    const struct http_request rq = {
        .method = "GET", .sink = to, .timeout = FETCH_SECONDS,
        .url = arena_printf (a, "%s/artifacts/get?source=%s&bucket=%s&key=%s%s%s", k->auth->endpoint,
                             strcmp (source, "gs") == 0 ? "gcs" : source,
                             http_escape (a, arena_strndup (a, bucket, (size_t) (key - bucket))),
                             http_escape (a, key + 1), kfp_namespace_query (k, "&"), store) };
    struct http_reply reply;
    int status = http_ask (k->http, &rq, &reply, err);
    http_reply_clear (&reply);
    if (status < 0 && *store)
        error_wrap (err, "the store at %s has credentials of its own, which the user interface's server takes from the "
                         "secret that KFP's launcher is configured with, if it may", uri);
    return status;
}

int
kfp_fetch (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step, const char *artifact,
           FILE *to, struct error *err)
{
    scoped_kfp struct kfp k = kfp_open (a, auth);
    const char *run = json_string_value (json_object_get (record, "run_id"));
    const char *task = json_string_value (json_object_get (step, "key"));
    struct place place;
    bool found = find_artifact (&k, run ? run : "", task ? task : "", artifact, &place, err) == 0;
    size_t i;
    json_t *part;
    json_array_foreach (json_object_get (step, "parts"), i, part) /* what took the step's place may have left it */
        found = found || find_artifact (&k, run ? run : "", json_string_value (part), artifact, &place, NULL) == 0;
    int status = found ? fetch_from (&k, &place, to, err) : -1;
    return status == 0 || err->kind != ERROR_ENVIRONMENT
               ? status
               : error_wrap (err, "Kubeflow Pipelines hands artifacts out at its user interface only, which must be "
                                              "the endpoint");
}
