/* What builds the images: a Containerfile each with its context beside it, and a Kubernetes Job in which BuildKit does
 * the same where there is no builder at hand.
 *
 *     Containerfile, Containerfile.NAME    built with the output directory as context
 *     context/NAME/                        requirements.txt, step.py, work/ (modules and data), steps/
 *     .dockerignore                        lets nothing but context/ through
 *     NAME.build.yaml                      ConfigMaps and Jobs for `kubectl create -f`
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/image.h"

#define BUILDER "docker.io/moby/buildkit:v0.17.0-rootless"
#define CONFIG_LIMIT 900000 /* bytes of a context that fits into a ConfigMap, which may hold 1 MiB */

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

/* ---- the context as a ConfigMap --------------------------------------------------------------------------------- */

/* A file's text as JSON, or NULL if it is none (binary, unreadable). */
static json_t *
text_of (const struct image_file *f)
{
    cleanup_free char *data = NULL;
    size_t len = 0;
    if (!f->source)
        return json_string (f->text);
    if (fs_read (f->source, &data, &len, NULL) < 0)
        return NULL;
    return json_stringn (data, len);
}

/* The files as "file-N" into `data`, and where each belongs into `items`. -1 if they don't fit. */
static int
pack_context (const struct emit_plan *plan, const struct vec_image_file *files, json_t *data, json_t *items)
{
    size_t total = 0;
    for (size_t i = 0; i < files->len; i++) {
        json_t *text = text_of (&files->items[i]);
        if (!text || (total += json_string_length (text)) > CONFIG_LIMIT) {
            json_decref (text);
            return -1;
        }
        const char *key = arena_printf (plan->arena, "file-%zu", i);
        put (data, key, text);
        json_array_append_new (items, json_pack ("{s:s,s:s}", "key", key, "path", files->items[i].path));
    }
    return 0;
}

/* ---- the Job ---------------------------------------------------------------------------------------------------- */

/* Where BuildKit pushes to, as its fields of comma-separated values. */
static json_t *
build_output (const struct emit_plan *plan, int index)
{
    const char *name = plan->images.items[index].reference, *other = image_commit_name (plan, index);
    return other ? json_sprintf ("type=image,\"name=%s,%s\",push=true", name, other)
                 : json_sprintf ("type=image,name=%s,push=true", name);
}

static json_t *
build_arguments (const struct emit_plan *plan, int index)
{
    return json_pack ("[s,s,s,s,s,s,s,s,s,o,s,o]", "build", "--frontend", "dockerfile.v0", "--local",
                      "context=/context", "--local", "dockerfile=/context", "--progress=plain", "--opt",
                      json_sprintf ("filename=%s", image_containerfile (plan, index)), "--output",
                      build_output (plan, index));
}

static json_t *
build_pod (const struct emit_plan *plan, int index, json_t *context)
{
    json_t *container = json_pack (
        "{s:s,s:s,s:[s],s:o,s:[{s:s,s:s}],s:{s:i,s:i,s:{s:s}},s:[{s:s,s:s},{s:s,s:s},{s:s,s:s}]}", "name", "build",
        "image",
        BUILDER, "command", "buildctl-daemonless.sh", "args", build_arguments (plan, index), "env", "name",
        "BUILDKITD_FLAGS",
        "value", "--oci-worker-no-process-sandbox", "securityContext", "runAsUser", 1000, "runAsGroup", 1000,
        "seccompProfile", "type", "Unconfined", "volumeMounts", "name", "context", "mountPath", "/context", "name",
        "credentials", "mountPath", "/home/user/.docker", "name", "state", "mountPath",
        "/home/user/.local/share/buildkit");
    return json_pack ("{s:s,s:[o],s:[o,{s:s,s:{s:s,s:b,s:[{s:s,s:s}]}},{s:s,s:{}}]}", "restartPolicy", "Never",
                      "containers",
                      container, "volumes", context, "name", "credentials", "secret", "secretName",
                      "registry-credentials",
                      "optional", 1, "items", "key", ".dockerconfigjson", "path", "config.json", "name", "state",
                      "emptyDir");
}

/* Files of a ConfigMap are mounted as links, which a builder would take for just that: they are copied first. */
static void
unpack_first (json_t *pod, json_t *packed)
{
    put (pod, "initContainers",
         json_pack ("[{s:s,s:s,s:[s,s,s,s],s:[{s:s,s:s},{s:s,s:s}]}]", "name", "unpack", "image", BUILDER, "command",
                    "cp",
                    "-rL", "/packed/.", "/context/", "volumeMounts", "name", "packed", "mountPath", "/packed", "name",
                    "context", "mountPath", "/context"));
    json_array_append_new (json_object_get (pod, "volumes"), packed);
}

static json_t *
labels (const struct emit_plan *plan)
{
    return json_pack ("{s:s,s:s}", "app.kubernetes.io/managed-by", "chard", "chard.dev/pipeline", plan->name);
}

/* The context from a ConfigMap where it fits, else from a claim of the same name that somebody fills. */
static void
append_build (const struct emit_plan *plan, int index, const struct vec_image_file *files, json_t *documents)
{
    const char *name = arena_printf (plan->arena, "build-%s", plan->images.items[index].name);
    json_auto_t *data = json_object (), *items = json_array ();
    json_t *context, *packed = NULL;
    if (pack_context (plan, files, data, items) == 0) {
        json_array_append_new (documents,
                               json_pack ("{s:s,s:s,s:{s:s,s:o},s:O}", "apiVersion", "v1", "kind", "ConfigMap",
                                                     "metadata", "name", name, "labels", labels (plan), "data", data));
        packed = json_pack ("{s:s,s:{s:s,s:O}}", "name", "packed", "configMap", "name", name, "items", items);
        context = json_pack ("{s:s,s:{}}", "name", "context", "emptyDir");
    } else {
        context = json_pack ("{s:s,s:{s:s}}", "name", "context", "persistentVolumeClaim", "claimName", name);
    }
    json_t *pod = build_pod (plan, index, context);
    if (packed)
        unpack_first (pod, packed);
    json_array_append_new (documents,
                           json_pack ("{s:s,s:s,s:{s:s,s:o},s:{s:i,s:i,s:{s:{s:o},s:o}}}", "apiVersion", "batch/v1",
                                      "kind",
                                      "Job", "metadata", "generateName", arena_printf (plan->arena, "%s-", name),
                                      "labels",
                                      labels (plan), "spec", "backoffLimit", 1, "ttlSecondsAfterFinished", 86400,
                                      "template", "metadata", "labels", labels (plan), "spec", pod));
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

int
emit_container (const struct emit_plan *plan, struct emission *e, struct error *err)
{
    static const char ignore[] = "*\n!context\n";
    (void) err;
    json_t *documents = json_array ();
    bool any = false;
    for (int i = 0; i < (int) plan->images.len; i++) {
        struct vec_image_file files = { 0 };
        if (plan->images.items[i].given)
            continue;
        any = true;
        image_files (plan, i, &files);
        vec_foreach (f, &files)
            if (f->source)
                emission_add_copy (e, f->path, f->source);
            else
                emission_add (e, f->path, f->text, strlen (f->text));
        append_build (plan, i, &files, documents);
    }
    if (!any)
        return json_decref (documents), 0;
    emission_add (e, ".dockerignore", ignore, sizeof ignore - 1);
    emission_add_yaml (e, arena_printf (plan->arena, "%s.build.yaml", plan->name), documents);
    return 0;
}
