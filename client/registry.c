/* See registry.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/registry.h"

#include "client/registry_login.h"

#define ACCEPT                                                                                                         \
    "Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "                   \
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json"

/* ---- names ------------------------------------------------------------------------------------------------------ */

struct registry_reference
registry_parse (struct arena *a, const char *reference)
{
    struct registry_reference r = { .host = "docker.io", .tag = "latest" };
    const char *slash = strchr (reference, '/'), *rest = reference, *at = strchr (reference, '@');
    const char *first = slash ? arena_strndup (a, reference, (size_t) (slash - reference)) : "";
    if (strpbrk (first, ".:") || strcmp (first, "localhost") == 0) {
        r.host = first;
        rest = slash + 1;
    }
    if (at)
        r.digest = arena_strdup (a, at + 1);
    char *path = arena_strndup (a, rest, at ? (size_t) (at - rest) : strlen (rest));
    char *last = strrchr (path, '/'), *colon = strchr (last ? last : path, ':');
    if (colon) {
        *colon = '\0';
        r.tag = colon + 1;
    }
    r.path = strcmp (r.host, "docker.io") == 0 && !last ? arena_printf (a, "library/%s", path) : path;
    return r;
}

bool
registry_is_local (const char *host)
{
    return strncmp (host, "127.", 4) == 0 || strcmp (host, "localhost") == 0 || strncmp (host, "localhost:", 10) == 0
           || strncmp (host, "[::1]", 5) == 0;
}

const char *
registry_url (struct arena *a, const char *host)
{
    if (strcmp (host, "docker.io") == 0)
        host = "registry-1.docker.io"; /* known by another name than it has */
    return arena_printf (a, "%s://%s/v2", registry_is_local (host) ? "http" : "https", host);
}

/* ---- one question ----------------------------------------------------------------------------------------------- */

struct asking {
    struct arena *arena;
    struct http_settings settings;
    struct registry_reference name;
    struct http_request request;
};

static int
ask (struct asking *q, struct http_reply *reply, struct error *err)
{
    struct http *h = http_create (&q->settings);
    int status = http_send (h, &q->request, reply, err);
    http_destroy (h);
    return status;
}

/* First without credentials: who wants some says which kind. */
static int
ask_with_login (struct asking *q, struct http_reply *reply, struct error *err)
{
    const struct registry_login_request wanted = { .host = q->name.host, .path = q->name.path,
                                                   .challenge = arena_strdup (q->arena, reply->challenge) };
    const char *header = registry_login_header (q->arena, &q->settings, &wanted, err);
    if (!header)
        return -1;
    vec_push (q->arena, &q->settings.headers, header);
    http_reply_clear (reply);
    return ask (q, reply, err);
}

int
registry_find (struct arena *a, const struct http_settings *s, const char *reference, const char **pinned,
               struct error *err)
{
    struct asking q = { .arena = a, .settings = { .ca = s->ca, .proxy = s->proxy },
                        .name = registry_parse (a, reference) };
    struct http_reply reply;
    if (q.name.digest)
        return *pinned = reference, 1;
    vec_push (a, &q.settings.headers, ACCEPT);
    q.request = (struct http_request){ .method = "HEAD", .url = arena_printf (a, "%s/%s/manifests/%s",
                                           registry_url (a, q.name.host), q.name.path, q.name.tag) };
    int found = ask (&q, &reply, err);
    if (found == 0 && reply.status == 401 && reply.challenge[0])
        found = ask_with_login (&q, &reply, err);
    if (found == 0 && reply.status != 404 && http_check (&q.request, &reply, err) < 0)
        found = -1;
    else if (found == 0 && reply.status != 404) {
        bool known = strncmp (reply.digest, "sha256:", 7) == 0;
        *pinned = known ? arena_printf (a, "%s/%s@%s", q.name.host, q.name.path, reply.digest) : reference;
        found = 1;
    }
    http_reply_clear (&reply);
    return found < 0 ? error_wrap (err, "image %s", reference) : found;
}
