/* See key.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/key.h"

#include "base/strbuf.h"
#include "compiler/syntax_normal.h"

#define CHANGES_TOLD 4 /* more than that is noise */

static const struct {
    const char *name;    /* in the run log */
    const char *changed; /* for people; %s is the component's name */
} kinds[] = {
    [COMPONENT_CODE] = { "code", "%s changed" },
    [COMPONENT_OUTPUTS] = { "outputs", "it has to leave other names" },
    [COMPONENT_PARAMETER] = { "parameter", "parameter %s" },
    [COMPONENT_INPUT] = { "input", "input %s changed" },
    [COMPONENT_FILE] = { "file", "file %s changed" },
    [COMPONENT_MODULE] = { "module", "module %s changed" },
    [COMPONENT_SETTING] = { "setting", "environment variable %s changed" },
    [COMPONENT_ENVIRONMENT] = { "environment", "the Python environment changed" },
    [COMPONENT_HARNESS] = { "harness", "Chard's step.py changed" },
};

void
key_add (struct arena *a, struct key *k, enum component_kind kind, const char *name, const char *value)
{
    struct component c = { kind, name, value };
    vec_push (a, &k->parts, c);
}

/* The one place that decides when two pieces of code are the same: what isn't Python must be so to the letter. */
static const char *
code_digest (struct arena *a, const char *source)
{
    char hex[HASH_HEX_SIZE];
    cleanup_strbuf struct strbuf normal = { 0 };
    if (!syntax_normalize (source, strlen (source), &normal))
        strbuf_adds (&normal, source);
    hash_bytes (strbuf_str (&normal), normal.len, hex);
    return arena_strdup (a, hex);
}

/* "cell 3", "prepare.ipynb, cell 3" */
static const char *
cell_name (struct arena *a, const struct segment *seg)
{
    return arena_printf (a, "%s%scell %d", seg->notebook ? seg->notebook : "", seg->notebook ? ", " : "", seg->cell);
}

void
key_add_code (struct arena *a, struct key *k, const struct step *s)
{
    vec_foreach (seg, &s->segments)
        key_add (a, k, COMPONENT_CODE, cell_name (a, seg), code_digest (a, seg->source));
}

void
key_finish (struct key *k)
{
    struct hash *h = hash_begin ();
    hash_add_str (h, "chard result 1");
    vec_foreach (c, &k->parts) {
        hash_add_str (h, kinds[c->kind].name);
        hash_add_str (h, c->kind == COMPONENT_CODE ? "" : c->name);
        hash_add_str (h, c->value);
    }
    hash_end (h, k->hex);
}

json_t *
key_to_json (const struct key *k)
{
    json_t *all = json_array ();
    vec_foreach (c, &k->parts)
        json_array_append_new (all, json_pack ("[sss]", kinds[c->kind].name, c->name, c->value));
    return all;
}

static const char *
column (const json_t *row, size_t i)
{
    const char *s = json_string_value (json_array_get (row, i));
    return s ? s : "";
}

/* Value of the component `kind`/`name` in a logged key, or NULL. */
static const char *
value_before (const json_t *before, const char *kind, const char *name)
{
    size_t i;
    const json_t *row;
    json_array_foreach (before, i, row)
        if (strcmp (column (row, 0), kind) == 0 && strcmp (column (row, 1), name) == 0)
            return column (row, 2);
    return NULL;
}

/* ---- code: find the line ---- */

static const char *
next_line (const char *s, char *line, size_t size)
{
    size_t n = strcspn (s, "\n"), m = n < size - 1 ? n : size - 1;
    memcpy (line, s, m);
    line[m] = '\0';
    return s[n] ? s + n + 1 : s + n;
}

static void
add_line_change (struct arena *a, struct strbuf *out, const struct segment *now, const struct segment *then)
{
    char new_line[61], old_line[61];
    const char *n = now->source, *o = then->source;
    for (int line = now->line; *n || *o; line++) {
        n = next_line (n, new_line, sizeof new_line);
        o = next_line (o, old_line, sizeof old_line);
        if (strcmp (new_line, old_line) == 0)
            continue;
        strbuf_addf (out, "%s, line %d: ", cell_name (a, now), line);
        if (old_line[0] && new_line[0])
            strbuf_addf (out, "`%s` is now `%s`", old_line, new_line);
        else if (new_line[0])
            strbuf_addf (out, "`%s` was added", new_line);
        else
            strbuf_addf (out, "`%s` was taken out", old_line);
        return;
    }
    strbuf_addf (out, "%s changed", cell_name (a, now));
}

static size_t
count_code (const json_t *before)
{
    size_t i, n = 0;
    const json_t *row;
    json_array_foreach (before, i, row)
        n += strcmp (column (row, 0), "code") == 0;
    return n;
}

/* Code pieces are compared in order; the logged ones come first in a key. True if one differs. */
static bool
add_code_change (struct arena *a, struct strbuf *out, const struct step *step, const json_t *before,
                 const struct step *then)
{
    size_t old_count = count_code (before);
    for (size_t i = 0; i < step->segments.len && i < old_count; i++) {
        const struct segment *seg = &step->segments.items[i];
        if (strcmp (code_digest (a, seg->source), column (json_array_get (before, i), 2)) == 0)
            continue;
        if (then && then->segments.len == step->segments.len)
            add_line_change (a, out, seg, &then->segments.items[i]);
        else
            strbuf_addf (out, "the code changed from %s on", cell_name (a, seg));
        return true;
    }
    if (step->segments.len == old_count)
        return false;
    strbuf_adds (out, step->segments.len > old_count ? "code was added" : "code was taken out");
    return true;
}

static void
add_change (struct strbuf *out, const struct component *c, const char *was)
{
    if (c->kind == COMPONENT_PARAMETER && was)
        strbuf_addf (out, "parameter %s: %.60s is now %.60s", c->name, was, c->value);
    else if (c->kind == COMPONENT_PARAMETER || (c->kind == COMPONENT_INPUT && !was))
        strbuf_addf (out, "%s %s is new", kinds[c->kind].name, c->name);
    else {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        strbuf_addf (out, kinds[c->kind].changed, c->name);
#pragma GCC diagnostic pop
    }
}

static bool
still_there (const struct key *now, const char *kind, const char *name)
{
    vec_foreach (c, &now->parts)
        if (strcmp (kinds[c->kind].name, kind) == 0 && strcmp (c->name, name) == 0)
            return true;
    return false;
}

static void
separate (struct strbuf *out, int told)
{
    if (told)
        strbuf_adds (out, "; ");
}

char *
key_explain (struct arena *a, const struct key *now, const struct step *step, const json_t *before,
             const struct step *then)
{
    cleanup_strbuf struct strbuf out = { 0 };
    int told = add_code_change (a, &out, step, before, then);
    vec_foreach (c, &now->parts) {
        const char *was = value_before (before, kinds[c->kind].name, c->name);
        if (c->kind == COMPONENT_CODE || (was && strcmp (was, c->value) == 0) || told >= CHANGES_TOLD)
            continue;
        separate (&out, told++);
        add_change (&out, c, was);
    }
    size_t i;
    const json_t *row;
    json_array_foreach (before, i, row)
        if (strcmp (column (row, 0), "code") != 0 && told < CHANGES_TOLD
            && !still_there (now, column (row, 0), column (row, 1))) {
            separate (&out, told++);
            strbuf_addf (&out, "%s %s is gone", column (row, 0), column (row, 1));
        }
    return told ? arena_strdup (a, strbuf_str (&out)) : NULL;
}
