/* See context.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/context.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "client/dex.h"
#include "client/url.h"
#include "doc/yaml.h"

#include <jansson.h>
#include <sys/stat.h>

#define KEY(field) #field, offsetof (struct context, field)

const struct context_key context_keys[] = {
    { KEY (target), "kfp|argo" },
    { KEY (endpoint), NULL },
    { KEY (namespace), NULL },
    { KEY (registry), NULL },
    { KEY (builder), "buildah|podman|docker|in-cluster" },
    { KEY (experiment), NULL },
    { KEY (service_account), NULL },
    { KEY (auth), "none|token|cookie|in-cluster|kubeconfig|dex" },
    { KEY (username), NULL },
    { KEY (connector), NULL },
    { KEY (token), NULL },
    { KEY (token_file), NULL },
    { KEY (token_env), NULL },
    { KEY (kubeconfig), NULL },
    { KEY (kube_context), NULL },
    { KEY (ca), NULL },
    { KEY (proxy), NULL },
    { 0 },
};

static const char **
field_of (struct context *c, const struct context_key *k)
{
    return (const char **) ((char *) c + k->offset);
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

const char *
context_file (struct arena *a)
{
    const char *config = getenv ("XDG_CONFIG_HOME"), *home = getenv ("HOME");
    if (config && config[0] == '/')
        return fs_join (a, config, "chard/config.yaml");
    return arena_printf (a, "%s/.config/chard/config.yaml", home ? home : "");
}

/* An object with an object "contexts"; empty if there is no file. */
static json_t *
read_document (struct arena *a, struct error *err)
{
    const char *path = context_file (a);
    cleanup_free char *text = NULL;
    size_t len;
    if (!fs_exists (path))
        return json_pack ("{s:{}}", "contexts");
    if (fs_read (path, &text, &len, err) < 0)
        return NULL;
    json_t *j = yaml_parse (text, len, err);
    if (json_is_null (j))
        json_decref (j), j = json_object ();
    if (j && !json_object_get (j, "contexts"))
        json_object_set_new (j, "contexts", json_object ());
    if (json_is_object (json_object_get (j, "contexts")))
        return j;
    if (j)
        error_set (err, ERROR_USAGE, "`contexts` is no mapping of names");
    json_decref (j);
    error_wrap (err, "%s", path);
    return NULL;
}

/* Nobody but the owner ever sees it. */
static int
write_document (struct arena *a, const json_t *j, struct error *err)
{
    const char *path = context_file (a);
    cleanup_strbuf struct strbuf text = { 0 };
    yaml_print (j, &text);
    mode_t mask = umask (077);
    int status = fs_mkdirs (fs_dirname (a, path), err);
    if (status == 0 && fs_exists (path) && chmod (path, 0600) < 0)
        status = error_errno (err, "%s", path);
    if (status == 0)
        status = fs_write (path, strbuf_str (&text), text.len, err);
    umask (mask);
    return status;
}

static bool
is_choice (const char *choices, const char *value)
{
    size_t n = strlen (value);
    for (const char *at = choices; at; at = strchr (at, '|') ? strchr (at, '|') + 1 : NULL)
        if (strcspn (at, "|") == n && memcmp (at, value, n) == 0)
            return true;
    return !choices;
}

static int
read_key (struct arena *a, struct context *c, const char *key, const json_t *value, struct error *err)
{
    for (const struct context_key *k = context_keys; k->name; k++) {
        if (strcmp (k->name, key) != 0)
            continue;
        const char *text = json_string_value (value);
        if (!text || strlen (text) != json_string_length (value))
            return error_set (err, ERROR_USAGE, "`%s` is no text", key);
        if (!is_choice (k->choices, text))
            return error_set (err, ERROR_USAGE, "`%s` is one of %s, not `%s`", key, k->choices, text);
        *field_of (c, k) = arena_strdup (a, text);
        return 0;
    }
    return error_set (err, ERROR_USAGE, "`%s` is no key of a context", key);
}

static int
read_context (struct arena *a, const char *name, const json_t *value, struct context *c, struct error *err)
{
    const char *key;
    json_t *member;
    *c = (struct context){ .name = arena_strdup (a, name) };
    if (!json_is_object (value))
        return error_set (err, ERROR_USAGE, "it is no mapping");
    json_object_foreach ((json_t *) value, key, member)
        if (read_key (a, c, key, member, err) < 0)
            return -1;
    return 0;
}

static int
check_permissions (const char *path, const struct contexts *all, struct error *err)
{
    struct stat st;
    bool secret = false;
    vec_foreach (c, all)
        secret |= c->token != NULL;
    if (secret && stat (path, &st) == 0 && (st.st_mode & 077))
        return error_set (err, ERROR_USAGE, "it holds a token, and others can read it: chmod 600 %s", path);
    return 0;
}

static int
read_contexts (struct arena *a, const json_t *j, struct contexts *all, struct error *err)
{
    const char *name, *current = json_string_value (json_object_get (j, "current"));
    json_t *value;
    struct contexts found = { .current = current ? arena_strdup (a, current) : NULL };
    json_object_foreach (json_object_get (j, "contexts"), name, value) {
        struct context c;
        if (read_context (a, name, value, &c, err) < 0)
            return error_wrap (err, "context %s", name);
        vec_push (a, &found, c);
    }
    *all = found;
    return check_permissions (context_file (a), all, err);
}

int
context_read_all (struct arena *a, struct contexts *all, struct error *err)
{
    json_auto_t *j = read_document (a, err);
    if (!j)
        return -1;
    return read_contexts (a, j, all, err) < 0 ? error_wrap (err, "%s", context_file (a)) : 0;
}

int
context_read (struct arena *a, const char *name, struct context *c, struct error *err)
{
    struct contexts all = { 0 };
    const char *chosen = getenv ("CHARD_CONTEXT");
    if (context_read_all (a, &all, err) < 0)
        return -1;
    name = name ? name : chosen && *chosen ? chosen : all.current;
    if (!name)
        return error_set (err, ERROR_USAGE, "%s", all.len ? "no context is chosen: chard context use NAME"
                                                          : "there is no context yet: chard context add NAME --target "
                                                            "…");
    vec_foreach (each, &all)
        if (strcmp (each->name, name) == 0) {
            *c = *each;
            return context_check (c, err);
        }
    return error_set (err, ERROR_USAGE, "there is no context “%s”: chard context list shows them", name);
}

/* ---- what makes sense ------------------------------------------------------------------------------------------- */

static int
check_url (const char *what, const char *url, struct error *err)
{
    if (strncmp (url, "http://", 7) != 0 && strncmp (url, "https://", 8) != 0)
        return error_set (err, ERROR_USAGE, "the %s must begin with http:// or https://", what);
    struct arena *a = arena_create ();
    bool bare = strcmp (url_strip_credentials (a, url), url) == 0;
    arena_destroy (a);
    if (!bare)
        return error_set (err, ERROR_USAGE, "the %s must have no user name, password or query in it", what);
    return 0;
}

static bool
uses_token (const struct context *c)
{
    return c->auth
        && (strcmp (c->auth, "token") == 0 || strcmp (c->auth, "cookie") == 0 || strcmp (c->auth, "dex") == 0);
}

/* Whether the endpoint may be left out: the cluster says where it is. */
static bool
knows_endpoint (const struct context *c)
{
    return c->auth && (strcmp (c->auth, "kubeconfig") == 0 || strcmp (c->auth, "in-cluster") == 0);
}

int
context_check (const struct context *c, struct error *err)
{
    int sources = (c->token != NULL) + (c->token_file != NULL) + (c->token_env != NULL);
    struct error why = { 0 };
    if (!c->target)
        error_set (&why, ERROR_USAGE, "it has no target (--target kfp or argo)");
    else if (!c->endpoint && !knows_endpoint (c))
        error_set (&why, ERROR_USAGE, "it has no endpoint (--endpoint URL)");
    else if (uses_token (c) && sources != 1)
        error_set (&why, ERROR_USAGE, "auth %s needs one of --token-stdin, --token-file and --token-env", c->auth);
    else if (!uses_token (c) && sources)
        error_set (&why, ERROR_USAGE, "a token is for auth token, cookie or dex");
    else if (c->auth && strcmp (c->auth, "dex") == 0 && (!c->username || strcmp (c->target, "kfp") != 0))
        error_set (&why, ERROR_USAGE, "auth dex is for target kfp, and needs --username");
    else if (c->endpoint)
        check_url ("endpoint", c->endpoint, &why);
    if (!why.kind && c->proxy && *c->proxy)
        check_url ("proxy", c->proxy, &why);
    if (!why.kind)
        return 0;
    return error_set (err, ERROR_USAGE, "context %s: %s", c->name, why.text);
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

int
context_save (struct arena *a, const struct context *c, struct error *err)
{
    struct contexts before = { 0 };
    json_auto_t *j = NULL;
    if (context_check (c, err) < 0 || context_read_all (a, &before, err) < 0 || !(j = read_document (a, err)))
        return -1;
    json_t *value = json_object ();
    for (const struct context_key *k = context_keys; k->name; k++) {
        const char *text = *field_of ((struct context *) c, k);
        if (text && json_object_set_new (value, k->name, json_string (text)) < 0) {
            json_decref (value);
            return error_set (err, ERROR_USAGE, "context %s: the %s isn't valid UTF-8", c->name, k->name);
        }
    }
    if (json_object_set_new (json_object_get (j, "contexts"), c->name, value) < 0)
        return error_set (err, ERROR_USAGE, "the name isn't valid UTF-8");
    if (!before.current)
        json_object_set_new (j, "current", json_string (c->name));
    return write_document (a, j, err);
}

static json_t *
read_with (struct arena *a, const char *name, struct error *err)
{
    json_t *j = read_document (a, err);
    if (!j || json_object_get (json_object_get (j, "contexts"), name))
        return j;
    json_decref (j);
    error_set (err, ERROR_USAGE, "there is no context “%s”: chard context list shows them", name);
    return NULL;
}

int
context_use (struct arena *a, const char *name, struct error *err)
{
    json_auto_t *j = read_with (a, name, err);
    if (!j)
        return -1;
    json_object_set_new (j, "current", json_string (name));
    return write_document (a, j, err);
}

int
context_remove (struct arena *a, const char *name, struct error *err)
{
    json_auto_t *j = read_with (a, name, err);
    if (!j)
        return -1;
    json_object_del (json_object_get (j, "contexts"), name);
    dex_forget (a, name);
    const char *current = json_string_value (json_object_get (j, "current"));
    if (current && strcmp (current, name) == 0)
        json_object_del (j, "current");
    return write_document (a, j, err);
}
