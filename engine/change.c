/* See change.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/change.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "doc/json_value.h"

/* A value, or a class that the step has as code. */
static const struct input *
find_input (const struct step *s, const char *name)
{
    vec_foreach (in, &s->inputs)
        if (in->kind != INPUT_IMPORT && strcmp (in->name, name) == 0)
            return in;
    return NULL;
}

/* The values that were handed over together with `name`, because they share objects: what changes one may change
 * all. */
static const json_t *
group_of (const struct result *r, const char *name)
{
    size_t i;
    const json_t *group;
    json_array_foreach (json_object_get (r->values, "groups"), i, group)
        if (json_has_string (json_object_get (group, "names"), name))
            return group;
    return NULL;
}

static bool
reads_any (const struct step *s, const struct input *changed, const json_t *names)
{
    vec_foreach (in, &s->inputs)
        if (in->kind != INPUT_IMPORT && in->from == changed->from
            && (strcmp (in->name, changed->name) == 0 || (in->kind == INPUT_DATA && json_has_string (names, in->name))))
            return true;
    return false;
}

/* Steps behind `i` that read what `changed` was in it, as the same step left it: the order of steps is the notebook's
 * as far as that matters. */
static json_t *
users_behind (const struct pipeline *p, int i, const struct input *changed, const json_t *names)
{
    json_t *users = json_array ();
    for (size_t k = (size_t) i + 1; k < p->steps.len; k++)
        if (reads_any (&p->steps.items[k], changed, names))
            json_array_append_new (users, json_string (p->steps.items[k].name));
    return users;
}

static json_t *
change (const char *name, json_t *cell, const char *from, json_t *used_by)
{
    return json_pack ("{s:s,s:o,s:s,s:o}", "name", name, "cell", cell ? json_incref (cell) : json_null (), "from", from,
                      "used_by", used_by);
}

/* Whether step `k` gets `name` from the step whose group has this digest. */
static const struct input *
gets_group (const struct pipeline *p, struct plan *plan, size_t k, const char *name, const json_t *digest)
{
    const struct input *in = find_input (&p->steps.items[k], name);
    const json_t *group = in && in->kind == INPUT_DATA ? group_of (plan_source (plan, in->from), name) : NULL;
    return group && json_equal (json_object_get (group, "sha256"), digest) ? in : NULL;
}

/* What was changed by way of `group` may hold values of other steps ("extras"): steps behind get these as they were. */
static void
add_held (json_t *changes, const struct pipeline *p, struct plan *plan, int i, const struct result *r,
          const json_t *group, json_t *cell)
{
    const char *name;
    json_t *digest;
    json_object_foreach (json_object_get (r->values, "extras"), name, digest) {
        json_t *users = json_array ();
        int from = -1;
        for (size_t k = (size_t) i + 1; k < p->steps.len && json_has_string (json_object_get (group, "names"), name);
             k++) {
            const struct input *in = gets_group (p, plan, k, name, digest);
            if (in && in->from < i) {
                from = in->from;
                json_array_append_new (users, json_string (p->steps.items[k].name));
            }
        }
        if (from >= 0)
            json_array_append_new (changes, change (name, cell, p->steps.items[from].name, json_incref (users)));
        json_decref (users);
    }
}

/* `name` came in one group with `with`, which step `i` was said to change, and changed with it: steps that stand behind
 * it in the notebook and get it as it was. NULL: there are none. */
static json_t *
change_with (const struct pipeline *p, struct plan *plan, int i, const char *name, const struct input *with,
             json_t *cell)
{
    const struct result *r = plan_source (plan, with->from);
    const json_t *held = json_object_get (json_object_get (r->values, "extras"), name);
    const struct step *s = &p->steps.items[i];
    json_t *users = json_array ();
    int from = -1;
    for (size_t k = (size_t) i + 1; k < p->steps.len; k++) {
        const struct step *user = &p->steps.items[k];
        const struct input *in = find_input (user, name);
        bool behind = user->cells.len && s->cells.len && user->cells.items[user->cells.len - 1] > s->cells.items[0];
        bool same = in && in->kind == INPUT_DATA
                    && (held ? in->from < i && gets_group (p, plan, k, name, held) : in->from == with->from);
        if (!behind || !same)
            continue;
        from = in->from;
        json_array_append_new (users, json_string (user->name));
    }
    json_t *found = from >= 0 ? change (name, cell, p->steps.items[from].name, json_incref (users)) : NULL;
    json_decref (users);
    return found;
}

/* "%module.st": what a local module keeps, which every step has as it is when it is imported; else NULL. */
static const char *
module_of (const char *name)
{
    static const char prefix[] = "%module.";
    return strncmp (name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : NULL;
}

static bool
imports (struct arena *a, const struct step *s, const char *module)
{
    vec_foreach (x, &s->imports)
        if (strcmp (*x, module) == 0)
            return true;
    const char *file = arena_printf (a, "%s.py", module), *folder = arena_printf (a, "%s/", module);
    vec_foreach (x, &s->modules)
        if (strcmp (*x, file) == 0 || strcmp (*x, folder) == 0)
            return true;
    return false;
}

/* A module that a step wrote, and imported, is handed on as a value. */
static bool
is_given_module (const struct step *s, struct plan *plan)
{
    vec_foreach (in, &s->inputs) {
        const struct result *r = in->kind == INPUT_DATA ? plan_source (plan, in->from) : NULL;
        const json_t *about = r ? json_object_get (json_object_get (r->values, "values"), in->name) : NULL;
        const char *type = json_string_value (json_object_get (about, "type"));
        if (type && strcmp (type, "module") == 0)
            return true;
    }
    return false;
}

/* A step changed what a module keeps: those behind it that import it have it as it was. */
static json_t *
module_change (const struct pipeline *p, struct plan *plan, int i, const char *name, json_t *cell)
{
    json_t *users = json_array ();
    for (size_t k = (size_t) i + 1; k < p->steps.len; k++)
        if (imports (p->arena, &p->steps.items[k], module_of (name)) || is_given_module (&p->steps.items[k], plan))
            json_array_append_new (users, json_string (p->steps.items[k].name));
    if (json_array_size (users))
        return change (name, cell, p->steps.items[i].name, users);
    json_decref (users);
    return NULL;
}

json_t *
change_find (const struct pipeline *p, struct plan *plan, int i)
{
    const json_t *mutated = json_object_get (plan_step (plan, i)->result.result, "mutated"), *m;
    json_t *changes = NULL;
    size_t k;
    json_array_foreach (mutated, k, m) {
        const char *name = json_string_value (json_object_get (m, "name"));
        const struct input *in = name ? find_input (&p->steps.items[i], name) : NULL;
        json_t *cell = json_object_get (m, "cell");
        json_t *of_module = name && module_of (name) ? module_change (p, plan, i, name, cell) : NULL;
        if (of_module) {
            changes = changes ? changes : json_array ();
            json_array_append_new (changes, of_module);
        }
        const char *by = json_string_value (json_object_get (m, "by"));
        const struct input *with = by ? find_input (&p->steps.items[i], by) : NULL;
        json_t *together = with && with->kind == INPUT_DATA ? change_with (p, plan, i, name, with, cell) : NULL;
        if (together) {
            changes = changes ? changes : json_array ();
            json_array_append_new (changes, together);
        }
        if (by || !in || module_of (name) || (in->kind == INPUT_CODE && in->mutated)) /* the plan knows: it goes by
                                                                                         value */
            continue;
        const struct result *r = in->kind == INPUT_DATA ? plan_source (plan, in->from) : NULL;
        const json_t *group = r ? group_of (r, name) : NULL;
        changes = changes ? changes : json_array ();
        json_array_append_new (changes, change (name, cell, p->steps.items[in->from].name,
                                                users_behind (p, i, in, json_object_get (group, "names"))));
        if (group)
            add_held (changes, p, plan, i, r, group, cell);
    }
    return changes;
}

/* "cell 4", or "one of the cells 3, 5, 8" where step.py can't tell. */
static void
add_place (struct strbuf *b, const struct step *s, const json_t *change)
{
    const json_t *cell = json_object_get (change, "cell");
    if (json_is_integer (cell)) {
        strbuf_addf (b, "cell %d", (int) json_integer_value (cell));
        return;
    }
    strbuf_adds (b, "one of the cells ");
    for (size_t k = 0; k < s->cells.len; k++)
        strbuf_addf (b, "%s%d", k ? ", " : "", s->cells.items[k]);
}

static void
tell_value (const json_t *change, const char *user, struct strbuf *message, struct strbuf *hint)
{
    const char *name = json_text (change, "name");
    strbuf_addf (message, " changed %s, which Chard took as only read there; step %s, behind it, gets %s as step %s "
                          "left it, so the pipeline would not compute what the notebook does", name, user, name,
                 json_text (change, "from"));
    strbuf_addf (hint, "say that %s comes from there: put the line `%s = %s` behind what changes it; or give both "
                       "cells the same step: tag. The notebook's next compile knows of it, so running it again may do",
                       name, name, name);
}

static void
tell_module (const char *module, const char *user, struct strbuf *message, struct strbuf *hint)
{
    strbuf_addf (message, " changed what the module %s keeps; step %s, behind it, has that module as it is when it is "
                          "imported, so the pipeline would not compute what the notebook does", module, user);
    strbuf_adds (hint, "the notebook's next compile knows of it and hands it on, so running it again will do; or give "
                       "both cells the same step: tag");
}

json_t *
change_error (const struct pipeline *p, int i, const json_t *changes)
{
    const struct step *s = &p->steps.items[i];
    size_t k;
    const json_t *change;
    json_array_foreach (changes, k, change) {
        const json_t *users = json_object_get (change, "used_by");
        if (json_array_size (users) == 0)
            continue;
        const char *module = module_of (json_text (change, "name"));
        const char *user = json_string_value (json_array_get (users, 0));
        cleanup_strbuf struct strbuf message = { 0 }, hint = { 0 };
        if (json_is_integer (json_object_get (change, "cell"))) /* told beside the message */
            strbuf_adds (&message, "it");
        else
            add_place (&message, s, change);
        if (module)
            tell_module (module, user, &message, &hint);
        else
            tell_value (change, user, &message, &hint);
        json_t *error = json_pack ("{s:s,s:s,s:s}", "type", "UndeclaredChange", "message", strbuf_str (&message),
                                   "hint", strbuf_str (&hint));
        json_object_set (error, "cell", json_object_get (change, "cell"));
        return error;
    }
    return NULL;
}

char *
change_note (struct arena *a, const struct pipeline *p, int i, const json_t *changes)
{
    const struct step *s = &p->steps.items[i];
    const json_t *change = json_array_get (changes, 0);
    cleanup_strbuf struct strbuf b = { 0 };
    strbuf_addf (&b, "step %s: ", s->name);
    add_place (&b, s, change);
    strbuf_addf (&b, " changed %s, which Chard took as only read there", json_text (change, "name"));
    if (json_array_size (changes) > 1)
        strbuf_addf (&b, " (and %zu more)", json_array_size (changes) - 1);
    strbuf_adds (&b, "; no step behind it reads that, so nothing is lost");
    return arena_strdup (a, strbuf_str (&b));
}
