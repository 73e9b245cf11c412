/* See requirement.h. Where modules come from is told by compiler/modules.txt, for what the environment doesn't tell.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/requirement.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "compiler/facts.h"
#include "compiler/scope.h"
#include "compiler/syntax.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES 300 /* of local modules that are looked into */

struct collecting {
    struct arena *arena;
    struct pipeline *pipeline;
    const json_t *environment;
    struct diag_list *diags;
    struct syntax *syntax;
    struct symbols *symbols;
    struct vec_str told;   /* missing modules that were warned of */
    json_t *seen;          /* text -> index into `facts`: definitions are replicated into many steps */
    vec (const struct facts *) facts;
    struct step *step;
    struct vec_str files;  /* local modules of this step that were looked into */
};

/* ---- the table -------------------------------------------------------------------------------------------------- */

static int
compare_module (const void *name, const void *row)
{
    return strcmp (name, ((const struct requirement_module *) row)->name);
}

/* What the table says of that very module; NULL: nothing. */
static const struct requirement_module *
find_module (const char *name)
{
    return bsearch (name, requirement_modules, requirement_modules_count, sizeof *requirement_modules, compare_module);
}

char *
requirement_normal_name (struct arena *a, const char *name)
{
    char *normal = arena_strdup (a, name), *to = normal;
    for (const char *p = name; *p; p++) {
        bool dash = *p == '-' || *p == '_' || *p == '.';
        if (!dash)
            *to++ = (char) tolower ((unsigned char) *p);
        else if (to == normal || to[-1] != '-')
            *to++ = '-';
    }
    *to = '\0';
    return normal;
}

/* Cuts a module's last part off; NULL if it has but one. */
static char *
parent_of (char *module)
{
    char *dot = strrchr (module, '.');
    if (dot)
        *dot = '\0';
    return dot ? module : NULL;
}

/* What is known of the longest leading part of `module`; NULL if nothing is. */

static const struct requirement_module *
find_in_table (struct arena *a, const char *module)
{
    const struct requirement_module *found = NULL;
    for (char *part = arena_strdup (a, module); part && !found; part = parent_of (part))
        found = find_module (part);
    return found;
}

static const json_t *
find_installed (struct arena *a, const json_t *environment, const char *module)
{
    const json_t *found = NULL;
    for (char *part = arena_strdup (a, module); part && !found; part = parent_of (part))
        found = json_object_get (environment, part);
    return found;
}

/* ---- requirements ----------------------------------------------------------------------------------------------- */

bool
requirement_has (const struct vec_str *list, struct arena *a, const char *name)
{
    const char *normal = requirement_normal_name (a, name);
    vec_foreach (x, list) {
        size_t n = strcspn (*x, "=<>!~[;@ ");
        if (strcmp (requirement_normal_name (a, arena_strndup (a, *x, n)), normal) == 0)
            return true;
    }
    return false;
}

static void
add_distribution (struct collecting *c, const char *name, const char *version)
{
    if (!requirement_has (&c->step->requirements, c->arena, name))
        vec_push (c->arena, &c->step->requirements,
                  version ? arena_printf (c->arena, "%s==%s", name, version) : arena_strdup (c->arena, name));
}

static const char *
top_of (struct arena *a, const char *module)
{
    return arena_strndup (a, module, strcspn (module, "."));
}

const char *
requirement_distribution (struct arena *a, const char *module)
{
    const struct requirement_module *known = find_in_table (a, module);
    const char *name = known ? known->distribution : top_of (a, module);
    return *name ? name : NULL;
}

/* Where the notebook itself asked for a version by `!pip install X==1`, that is what it gets. */
static bool
add_lifted (struct collecting *c, const char *name)
{
    vec_foreach (x, &c->pipeline->requirements) {
        struct vec_str one = { x, 1, 1 };
        if (requirement_has (&one, c->arena, name)) {
            if (!requirement_has (&c->step->requirements, c->arena, name))
                vec_push (c->arena, &c->step->requirements, *x);
            return true;
        }
    }
    return false;
}

static void
warn_missing (struct collecting *c, const char *module, const char *name, struct place at, const char *line)
{
    const char *top = top_of (c->arena, module);
    if (!vec_str_add_once (c->arena, &c->told, top))
        return;
    diag_add (c->diags, SEVERITY_WARNING, "missing-module", at, line,
              arena_printf (c->arena, "pip install %s", name), "the notebook's Python has no module `%s`", top);
}

/* A module that isn't local: of the standard library, of the environment, or by its name. */
static void
add_installed (struct collecting *c, const char *module, const struct import *x, struct place at, const char *line)
{
    const char *name = requirement_distribution (c->arena, module);
    if (!name)
        return;
    const json_t *installed = find_installed (c->arena, c->environment, module);
    if (installed)
        name = json_string_value (json_array_get (installed, 0));
    if (add_lifted (c, name))
        return;
    if (installed) {
        add_distribution (c, name, json_string_value (json_array_get (installed, 1)));
    } else if (!x->guarded) { /* in a try it may well be absent */
        add_distribution (c, name, NULL);
        if (c->environment)
            warn_missing (c, module, name, at, line);
    }
}

/* ---- local modules ---------------------------------------------------------------------------------------------- */

static void collect_text (struct collecting *c, const char *text, size_t len, struct place at);

static void
collect_file (struct collecting *c, const char *path)
{
    struct error err = { 0 };
    cleanup_free char *text = NULL;
    size_t len = 0;
    if (c->files.len >= MAX_FILES || !vec_str_add_once (c->arena, &c->files, path))
        return;
    if (fs_read (path, &text, &len, &err) == 0)
        collect_text (c, text, len, PLACE_NOTEBOOK);
}

static int
is_wanted (const struct dirent *e)
{
    return e->d_name[0] != '.' && strcmp (e->d_name, "__pycache__") != 0;
}

/* A package goes along whole: what it imports lazily, or reads as data, is part of it. */
static void
collect_package (struct collecting *c, const char *path, int depth)
{
    struct dirent **entries;
    int n = scandir (path, &entries, is_wanted, alphasort);
    for (int i = 0; i < n; i++) {
        const char *below = fs_join (c->arena, path, entries[i]->d_name);
        size_t len = strlen (below);
        if (fs_is_dir (below) && depth < 8)
            collect_package (c, below, depth + 1);
        else if (len > 3 && strcmp (below + len - 3, ".py") == 0)
            collect_file (c, below);
        free (entries[i]);
    }
    if (n >= 0)
        free (entries);
}

static bool
holds_python (const char *path)
{
    struct dirent **entries;
    bool found = false;
    int n = scandir (path, &entries, is_wanted, alphasort);
    for (int i = 0; i < n; i++) {
        size_t len = strlen (entries[i]->d_name);
        found = found || (len > 3 && strcmp (entries[i]->d_name + len - 3, ".py") == 0);
        free (entries[i]);
    }
    if (n >= 0)
        free (entries);
    return found;
}

/* NAME.py or NAME/ there; `below` is how a module of that folder is told: "", or the folder's path and a slash. */
static bool
add_local_of (struct collecting *c, const char *folder, const char *below, const char *top)
{
    const char *path = fs_join (c->arena, folder, arena_printf (c->arena, "%s.py", top));
    const char *package = fs_join (c->arena, folder, top);
    if (fs_is_dir (package) && (fs_exists (fs_join (c->arena, package, "__init__.py")) || holds_python (package))) {
        vec_str_add_once (c->arena, &c->step->modules, arena_printf (c->arena, "%s%s/", below, top));
        collect_package (c, package, 0);
        return true;
    }
    if (!fs_exists (path) || fs_is_dir (path))
        return false;
    vec_str_add_once (c->arena, &c->step->modules, arena_printf (c->arena, "%s%s.py", below, top));
    collect_file (c, path);
    return true;
}

/* In the notebook's folder, found there first as sys.path has it, or in those of the notebooks that it brings in. */
static bool
add_local (struct collecting *c, const char *module)
{
    const char *top = top_of (c->arena, module), *folder = c->pipeline->notebook_dir;
    struct vec_str others = { 0 };
    if (!folder || !*top)
        return false;
    if (add_local_of (c, folder, "", top))
        return true;
    pipeline_folders (c->pipeline, &others);
    vec_foreach (other, &others)
        if (add_local_of (c, fs_join (c->arena, folder, *other), arena_printf (c->arena, "%s/", *other), top))
            return true;
    return false;
}

/* ---- imports of a text ------------------------------------------------------------------------------------------ */

static void
collect_import (struct collecting *c, const struct import *x, struct place at, const char *line)
{
    const char *module = x->module;
    if (*module == '.' || !*module) /* relative: within a package, which goes along whole */
        return;
    if (add_local (c, module))
        return;
    const char *name = symbol_text (c->symbols, x->name);
    if (*name && *name != '*') /* `from google.cloud import storage` */
        module = arena_printf (c->arena, "%s.%s", module, name);
    add_installed (c, module, x, at, line);
}

static struct place
place_in (struct place at, const char *text, uint32_t offset)
{
    if (at.cell < 0)
        return at;
    at.column = 1;
    for (uint32_t i = 0; i < offset; i++, at.column++)
        if (text[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    return at;
}

static const char *
line_at (struct arena *a, const char *text, uint32_t offset)
{
    const char *start = text + offset;
    while (start > text && start[-1] != '\n')
        start--;
    return arena_strndup (a, start, strcspn (start, "\n"));
}

static const struct facts *
facts_of (struct collecting *c, const char *text, size_t len)
{
    const json_t *known = json_object_getn (c->seen, text, len);
    if (known)
        return c->facts.items[json_integer_value (known)];
    struct syntax_error error;
    struct unit unit = { 0 };
    const struct program program = { .arena = c->arena, .symbols = c->symbols };
    unit.tree = syntax_parse (c->syntax, c->arena, c->symbols, text, len, &error);
    scope_build (c->arena, c->symbols, unit.tree);
    const struct facts *facts = facts_collect (c->arena, &program, &unit);
    json_object_setn_new_nocheck (c->seen, text, len, json_integer ((json_int_t) c->facts.len));
    vec_push (c->arena, &c->facts, facts);
    return facts;
}

/* What libraries import when a method is called that can't do without. */
static const struct {
    const char *method, *module;
} lazily[] = {
    { "to_parquet", "pyarrow" }, { "read_parquet", "pyarrow" }, { "to_feather", "pyarrow" },
    { "read_feather", "pyarrow" },
    { "to_excel", "openpyxl" },  { "read_excel", "openpyxl" },  { "to_hdf", "tables" },      { "read_hdf", "tables" },
    { "read_html", "lxml" },     { "read_xml", "lxml" },        { "to_markdown", "tabulate" },
};

/* Only where the environment has it: there may be other ways (engine="fastparquet"). */
static void
collect_lazy (struct collecting *c, const char *text, size_t len)
{
    static const struct import guarded = { .guarded = true };
    for (size_t i = 0; i < sizeof lazily / sizeof *lazily; i++)
        if (memmem (text, len, lazily[i].method, strlen (lazily[i].method)))
            add_installed (c, lazily[i].module, &guarded, PLACE_NOTEBOOK, NULL);
}

static void
collect_text (struct collecting *c, const char *text, size_t len, struct place at)
{
    collect_lazy (c, text, len);
    if (!memmem (text, len, "import", 6))
        return;
    const struct facts *facts = facts_of (c, text, len);
    vec_foreach (x, &facts->imports)
        collect_import (c, x, place_in (at, text, x->at->start), line_at (c->arena, text, x->at->start));
}

static int
compare_text (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
}

static void
sort_texts (struct vec_str *v)
{
    if (v->len)
        qsort (v->items, v->len, sizeof *v->items, compare_text);
}

void
requirement_collect (struct pipeline *p, const struct program *program, const json_t *environment,
                     struct diag_list *diags)
{
    json_auto_t *seen = json_object ();
    struct collecting c = { .arena = p->arena, .pipeline = p, .environment = environment, .diags = diags,
                            .seen = seen, .syntax = syntax_create (), .symbols = program->symbols };
    vec_foreach (s, &p->steps) {
        c.step = s;
        c.files.len = 0;
        vec_foreach (x, &s->segments) {
            struct place at = x->notebook ? PLACE_NOTEBOOK : (struct place){ .cell = x->cell, .line = x->line };
            collect_text (&c, x->source, strlen (x->source), at);
        }
        sort_texts (&s->requirements);
        sort_texts (&s->modules);
    }
    syntax_destroy (c.syntax);
}
