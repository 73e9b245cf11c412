/* See inner.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/inner.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "engine/kernelspec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DIR_PREFIX "chard-kernel-"
#define PLACEHOLDER "{connection_file}"

/* ---- how to start it -------------------------------------------------------------------------------------------- */

static int
take_spec (struct inner *in, struct arena *a, const struct kernelspec *spec, struct error *err)
{
    const json_t *argv = json_object_get (spec->spec, "argv"), *word;
    const char *program = kernelspec_program (a, spec), *title, *name;
    size_t i;
    if (!program)
        return error_set (err, ERROR_ENVIRONMENT, "%s/kernel.json names a program that isn't there", spec->dir);
    vec_push (a, &in->argv, program);
    json_array_foreach (argv, i, word)
        if (i > 0 && json_is_string (word))
            vec_push (a, &in->argv, arena_strdup (a, json_string_value (word)));
    json_object_foreach (json_object_get (spec->spec, "env"), name, word)
        if (json_is_string (word))
            vec_push (a, &in->env, arena_printf (a, "%s=%s", name, json_string_value (word)));
    title = json_string_value (json_object_get (spec->spec, "display_name"));
    in->title = arena_strdup (a, title ? title : spec->name);
    return 0;
}

static int
find_spec (struct inner *in, struct arena *a, const char *name, struct error *err)
{
    struct kernelspec spec;
    if (!(strchr (name, '/') ? kernelspec_read (&spec, a, name) : kernelspec_find (&spec, a, name)))
        return error_set (err, ERROR_ENVIRONMENT,
                          "there is no kernel “%s”; `jupyter kernelspec list` shows those there are", name);
    int status = take_spec (in, a, &spec, err);
    json_decref (spec.spec);
    return status;
}

static int
find_ipykernel (struct inner *in, struct arena *a, struct error *err)
{
    const char *python = kernelspec_find_python (a, "python3");
    if (!python)
        python = kernelspec_find_program (a, "python3");
    if (!python)
        return error_set (err, ERROR_ENVIRONMENT, "there is no python3 in PATH; name a kernel with --inner");
    const char *words[] = { python, "-m", "ipykernel_launcher", "-f", PLACEHOLDER };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        vec_push (a, &in->argv, words[i]);
    in->title = arena_printf (a, "ipykernel of %s", python);
    return 0;
}

static void
take_command (struct inner *in, struct arena *a, char *const *command)
{
    for (; *command; command++)
        vec_push (a, &in->argv, strcmp (*command, "{}") == 0 ? PLACEHOLDER : *command);
    in->title = in->argv.items[0];
}

/* Deno and what is made with xeus refuse ipc://, others call its files otherwise. */
static bool
is_ipykernel (const struct inner *in)
{
    vec_foreach (word, &in->argv)
        if (strstr (*word, "ipykernel"))
            return true;
    return false;
}

/* Installing a package changes the time of site-packages, and with it the note's name. */
static void
hash_packages (struct hash *h, struct arena *a, const char *program)
{
    const char *prefix = fs_dirname (a, fs_dirname (a, program));
    glob_t found;
    if (glob (arena_printf (a, "%s/lib/python3*/*-packages", prefix), 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct stat st;
            if (stat (found.gl_pathv[i], &st) == 0)
                hash_add (h, &st.st_mtim, sizeof st.st_mtim);
        }
    globfree (&found);
}

static char *
choose_note (struct arena *a, const struct inner *in)
{
    const char *cache = getenv ("XDG_CACHE_HOME"), *home = getenv ("HOME");
    char hex[HASH_HEX_SIZE];
    struct stat st = { 0 };
    if (!(cache && cache[0]) && !(home && home[0]))
        return NULL;
    struct hash *h = hash_begin ();
    vec_foreach (word, &in->argv)
        hash_add_str (h, *word);
    if (stat (in->argv.items[0], &st) == 0)
        hash_add (h, &st.st_mtim, sizeof st.st_mtim);
    hash_packages (h, a, in->argv.items[0]);
    hash_end (h, hex);
    return arena_printf (a, "%s/chard/kernel-%.16s.json",
                         cache && cache[0] ? cache : arena_printf (a, "%s/.cache", home), hex);
}

int
inner_find (struct inner *in, struct arena *a, const char *name, char *const *command, struct error *err)
{
    struct inner found = { .lock = -1 };
    if (command && command[0])
        take_command (&found, a, command);
    else if ((name ? find_spec (&found, a, name, err) : find_ipykernel (&found, a, err)) < 0)
        return -1;
    found.tcp = !is_ipykernel (&found);
    found.note = choose_note (a, &found);
    *in = found;
    return 0;
}

/* ---- its directory ---------------------------------------------------------------------------------------------- */

/* A socket's path may have 107 bytes, so deep directories won't do. */
static const char *
runtime_base (void)
{
    static const char *const names[] = { "XDG_RUNTIME_DIR", "TMPDIR" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *dir = getenv (names[i]);
        if (dir && dir[0] == '/' && strlen (dir) < 70 && access (dir, W_OK) == 0)
            return dir;
    }
    return "/tmp";
}

/* Removes directories of ours whose lock nobody holds: their session and its guard were both killed. A directory
 * without a lock file is just being made. */
static void
sweep (struct arena *a, const char *base)
{
    DIR *d = opendir (base);
    for (struct dirent *e; d && (e = readdir (d));) {
        struct stat st;
        char *dir = arena_printf (a, "%s/%s", base, e->d_name);
        if (strncmp (e->d_name, DIR_PREFIX, strlen (DIR_PREFIX)) != 0 || lstat (dir, &st) < 0
            || !S_ISDIR (st.st_mode) || st.st_uid != getuid ())
            continue;
        cleanup_fd int lock = open (arena_printf (a, "%s/lock", dir), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (lock >= 0 && flock (lock, LOCK_EX | LOCK_NB) == 0)
            fs_remove_tree (dir, NULL);
    }
    if (d)
        closedir (d);
}

static int
make_dir (struct inner *in, struct arena *a, struct error *err)
{
    const char *base = runtime_base ();
    char *dir = arena_printf (a, "%s/" DIR_PREFIX "XXXXXX", base);
    sweep (a, base);
    if (!mkdtemp (dir))
        return error_errno (err, "can't make a directory in %s", base);
    in->dir = dir;
    /* Locked before it has the name that a sweep looks for. */
    char *made = arena_printf (a, "%s/lock.new", dir);
    in->lock = open (made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in->lock < 0 || flock (in->lock, LOCK_EX | LOCK_NB) < 0 || rename (made, arena_printf (a, "%s/lock", dir)) < 0)
        return error_errno (err, "%s", made);
    return 0;
}

/* ---- starting and stopping -------------------------------------------------------------------------------------- */

static const char *
replace (struct arena *a, const char *word, const char *path)
{
    const char *at = strstr (word, PLACEHOLDER);
    return at ? arena_printf (a, "%.*s%s%s", (int) (at - word), word, path, at + strlen (PLACEHOLDER)) : word;
}

int
inner_start (struct inner *in, struct arena *a, const struct connection *outer, struct error *err)
{
    const char *file;
    if (make_dir (in, a, err) < 0
        || connection_write_inner (&in->connection, a, outer, in->dir, in->tcp, &file, err) < 0)
        return -1;
    struct vec_str argv = { 0 };
    vec_foreach (word, &in->argv)
        vec_push (a, &argv, replace (a, *word, file));
    vec_push (a, &argv, NULL);
    vec_push (a, &in->env, arena_printf (a, "JPY_PARENT_PID=%d", (int) getpid ()));
    vec_push (a, &in->env, NULL);
    struct proc_options o = { .argv = argv.items, .env = in->env.items, .in = -1, .out = STDOUT_FILENO,
                              .err = STDERR_FILENO, .three = -1, .remove = in->dir };
    return proc_spawn (&in->proc, &o, err);
}

void
inner_stop (struct inner *in)
{
    if (in->proc.guard > 0)
        proc_close (&in->proc);
    if (in->dir)
        fs_remove_tree (in->dir, NULL);
    if (in->lock >= 0)
        close (in->lock);
    connection_clear (&in->connection);
    in->dir = NULL;
    in->lock = -1;
}

/* ---- what is known of it ---------------------------------------------------------------------------------------- */

json_t *
inner_recall_info (const struct inner *in)
{
    json_t *content = in->note ? json_load_file (in->note, 0, NULL) : NULL;
    if (json_is_object (json_object_get (content, "language_info")))
        return content;
    json_decref (content);
    return NULL;
}

void
inner_keep_info (const struct inner *in, const json_t *content)
{
    struct arena *a = arena_create ();
    cleanup_free char *text = json_dumps (content, JSON_INDENT (1));
    /* Only a note: where it can't be kept, the next session asks again. */
    if (in->note && text && fs_mkdirs (fs_dirname (a, in->note), NULL) == 0)
        fs_write_unsynced (in->note, text, strlen (text), NULL);
    arena_destroy (a);
}
