/* See registry_login.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/registry_login.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "client/registry.h"
#include "doc/json_text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HELPER_SECONDS 30

/* What was found: a name and a password, or a token that is exchanged for others. */
struct login {
    const char *user, *password, *identity;
};

/* ---- files ------------------------------------------------------------------------------------------------------ */

static void
add_file (struct arena *a, struct vec_str *files, const char *directory, const char *name)
{
    if (directory && *directory)
        vec_push (a, files, name ? fs_join (a, directory, name) : directory);
}

static void
list_files (struct arena *a, struct vec_str *files)
{
    add_file (a, files, getenv ("REGISTRY_AUTH_FILE"), NULL);
    add_file (a, files, getenv ("XDG_RUNTIME_DIR"), "containers/auth.json");
    add_file (a, files, getenv ("XDG_CONFIG_HOME"), "containers/auth.json");
    add_file (a, files, getenv ("HOME"), ".config/containers/auth.json");
    add_file (a, files, getenv ("DOCKER_CONFIG"), "config.json");
    add_file (a, files, getenv ("HOME"), ".docker/config.json");
}

/* One file; NULL if it isn't there or isn't JSON: then nobody is logged in by it. */
static json_t *
read_file (const char *path)
{
    cleanup_free char *data = NULL;
    size_t len;
    bool read = fs_exists (path) && !fs_is_dir (path) && fs_read (path, &data, &len, NULL) == 0;
    return read ? json_text_parse (data, len, NULL, NULL) : NULL;
}

/* Names under which a login may be kept, best first: "host/team/train", "host/team", "host", and Docker's old ones. */
static void
list_keys (struct arena *a, const struct registry_login_request *rq, struct vec_str *keys)
{
    char *key = arena_printf (a, "%s/%s", rq->host, rq->path);
    for (char *slash = key + strlen (key); slash; slash = strrchr (key, '/')) {
        *slash = '\0';
        vec_push (a, keys, arena_strdup (a, key));
    }
    if (strcmp (rq->host, "docker.io") == 0) {
        vec_push (a, keys, "https://index.docker.io/v1/");
        vec_push (a, keys, "index.docker.io");
        vec_push (a, keys, "registry-1.docker.io");
    }
    vec_push (a, keys, arena_printf (a, "https://%s", rq->host));
    vec_push (a, keys, arena_printf (a, "https://%s/v1/", rq->host));
    vec_push (a, keys, arena_printf (a, "https://%s/v2/", rq->host));
}

static bool
read_auth (struct arena *a, const json_t *auth, struct login *login)
{
    const char *both = json_string_value (json_object_get (auth, "auth"));
    const char *identity = json_string_value (json_object_get (auth, "identitytoken"));
    size_t n;
    char *text = both ? base64_decode (a, both, &n) : NULL, *colon = text ? strchr (text, ':') : NULL;
    if (identity && *identity)
        login->identity = arena_strdup (a, identity);
    if (colon) {
        *colon = '\0';
        login->user = text;
        login->password = colon + 1;
    }
    return login->identity || colon;
}

/* ---- helpers ---------------------------------------------------------------------------------------------------- */

/* docker-credential-NAME get: the server's address on standard input, {"Username", "Secret"} on standard output. One
 * that knows nothing of it fails, which is no error here. */
static bool
ask_helper (struct arena *a, const char *name, const char *key, struct login *login)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *program = arena_printf (a, "docker-credential-%s", name);
    const char *const argv[] = { program, "get", NULL };
    int ends[2];
    if (strchr (name, '/') || pipe2 (ends, O_CLOEXEC) < 0)
        return false;
    bool told = write (ends[1], key, strlen (key)) == (ssize_t) strlen (key);
    close (ends[1]);
    const struct proc_options o = { .argv = argv, .in = ends[0], .out = -1, .err = -1, .three = -1 };
    int status = proc_capture (&o, HELPER_SECONDS, &out, NULL);
    close (ends[0]);
    json_auto_t *answer = told && status == 0 ? json_text_parse (strbuf_str (&out), out.len, NULL, NULL) : NULL;
    const char *user = json_string_value (json_object_get (answer, "Username"));
    const char *secret = json_string_value (json_object_get (answer, "Secret"));
    if (!user || !secret)
        return false;
    if (strcmp (user, "<token>") == 0)
        login->identity = arena_strdup (a, secret);
    else
        *login = (struct login){ .user = arena_strdup (a, user), .password = arena_strdup (a, secret) };
    return true;
}

static bool
look_in (struct arena *a, const json_t *file, const struct vec_str *keys, struct login *login)
{
    const char *store = json_string_value (json_object_get (file, "credsStore"));
    vec_foreach (key, keys) {
        const char *helper = json_string_value (json_object_get (json_object_get (file, "credHelpers"), *key));
        if (read_auth (a, json_object_get (json_object_get (file, "auths"), *key), login)
            || (helper && ask_helper (a, helper, *key, login)))
            return true;
    }
    vec_foreach (key, keys)
        if (store && json_object_get (json_object_get (file, "auths"), *key) && ask_helper (a, store, *key, login))
            return true;
    return false;
}

static bool
find_login (struct arena *a, const struct registry_login_request *rq, struct login *login)
{
    struct vec_str files = { 0 }, keys = { 0 };
    list_files (a, &files);
    list_keys (a, rq, &keys);
    vec_foreach (path, &files) {
        json_auto_t *file = read_file (*path);
        if (file && look_in (a, file, &keys, login))
            return true;
    }
    return false;
}

/* ---- answers to a challenge ------------------------------------------------------------------------------------- */

/* The value of NAME="…" in a challenge; "" if it isn't there. */
static const char *
challenge_value (struct arena *a, const char *challenge, const char *name)
{
    size_t n = strlen (name);
    for (const char *at = challenge; (at = strcasestr (at, name)); at += n)
        if (strncmp (at + n, "=\"", 2) == 0 && (at == challenge || strchr (" ,\t", at[-1])))
            return arena_strndup (a, at + n + 2, strcspn (at + n + 2, "\""));
    return "";
}

static const char *
basic_header (struct arena *a, const struct login *login)
{
    const char *both = arena_printf (a, "%s:%s", login->user, login->password);
    return arena_printf (a, "Authorization: Basic %s", base64_encode (a, both, strlen (both)));
}

static bool
may_have_secrets (struct arena *a, const char *url)
{
    if (strncasecmp (url, "https://", 8) == 0)
        return true;
    return strncasecmp (url, "http://", 7) == 0
        && registry_is_local (arena_strndup (a, url + 7, strcspn (url + 7, "/?#")));
}

/* GET with a name and password (or none), or POST with what stands for them (OAuth 2's refresh_token). */
static int
ask_token (struct arena *a, struct http *h, const char *realm, const char *service, const char *scope,
           const char *identity, struct http_reply *reply, struct error *err)
{
    const char *query = arena_printf (a, "service=%s&scope=%s", http_escape (a, service), http_escape (a, scope));
    const char *body = arena_printf (a, "grant_type=refresh_token&client_id=chard&%s&refresh_token=%s", query,
                                     http_escape (a, identity ? identity : ""));
    const struct http_request get = { .method = "GET",
                                      .url = arena_printf (a, "%s%c%s", realm, strchr (realm, '?') ? '&' : '?',
                                                                            query) };
    const struct http_request post = { .method = "POST", .url = realm, .body = body, .body_len = strlen (body),
                                       .repeatable = true,
                                       .content_type = "application/x-www-form-urlencoded" };
    const struct http_request *rq = identity ? &post : &get;
    return http_ask (h, rq, reply, err);
}

static const char *
read_token (struct arena *a, const struct http_reply *reply)
{
    static const char *const keys[] = { "token", "access_token" };
    json_auto_t *j = json_text_parse (strbuf_str (&reply->body), reply->body.len, NULL, NULL);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *token = json_string_value (json_object_get (j, keys[i]));
        if (token && *token)
            return arena_printf (a, "Authorization: Bearer %s", token);
    }
    return NULL;
}

static const char *
bearer_header (struct arena *a, const struct http_settings *s, const struct registry_login_request *rq,
               const struct login *login, struct error *err)
{
    const char *realm = challenge_value (a, rq->challenge, "realm"), *scope = challenge_value (a, rq->challenge,
                                                                                               "scope");
    struct http_settings settings = { .ca = s->ca, .proxy = s->proxy };
    struct http_reply reply;
    if (!*scope)
        scope = arena_printf (a, "repository:%s:pull", rq->path);
    if (!may_have_secrets (a, realm)) {
        error_set (err, ERROR_ENVIRONMENT, "the registry %s sends us to “%s” for a token, which isn't https", rq->host,
                   realm);
        return NULL;
    }
    if (login->user)
        vec_push (a, &settings.headers, basic_header (a, login));
    struct http *h = http_create (&settings);
    const char *header = NULL;
    if (ask_token (a, h, realm, challenge_value (a, rq->challenge, "service"), scope, login->identity, &reply, err) == 0
        && !(header = read_token (a, &reply)))
        error_set (err, ERROR_ENVIRONMENT, "the registry %s gets its tokens from %s, and there is none in the answer",
                   rq->host, realm);
    http_reply_clear (&reply);
    http_destroy (h);
    return header;
}

const char *
registry_login_header (struct arena *a, const struct http_settings *s, const struct registry_login_request *rq,
                       struct error *err)
{
    struct login login = { 0 };
    bool found = find_login (a, rq, &login);
    if (strncasecmp (rq->challenge, "Bearer", 6) == 0)
        return bearer_header (a, s, rq, &login, err);
    if (found && login.user)
        return basic_header (a, &login);
    error_set (err, ERROR_ENVIRONMENT, "the registry %s wants a login: docker login %s, or podman or buildah login",
               rq->host, rq->host);
    return NULL;
}
