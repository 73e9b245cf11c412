/* See registry.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/registry.h"

#define ACCEPT                                                                                                         \
    "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "                   \
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"

int
registry_find (struct arena *a, const struct http_settings *s, const char *reference, const char **pinned,
               struct error *err)
{
    const char *slash = strchr (reference, '/'), *tag = slash ? strrchr (slash, ':') : NULL;
    if (!tag)
        return error_set (err, ERROR_USAGE, "%s names no registry and tag", reference);
    const char *host = arena_strndup (a, reference, (size_t) (slash - reference));
    const char *path = arena_strndup (a, slash + 1, (size_t) (tag - slash - 1));
    bool local = strncmp (host, "127.", 4) == 0 || strcmp (host, "localhost") == 0 || strncmp (host, "localhost:", 10) == 0;
    struct http_settings settings = { .ca = s->ca, .proxy = s->proxy };
    vec_push (a, &settings.headers, ACCEPT);
    struct http *h = http_create (&settings);
    const struct http_request rq = { .method = "HEAD", .url = arena_printf (a, "%s://%s/v2/%s/manifests/%s",
                                                                            local ? "http" : "https", host, path, tag + 1) };
    struct http_reply reply;
    int found = http_send (h, &rq, &reply, err);
    if (found == 0 && reply.status == 404)
        found = 0;
    else if (found == 0 && http_check (&rq, &reply, err) < 0)
        found = -1;
    else if (found == 0) {
        bool known = strncmp (reply.digest, "sha256:", 7) == 0;
        *pinned = known ? arena_printf (a, "%s/%s@%s", host, path, reply.digest) : reference;
        found = 1;
    }
    http_reply_clear (&reply);
    http_destroy (h);
    return found;
}
