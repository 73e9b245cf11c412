/* See ci.h. The documents are those of https://json.schemastore.org/github-workflow.json and of GitLab's CI/CD YAML
 * reference.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/ci.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <string.h>

#define VENV "\"$HOME/chard-venv/bin/python\""

/* What a variable of the jobs is: what the context says (its field), else what the forge is asked for. */
static const struct {
    const char *name, *github, *gitlab;
    size_t field; /* of struct context; 0: it isn't there to be said */
    const char *option; /* of `chard context add` that takes it, if it isn't empty; or NULL */
} variables[] = {
    { "CHARD_ENDPOINT", "${{ vars.CHARD_ENDPOINT }}", NULL, offsetof (struct context, endpoint), "endpoint" },
    { "CHARD_NAMESPACE", "${{ vars.CHARD_NAMESPACE }}", NULL, offsetof (struct context, namespace), "namespace" },
    { "CHARD_EXPERIMENT", "${{ vars.CHARD_EXPERIMENT }}", NULL, offsetof (struct context, experiment), "experiment" },
    { "CHARD_SERVICE_ACCOUNT", "${{ vars.CHARD_SERVICE_ACCOUNT }}", NULL, offsetof (struct context, service_account),
      "service-account" },
    { "CHARD_USERNAME", "${{ vars.CHARD_USERNAME }}", NULL, offsetof (struct context, username), "username" },
    { "CHARD_CONNECTOR", "${{ vars.CHARD_CONNECTOR }}", NULL, offsetof (struct context, connector), "connector" },
    { "CHARD_PROXY", "${{ vars.CHARD_PROXY }}", NULL, offsetof (struct context, proxy), "proxy" },
    { "CHARD_CA", "${{ vars.CHARD_CA }}", NULL, offsetof (struct context, ca), NULL },
    { "CHARD_KUBE_CONTEXT", "${{ vars.CHARD_KUBE_CONTEXT }}", NULL, offsetof (struct context, kube_context), NULL },
    { "CHARD_REGISTRY", "${{ vars.CHARD_REGISTRY || format('ghcr.io/{0}', github.repository) }}", "$CI_REGISTRY_IMAGE",
      offsetof (struct context, registry), NULL },
    { "REGISTRY_USER", "${{ secrets.REGISTRY_USER || github.actor }}", "$CI_REGISTRY_USER", 0, NULL },
    { "REGISTRY_PASSWORD", "${{ secrets.REGISTRY_PASSWORD || secrets.GITHUB_TOKEN }}", "$CI_REGISTRY_PASSWORD", 0,
      NULL },
};

/* How one logs in at the service: options of `chard context add`, and the secret that they want. */
static const struct login {
    const char *auth, *options, *secret;
} logins[] = {
    { "none", "", NULL },
    { "token", " --token-env CHARD_TOKEN", "CHARD_TOKEN" },
    { "cookie", " --auth cookie --token-env CHARD_TOKEN", "CHARD_TOKEN" },
    { "dex", " --auth dex --token-env CHARD_TOKEN", "CHARD_TOKEN" },
    { "in-cluster", " --auth in-cluster", NULL },
    { "kubeconfig",
      " --kubeconfig \"$HOME/chard-kubeconfig\" ${CHARD_KUBE_CONTEXT:+--kube-context \"$CHARD_KUBE_CONTEXT\"}",
      "CHARD_KUBECONFIG" },
};

/* ---- the shell's part ------------------------------------------------------------------------------------------- */

/* The text as one word of a shell. */
static const char *
quote (struct arena *a, const char *s)
{
    cleanup_strbuf struct strbuf out = { 0 };
    strbuf_addc (&out, '\'');
    for (; *s; s++)
        if (*s == '\'')
            strbuf_adds (&out, "'\\''");
        else
            strbuf_addc (&out, *s);
    strbuf_addc (&out, '\'');
    return arena_strdup (a, strbuf_str (&out));
}

static const char *
quote_all (struct arena *a, const struct vec_str *words)
{
    cleanup_strbuf struct strbuf out = { 0 };
    vec_foreach (w, words)
        strbuf_addf (&out, " %s", quote (a, *w));
    return arena_strdup (a, strbuf_str (&out));
}

static const struct login *
find_login (const struct ci_plan *plan)
{
    const char *auth = plan->context ? plan->context->auth : "token";
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++)
        if (auth && strcmp (logins[i].auth, auth) == 0)
            return &logins[i];
    return &logins[0];
}

/* The program that builds images logs in at the registry; a Job in the cluster has a login of its own. */
static void
add_registry_login (const struct ci_plan *plan, struct vec_str *lines)
{
    const char *said = plan->context ? plan->context->builder : NULL;
    if (said && strcmp (said, "in-cluster") == 0)
        return;
    vec_push (plan->arena, lines,
              arena_printf (plan->arena, "if [ -n \"$REGISTRY_PASSWORD\" ]; then printf %%s \"$REGISTRY_PASSWORD\" | "
                                         "%s login --username \"$REGISTRY_USER\" --password-stdin "
                                         "\"${registry%%%%/*}\"; fi",
                            said ? said : "buildah"));
}

/* The repository is somebody else's in a container, which Git (and libgit2) then wouldn't read. */
#define TRUST "git config --global --add safe.directory \"$PWD\""

static void
check_lines (const struct ci_plan *plan, struct vec_str *lines)
{
    struct arena *a = plan->arena;
    vec_push (a, lines, TRUST);
    if (plan->setup)
        vec_push (a, lines, plan->setup);
    vec_push (a, lines, arena_printf (a, "chard check --%s", quote_all (a, &plan->notebooks)));
}

/* Variables that are empty give no option. */
static const char *
context_line (const struct ci_plan *plan, const struct login *login)
{
    cleanup_strbuf struct strbuf line = { 0 };
    strbuf_addf (&line, "chard context add ci --target %s", plan->context ? plan->context->target : "kfp");
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (variables[i].option)
            strbuf_addf (&line, " ${%s:+--%s \"$%s\"}", variables[i].name, variables[i].option, variables[i].name);
    strbuf_addf (&line, " ${CHARD_CA:+--ca \"$HOME/chard-ca.pem\"} --registry \"$registry\"%s", login->options);
    return arena_strdup (plan->arena, strbuf_str (&line));
}

/* Images get the packages that the notebooks' environment has: one is made as requirements.txt says. */
static void
submit_lines (const struct ci_plan *plan, struct vec_str *lines)
{
    struct arena *a = plan->arena;
    const struct login *login = find_login (plan);
    vec_push (a, lines, TRUST);
    if (plan->setup)
        vec_push (a, lines, plan->setup);
    vec_push (a, lines, "python3 -m venv --system-site-packages \"$HOME/chard-venv\"");
    vec_foreach (file, &plan->requirements)
        vec_push (a, lines, arena_printf (a, VENV " -m pip install --quiet -r %s", quote (a, *file)));
    vec_push (a, lines, "registry=$(printf %s \"$CHARD_REGISTRY\" | tr A-Z a-z)");
    add_registry_login (plan, lines);
    if (login->secret && strcmp (login->secret, "CHARD_KUBECONFIG") == 0)
        vec_push (a, lines, "(umask 077; printf '%s\\n' \"$CHARD_KUBECONFIG\" > \"$HOME/chard-kubeconfig\")");
    vec_push (a, lines, "printf '%s\\n' \"$CHARD_CA\" > \"$HOME/chard-ca.pem\"");
    vec_push (a, lines, context_line (plan, login));
    vec_foreach (notebook, &plan->notebooks)
        vec_push (a, lines, arena_printf (a, "chard submit --context ci --python " VENV " --require-clean%s -- %s",
                                          plan->wait ? " --wait" : "", quote (a, *notebook)));
}

static const char *
said (const struct ci_plan *plan, size_t i)
{
    if (!plan->context || !variables[i].field)
        return NULL;
    if (variables[i].field == offsetof (struct context, ca)) /* a file of this machine */
        return plan->ca;
    return *(const char *const *) ((const char *) plan->context + variables[i].field);
}

/* `text` with each `from` replaced. */
static const char *
replace (struct arena *a, const char *text, const char *from, const char *to)
{
    cleanup_strbuf struct strbuf out = { 0 };
    for (const char *at; (at = strstr (text, from)); text = at + strlen (from)) {
        strbuf_add (&out, text, (size_t) (at - text));
        strbuf_adds (&out, to);
    }
    strbuf_adds (&out, text);
    return arena_strdup (a, strbuf_str (&out));
}

/* ---- GitHub ----------------------------------------------------------------------------------------------------- */

/* A text in which `${{` is no expression. */
static json_t *
github_text (struct arena *a, const char *text)
{
    return json_string (replace (a, text, "${{", "${{ '${{' }}"));
}

/* One shell for all lines: sh -e, or bash -e. */
static json_t *
github_steps (const struct ci_plan *plan, void (*add) (const struct ci_plan *, struct vec_str *))
{
    cleanup_strbuf struct strbuf script = { 0 };
    struct vec_str lines = { 0 };
    add (plan, &lines);
    vec_foreach (line, &lines)
        strbuf_addf (&script, "%s\n", *line);
    return json_pack ("[{s:s},{s:o}]", "uses", "actions/checkout@v4", "run",
                      github_text (plan->arena, strbuf_str (&script)));
}

static json_t *
github_job (const struct ci_plan *plan)
{
    json_t *job = json_pack ("{s:s}", "runs-on", "ubuntu-latest");
    if (!plan->setup)
        json_object_set_new (job, "container", plan->image ? github_text (plan->arena, plan->image)
                                                           : json_string ("${{ vars.CHARD_IMAGE }}"));
    return job;
}

static json_t *
github_environment (const struct ci_plan *plan)
{
    json_t *env = json_object ();
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        json_object_set_new (env, variables[i].name,
                             said (plan, i) ? github_text (plan->arena, said (plan, i))
                                            : json_string (variables[i].github));
    const struct login *login = find_login (plan);
    if (login->secret)
        json_object_set_new (env, login->secret, json_sprintf ("${{ secrets.%s }}", login->secret));
    json_object_set_new (env, "BUILDAH_ISOLATION", json_string ("chroot")); /* a container lets nothing else */
    return env;
}

static json_t *
github (const struct ci_plan *plan)
{
    const char *branch = plan->branch ? arena_printf (plan->arena, "'refs/heads/%s'", plan->branch)
                                      : "format('refs/heads/{0}', github.event.repository.default_branch)";
    json_t *check = github_job (plan), *submit = github_job (plan);
    json_object_set_new (check, "steps", github_steps (plan, check_lines));
    json_object_set_new (submit, "needs", json_string ("check"));
    json_object_set_new (submit, "if", json_sprintf ("github.event_name == 'push' && github.ref == %s", branch));
    json_object_set_new (submit, "concurrency", json_string ("chard"));
    json_object_set_new (submit, "permissions", json_pack ("{s:s,s:s}", "contents", "read", "packages", "write"));
    json_object_set_new (submit, "env", github_environment (plan));
    json_object_set_new (submit, "steps", github_steps (plan, submit_lines));
    return json_pack ("{s:s,s:[s,s],s:{s:s},s:{s:o,s:o}}", "name", "chard", "on", "push", "pull_request", "permissions",
                      "contents", "read", "jobs", "check", check, "submit", submit);
}

/* ---- GitLab ----------------------------------------------------------------------------------------------------- */

static json_t *
gitlab_lines (const struct ci_plan *plan, void (*add) (const struct ci_plan *, struct vec_str *))
{
    json_t *script = json_array ();
    struct vec_str lines = { 0 };
    add (plan, &lines);
    vec_foreach (line, &lines)
        json_array_append_new (script, json_string (*line));
    return script;
}

/* Variables of the project go over these. Its secrets are in the jobs' environment anyway. */
static json_t *
gitlab_variables (const struct ci_plan *plan)
{
    json_t *all = json_object ();
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (said (plan, i))
            json_object_set_new (all, variables[i].name,
                                 json_string (replace (plan->arena, said (plan, i), "$", "$$")));
        else if (variables[i].gitlab)
            json_object_set_new (all, variables[i].name, json_string (variables[i].gitlab));
    json_object_set_new (all, "BUILDAH_ISOLATION", json_string ("chroot"));
    return all;
}

static json_t *
gitlab_job (const struct ci_plan *plan, const char *stage)
{
    json_t *job = json_pack ("{s:s}", "stage", stage);
    if (!plan->setup || plan->image)
        json_object_set_new (job, "image", json_string (plan->image ? plan->image : "$CHARD_IMAGE"));
    return job;
}

static json_t *
gitlab (const struct ci_plan *plan)
{
    json_t *check = gitlab_job (plan, "test"), *submit = gitlab_job (plan, "deploy");
    const char *branch = plan->branch ? arena_printf (plan->arena, "\"%s\"", plan->branch) : "$CI_DEFAULT_BRANCH";
    json_object_set_new (check, "script", gitlab_lines (plan, check_lines));
    json_object_set_new (submit, "rules",
                         json_pack ("[{s:o}]", "if", json_sprintf ("$CI_COMMIT_BRANCH == %s", branch)));
    json_object_set_new (submit, "resource_group", json_string ("chard"));
    json_object_set_new (submit, "variables", gitlab_variables (plan));
    json_object_set_new (submit, "script", gitlab_lines (plan, submit_lines));
    return json_pack ("{s:o,s:o}", "chard check", check, "chard submit", submit);
}

const struct ci_forge ci_forges[] = {
    { "github", ".github/workflows/chard.yml", github },
    { "gitlab", ".gitlab-ci.yml", gitlab },
    { 0 },
};
