/* See tag.h. One table says for every key what it is; the functions behind parse its value.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/tag.h"

#include "base/cron.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct arena *arena;
    struct cell_tags *tags;         /* NULL while settings are read */
    struct step_settings *settings; /* NULL while roles are read */
};

/* Returns NULL, or what is wrong with the value. */
typedef const char *read_fn (struct reading *r, const char *value, int argument);

/* ---- roles ------------------------------------------------------------------------------------------------------ */

static const char *
read_role (struct reading *r, const char *value, int role)
{
    (void) value;
    if (r->tags->role == ROLE_NONE || role == ROLE_SKIP)
        r->tags->role = (enum cell_role) role;
    return NULL;
}

static const char *
read_step (struct reading *r, const char *value, int role)
{
    if (!*value) /* Kale's panel writes "step:" for a cell that joins the one before */
        return NULL;
    if (r->tags->role == ROLE_STEP && r->tags->step && strcmp (r->tags->step, value) != 0)
        return "a cell belongs to one step only";
    if (r->tags->role == ROLE_NONE) {
        r->tags->role = (enum cell_role) role;
        r->tags->step = arena_strdup (r->arena, value);
    }
    return NULL;
}

static const char *
read_after (struct reading *r, const char *value, int unused)
{
    (void) unused;
    if (*value)
        vec_str_add_once (r->arena, &r->tags->after, arena_strdup (r->arena, value));
    return NULL;
}

/* ---- of the whole pipeline -------------------------------------------------------------------------------------- */

static const char *
keep_checked (struct reading *r, const char *value, int (*check) (const char *value, struct error *err),
              const char **field)
{
    struct error wrong = { 0 };
    if (check (value, &wrong) < 0)
        return arena_strdup (r->arena, wrong.text);
    if (!*field)
        *field = arena_strdup (r->arena, value);
    return NULL;
}

static const char *
read_schedule (struct reading *r, const char *value, int unused)
{
    (void) unused;
    return keep_checked (r, value, cron_check, &r->tags->schedule);
}

static const char *
read_timezone (struct reading *r, const char *value, int unused)
{
    (void) unused;
    return keep_checked (r, value, cron_check_zone, &r->tags->timezone);
}

/* ---- settings --------------------------------------------------------------------------------------------------- */

enum text_setting { TEXT_IMAGE, TEXT_WHEN, TEXT_SERVE, TEXT_REGISTER };

static const char *
read_text (struct reading *r, const char *value, int which)
{
    struct step_settings *s = r->settings;
    const char **const fields[] = { &s->image, &s->when, &s->serve, &s->register_as };
    if (!*value)
        return "a value is missing behind the colon";
    if (!*fields[which])
        *fields[which] = arena_strdup (r->arena, value);
    return NULL;
}

static const char *
read_exit (struct reading *r, const char *value, int unused)
{
    (void) value;
    (void) unused;
    r->settings->exit = true;
    return NULL;
}

/* "names", or "names:4" for four at a time. */
static const char *
read_foreach (struct reading *r, const char *value, int unused)
{
    static const char wrong[] = "say over which list the step's loop goes, and perhaps how many at a time, as in "
                                "foreach:names:4";
    const size_t n = strcspn (value, ": ");
    const char *count = value + n + (value[n] == ':');
    char *end = "";
    long parallel = *count ? strtol (count, &end, 10) : 0;
    (void) unused;
    if (n == 0 || isdigit ((unsigned char) *value) || value[n] == ' '
        || (value[n] && (*end || parallel < 1 || parallel > 1000)))
        return wrong;
    if (!r->settings->foreach) {
        r->settings->foreach = arena_strndup (r->arena, value, n);
        r->settings->parallel = (int) parallel;
    }
    return NULL;
}

enum switch_setting { SWITCH_CACHE, SWITCH_REPORT };

static const char *
read_switch (struct reading *r, const char *value, int which)
{
    static const char *const on[] = { "enabled", "on", "true", "yes" };
    static const char *const off[] = { "disabled", "off", "false", "no" };
    int *field = which == SWITCH_CACHE ? &r->settings->cache : &r->settings->report;
    for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
        bool is_on = strcmp (value, on[i]) == 0;
        if (!is_on && strcmp (value, off[i]) != 0)
            continue;
        if (*field < 0)
            *field = is_on;
        return NULL;
    }
    return "say enabled or disabled";
}

static const char *
read_retries (struct reading *r, const char *value, int unused)
{
    char *end;
    (void) unused;
    long n = strtol (value, &end, 10);
    if (end == value || *end || n < 0 || n > 1000)
        return "say how many times, as in retry:3";
    if (r->settings->retries < 0)
        r->settings->retries = (int) n;
    return NULL;
}

/* "90", "90s", "10m", "1h30m", "2d". */
static const char *
read_timeout (struct reading *r, const char *value, int unused)
{
    static const char wrong[] = "say how long, as in timeout:90s, timeout:10m or timeout:1h30m";
    double total = 0;
    (void) unused;
    if (!*value)
        return wrong;
    while (*value) {
        char *end;
        double n = strtod (value, &end);
        if (end == value || !(n >= 0) || n > 1e9)
            return wrong;
        double unit = *end == 'd' ? 86400 : *end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' || !*end ? 1 : 0;
        if (unit == 0)
            return wrong;
        total += n * unit;
        value = end + (*end != '\0');
    }
    if (r->settings->timeout <= 0)
        r->settings->timeout = total;
    return NULL;
}

static const char *
skip_blanks (const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

enum map_setting { MAP_LIMITS, MAP_LABELS, MAP_ANNOTATIONS, MAP_ENV, MAP_NODES };

static void
put_once (json_t **map, struct arena *a, const char *key, size_t key_len, const char *value)
{
    if (!*map)
        *map = json_object ();
    const char *k = arena_strndup (a, key, key_len);
    if (!json_object_get (*map, k))
        json_object_set_new (*map, k, json_string (value));
}

bool
tag_is_quantity (const char *text)
{
    static const char *const units[] = { "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi",
                                         "Ei" };
    size_t n = strspn (text, "0123456789"), digits = n;
    if (text[n] == '.') {
        size_t more = strspn (text + n + 1, "0123456789");
        digits += more;
        n += 1 + more;
    }
    const char *unit = text + n;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp (unit, units[i]) == 0)
            return digits > 0;
    const char *exponent = unit + 1 + (unit[1] == '+' || unit[1] == '-');
    return digits > 0 && (*unit == 'e' || *unit == 'E') && *exponent && !exponent[strspn (exponent, "0123456789")];
}

/* KEY:VALUE. A limit's key may hold no colon and its value neither; labels and annotations keep colons in values. */
static const char *
read_map (struct reading *r, const char *value, int which)
{
    struct step_settings *s = r->settings;
    json_t **const maps[] = { &s->limits, &s->labels, &s->annotations, &s->env, &s->nodes };
    const char *colon = strchr (value, ':');
    const char *equals = which == MAP_ENV ? strchr (value, '=') : NULL;
    if (equals && (!colon || equals < colon))
        colon = equals;
    if (!colon && which == MAP_LABELS) /* Quarto's "#| label: fig-loss" names a figure */
        return NULL;
    if (!colon || colon == value)
        return "say KEY:VALUE behind the colon";
    size_t key = (size_t) (colon - value);
    while (key > 1 && isblank ((unsigned char) value[key - 1]))
        key--;
    if (which == MAP_LIMITS && !tag_is_quantity (skip_blanks (colon + 1)))
        return "say how much as Kubernetes does, as in limit:memory:2Gi, limit:cpu:500m or limit:nvidia.com/gpu:1";
    put_once (maps[which], r->arena, value, key, skip_blanks (colon + 1)); /* "#| limit:memory: 2Gi" */
    return NULL;
}

/* As `kubectl taint` spells them: KEY, KEY:EFFECT, KEY=VALUE, KEY=VALUE:EFFECT. */
static const char *
read_toleration (struct reading *r, const char *value, int unused)
{
    static const char *const effects[] = { "", "NoSchedule", "PreferNoSchedule", "NoExecute" };
    const size_t n = strcspn (value, ":");
    const char *effect = value[n] ? value + n + 1 : "";
    (void) unused;
    for (size_t i = 0; n > 0 && *value != '=' && i < sizeof effects / sizeof *effects; i++)
        if (strcmp (effect, effects[i]) == 0) {
            put_once (&r->settings->tolerations, r->arena, value, n, effect);
            return NULL;
        }
    return "say KEY=VALUE:EFFECT, as in toleration:gpu:NoSchedule or toleration:team=red:NoExecute";
}

static const char *
read_secret (struct reading *r, const char *value, int unused)
{
    (void) unused;
    char *text = arena_strdup (r->arena, value), *save = NULL;
    struct secret x = { .name = strtok_r (text, ":", &save) };
    x.key = strtok_r (NULL, ":", &save);
    x.env = strtok_r (NULL, "", &save);
    if (!x.name || !x.key || !x.env)
        return "say secret:NAME:KEY:ENV";
    vec_foreach (known, &r->settings->secrets)
        if (strcmp (known->env, x.env) == 0)
            return NULL;
    vec_push (r->arena, &r->settings->secrets, x);
    return NULL;
}

static const char *
read_volume (struct reading *r, const char *value, int unused)
{
    (void) unused;
    char *text = arena_strdup (r->arena, value), *save = NULL;
    struct volume v = { .name = strtok_r (text, ":", &save), .type = "pvc" };
    v.mount_point = strtok_r (NULL, ":", &save);
    v.size = strtok_r (NULL, "", &save);
    if (!v.name || !v.mount_point)
        return "say volume:NAME:MOUNT-POINT";
    vec_foreach (known, &r->settings->volumes)
        if (strcmp (known->mount_point, v.mount_point) == 0)
            return NULL;
    vec_push (r->arena, &r->settings->volumes, v);
    return NULL;
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static const struct key {
    const char *name;
    bool valued;  /* it takes a value behind a colon */
    bool setting; /* says how a step is run, not what the cell is */
    read_fn *read;
    int argument;
} keys[] = {
    { "step", true, false, read_step, ROLE_STEP },
    { "block", true, false, read_step, ROLE_STEP },
    { "notebook", true, false, read_step, ROLE_NOTEBOOK },
    { "prev", true, false, read_after, 0 },
    { "after", true, false, read_after, 0 },
    { "imports", false, false, read_role, ROLE_IMPORTS },
    { "functions", false, false, read_role, ROLE_FUNCTIONS },
    { "pipeline-parameters", false, false, read_role, ROLE_PARAMETERS },
    { "parameters", false, false, read_role, ROLE_PARAMETERS },
    { "injected-parameters", false, false, read_role, ROLE_PARAMETERS },
    { "pipeline-metrics", false, false, read_role, ROLE_METRICS },
    { "skip", false, false, read_role, ROLE_SKIP },
    { "schedule", true, false, read_schedule, 0 },
    { "timezone", true, false, read_timezone, 0 },
    { "image", true, true, read_text, TEXT_IMAGE },
    { "exit", false, true, read_exit, 0 },
    { "foreach", true, true, read_foreach, 0 },
    { "when", true, true, read_text, TEXT_WHEN },
    { "serve", true, true, read_text, TEXT_SERVE },
    { "register", true, true, read_text, TEXT_REGISTER },
    { "cache", true, true, read_switch, SWITCH_CACHE },
    { "report", true, true, read_switch, SWITCH_REPORT },
    { "retry", true, true, read_retries, 0 },
    { "timeout", true, true, read_timeout, 0 },
    { "limit", true, true, read_map, MAP_LIMITS },
    { "label", true, true, read_map, MAP_LABELS },
    { "annotation", true, true, read_map, MAP_ANNOTATIONS },
    { "env", true, true, read_map, MAP_ENV },
    { "node", true, true, read_map, MAP_NODES },
    { "toleration", true, true, read_toleration, 0 },
    { "secret", true, true, read_secret, 0 },
    { "volume", true, true, read_volume, 0 },
};

static const struct key *
find_key (const char *tag, const char **value)
{
    size_t n = strcspn (tag, ":");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen (keys[i].name) == n && memcmp (keys[i].name, tag, n) == 0 && keys[i].valued == (tag[n] == ':')) {
            *value = tag + n + (tag[n] == ':');
            return &keys[i];
        }
    return NULL;
}

/* One letter wrong, missing, added, or two swapped. */
static bool
is_nearly (const char *word, size_t n, const char *right)
{
    size_t m = strlen (right), i = 0, j = 0;
    while (i < n && i < m && word[i] == right[i])
        i++;
    while (j < n - i && j < m - i && word[n - 1 - j] == right[m - 1 - j])
        j++;
    size_t a = n - i - j, b = m - i - j;
    return (a <= 1 && b <= 1 && a + b > 0) || (a == 2 && b == 2 && word[i] == right[i + 1] && word[i + 1] == right[i]);
}

static const char *
similar_key (const char *tag)
{
    size_t n = strcspn (tag, ":");
    if (n < 4)
        return NULL;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].valued == (tag[n] == ':') && is_nearly (tag, n, keys[i].name))
            return keys[i].name;
    return NULL;
}

static void
diagnose_unknown (const struct cell *c, const char *tag, struct diag_list *diags)
{
    const char *similar = similar_key (tag);
    if (similar)
        diag_add (diags, SEVERITY_WARNING, "tag-unknown", cell_place (c, 0, 0), NULL,
                  arena_printf (diags->arena, "did you mean \"%s\"?", similar), "unknown tag \"%s\" is passed over",
                  tag);
}

static void
read_tag (struct reading *r, const struct cell *c, const char *tag, struct diag_list *diags)
{
    const char *value;
    const struct key *k = find_key (tag, &value);
    if (!k) {
        if (r->tags)
            diagnose_unknown (c, tag, diags);
        return;
    }
    if (k->setting != (r->settings != NULL))
        return;
    const char *wrong = k->read (r, value, k->argument);
    if (wrong)
        diag_add (diags, SEVERITY_ERROR, "tag-value", cell_place (c, 0, 0), NULL, wrong,
                  "tag \"%s\" can't be understood", tag);
}

void
tag_read (struct arena *a, const struct cell *c, struct cell_tags *tags, struct diag_list *diags)
{
    struct reading r = { a, tags, NULL };
    *tags = (struct cell_tags){ 0 };
    vec_foreach (tag, &c->tags)
        read_tag (&r, c, *tag, diags);
}

void
tag_settings_init (struct step_settings *s)
{
    *s = (struct step_settings){ .retries = -1, .cache = -1, .report = -1 };
}

void
tag_read_settings (struct arena *a, const struct cell *c, struct step_settings *settings, struct diag_list *diags)
{
    struct reading r = { a, NULL, settings };
    vec_foreach (tag, &c->tags)
        read_tag (&r, c, *tag, diags);
}

bool
tag_apply_setting (struct arena *a, const char *tag, struct step_settings *settings)
{
    struct reading r = { a, NULL, settings };
    const char *value;
    const struct key *k = find_key (tag, &value);
    return k && k->setting && !k->read (&r, value, k->argument);
}

/* ---- directive comments ----------------------------------------------------------------------------------------- */

/* "#| step: train" -> "step:train"; "#| imports" -> "imports". */
static char *
directive_tag (struct arena *a, const char *text, size_t len)
{
    while (len && isspace ((unsigned char) text[len - 1]))
        len--;
    char *line = arena_strndup (a, text, len);
    size_t n = strcspn (line, ":");
    size_t key_len = n;
    while (key_len && isspace ((unsigned char) line[key_len - 1]))
        key_len--;
    if (!line[n])
        return line;
    return arena_printf (a, "%.*s:%s", (int) key_len, line, skip_blanks (line + n + 1));
}

void
tag_read_directives (struct arena *a, struct cell *c)
{
    const char *p = c->source;
    while (*p) {
        const char *text = skip_blanks (p);
        size_t len = strcspn (p, "\n");
        if (text[0] == '#' && text[1] == '|') {
            text = skip_blanks (text + 2);
            if (text < p + len)
                vec_push (a, &c->tags, directive_tag (a, text, (size_t) (p + len - text)));
        } else if (*text && *text != '\n' && *text != '\r')
            return;
        p += len + (p[len] == '\n');
    }
}
