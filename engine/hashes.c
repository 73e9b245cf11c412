/* See hashes.h. Specifications: pip's requirements files and "hash-checking mode", pip's installation report (version
 * 1).
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/hashes.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "compiler/requirement.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#define PIP_SECONDS 1800 /* an index that describes nothing has pip download all of it */

/* What is known: {"numpy": ["1.26.0", "sha256:…", …]}, names as indexes compare them. */

static const char *
name_of (struct arena *a, const char *line)
{
    return requirement_normal_name (a, arena_strndup (a, line, strcspn (line, "=<>!~[;@ ")));
}

/* What a line asks for by ==; NULL: it leaves it open. */
static const char *
version_of (struct arena *a, const char *line)
{
    const char *equals = strstr (line, "==");
    return equals ? arena_strndup (a, equals + 2, strcspn (equals + 2, " ;,")) : NULL;
}

/* The line with its digests; NULL if there are none for it. */
static const char *
with_hashes (struct arena *a, const json_t *known, const char *line)
{
    const json_t *entry = json_object_get (known, name_of (a, line));
    const char *asked = version_of (a, line), *version = json_string_value (json_array_get (entry, 0));
    if (!version || json_array_size (entry) < 2 || (asked && strcmp (asked, version) != 0))
        return NULL;
    cleanup_strbuf struct strbuf out = { 0 };
    strbuf_addf (&out, "%s==%s", name_of (a, line), version);
    for (size_t i = 1; i < json_array_size (entry); i++)
        strbuf_addf (&out, " --hash=%s", json_string_value (json_array_get (entry, i)));
    return arena_strdup (a, strbuf_str (&out));
}

/* All lines or none: pip refuses to install where some have digests and others don't. Returns a line that has none. */
static const char *
apply (struct arena *a, const json_t *known, struct vec_str *lists, size_t n)
{
    for (size_t i = 0; i < n; i++)
        vec_foreach (line, &lists[i])
            if (!with_hashes (a, known, *line))
                return *line;
    for (size_t i = 0; i < n; i++)
        vec_foreach (line, &lists[i])
            *line = with_hashes (a, known, *line);
    return NULL;
}

/* ---- from a file ------------------------------------------------------------------------------------------------ */

static bool
is_digest (const char *s)
{
    static const char sha256[] = "sha256:";
    size_t n = sizeof sha256 - 1;
    return strncmp (s, sha256, n) == 0 && strspn (s + n, "0123456789abcdef") == 64 && !s[n + 64];
}

/* "numpy==1.26.0 --hash=sha256:… --hash=sha256:…" */
static void
read_line (struct arena *a, char *line, json_t *known)
{
    static const char option[] = "--hash=";
    char *save, *first = strtok_r (line, " \t\\", &save), *word;
    const char *version = first ? version_of (a, first) : NULL;
    if (!version || *first == '#')
        return;
    json_t *entry = json_pack ("[s]", version);
    while ((word = strtok_r (NULL, " \t\\", &save)) && *word != '#')
        if (strncmp (word, option, sizeof option - 1) == 0 && is_digest (word + sizeof option - 1))
            json_array_append_new (entry, json_string (word + sizeof option - 1));
    json_object_set_new (known, name_of (a, first), entry);
}

void
hashes_from_lock (struct arena *a, const char *dir, struct vec_str *lists, size_t n)
{
    cleanup_free char *text = NULL;
    size_t len = 0;
    if (fs_read (fs_join (a, dir, "requirements.txt"), &text, &len, NULL) < 0)
        return;
    json_auto_t *known = json_object ();
    for (char *p = text; *p; p++) /* lines that end in a backslash go on */
        if (*p == '\r'
            || (*p == '\n' && p > text && (p[-1] == '\\' || (p[-1] == ' ' && p - 1 > text && p[-2] == '\\'))))
            *p = ' ';
    char *save;
    for (char *line = strtok_r (text, "\n", &save); line; line = strtok_r (NULL, "\n", &save))
        read_line (a, line, known);
    apply (a, known, lists, n);
}

/* ---- from pip --------------------------------------------------------------------------------------------------- */

static json_t *
ask_pip (struct arena *a, const struct python *py, const struct vec_str *lines, struct error *err)
{
    static const char *const command[] = { "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet",
                                           "--no-input", "--disable-pip-version-check", "--report", "-", "--" };
    vec (const char *) argv = { 0 };
    cleanup_strbuf struct strbuf out = { 0 };
    vec_push (a, &argv, py->path);
    for (size_t i = 0; i < sizeof command / sizeof *command; i++)
        vec_push (a, &argv, command[i]);
    vec_foreach (line, lines)
        vec_push (a, &argv, *line);
    vec_push (a, &argv, NULL);
    struct proc_options o = { .argv = argv.items, .cwd = "/", .in = -1, .out = -1, .err = STDERR_FILENO, .three = -1 };
    if (proc_capture (&o, PIP_SECONDS, &out, err) < 0) {
        error_wrap (err, "pip could not find out digests");
        return NULL;
    }
    json_t *report = json_loads (strbuf_str (&out), 0, NULL);
    if (!report)
        error_set (err, ERROR_ENVIRONMENT, "pip gave no report; its version must be 22.2 or later");
    return report;
}

/* Reads the report, and gives each list the lines of what nobody asked for and something needs. */
static void
read_report (struct arena *a, const json_t *report, const struct vec_str *asked, json_t *known, struct vec_str *more)
{
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get (report, "install"), i, one) {
        const char *name = NULL, *version = NULL, *hex = NULL;
        json_unpack (one, "{s:{s:s,s:s}}", "metadata", "name", &name, "version", &version);
        json_unpack (one, "{s:{s:{s:{s:s}}}}", "download_info", "archive_info", "hashes", "sha256", &hex);
        if (!name || !version)
            continue;
        json_t *entry = json_pack ("[s]", version);
        if (hex)
            json_array_append_new (entry, json_sprintf ("sha256:%s", hex));
        json_object_set_new (known, requirement_normal_name (a, name), entry);
        if (!requirement_has (asked, a, name))
            vec_push (a, more, requirement_normal_name (a, name));
    }
}

int
hashes_from_pip (struct arena *a, const struct python *py, struct vec_str *lists, size_t n, struct error *err)
{
    struct vec_str all = { 0 }, more = { 0 };
    for (size_t i = 0; i < n; i++)
        vec_foreach (line, &lists[i])
            vec_str_add_once (a, &all, *line);
    if (all.len == 0)
        return 0;
    json_auto_t *report = ask_pip (a, py, &all, err), *known = json_object ();
    if (!report)
        return -1;
    read_report (a, report, &all, known, &more);
    vec_foreach (line, &more)
        if (!with_hashes (a, known, *line))
            return error_set (err, ERROR_ENVIRONMENT, "%s does not come from a file that has a digest", *line);
    const char *without = apply (a, known, lists, n);
    if (without)
        return error_set (err, ERROR_ENVIRONMENT, "%s does not come from a file that has a digest", without);
    for (size_t i = 0; i < n; i++)
        vec_foreach (line, &more)
            if (lists[i].len)
                vec_push (a, &lists[i], with_hashes (a, known, *line));
    return 0;
}
