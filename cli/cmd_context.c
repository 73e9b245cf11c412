/* `chard context list|add|use|remove|test`: the places that pipelines may be sent to.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "cli/past_run.h"
#include "client/probe.h"

#include <string.h>

/* ---- list ------------------------------------------------------------------------------------------------------- */

static json_t *
context_to_json (const struct context *c, bool current)
{
    json_t *o = json_pack ("{s:s,s:b}", "name", c->name, "current", current);
    for (const struct context_key *k = context_keys; k->name; k++) {
        const char *value = *(const char *const *) ((const char *) c + k->offset);
        if (value)
            json_object_set_new (o, k->name, json_string (strcmp (k->name, "token") == 0 ? "(kept)" : value));
    }
    return o;
}

static const char *
or_dash (const char *s)
{
    return s ? s : "-";
}

static int
list (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    struct contexts all = { 0 };
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "it takes no operand");
    if (context_read_all (inv->arena, &all, err) < 0)
        return -1;
    json_t *told = json_array ();
    if (!inv->json && all.len)
        fprintf (inv->out, "  %-16s %-6s %-12s %-16s %s\n", "NAME", "TARGET", "AUTH", "NAMESPACE", "ENDPOINT");
    vec_foreach (c, &all) {
        bool current = all.current && strcmp (all.current, c->name) == 0;
        json_array_append_new (told, context_to_json (c, current));
        if (!inv->json)
            fprintf (inv->out, "%c %-16s %-6s %-12s %-16s %s\n", current ? '*' : ' ', c->name, or_dash (c->target),
                     c->auth ? c->auth : "none", or_dash (c->namespace), or_dash (c->endpoint));
    }
    if (inv->json)
        past_print_json (inv, json_incref (told));
    else if (!all.len)
        fprintf (inv->err, "there is no context yet in %s: chard context add NAME --target … makes one\n",
                 context_file (inv->arena));
    json_decref (told);
    return 0;
}

/* ---- add -------------------------------------------------------------------------------------------------------- */

struct add_settings {
    struct context context;
    bool token_stdin;
};

#define CONTEXT_FIELD(f) .offset = offsetof (struct add_settings, context.f)

static const struct option add_options[] = {
    { .name = "target", .kind = OPTION_STRING, CONTEXT_FIELD (target), .argument = "TARGET", .choices = "kfp|argo",
      .help = "what runs pipelines there: Kubeflow Pipelines or Argo Workflows" },
    { .name = "endpoint", .kind = OPTION_STRING, CONTEXT_FIELD (endpoint), .argument = "URL",
      .help = "of KFP's API or argo-server; a kubeconfig or a pod knows where its cluster is" },
    { .name = "namespace", .kind = OPTION_STRING, CONTEXT_FIELD (namespace), .argument = "NAME",
      .help = "Kubernetes namespace to run in" },
    { .name = "registry", .kind = OPTION_STRING, CONTEXT_FIELD (registry), .argument = "PREFIX",
      .help = "where images are pushed to: registry.example.com/team" },
    { .name = "builder", .kind = OPTION_STRING, CONTEXT_FIELD (builder), .argument = "PROGRAM",
      .choices = "buildah|podman|docker|in-cluster", .help = "what builds images (default: the first that is here)" },
    { .name = "experiment", .kind = OPTION_STRING, CONTEXT_FIELD (experiment), .argument = "NAME",
      .help = "KFP's experiment for the runs" },
    { .name = "service-account", .kind = OPTION_STRING, CONTEXT_FIELD (service_account), .argument = "NAME",
      .help = "Kubernetes' account that steps run as (default: the service's own choice)" },
    { .name = "auth", .kind = OPTION_STRING, CONTEXT_FIELD (auth), .argument = "HOW",
      .choices = "none|token|cookie|in-cluster|kubeconfig|dex",
      .help = "how to say who we are: a bearer token, a browser's cookie, a pod's account, kubectl's way, a login at "
              "Dex" },
    { .name = "username", .kind = OPTION_STRING, CONTEXT_FIELD (username), .argument = "NAME",
      .help = "for a login at Dex, whose password takes the token's place" },
    { .name = "connector", .kind = OPTION_STRING, CONTEXT_FIELD (connector), .argument = "NAME",
      .help = "Dex's connector to log in by (default: local)" },
    { .name = "token-stdin", .kind = OPTION_FLAG, .offset = offsetof (struct add_settings, token_stdin),
      .help = "read the token, cookie or password from standard input, and keep it in the file of contexts" },
    { .name = "token-file", .kind = OPTION_STRING, CONTEXT_FIELD (token_file), .argument = "FILE",
      .help = "read the token, cookie or password from this file each time" },
    { .name = "token-env", .kind = OPTION_STRING, CONTEXT_FIELD (token_env), .argument = "NAME",
      .help = "take it from this environment variable" },
    { .name = "kubeconfig", .kind = OPTION_STRING, CONTEXT_FIELD (kubeconfig), .argument = "FILE",
      .help = "kubectl's configuration (default: $KUBECONFIG, else ~/.kube/config)" },
    { .name = "kube-context", .kind = OPTION_STRING, CONTEXT_FIELD (kube_context), .argument = "NAME",
      .help = "the context in it (default: its current one)" },
    { .name = "ca", .kind = OPTION_STRING, CONTEXT_FIELD (ca), .argument = "FILE",
      .help = "PEM certificates to trust besides the machine's" },
    { .name = "proxy", .kind = OPTION_STRING, CONTEXT_FIELD (proxy), .argument = "URL",
      .help = "proxy to go through (default: that of the environment); empty for none" },
    { 0 },
};

static int
read_stdin_token (struct invocation *inv, struct context *c, struct error *err)
{
    cleanup_free char *text = NULL;
    size_t len;
    if (fs_read ("/dev/stdin", &text, &len, err) < 0)
        return -1;
    c->token = arena_strndup (inv->arena, text, strcspn (text, "\r\n"));
    if (!*c->token)
        return error_set (err, ERROR_USAGE, "--token-stdin: there was no token on standard input");
    return 0;
}

/* What the other options imply. */
static const char *
guess_auth (const struct context *c, bool token)
{
    if (token || c->token_file || c->token_env)
        return c->username ? "dex" : "token";
    return c->kubeconfig || c->kube_context ? "kubeconfig" : NULL;
}

static int
add (struct invocation *inv, const void *settings, struct error *err)
{
    const struct add_settings *s = settings;
    struct context c = s->context;
    if (inv->operands.len != 1 || !*inv->operands.items[0])
        return error_set (err, ERROR_USAGE, "name one context to add");
    c.name = inv->operands.items[0];
    c.auth = c.auth ? c.auth : guess_auth (&c, s->token_stdin);
    const char **files[] = { &c.token_file, &c.kubeconfig, &c.ca };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (*files[i])
            *files[i] = fs_absolute (inv->arena, *files[i]);
    if (s->token_stdin && read_stdin_token (inv, &c, err) < 0)
        return -1;
    if (context_save (inv->arena, &c, err) < 0)
        return -1;
    if (inv->json)
        past_print_json (inv, context_to_json (&c, false));
    else
        fprintf (inv->out, "context %s is kept in %s; chard context test %s tries it\n", c.name,
                 context_file (inv->arena), c.name);
    return 0;
}

/* ---- use, remove ------------------------------------------------------------------------------------------------ */

static int
change (struct invocation *inv, int (*how) (struct arena *a, const char *name, struct error *err), const char *done,
        struct error *err)
{
    if (inv->operands.len != 1)
        return error_set (err, ERROR_USAGE, "name one context");
    if (how (inv->arena, inv->operands.items[0], err) < 0)
        return -1;
    if (inv->json)
        past_print_json (inv, json_pack ("{s:s,s:s}", "context", inv->operands.items[0], "done", done));
    else
        fprintf (inv->out, "context %s is %s\n", inv->operands.items[0], done);
    return 0;
}

static int
use (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    return change (inv, context_use, "now the current one", err);
}

static int
drop (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    return change (inv, context_remove, "removed", err);
}

/* ---- test ------------------------------------------------------------------------------------------------------- */

static const struct check {
    const char *name;
    int (*probe) (struct arena *a, const struct context *c, const struct auth *auth, const char **found,
                  struct error *err);
    bool needs_service; /* makes no sense if the service wasn't found */
} checks[] = {
    { "service", probe_service, false },
    { "permission", probe_permission, true },
    { "registry", probe_registry, false },
    { "builder", probe_builder, false },
};

static void
tell_check (struct invocation *inv, json_t *told, const char *name, bool ok, const char *text)
{
    const char *color = !inv->color_out ? "" : ok ? "\033[32m" : "\033[1;31m";
    json_array_append_new (told, json_pack ("{s:s,s:b,s:s}", "check", name, "ok", ok, "text", text));
    if (!inv->json)
        fprintf (inv->out, "%s%-7s%s %-11s %s\n", color, ok ? "ok" : "failed", *color ? "\033[0m" : "", name, text);
}

static int
run_checks (struct invocation *inv, const struct context *c, json_t *told)
{
    struct auth auth;
    struct error why = { 0 };
    int failed = 0;
    bool service = true;
    if (auth_prepare (inv->arena, c, &auth, &why) < 0) {
        tell_check (inv, told, "credentials", false, why.text);
        return 1;
    }
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const char *found = "";
        if (checks[i].needs_service && !service)
            continue;
        bool ok = checks[i].probe (inv->arena, c, &auth, &found, &why) == 0;
        tell_check (inv, told, checks[i].name, ok, ok ? found : why.text);
        service &= ok || i > 0;
        failed += !ok;
    }
    return failed;
}

static int
test (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    struct context c;
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one context, or none for the current one");
    if (context_read (inv->arena, inv->operands.len ? inv->operands.items[0] : NULL, &c, err) < 0)
        return -1;
    json_t *told = json_array ();
    int failed = run_checks (inv, &c, told);
    if (inv->json)
        past_print_json (inv, json_pack ("{s:s,s:O}", "context", c.name, "checks", told));
    json_decref (told);
    return failed ? error_set (err, ERROR_ENVIRONMENT, "%s", "") : 0;
}

/* ---- the commands ----------------------------------------------------------------------------------------------- */

const struct command command_context_list = {
    .name = "context list",
    .operands = "",
    .summary = "List the places that pipelines may be sent to",
    .examples = "chard context list    # the star is the current one",
    .run = list,
};

const struct command command_context_add = {
    .name = "context add",
    .operands = "NAME",
    .summary = "Add such a place, or replace it",
    .details = "Contexts are kept in ~/.config/chard/config.yaml, which only you can read. Credentials are never given "
               "on the command line, where others see them: they come from standard input, a file, the environment or "
               "kubectl's configuration.",
    .examples = "chard context add lab --target kfp --endpoint https://kf.example.com/pipeline --token-file token\n"
                "chard context add cluster --target argo --auth kubeconfig --namespace me",
    .options = add_options,
    .settings_size = sizeof (struct add_settings),
    .run = add,
};

const struct command command_context_use = {
    .name = "context use",
    .operands = "NAME",
    .summary = "Make a context the current one",
    .examples = "chard context use lab",
    .run = use,
};

const struct command command_context_remove = {
    .name = "context remove",
    .operands = "NAME",
    .summary = "Forget a context, and its token if one is kept",
    .examples = "chard context remove lab",
    .run = drop,
};

const struct command command_context_test = {
    .name = "context test",
    .operands = "[NAME]",
    .summary = "Find what is wrong with a context, and how to mend it",
    .details = "Asks whether the service answers and is what the context says, whether it takes the credentials, "
               "whether the registry answers, and whether what builds images is here. The exit status is 3 if anything "
               "is wrong.",
    .examples = "chard context test        # the current one\n"
                "chard context test lab",
    .run = test,
};
