/* See image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/image.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "cli/target.h"
#include "client/build.h"
#include "client/cluster_build.h"
#include "client/registry.h"
#include "compiler/emit/image.h"
#include "doc/yaml.h"
#include "engine/runlog.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define LOG_LINES 20 /* of a failed build's log that are shown */

struct providing {
    struct invocation *inv;
    struct emit_plan *plan;
    const struct image_place *place;
    const char *directory; /* where it is built */
    const char *builder;
};

/* ---- what is there ---------------------------------------------------------------------------------------------- */

static int
look_up (const struct providing *p, struct emit_image *image, struct error *err)
{
    return registry_find (p->inv->arena, p->place->http, image->reference, &image->pinned, err);
}

void
image_pin_base (struct invocation *inv, const struct http_settings *http, struct emit_image *image)
{
    struct error err = { 0 };
    const char *pinned;
    int found = registry_find (inv->arena, http, image->base, &pinned, &err);
    if (found == 1)
        image->pinned_base = pinned;
    else
        fprintf (inv->err, "note: the digest of %s isn't known, so it goes by its name: %s\n", image->base,
                 found == 0 ? "its registry doesn't have it" : err.text);
}

/* ---- building --------------------------------------------------------------------------------------------------- */

static int
write_context (const struct providing *p, struct error *err)
{
    struct emission e = { .arena = p->inv->arena };
    if (emit_container (p->plan, &e, err) < 0)
        return -1;
    return target_write_files (p->inv, &e, p->directory, err);
}

/* The last lines of what the builder said. */
static void
show_log (const struct providing *p, const char *path)
{
    cleanup_free char *text = NULL;
    size_t len;
    int lines = 0;
    if (fs_read (path, &text, &len, NULL) < 0)
        return;
    while (len && text[len - 1] == '\n')
        text[--len] = '\0';
    char *from = text + len;
    while (from > text && (from[-1] != '\n' || ++lines < LOG_LINES))
        from--;
    fprintf (p->inv->err, "%s\n", utf8_repair (p->inv->arena, from));
}

static int
build_one (const struct providing *p, int index, struct error *err)
{
    struct arena *a = p->inv->arena;
    const struct emit_image *image = &p->plan->images.items[index];
    const char *log = fs_join (a, p->directory, "build.log");
    cleanup_fd int fd = open (log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno (err, "%s", log);
    struct build b = { .builder = p->builder, .directory = p->directory,
                       .containerfile = image_containerfile (p->plan, index),
                       .base = image->base, .log = fd, .log_path = log };
    const char *other = image_commit_name (p->plan, index);
    vec_push (a, &b.names, image->reference);
    if (other)
        vec_push (a, &b.names, other);
    double began = runlog_now ();
    fprintf (p->inv->err, "image %s: isn't in the registry yet; %s builds it, see %s\n", image->reference, p->builder,
             log);
    if (build_and_push (a, &b, err) < 0) {
        show_log (p, log);
        return -1;
    }
    fprintf (p->inv->err, "image %s: built and pushed in %.0f s\n", image->reference, runlog_now () - began);
    return 0;
}

static int
refuse (const struct providing *p, const struct emit_image *image, struct error *err)
{
    if (p->place->no_build)
        return error_set (err, ERROR_ENVIRONMENT, "the image %s isn't in the registry; without --no-build it is built",
                          image->reference);
    if (write_context (p, err) < 0)
        return -1;
    return error_set (err, ERROR_ENVIRONMENT,
                      "the image %s isn't in the registry, and nothing here builds it (buildah, podman or docker): "
                      "kubectl create -f %s/%s.build.yaml does in the cluster, then submit again; or give --image REF",
                      image->reference, p->directory, p->plan->name);
}

static const struct emit_file *
find_jobs (const struct emission *e)
{
    vec_foreach (f, &e->files)
        if (f->text && strlen (f->path) > 11 && strcmp (f->path + strlen (f->path) - 11, ".build.yaml") == 0)
            return f;
    return NULL;
}

/* Nothing here builds: the cluster does, where we may ask it to. */
static int
build_there (const struct providing *p, int index, struct error *err)
{
    struct arena *a = p->inv->arena;
    struct emit_image *image = &p->plan->images.items[index];
    struct emission e = { .arena = a };
    struct auth auth;
    if (p->place->no_build || !p->place->context || !cluster_find (a, p->place->context, &auth))
        return refuse (p, image, err);
    image_pin_base (p->inv, p->place->http, image);
    if (emit_container (p->plan, &e, err) < 0)
        return -1;
    const struct emit_file *file = find_jobs (&e);
    json_auto_t *jobs = yaml_parse_all (file->text, file->len, err);
    fprintf (p->inv->err, "image %s: isn't in the registry yet\n", image->reference);
    if (!jobs || cluster_build (a, &auth, jobs, image->name, strrchr (image->reference, ':') + 1, p->inv->err, err) < 0)
        return -1;
    int found = look_up (p, image, err);
    return found == 0
        ? error_set (err, ERROR_ENVIRONMENT, "%s was built, but the registry doesn't have it", image->reference)
                      : found < 0 ? -1 : 0;
}

static int
build_locked (const struct providing *p, int index, struct error *err)
{
    struct emit_image *image = &p->plan->images.items[index];
    int found = look_up (p, image, err); /* somebody else may have built it while we waited for the lock */
    if (found != 0)
        return found < 0 ? -1 : 0;
    image_pin_base (p->inv, p->place->http, image);
    if (write_context (p, err) < 0 || build_one (p, index, err) < 0)
        return -1;
    found = look_up (p, image, err);
    if (found == 0)
        return error_set (err, ERROR_ENVIRONMENT, "%s was pushed, but the registry doesn't have it", image->reference);
    return found < 0 ? -1 : fs_remove_tree (p->directory, err);
}

/* One at a time builds the same content. */
static int
build_missing (struct providing *p, int index, struct error *err)
{
    struct arena *a = p->inv->arena;
    const struct emit_image *image = &p->plan->images.items[index];
    p->directory = arena_printf (a, "%s/images/%s-%s", p->place->state->dir, image->name,
                                 strrchr (image->reference, ':') + 1);
    if (!p->place->no_build && build_find (a, p->place->builder, &p->builder, err) < 0)
        return -1;
    if (!p->builder)
        return build_there (p, index, err);
    if (fs_mkdirs (p->directory, err) < 0)
        return -1;
    cleanup_fd int lock = open (p->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock (lock, LOCK_EX) < 0)
        return error_errno (err, "%s", p->directory);
    return build_locked (p, index, err);
}

int
image_provide (struct invocation *inv, struct emit_plan *plan, const struct image_place *place, struct error *err)
{
    struct providing p = { .inv = inv, .plan = plan, .place = place };
    for (int i = 0; i < (int) plan->images.len; i++) {
        struct emit_image *image = &plan->images.items[i];
        if (image->given)
            continue;
        int found = look_up (&p, image, err);
        if (found < 0 || (found == 0 && build_missing (&p, i, err) < 0))
            return -1;
        if (found == 1 && inv->verbose)
            fprintf (inv->err, "image %s: is in the registry\n", image->reference);
    }
    vec_foreach (image, &plan->images)
        if (!image->given)
            image->reference = image->pinned;
    return 0;
}
