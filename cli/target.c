/* See target.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "cli/image.h"
#include "cli/target_machine.h"

#include <fcntl.h>
#include <sys/sendfile.h>

#include <string.h>

const struct target targets[] = {
    { "argo", "Argo Workflows: NAME.workflow.yaml and NAME.workflowtemplate.yaml", emit_argo, false, &service_argo,
      emit_argo_argument },
    { "container", "Containerfile, its context, and a Job that builds it in a cluster", emit_container, false, NULL,
      NULL },
    { "cron", "Argo Workflows at a schedule: NAME.cronworkflow.yaml", emit_cron, true, NULL, NULL },
    { "kfp", "Kubeflow Pipelines v2: NAME.kfp.yaml", emit_kfp, false, &service_kfp, emit_kfp_argument },
    { 0 },
};

static int
emit (const struct emit_plan *plan, const char *name, struct emission *e, struct error *err)
{
    const bool all = strcmp (name, "all") == 0;
    for (const struct target *t = targets; t->name; t++) {
        if (all ? t->scheduled && !plan->options->schedule : strcmp (t->name, name) != 0)
            continue;
        if (t->scheduled && !plan->options->schedule)
            return error_set (err, ERROR_USAGE,
                              "%s needs a schedule: --schedule '0 2 * * *', or a cell's tag schedule:0 2 * * *", name);
        if (t->emit (plan, e, err) < 0)
            return -1;
    }
    return 0;
}

/* Data files may be large, so they aren't read into memory. */
static int
copy_file (const char *source, const char *path, struct error *err)
{
    cleanup_free char *part = xasprintf ("%s.part", path);
    cleanup_fd int in = open (source, O_RDONLY | O_CLOEXEC), out = -1;
    if (in < 0 || (out = open (part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
        return error_errno (err, "%s", in < 0 ? source : part);
    ssize_t n;
    while ((n = sendfile (out, in, NULL, 1 << 30)) > 0)
        ;
    if (n < 0 || rename (part, path) < 0) {
        error_errno (err, "%s", path);
        unlink (part);
        return -1;
    }
    return 0;
}

static int
write_file (struct invocation *inv, const char *directory, const struct emit_file *f, struct error *err)
{
    const char *path = fs_join (inv->arena, directory, f->path);
    if (fs_mkdirs (fs_dirname (inv->arena, path), err) < 0)
        return -1;
    if (f->source ? copy_file (f->source, path, err) < 0 : fs_write_unsynced (path, f->text, f->len, err) < 0)
        return -1;
    if (inv->verbose)
        fprintf (inv->err, "wrote %s\n", path);
    return 0;
}

int
target_write_files (struct invocation *inv, const struct emission *e, const char *directory, struct error *err)
{
    vec_foreach (f, &e->files)
        if (write_file (inv, directory, f, err) < 0)
            return -1;
    return 0;
}

struct emit_plan *
target_plan (struct invocation *inv, const struct pipeline *p, const struct target_settings *settings,
             struct error *err)
{
    struct emit_options *o = arena_new (inv->arena, struct emit_options);
    *o = settings->emit;
    o->schedule = o->schedule ? o->schedule : p->schedule;
    o->timezone = o->timezone ? o->timezone : p->timezone;
    if (target_ask_machine (inv->arena, p, settings->python, o, err) < 0)
        return NULL;
    return emit_plan_create (inv->arena, p, o, err);
}

const struct target *
target_find (const char *name)
{
    for (const struct target *t = targets; t->name; t++)
        if (strcmp (t->name, name) == 0)
            return t;
    return NULL;
}

int
target_write (struct invocation *inv, const struct pipeline *p, const char *name,
              const struct target_settings *settings, const char *output, struct error *err)
{
    struct emission e = { .arena = inv->arena };
    const struct http_settings http = { 0 };
    struct emit_plan *plan = target_plan (inv, p, settings, err);
    if (plan && settings->emit.hashes)
        vec_foreach (image, &plan->images)
            if (!image->given)
                image_pin_base (inv, &http, image);
    if (!plan || emit (plan, name, &e, err) < 0)
        return -1;
    if (strcmp (output, "-") == 0) {
        if (e.files.len != 1)
            return error_set (err, ERROR_USAGE, "--to %s makes %zu files: give a directory, -o DIRECTORY", name,
                              e.files.len);
        fwrite (e.files.items[0].text, 1, e.files.items[0].len, inv->out);
        return 0;
    }
    if (fs_exists (output) && !fs_is_dir (output))
        return error_set (err, ERROR_USAGE, "%s is a file; --to %s writes into a directory", output, name);
    return target_write_files (inv, &e, output, err);
}
