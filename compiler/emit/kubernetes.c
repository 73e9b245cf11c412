/* See kubernetes.h. The rules are those of k8s.io/apimachinery's validation (util/validation, api/resource).
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kubernetes.h"

#include "compiler/tag.h"

#include <ctype.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- forms ------------------------------------------------------------------------------------------------------ */

/* Letters, digits and `inner`, of which none comes first or last. */
static bool
is_word (const char *s, size_t n, const char *letters, const char *inner, size_t most)
{
    if (n == 0 || n > most || strchr (inner, s[0]) || strchr (inner, s[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!s[i] || (!strchr (letters, s[i]) && !strchr (inner, s[i])))
            return false;
    return true;
}

/* RFC 1123 subdomain: words of lower case between dots. */
static bool
is_subdomain_n (const char *s, size_t n)
{
    if (n > 253)
        return false;
    for (const char *end = s + n;; s++) {
        const char *dot = memchr (s, '.', (size_t) (end - s));
        size_t len = (size_t) ((dot ? dot : end) - s);
        if (!is_word (s, len, LOWER DIGITS, "-", 253))
            return false;
        if (!dot)
            return true;
        s = dot;
    }
}

static bool
is_subdomain (const char *s)
{
    return is_subdomain_n (s, strlen (s));
}

/* [SUBDOMAIN/]NAME, as labels, annotations, taints and resources are called. */
static bool
is_qualified (const char *s, size_t n)
{
    const char *slash = memchr (s, '/', n);
    if (slash && !is_subdomain_n (s, (size_t) (slash - s)))
        return false;
    const char *name = slash ? slash + 1 : s;
    return is_word (name, n - (size_t) (name - s), LOWER UPPER DIGITS, "-_.", 63);
}

static bool
is_qualified_name (const char *s)
{
    return is_qualified (s, strlen (s));
}

static bool
is_label_value (const char *s)
{
    return !*s || is_word (s, strlen (s), LOWER UPPER DIGITS, "-_.", 63);
}

static bool
is_text (const char *s)
{
    (void) s;
    return true;
}

/* What a container may ask for: Kubernetes' own resources, or a vendor's, under its domain. */
static bool
is_resource (const char *s)
{
    static const char *const own[] = { "cpu", "memory", "ephemeral-storage" };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp (s, own[i]) == 0)
            return true;
    return strncmp (s, "hugepages-", 10) == 0 || (strchr (s, '/') && is_qualified_name (s));
}

static bool
is_variable (const char *s)
{
    return *s && !isdigit ((unsigned char) *s) && !s[strspn (s, LOWER UPPER DIGITS "-_.")];
}

static bool
is_secret_key (const char *s)
{
    return *s && strlen (s) <= 253 && !s[strspn (s, LOWER UPPER DIGITS "-_.")];
}

static bool
is_mount_point (const char *s)
{
    return *s == '/' && !strchr (s, ':');
}

/* KEY or KEY=VALUE */
static bool
is_taint (const char *s)
{
    size_t n = strcspn (s, "=");
    return is_qualified (s, n) && (!s[n] || is_label_value (s + n + 1));
}

/* ---- checks ----------------------------------------------------------------------------------------------------- */

#define NAME_WANTED "letters of a-z, digits, '-' and '.'"
#define LABEL_WANTED "63 letters, digits, '-', '_' and '.' at most, the first and last of them a letter or digit"

static int
refuse (const char *who, const char *what, const char *value, const char *wanted, struct error *err)
{
    return error_set (err, ERROR_NOTEBOOK, "%s: %s “%s” is none that Kubernetes takes; it takes %s", who, what, value,
                      wanted);
}

/* A setting that is a map: what its keys and values have to be. */
struct map_rule {
    const char *tag;
    size_t offset; /* of the map in struct step_settings */
    bool (*is_key) (const char *s);
    const char *key_wanted;
    bool (*is_value) (const char *s);
    const char *value_wanted;
};

#define MAP(member) offsetof (struct step_settings, member)

static const struct map_rule map_rules[] = {
    { "limit:", MAP (limits), is_resource, "cpu, memory, ephemeral-storage, and others as in nvidia.com/gpu",
      tag_is_quantity, "amounts such as 2, 500m or 4Gi" },
    { "label:", MAP (labels), is_qualified_name, LABEL_WANTED, is_label_value, LABEL_WANTED },
    { "annotation:", MAP (annotations), is_qualified_name, LABEL_WANTED, is_text, "" },
    { "node:", MAP (nodes), is_qualified_name, LABEL_WANTED, is_label_value, LABEL_WANTED },
    { "toleration:", MAP (tolerations), is_taint, "KEY=VALUE, both of " LABEL_WANTED, is_text, "" },
};

static int
check_maps (const struct step *s, const char *who, struct error *err)
{
    for (size_t i = 0; i < sizeof map_rules / sizeof *map_rules; i++) {
        const struct map_rule *rule = &map_rules[i];
        json_t *map = *(json_t *const *) ((const char *) &s->settings + rule->offset), *value;
        const char *key;
        json_object_foreach (map, key, value) {
            if (!rule->is_key (key))
                return refuse (who, rule->tag, key, rule->key_wanted, err);
            if (!rule->is_value (json_string_value (value)))
                return refuse (who, rule->tag, json_string_value (value), rule->value_wanted, err);
        }
    }
    return 0;
}

static int
check_secrets (const struct step *s, const char *who, struct error *err)
{
    vec_foreach (x, &s->settings.secrets) {
        if (!is_subdomain (x->name))
            return refuse (who, "secret:", x->name, NAME_WANTED, err);
        if (!is_secret_key (x->key))
            return refuse (who, "a secret's key", x->key, "letters, digits, '-', '_' and '.'", err);
        if (!is_variable (x->env))
            return refuse (who, "a secret's variable", x->env, "letters, digits, '-', '_' and '.', no digit first",
                           err);
    }
    return 0;
}

static int
check_volume (const struct volume *v, const char *who, struct error *err)
{
    static const char *const modes[] = { "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod" };
    bool known = !v->access_mode;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        known |= v->access_mode && strcmp (v->access_mode, modes[i]) == 0;
    if (!is_subdomain (v->name))
        return refuse (who, "the volume", v->name, NAME_WANTED, err);
    if (!is_mount_point (v->mount_point))
        return refuse (who, "the mount point", v->mount_point, "absolute paths without a colon", err);
    if (v->size && !tag_is_quantity (v->size))
        return refuse (who, "the size of a volume", v->size, "amounts such as 5Gi", err);
    return known ? 0
                 : refuse (who, "the access mode", v->access_mode,
                           "ReadOnlyMany, ReadWriteMany, ReadWriteOnce and ReadWriteOncePod", err);
}

int
kubernetes_check (const struct pipeline *p, struct error *err)
{
    vec_foreach (v, &p->volumes)
        if (check_volume (v, "the notebook's metadata", err) < 0)
            return -1;
    vec_foreach (s, &p->steps) {
        const char *who = arena_printf (p->arena, "step %s", s->name);
        if (check_maps (s, who, err) < 0 || check_secrets (s, who, err) < 0)
            return -1;
        vec_foreach (v, &s->settings.volumes)
            if (check_volume (v, who, err) < 0)
                return -1;
    }
    return 0;
}

/* ---- shapes ----------------------------------------------------------------------------------------------------- */

static void
add_volume (struct arena *a, struct vec_volume *volumes, const struct volume *v)
{
    vec_foreach (known, volumes)
        if (strcmp ((*known)->mount_point, v->mount_point) == 0)
            return;
    vec_push (a, volumes, v);
}

void
kubernetes_volumes (const struct pipeline *p, const struct step *s, struct vec_volume *volumes)
{
    vec_foreach (v, &s->settings.volumes)
        add_volume (p->arena, volumes, v);
    vec_foreach (v, &p->volumes)
        add_volume (p->arena, volumes, v);
}

bool
kubernetes_is_new_claim (const struct volume *v)
{
    return v->type && strncmp (v->type, "new", 3) == 0;
}

json_t *
kubernetes_claim_spec (const struct volume *v)
{
    json_t *spec = json_pack ("{s:[s],s:{s:{s:s}}}", "accessModes", v->access_mode ? v->access_mode : "ReadWriteMany",
                              "resources", "requests", "storage", v->size ? v->size : "5Gi");
    if (v->storage_class)
        json_object_set_new (spec, "storageClassName", json_string (v->storage_class));
    return spec;
}

json_t *
kubernetes_tolerations (const struct step *s)
{
    json_t *all = json_array (), *effect;
    const char *taint;
    json_object_foreach (s->settings.tolerations, taint, effect) {
        size_t n = strcspn (taint, "=");
        json_t *one = json_pack ("{s:s%,s:s}", "key", taint, n, "operator", taint[n] ? "Equal" : "Exists");
        if (taint[n])
            json_object_set_new (one, "value", json_string (taint + n + 1));
        if (json_string_length (effect))
            json_object_set (one, "effect", effect);
        json_array_append_new (all, one);
    }
    return all;
}
