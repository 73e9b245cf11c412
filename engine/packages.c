/* See packages.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/packages.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "compiler/requirement.h"
#include "doc/json_value.h"
#include "engine/digest.h"

#include <string.h>

#define PROBE_SECONDS 300

static const char program[] =
    "import sys, json, re\n"
    "from importlib import metadata\n"
    "def name(s): return re.sub(r'[-_.]+', '-', s).lower()\n"
    "modules, versions, requires = {}, {}, {}\n"
    "for d in metadata.distributions():\n"
    "    try:\n"
    "        n = name(d.metadata['Name'])\n"
    "        if n in versions: continue\n"
    "        versions[n] = d.version\n"
    "        top = (d.read_text('top_level.txt') or '').split()\n"
    "        if not top:\n"
    "            firsts = {f.parts[0] for f in d.files or () if f.parts[0] != '..'}\n"
    "            top = {f.split('.')[0] for f in firsts if '-' not in f and f != '__pycache__'\n"
    "                   and ('.' not in f or f.endswith(('.py', '.so')))}\n"
    "        for m in top: modules.setdefault(m.split('/')[-1], []).append(n)\n"
    "        requires[n] = sorted({name(re.match(r'[\\w.-]+', r).group()) for r in d.requires or ()\n"
    "                              if 'extra' not in r.partition(';')[2]})\n"
    "    except Exception: pass\n"
    "for m in modules.values(): m.sort()\n"
    "stdlib = getattr(sys, 'stdlib_module_names', sys.builtin_module_names)\n"
    "print(json.dumps({'python': '%d.%d.%d' % sys.version_info[:3], 'modules': modules, 'versions': versions, "
    "'requires': requires, 'stdlib': sorted(stdlib)},\n"
    "                 sort_keys=True))\n";

json_t *
packages_probe (const struct python *py, struct arena *a, const struct state *state, struct error *err)
{
    char id[HASH_HEX_SIZE];
    if (state)
        python_fingerprint (py, id);
    const char *file = state ? arena_printf (a, "%s/packages-%.16s.json", state->dir, id) : NULL;
    json_t *known = file ? json_load_file (file, 0, NULL) : NULL;
    if (known)
        return known;
    cleanup_strbuf struct strbuf out = { 0 };
    const char *const argv[] = { py->path, "-c", program, NULL };
    struct proc_options o = { .argv = argv, .cwd = "/", .in = -1, .out = -1, .err = -1, .three = -1 };
    if (proc_capture (&o, PROBE_SECONDS, &out, err) < 0)
        return NULL;
    json_t *answer = json_loads (strbuf_str (&out), 0, NULL);
    if (!json_is_object (json_object_get (answer, "versions"))) {
        json_decref (answer);
        error_set (err, ERROR_ENVIRONMENT, "%s does not tell which packages it has", py->path);
        return NULL;
    }
    if (file)
        fs_write_unsynced (file, out.data, out.len, NULL); /* only a note */
    return answer;
}

/* ---- requirements ----------------------------------------------------------------------------------------------- */

static const char *
version_of (const json_t *packages, const char *distribution)
{
    return json_string_value (json_object_get (json_object_get (packages, "versions"), distribution));
}

/* Puts a line at its place among the sorted, unless it is there. */
static void
add_line (struct arena *a, struct vec_str *lines, const char *line)
{
    if (vec_str_has (lines, line))
        return;
    vec_push (a, lines, line);
    for (size_t i = lines->len - 1; i > 0 && strcmp (lines->items[i - 1], lines->items[i]) > 0; i--) {
        const char *later = lines->items[i - 1];
        lines->items[i - 1] = lines->items[i];
        lines->items[i] = later;
    }
}

/* An installed distribution, and all that it needs in turn that is installed. */
static void
add_distribution (const json_t *packages, struct arena *a, const char *distribution, struct vec_str *lines)
{
    const char *version = version_of (packages, distribution);
    const char *line = version ? arena_printf (a, "%s==%s", distribution, version) : NULL;
    if (!line || vec_str_has (lines, line))
        return;
    add_line (a, lines, line);
    size_t i;
    json_t *other;
    json_array_foreach (json_object_get (json_object_get (packages, "requires"), distribution), i, other)
        add_distribution (packages, a, json_string_value (other), lines);
}

static const char *
name_of_line (struct arena *a, const char *line)
{
    return requirement_normal_name (a, arena_strndup (a, line, strcspn (line, "=<>!~[;@ ")));
}

void
packages_require (const json_t *packages, struct arena *a, const char *dir, const struct step *s,
                  const struct vec_str *imports, struct vec_str *lines)
{
    struct vec_str there = { 0 }; /* what would hold a module that another distribution holds here */
    vec_foreach (name, imports) {
        const char *module = arena_strndup (a, *name, strcspn (*name, "."));
        const json_t *from = json_object_get (json_object_get (packages, "modules"), module);
        size_t i;
        json_t *one;
        if (!*module || digests_is_local_module (dir, module)
            || json_has_string (json_object_get (packages, "stdlib"), module))
            continue;
        json_array_foreach (from, i, one)
            add_distribution (packages, a, json_string_value (one), lines);
        const char *usual = json_array_size (from) ? requirement_distribution (a, module) : NULL;
        if (usual)
            vec_push (a, &there, usual);
    }
    vec_foreach (line, &s->requirements) {
        const char *name = name_of_line (a, *line);
        if (version_of (packages, name))
            add_distribution (packages, a, name, lines);
        else if (!requirement_has (&there, a, name))
            add_line (a, lines, *line);
    }
}

void
packages_require_line (const json_t *packages, struct arena *a, const char *line, struct vec_str *lines)
{
    const char *name = name_of_line (a, line);
    if (version_of (packages, name))
        add_distribution (packages, a, name, lines);
    else
        add_line (a, lines, line);
}
