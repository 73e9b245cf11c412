/* See kubeconfig.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/kubeconfig.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "doc/yaml.h"

#include <jansson.h>

enum { PLUGIN_SECONDS = 60 };

struct reader {
    struct arena *arena;
    const char *file, *dir;
    const json_t *root;
};

static const char *
text (const json_t *o, const char *key)
{
    const char *s = json_string_value (json_object_get (o, key));
    return s && *s ? s : NULL;
}

static const char *
copy (const struct reader *r, const json_t *o, const char *key)
{
    const char *s = text (o, key);
    return s ? arena_strdup (r->arena, s) : NULL;
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static const char *
find_file (struct arena *a)
{
    const char *paths = getenv ("KUBECONFIG"), *home = getenv ("HOME");
    for (const char *at = paths; at && *at; at += strcspn (at, ":") + (at[strcspn (at, ":")] == ':')) {
        const char *path = arena_strndup (a, at, strcspn (at, ":"));
        if (fs_exists (path))
            return path;
    }
    return arena_printf (a, "%s/.kube/config", home ? home : "");
}

/* The member `kind` of the element called `name` in one of the file's lists of {name, kind}. */
static const json_t *
find_named (const struct reader *r, const char *list, const char *kind, const char *name, struct error *err)
{
    size_t i;
    json_t *e;
    json_array_foreach (json_object_get (r->root, list), i, e)
        if (name && text (e, "name") && strcmp (text (e, "name"), name) == 0
            && json_is_object (json_object_get (e, kind)))
            return json_object_get (e, kind);
    error_set (err, ERROR_ENVIRONMENT, "%s has no %s “%s”", r->file, kind, name ? name : "");
    return NULL;
}

/* PEM text that stands as NAME-data in Base64, or in the file that NAME names. */
static int
read_pem (const struct reader *r, const json_t *o, const char *name, const char **pem, struct error *err)
{
    const char *data = text (o, arena_printf (r->arena, "%s-data", name)), *path = text (o, name);
    cleanup_free char *content = NULL;
    size_t len;
    if (data) {
        *pem = base64_decode (r->arena, data, &len);
        return *pem ? 0 : error_set (err, ERROR_ENVIRONMENT, "%s: %s-data is no Base64", r->file, name);
    }
    if (path && fs_read (fs_join (r->arena, r->dir, path), &content, &len, err) < 0)
        return -1;
    *pem = content ? arena_strndup (r->arena, content, len) : NULL;
    return 0;
}

/* ---- plugins ---------------------------------------------------------------------------------------------------- */

static const char *
plugin_path (const struct reader *r, const char *command)
{
    return strchr (command, '/') ? fs_join (r->arena, r->dir, command) : command;
}

/* What the plugin is told of what is wanted (client.authentication.k8s.io/v1): the cluster, if it asks. */
static char *
plugin_request (const struct reader *r, const json_t *exec, const struct kubeconfig *k)
{
    const char *version = text (exec, "apiVersion");
    const char *ca = k->ca ? base64_encode (r->arena, k->ca, strlen (k->ca)) : NULL;
    json_auto_t *info = json_pack ("{s:s,s:s,s:{s:b}}", "apiVersion",
                                   version ? version : "client.authentication.k8s.io/v1", "kind",
                                   "ExecCredential", "spec", "interactive", false);
    if (json_is_true (json_object_get (exec, "provideClusterInfo")))
        json_object_set_new (json_object_get (info, "spec"), "cluster",
                             json_pack ("{s:s,s:s*}", "server", k->server, "certificate-authority-data", ca));
    return json_dumps (info, JSON_COMPACT);
}

static void
plugin_call (const struct reader *r, const json_t *exec, const struct kubeconfig *k, struct vec_str *argv,
             struct vec_str *env)
{
    cleanup_free char *request = plugin_request (r, exec, k);
    size_t i;
    json_t *e;
    vec_push (r->arena, argv, plugin_path (r, text (exec, "command")));
    json_array_foreach (json_object_get (exec, "args"), i, e)
        vec_push (r->arena, argv, json_string_value (e) ? json_string_value (e) : "");
    vec_push (r->arena, argv, NULL);
    json_array_foreach (json_object_get (exec, "env"), i, e)
        if (text (e, "name"))
            vec_push (r->arena, env,
                      arena_printf (r->arena, "%s=%s", text (e, "name"), text (e, "value") ? text (e, "value") : ""));
    vec_push (r->arena, env, arena_printf (r->arena, "KUBERNETES_EXEC_INFO=%s", request ? request : "{}"));
    vec_push (r->arena, env, NULL);
}

static int
run_plugin (const struct reader *r, const json_t *exec, struct kubeconfig *k, struct error *err)
{
    struct vec_str argv = { 0 }, env = { 0 };
    cleanup_strbuf struct strbuf out = { 0 };
    if (!text (exec, "command"))
        return error_set (err, ERROR_ENVIRONMENT, "%s: exec names no command", r->file);
    plugin_call (r, exec, k, &argv, &env);
    const struct proc_options o = { .argv = argv.items, .env = env.items, .in = -1, .err = STDERR_FILENO, .three = -1 };
    if (proc_capture (&o, PLUGIN_SECONDS, &out, err) < 0)
        return error_wrap (err, "the credentials plugin that %s names", r->file);
    json_auto_t *j = json_loadb (strbuf_str (&out), out.len, 0, NULL);
    const json_t *status = json_object_get (j, "status");
    k->token = copy (r, status, "token");
    if (text (status, "clientCertificateData"))
        k->cert = copy (r, status, "clientCertificateData");
    if (text (status, "clientKeyData"))
        k->key = copy (r, status, "clientKeyData");
    if (k->token || (k->cert && k->key))
        return 0;
    return error_set (err, ERROR_ENVIRONMENT,
                      "the credentials plugin %s printed no ExecCredential with a token or certificate", argv.items[0]);
}

/* ---- putting it together ---------------------------------------------------------------------------------------- */

static int
read_cluster (const struct reader *r, const json_t *cluster, struct kubeconfig *k, struct error *err)
{
    if (json_is_true (json_object_get (cluster, "insecure-skip-tls-verify")))
        return error_set (err, ERROR_ENVIRONMENT, "%s wants the cluster's certificate not to be verified, which Chard "
                                                  "refuses: give certificate-authority instead", r->file);
    k->server = copy (r, cluster, "server");
    k->proxy = copy (r, cluster, "proxy-url");
    k->tls_name = copy (r, cluster, "tls-server-name");
    if (!k->server)
        return error_set (err, ERROR_ENVIRONMENT, "%s: the cluster has no server", r->file);
    return read_pem (r, cluster, "certificate-authority", &k->ca, err);
}

static int
read_user (const struct reader *r, const json_t *user, struct kubeconfig *k, struct error *err)
{
    const char *file = text (user, "tokenFile");
    cleanup_free char *token = NULL;
    size_t len;
    if (read_pem (r, user, "client-certificate", &k->cert, err) < 0
        || read_pem (r, user, "client-key", &k->key, err) < 0)
        return -1;
    k->token = copy (r, user, "token");
    if (!k->token && file) {
        if (fs_read (fs_join (r->arena, r->dir, file), &token, &len, err) < 0)
            return -1;
        k->token = arena_strndup (r->arena, token, strcspn (token, "\r\n"));
    }
    k->user = copy (r, user, "username");
    k->password = k->user ? copy (r, user, "password") : NULL;
    if (!k->password)
        k->user = NULL;
    if (json_is_object (json_object_get (user, "exec")))
        return run_plugin (r, json_object_get (user, "exec"), k, err);
    if (json_object_get (user, "auth-provider"))
        return error_set (err, ERROR_ENVIRONMENT, "%s uses auth-provider, which Kubernetes has given up: use exec",
                          r->file);
    return 0;
}

static int
read_all (struct reader *r, const char *name, struct kubeconfig *k, struct error *err)
{
    name = name ? name : text (r->root, "current-context");
    const json_t *context = find_named (r, "contexts", "context", name, err);
    const json_t *cluster = context ? find_named (r, "clusters", "cluster", text (context, "cluster"), err) : NULL;
    if (!cluster || read_cluster (r, cluster, k, err) < 0)
        return -1;
    k->namespace = copy (r, context, "namespace");
    const json_t *user = text (context, "user") ? find_named (r, "users", "user", text (context, "user"), err) : NULL;
    return text (context, "user") ? (user ? read_user (r, user, k, err) : -1) : 0;
}

int
kubeconfig_read (struct arena *a, const char *file, const char *name, struct kubeconfig *k, struct error *err)
{
    struct reader r = { .arena = a, .file = file ? file : find_file (a) };
    struct kubeconfig found = { 0 };
    cleanup_free char *content = NULL;
    size_t len;
    if (fs_read (r.file, &content, &len, err) < 0)
        return -1;
    json_auto_t *root = yaml_parse (content, len, err);
    if (!root) {
        err->kind = ERROR_ENVIRONMENT;
        return error_wrap (err, "%s", r.file);
    }
    r.root = root;
    r.dir = fs_dirname (a, fs_absolute (a, r.file));
    if (read_all (&r, name, &found, err) < 0)
        return -1;
    *k = found;
    return 0;
}
