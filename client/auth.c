/* See auth.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/auth.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "client/dex.h"
#include "client/kubeconfig.h"

#include <ctype.h>
#include <stdlib.h>

#define KFP_TOKEN "/var/run/secrets/kubeflow/pipelines/token"
#define KFP_PROXY "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy"
#define POD_SECRETS "/var/run/secrets/kubernetes.io/serviceaccount/"

struct preparing {
    struct arena *arena;
    const struct context *context;
    struct auth *auth;
};

/* ---- secrets ---------------------------------------------------------------------------------------------------- */

/* A token without the line end that files have. */
static const char *
clean_token (struct arena *a, const char *s, const char *where, struct error *err)
{
    size_t n = strlen (s);
    while (n && isspace ((unsigned char) s[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char) s[i] < 32 || s[i] == 127) {
            error_set (err, ERROR_ENVIRONMENT, "the token in %s has more than one line", where);
            return NULL;
        }
    if (n)
        return arena_strndup (a, s, n);
    error_set (err, ERROR_ENVIRONMENT, "there is no token in %s", where);
    return NULL;
}

static const char *
read_token (struct arena *a, const char *path, struct error *err)
{
    cleanup_free char *content = NULL;
    size_t len;
    return fs_read (path, &content, &len, err) < 0 ? NULL : clean_token (a, content, path, err);
}

static const char *
context_token (struct arena *a, const struct context *c, struct error *err)
{
    if (c->token_file)
        return read_token (a, c->token_file, err);
    if (c->token)
        return clean_token (a, c->token, context_file (a), err);
    const char *value = getenv (c->token_env);
    return clean_token (a, value ? value : "", arena_printf (a, "the environment variable %s", c->token_env), err);
}

static int
add_header (struct preparing *p, const char *name, const char *value)
{
    if (!value)
        return -1;
    vec_push (p->arena, &p->auth->settings.headers, arena_printf (p->arena, "%s%s", name, value));
    return 0;
}

/* ---- the ways --------------------------------------------------------------------------------------------------- */

static int
use_nothing (struct preparing *p, struct error *err)
{
    (void) p, (void) err;
    return 0;
}

static int
use_token (struct preparing *p, struct error *err)
{
    return add_header (p, "Authorization: Bearer ", context_token (p->arena, p->context, err));
}

/* What a browser has after the login: "authservice_session=…", "oauth2_proxy_kubeflow=…". */
static int
use_cookie (struct preparing *p, struct error *err)
{
    return add_header (p, "Cookie: ", context_token (p->arena, p->context, err));
}

static const char *
read_pem (struct preparing *p, const char *path, struct error *err)
{
    cleanup_free char *content = NULL;
    size_t len;
    return fs_read (path, &content, &len, err) < 0 ? NULL : arena_strndup (p->arena, content, len);
}

/* A pod's own identity: KFP wants a token for itself, projected into the pod; the Kubernetes API that of the
 * account. */
static int
use_pod (struct preparing *p, struct error *err)
{
    const char *kfp = getenv ("KF_PIPELINES_SA_TOKEN_PATH"), *host = getenv ("KUBERNETES_SERVICE_HOST");
    const char *port = getenv ("KUBERNETES_SERVICE_PORT");
    if (strcmp (p->context->target, "kfp") == 0) {
        if (!p->auth->endpoint)
            p->auth->endpoint = "http://ml-pipeline.kubeflow:8888";
        const char *path = kfp && *kfp ? kfp : KFP_TOKEN;
        if (!fs_exists (path))
            return error_set (err, ERROR_ENVIRONMENT, "auth in-cluster is for pods that have a token for Kubeflow "
                                                      "Pipelines, and there is no %s: Kubeflow's PodDefault "
                                                      "access-ml-pipeline puts it there", path);
        return add_header (p, "Authorization: Bearer ", read_token (p->arena, path, err));
    }
    if (!p->auth->endpoint && !host)
        return error_set (err, ERROR_ENVIRONMENT, "auth in-cluster is for pods, and this is none: there is no "
                                                  "KUBERNETES_SERVICE_HOST");
    if (!p->auth->endpoint) {
        bool v6 = strchr (host, ':');
        p->auth->endpoint = arena_printf (p->arena, "https://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "",
                                          port ? port : "443");
        p->auth->kubernetes = true;
        p->auth->settings.ca = read_pem (p, POD_SECRETS "ca.crt", err);
        if (!p->auth->settings.ca)
            return -1;
    }
    if (!p->auth->namespace)
        p->auth->namespace = read_token (p->arena, POD_SECRETS "namespace", NULL);
    return add_header (p, "Authorization: Bearer ", read_token (p->arena, POD_SECRETS "token", err));
}

/* KFP is reached through the API server's proxy, Argo's objects are the API server's own. */
static int
use_kubeconfig (struct preparing *p, struct error *err)
{
    struct kubeconfig k;
    if (kubeconfig_read (p->arena, p->context->kubeconfig, p->context->kube_context, &k, err) < 0)
        return -1;
    bool kfp = strcmp (p->context->target, "kfp") == 0;
    if (!p->auth->endpoint) {
        p->auth->kubernetes = !kfp;
        p->auth->endpoint = arena_printf (p->arena, "%s%s", k.server, kfp ? KFP_PROXY : "");
    }
    if (!p->auth->namespace)
        p->auth->namespace = k.namespace;
    p->auth->settings.ca = k.ca;
    p->auth->settings.cert = k.cert;
    p->auth->settings.key = k.key;
    p->auth->settings.proxy = k.proxy;
    p->auth->settings.tls_name = k.tls_name;
    if (k.token)
        return add_header (p, "Authorization: Bearer ", k.token);
    if (k.user) {
        const char *both = arena_printf (p->arena, "%s:%s", k.user, k.password);
        return add_header (p, "Authorization: Basic ", base64_encode (p->arena, both, strlen (both)));
    }
    return 0;
}

/* A login with user name and password where it is wanted; the secret is the password. */
static int
use_dex (struct preparing *p, struct error *err)
{
    struct dex *d = arena_new (p->arena, struct dex);
    *d = (struct dex){ .arena = p->arena, .context = p->context, .endpoint = p->context->endpoint };
    d->password = context_token (p->arena, p->context, err);
    if (d->password)
        dex_use (d, &p->auth->settings);
    return d->password ? 0 : -1;
}

static const struct {
    const char *name;
    int (*use) (struct preparing *p, struct error *err);
} ways[] = {
    { "none", use_nothing },    { "token", use_token },           { "cookie", use_cookie },
    { "in-cluster", use_pod }, { "kubeconfig", use_kubeconfig }, { "dex", use_dex },
};

int
auth_prepare (struct arena *a, const struct context *c, struct auth *auth, struct error *err)
{
    struct auth found = { .endpoint = c->endpoint, .namespace = c->namespace };
    struct preparing p = { a, c, &found };
    for (size_t i = 0; c->auth && i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp (ways[i].name, c->auth) == 0 && ways[i].use (&p, err) < 0)
            return error_wrap (err, "context %s", c->name);
    if (c->ca && !(found.settings.ca = read_pem (&p, c->ca, err)))
        return error_wrap (err, "context %s", c->name);
    if (c->proxy)
        found.settings.proxy = c->proxy;
    size_t n = strlen (found.endpoint);
    while (n && found.endpoint[n - 1] == '/')
        n--;
    found.endpoint = arena_strndup (a, found.endpoint, n);
    *auth = found;
    return 0;
}
