/* `chard ci github|gitlab`: the workflow file with which a forge checks notebooks and submits them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "cli/ci.h"
#include "cli/command.h"
#include "cli/option.h"
#include "client/repo.h"
#include "doc/yaml.h"

#include <string.h>

struct ci_settings {
    const char *context, *branch, *image, *setup, *output;
    bool wait, force;
};

#define FIELD(f) .offset = offsetof (struct ci_settings, f)

static const struct option options[] = {
    { .name = "context", .letter = 'c', .kind = OPTION_STRING, FIELD (context), .argument = "NAME",
      .help = "whose endpoint, namespace, registry and way to log in the file has (default: variables of the forge)" },
    { .name = "branch", .kind = OPTION_STRING, FIELD (branch), .argument = "NAME",
      .help = "what is pushed to this branch is submitted (default: the repository's default branch)" },
    { .name = "image", .kind = OPTION_STRING, FIELD (image), .argument = "REF",
      .help = "container image of the jobs, with Chard in it (default: the variable CHARD_IMAGE)" },
    { .name = "setup", .kind = OPTION_STRING, FIELD (setup), .argument = "COMMAND",
      .help = "shell command that puts Chard onto the runner, where no image has it" },
    { .name = "wait", .letter = 'w', .kind = OPTION_FLAG, FIELD (wait),
      .help = "the job waits for the run, and ends as it does" },
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, FIELD (output), .argument = "FILE",
      .help = "write there; - is standard output (default: where the forge looks)" },
    { .name = "force", .kind = OPTION_FLAG, FIELD (force), .help = "replace a file that is there" },
    { 0 },
};

/* The root of the repository around, else the current directory. */
static const char *
find_root (struct arena *a)
{
    struct repo *r = repo_open (".", NULL);
    const char *root = r ? arena_strdup (a, repo_root (r)) : fs_absolute (a, "");
    repo_close (r);
    return root;
}

/* How a file is called from the root, or NULL; links are followed as Git does. */
static const char *
relative (struct arena *a, const char *root, const char *path, struct error *err)
{
    cleanup_free char *folder = realpath (fs_dirname (a, path), NULL), *top = realpath (root, NULL);
    if (!fs_exists (path) || !folder || !top)
        return error_set (err, ERROR_ENVIRONMENT, "%s: there is no such file", path), NULL;
    const char *found = fs_relative (a, top, fs_join (a, folder, fs_basename (path)));
    if (strncmp (found, "../", 3) == 0)
        return error_set (err, ERROR_USAGE, "%s lies outside the repository %s", path, root), NULL;
    return found;
}

static int
add_notebooks (struct invocation *inv, const char *root, struct ci_plan *plan, struct error *err)
{
    struct vec_str paths = { 0 };
    struct arena *a = inv->arena;
    if (command_expand_notebooks (inv, &paths, err) < 0)
        return -1;
    vec_foreach (path, &paths) {
        const char *notebook = relative (a, root, *path, err);
        if (!notebook)
            return -1;
        vec_str_add_once (a, &plan->notebooks, notebook);
        const char *dir = fs_dirname (a, notebook);
        const char *requirements = strcmp (dir, ".") == 0 ? "requirements.txt" : fs_join (a, dir, "requirements.txt");
        if (fs_exists (fs_join (a, root, requirements)))
            vec_str_add_once (a, &plan->requirements, requirements);
    }
    return 0;
}

static int
check_branch (const char *branch, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    if (!branch || (*branch && !branch[strspn (branch, allowed)]))
        return 0;
    return error_set (err, ERROR_USAGE, "--branch: “%s” has characters that workflow files take for something else",
                      branch);
}

static int
write_file (struct invocation *inv, const struct ci_settings *s, const struct ci_forge *forge, const char *root,
            const struct strbuf *text, struct error *err)
{
    const char *path = s->output ? s->output : fs_join (inv->arena, root, forge->path);
    cleanup_free char *old = NULL;
    size_t len;
    if (strcmp (path, "-") == 0)
        return fwrite (text->data, 1, text->len, inv->out) == text->len ? 0 : error_errno (err, "standard output");
    if (fs_exists (path) && !s->force) {
        if (fs_read (path, &old, &len, err) < 0)
            return -1;
        if (len != text->len || memcmp (old, text->data, len) != 0)
            return error_set (err, ERROR_USAGE, "%s is there already and says something else: --force replaces it, -o "
                                                "FILE writes elsewhere", path);
    }
    if (fs_mkdirs (fs_dirname (inv->arena, path), err) < 0 || fs_write (path, text->data, text->len, err) < 0)
        return -1;
    fprintf (inv->err, "wrote %s; its variables and secrets are told in chard(1)\n", path);
    return 0;
}

static const char *
read_certificates (struct arena *a, const char *path, struct error *err)
{
    cleanup_free char *text = NULL;
    size_t len;
    return fs_read (path, &text, &len, err) < 0 ? NULL : arena_strndup (a, text, len);
}

static int
run (struct invocation *inv, const struct ci_settings *s, const char *name, struct error *err)
{
    const struct ci_forge *forge = ci_forges;
    while (strcmp (forge->name, name) != 0)
        forge++;
    const char *root = find_root (inv->arena);
    struct context context;
    struct ci_plan plan = { .arena = inv->arena, .branch = s->branch, .image = s->image, .setup = s->setup,
                            .wait = s->wait };
    if (s->context) {
        if (context_read (inv->arena, s->context, &context, err) < 0)
            return -1;
        plan.context = &context;
        if (context.ca && !(plan.ca = read_certificates (inv->arena, context.ca, err)))
            return -1;
    }
    if (check_branch (s->branch, err) < 0 || add_notebooks (inv, root, &plan, err) < 0)
        return -1;
    json_auto_t *document = forge->document (&plan);
    cleanup_strbuf struct strbuf text = { 0 };
    yaml_print (document, &text);
    return write_file (inv, s, forge, root, &text, err);
}

static int
run_github (struct invocation *inv, const void *settings, struct error *err)
{
    return run (inv, settings, "github", err);
}

static int
run_gitlab (struct invocation *inv, const void *settings, struct error *err)
{
    return run (inv, settings, "gitlab", err);
}

#define DETAILS                                                                                                        \
    "Each push is checked; a push to one branch is also submitted, so that images and pipelines carry the commit. "    \
    "The file holds no secret: they are variables of the forge (CHARD_TOKEN or CHARD_KUBECONFIG, REGISTRY_USER, "      \
    "REGISTRY_PASSWORD). A file that says something else is not replaced."

const struct command command_ci_github = {
    .name = "ci github",
    .operands = "NOTEBOOK…",
    .summary = "Write a GitHub workflow that checks and submits",
    .details = DETAILS,
    .examples = "chard ci github train.ipynb             # .github/workflows/chard.yml\n"
                "chard ci github --context lab --image registry.example.com/chard:0.1 notebooks/",
    .options = options,
    .settings_size = sizeof (struct ci_settings),
    .run = run_github,
};

const struct command command_ci_gitlab = {
    .name = "ci gitlab",
    .operands = "NOTEBOOK…",
    .summary = "Write a GitLab pipeline that checks and submits",
    .details = DETAILS,
    .examples = "chard ci gitlab train.ipynb             # .gitlab-ci.yml\n"
                "chard ci gitlab -o chard.gitlab-ci.yml --wait train.ipynb",
    .options = options,
    .settings_size = sizeof (struct ci_settings),
    .run = run_gitlab,
};
