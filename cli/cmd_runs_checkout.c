/* `chard runs checkout`: gives back the sources of a run that was kept in Git (cli/snapshot.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/utf8.h"
#include "cli/past_run.h"
#include "cli/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct option options[] = {
    PAST_OPTION_OF,
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, PAST_FIELD (output), .argument = "DIR",
      .help = "write the files into this directory, which must be empty or not there yet" },
    { 0 },
};

static bool
is_empty_dir (const char *path)
{
    DIR *d = opendir (path);
    int n = 0;
    for (struct dirent *e; d && (e = readdir (d));)
        n += strcmp (e->d_name, ".") != 0 && strcmp (e->d_name, "..") != 0;
    if (d)
        closedir (d);
    return d && n == 0;
}

static int
write_files (struct arena *a, const char *dir, const struct repo_files *files, struct error *err)
{
    vec_foreach (f, files) {
        const char *path = fs_join (a, dir, f->path);
        if (fs_mkdirs (fs_dirname (a, path), err) < 0 || fs_write (path, f->data, f->len, err) < 0)
            return -1;
        if (f->executable && chmod (path, 0755) < 0)
            return error_errno (err, "%s", path);
    }
    return 0;
}

/* All or nothing: written beside it, and renamed. */
static int
write_directory (struct arena *a, const char *output, const struct repo_files *files, struct error *err)
{
    const char *absolute = fs_normalize (a, fs_absolute (a, output));
    char *part = arena_printf (a, "%s.part-XXXXXX", absolute);
    if (fs_exists (absolute) && !is_empty_dir (absolute))
        return error_set (err, ERROR_USAGE, "%s is there already, and isn't an empty directory", output);
    if (fs_mkdirs (fs_dirname (a, absolute), err) < 0)
        return -1;
    if (!mkdtemp (part))
        return error_errno (err, "%s", part);
    mode_t mask = umask (0);
    umask (mask);
    int status = write_files (a, part, files, err);
    if (status == 0 && (chmod (part, 0777 & ~mask) < 0 || rename (part, absolute) < 0))
        status = error_errno (err, "%s", output);
    if (status < 0)
        fs_remove_tree (part, NULL);
    return status;
}

/* A run without a snapshot is told as such. */
static int
explain (struct invocation *inv, const struct past_settings *s, const char *wanted, struct error *err)
{
    struct state state;
    const char *id = past_state_open (inv, s, &state, NULL) == 0 ? state_find_run (&state, inv->arena, wanted, NULL)
                                                                 : NULL;
    if (id && wanted)
        return error_set (err, ERROR_USAGE, "run %s kept no snapshot of its sources: chard run --snapshot does; the "
                                            "code that it ran is in %s/pipeline.json", id,
                                            state_run_dir (&state, inv->arena, id));
    return -1;
}

static void
tell (struct invocation *inv, const char *id, const char *commit, const char *output, const struct repo_files *files)
{
    json_t *names = json_array ();
    vec_foreach (f, files) {
        json_array_append_new (names, json_string (utf8_repair (inv->arena, f->path)));
        if (!inv->json && inv->verbose)
            fprintf (inv->err, "wrote %s\n", past_one_line (inv->arena, fs_join (inv->arena, output, f->path)));
    }
    if (inv->json)
        past_print_json (inv, json_pack ("{s:s,s:s,s:s,s:O}", "run", id, "commit", commit, "dir",
                                         utf8_repair (inv->arena, output), "files", names));
    else
        fprintf (inv->out, "%zu files of run %s are in %s\n", files->len, id, output);
    json_decref (names);
}

static int
check_out (struct invocation *inv, const struct past_settings *s, const char *wanted, struct repo *r, struct error *err)
{
    struct repo_files files = { 0 };
    char commit[REPO_ID_SIZE];
    const char *id = snapshot_find (r, inv->arena, wanted, err);
    if (!id)
        return explain (inv, s, wanted, err);
    if (repo_read_ref (r, arena_printf (inv->arena, SNAPSHOT_REFS "%s", id), commit, err) < 0
        || repo_read_files (r, inv->arena, commit, &files, err) < 0
        || write_directory (inv->arena, s->output, &files, err) < 0)
        return -1;
    tell (inv, id, commit, s->output, &files);
    return 0;
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    const struct past_settings *s = settings;
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one run, or none for the last snapshot");
    if (!s->output)
        return error_set (err, ERROR_USAGE, "say where to: -o DIR");
    struct repo *r = repo_open (past_dir (inv, s), err);
    if (!r)
        return -1;
    int status = check_out (inv, s, inv->operands.len ? inv->operands.items[0] : NULL, r, err);
    repo_close (r);
    return status;
}

const struct command command_runs_checkout = {
    .name = "runs checkout",
    .operands = "[RUN]",
    .summary = "Give back the sources of a run that was kept in Git",
    .details = "A run with --snapshot keeps its exact sources as a commit on refs/chard/runs/RUN: the notebooks "
               "without their outputs, local modules, and in .chard-run/ the pipeline that was made of them. This "
               "writes them into a directory; the work tree, the index and the branches stay as they are. Snapshots "
               "that others pushed come by git fetch REMOTE 'refs/chard/runs/*:refs/chard/runs/*'.",
    .examples = "chard runs checkout 3e71 -o /tmp/then   # the run whose name ends so\n"
                "chard runs checkout -o /tmp/last        # the last snapshot",
    .options = options,
    PAST_COMMAND,
    .run = run,
};
