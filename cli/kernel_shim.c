/* See kernel_shim.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel_shim.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/command.h"
#include "cli/kernel_files.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define MARK "installed by `chard kernel install`" /* stands in its first line */
#define ANSWER_TIME 30                             /* seconds that Python may take */

/* Prints where modules of its own may go: first those of the environment, then the user's if it looks there. */
static const char question[] = "import json, site, sysconfig\n"
                               "print(json.dumps([sysconfig.get_path('purelib')] + ([site.getusersitepackages()] if "
                               "site.ENABLE_USER_SITE else [])))\n";

static json_t *
ask_places (const char *python, struct error *err)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *argv[] = { python, "-c", question, NULL };
    struct proc_options o = { .argv = argv, .in = -1, .err = -1, .three = -1 };
    if (proc_capture (&o, ANSWER_TIME, &out, err) < 0)
        return NULL;
    json_t *places = json_loadb (strbuf_str (&out), out.len, 0, NULL);
    if (json_string_value (json_array_get (places, 0)))
        return places;
    json_decref (places);
    error_set (err, ERROR_ENVIRONMENT, "%s doesn't tell where its packages lie", python);
    return NULL;
}

static json_t *
own_path (void)
{
    char self[4096];
    ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
    json_t *path = json_stringn (self, n > 0 ? (size_t) n : 0);
    return path ? path : json_string ("");
}

static json_t *
commands_on_notebooks (void)
{
    json_t *names = json_array ();
    for (const struct command *const *c = commands; *c; c++)
        if (command_takes_notebook (*c))
            json_array_append_new (names, json_string ((*c)->name));
    return names;
}

/* What is known when it is installed only: marks that become Python literals, in the order in which they stand. */
static const struct {
    const char *mark;
    json_t *(*value) (void);
} marks[] = { { "@CHARD@", own_path }, { "@ON_NOTEBOOKS@", commands_on_notebooks } };

static void
fill_in (struct strbuf *out)
{
    const char *text = (const char *) kernel_shim.data;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *at = strstr (text, marks[i].mark);
        json_auto_t *value = marks[i].value ();
        cleanup_free char *literal = json_dumps (value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        strbuf_add (out, text, (size_t) (at - text));
        strbuf_adds (out, literal);
        text = at + strlen (marks[i].mark);
    }
    strbuf_adds (out, text);
}

static int
write_into (struct arena *a, const char *dir, const char *text, char **path, struct error *err)
{
    char *file = fs_join (a, dir, kernel_shim.name);
    if ((fs_exists (file) && !kernel_shim_is_ours (file)) || fs_is_dir (fs_join (a, dir, "chard")))
        return error_set (err, ERROR_ENVIRONMENT, "%s has another module called chard", dir);
    if (fs_mkdirs (dir, err) < 0 || fs_write (file, text, strlen (text), err) < 0)
        return -1;
    *path = file;
    return 0;
}

char *
kernel_shim_install (struct arena *a, const char *python, bool user, struct error *err)
{
    json_auto_t *places = ask_places (python, err);
    cleanup_strbuf struct strbuf text = { 0 };
    char *path = NULL;
    if (!places)
        return NULL;
    fill_in (&text);
    size_t n = json_array_size (places);
    for (size_t i = 0; i < n && !path; i++) {
        size_t at = user ? n - 1 - i : i;
        write_into (a, json_string_value (json_array_get (places, at)), strbuf_str (&text), &path, err);
    }
    return path;
}

bool
kernel_shim_is_ours (const char *path)
{
    char line[400] = "";
    cleanup_file FILE *f = fopen (path, "re");
    return f && fgets (line, sizeof line, f) && strstr (line, MARK);
}

int
kernel_shim_remove (const char *path, struct error *err)
{
    if (kernel_shim_is_ours (path) && unlink (path) < 0 && errno != ENOENT)
        return error_errno (err, "can't remove %s", path);
    return 0;
}
