/* Pass metadata: what a notebook's own metadata says of the pipeline. `kubeflow_notebook` is read as all versions of
 * Kale wrote it: base_image was docker_image, experiment_name stands in experiment.name too, steps_defaults are tags
 * or, as Kale keeps them once read, an object by kind. What only Kale's own programs act on (autosnapshot,
 * katib_metadata, …) is passed over. See front.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front.h"

#include "base/hash.h"

#include <ctype.h>
#include <string.h>

/* Where things go: the notebook that speaks, and the pipeline's arena. */
struct reading {
    struct arena *arena;
    const json_t *kubeflow; /* may be NULL */
};

static const char *
said (struct arena *a, const json_t *object, const char *key)
{
    const char *s = json_string_value (json_object_get (object, key));
    return s && *s ? arena_strdup (a, s) : NULL;
}

static const char *
image_of (const struct reading *r)
{
    const char *image = said (r->arena, r->kubeflow, "base_image");
    return image ? image : said (r->arena, r->kubeflow, "docker_image");
}

/* ---- volumes ---------------------------------------------------------------------------------------------------- */

/* Kale's words, and Kubernetes' own. */
static const char *
access_mode_of (const struct reading *r, const json_t *v)
{
    static const struct {
        const char *kale, *mode;
    } modes[] = { { "rom", "ReadOnlyMany" }, { "rwo", "ReadWriteOnce" }, { "rwm", "ReadWriteMany" } };
    const char *text = said (r->arena, v, "volume_access_mode");
    if (!text)
        text = said (r->arena, r->kubeflow, "volume_access_mode");
    for (size_t i = 0; text && i < sizeof modes / sizeof *modes; i++)
        if (strcmp (text, modes[i].kale) == 0)
            return modes[i].mode;
    return text;
}

/* [{"key": K, "value": V}]; pairs that the panel left empty don't count. */
static json_t *
volume_annotations (const json_t *list)
{
    json_t *all = NULL, *pair;
    size_t i;
    json_array_foreach (list, i, pair) {
        const char *key = json_string_value (json_object_get (pair, "key"));
        const char *value = json_string_value (json_object_get (pair, "value"));
        if (!key || !*key || !value || !*value)
            continue;
        if (!all)
            all = json_object ();
        json_object_set_new (all, key, json_string (value));
    }
    return all;
}

static const char *
volume_size (struct arena *a, const json_t *v)
{
    const json_t *size = json_object_get (v, "size");
    const char *unit = json_string_value (json_object_get (v, "size_type"));
    if (json_is_integer (size))
        return arena_printf (a, "%lld%s", (long long) json_integer_value (size), unit ? unit : "");
    if (json_is_string (size) && json_string_length (size))
        return arena_printf (a, "%s%s", json_string_value (size), unit ? unit : "");
    return NULL;
}

static bool
read_volume (const struct reading *r, const json_t *v, struct volume *x)
{
    *x = (struct volume){ .name = said (r->arena, v, "name"), .mount_point = said (r->arena, v, "mount_point") };
    if (!x->name || !x->mount_point)
        return false;
    x->type = said (r->arena, v, "type");
    if (!x->type)
        x->type = "pvc";
    x->size = volume_size (r->arena, v);
    x->storage_class = said (r->arena, v, "storage_class_name");
    if (!x->storage_class)
        x->storage_class = said (r->arena, r->kubeflow, "storage_class_name");
    x->access_mode = access_mode_of (r, v);
    x->annotations = volume_annotations (json_object_get (v, "annotations"));
    return true;
}

/* "my.data-1" -> KALE_VOLUME_MY_DATA_1. */
static const char *
variable_of_volume (struct arena *a, const char *name)
{
    char *variable = arena_printf (a, "KALE_VOLUME_%s", name);
    for (char *p = variable; *p; p++)
        *p = isalnum ((unsigned char) *p) ? (char) toupper ((unsigned char) *p) : '_';
    return variable;
}

/* A volume marked expose_as_env_var tells each step in a variable where it is mounted. */
static void
expose_volumes (const struct reading *r, struct step_settings *s)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (r->kubeflow, "volumes"), i, v) {
        const char *name = said (r->arena, v, "name"), *path = said (r->arena, v, "mount_point");
        if (!name || !path || !json_is_true (json_object_get (v, "expose_as_env_var")))
            continue;
        if (!s->env)
            s->env = json_object ();
        if (!json_object_get (s->env, variable_of_volume (r->arena, name)))
            json_object_set_new (s->env, variable_of_volume (r->arena, name), json_string (path));
    }
}

/* ---- defaults of all steps -------------------------------------------------------------------------------------- */

static void
apply_tag (struct arena *a, struct step_settings *s, const char *key, const char *value)
{
    tag_apply_setting (a, arena_printf (a, "%s:%s", key, value), s);
}

/* {"labels": {K: V}, "limits": {…}, "secrets": {ENV: {"secret_name", "secret_key"}}, "base_image": …}. */
static void
apply_default_object (struct arena *a, const json_t *defaults, struct step_settings *s)
{
    static const struct {
        const char *kind, *tag;
    } maps[] = { { "labels", "label" }, { "annotations", "annotation" }, { "limits", "limit" } };
    static const struct {
        const char *kind, *tag;
    } switches[] = { { "enable_caching", "cache" }, { "generate_html_report", "report" } };
    const char *key;
    json_t *value;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        json_object_foreach (json_object_get (defaults, maps[i].kind), key, value)
            if (json_is_string (value))
                apply_tag (a, s, maps[i].tag, arena_printf (a, "%s:%s", key, json_string_value (value)));
    json_object_foreach (json_object_get (defaults, "secrets"), key, value) {
        const char *name = said (a, value, "secret_name"), *field = said (a, value, "secret_key");
        if (name && field)
            apply_tag (a, s, "secret", arena_printf (a, "%s:%s:%s", name, field, key));
    }
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        value = json_object_get (defaults, switches[i].kind);
        if (json_is_boolean (value))
            apply_tag (a, s, switches[i].tag, json_is_true (value) ? "enabled" : "disabled");
    }
    if (said (a, defaults, "base_image"))
        apply_tag (a, s, "image", said (a, defaults, "base_image"));
}

static void
apply_defaults (const struct reading *r, struct step_settings *s)
{
    const json_t *defaults = json_object_get (r->kubeflow, "steps_defaults");
    const json_t *caching = json_object_get (r->kubeflow, "enable_caching");
    size_t i;
    json_t *tag;
    json_array_foreach (defaults, i, tag)
        if (json_is_string (tag))
            tag_apply_setting (r->arena, json_string_value (tag), s);
    if (json_is_object (defaults))
        apply_default_object (r->arena, defaults, s);
    if (json_is_boolean (caching) && s->cache < 0)
        s->cache = json_is_true (caching);
    expose_volumes (r, s);
}

/* A step of a notebook that is brought in: the image and volumes of that notebook, and the tags of the cell that brings
 * it in. */
static void
apply_inclusion (const struct reading *r, const struct cell *by, struct step_settings *s)
{
    struct diag_list ignored = { .arena = r->arena, .notebook = "" }; /* told when the cell was read */
    size_t i;
    json_t *v;
    if (!s->image)
        s->image = image_of (r);
    json_array_foreach (json_object_get (r->kubeflow, "volumes"), i, v) {
        struct volume x;
        if (read_volume (r, v, &x))
            vec_push (r->arena, &s->volumes, x);
    }
    tag_read_settings (r->arena, by, s, &ignored);
}

static void
apply_to_step (struct arena *a, const struct notebook *nb, struct step_settings *s)
{
    for (; nb->included_by; nb = nb->included_by->notebook) {
        const struct reading r = { a, nb->kubeflow };
        apply_defaults (&r, s);
        apply_inclusion (&r, nb->included_by, s);
    }
    apply_defaults (&(struct reading){ a, nb->kubeflow }, s);
}

/* ---- the pipeline ----------------------------------------------------------------------------------------------- */

static void
hash_notebook (struct hash *h, const struct notebook *nb)
{
    vec_foreach (cell, &nb->cells) {
        hash_add_str (h, cell->source);
        vec_foreach (t, &cell->tags)
            hash_add_str (h, *t);
    }
    vec_foreach (other, &nb->included)
        hash_notebook (h, *other);
}

static const char *
digest_of (struct arena *a, const struct notebook *nb)
{
    struct hash *h = hash_begin ();
    char hex[HASH_HEX_SIZE];
    hash_notebook (h, nb);
    hash_end (h, hex);
    return arena_strdup (a, hex);
}

static const char *
experiment_of (const struct reading *r)
{
    const char *name = said (r->arena, r->kubeflow, "experiment_name");
    return name ? name : said (r->arena, json_object_get (r->kubeflow, "experiment"), "name");
}

/* {"enabled", "run_as_user", "run_as_group", "run_as_non_root"}, as Kale's settings have it, in Kubernetes' words.
 * NULL: it says nothing. */
static json_t *
security_of (const struct reading *r)
{
    static const struct {
        const char *kale, *kubernetes;
    } words[] = { { "run_as_user", "runAsUser" }, { "run_as_group", "runAsGroup" },
                  { "run_as_non_root", "runAsNonRoot" } };
    const json_t *said = json_object_get (r->kubeflow, "security_context");
    json_t *all = NULL;
    if (json_is_false (json_object_get (said, "enabled")))
        return NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        json_t *value = json_object_get (said, words[i].kale);
        if (!json_is_boolean (value) && !(json_is_integer (value) && json_integer_value (value) >= 0))
            continue;
        if (!all)
            all = json_object ();
        json_object_set (all, words[i].kubernetes, value);
    }
    return all;
}

void
metadata_apply (struct pipeline *p, const struct program *program)
{
    const struct notebook *nb = program->notebook;
    const struct reading r = { p->arena, nb->kubeflow };
    const char *name = said (p->arena, r.kubeflow, "pipeline_name");
    size_t i;
    json_t *v;
    p->name = name ? name : nb->name;
    p->description = said (p->arena, r.kubeflow, "pipeline_description");
    p->experiment = experiment_of (&r);
    p->image = image_of (&r);
    p->security = security_of (&r);
    p->schedule = program->schedule;
    p->timezone = program->timezone;
    p->notebook = nb->path;
    p->notebook_dir = nb->dir;
    p->kernel = nb->kernel;
    json_array_foreach (json_object_get (r.kubeflow, "volumes"), i, v) {
        struct volume x;
        if (read_volume (&r, v, &x))
            vec_push (p->arena, &p->volumes, x);
    }
    vec_foreach (s, &p->steps)
        apply_to_step (p->arena, program_notebook (program, s->notebook), &s->settings);
    p->notebook_digest = digest_of (p->arena, nb);
}
