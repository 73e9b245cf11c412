/* Tests of kernel/unnamed.h: which file among the words of a program's command line is the notebook that runs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_arena.h"

#include "base/fs.h"
#include "kernel/unnamed.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/chard-unnamed-XXXXXX";
static const struct timespec began = { 1000, 500 };

static void
write_notebook (const char *name, const char *tag, const char *second, long written)
{
    struct error err;
    const char *path = fs_join (arena, dir, name);
    const char *text = arena_printf (arena,
                                     "{\"nbformat\": 4, \"nbformat_minor\": 4, \"metadata\": {}, \"cells\": ["
                                     "{\"cell_type\": \"code\", \"metadata\": {\"tags\": [\"%s\"]}, \"source\": \"x = 1\"},"
                                     "{\"cell_type\": \"code\", \"metadata\": {}, \"source\": \" \"},"
                                     "{\"cell_type\": \"code\", \"metadata\": {}, \"source\": \"%s\"}]}", tag, second);
    const struct timespec times[] = { { written, 500 }, { written, 500 } };
    assert_int_equal (fs_write_unsynced (path, text, strlen (text), &err), 0);
    assert_int_equal (utimensat (AT_FDCWD, path, times, 0), 0);
}

struct program {
    pid_t pid;
    int holds; /* it ends when this is closed */
};

/* A program in the directory that was called with these words. */
static struct program
start (const char *const words[4])
{
    int in[2], out[2];
    char byte;
    assert_int_equal (pipe (in) + pipe (out), 0);
    pid_t pid = fork ();
    if (pid == 0) {
        if (chdir (dir) < 0 || dup2 (in[0], 0) < 0 || dup2 (out[1], 1) < 0)
            _exit (1);
        close (in[1]);
        execlp ("sh", "sh", "-c", "echo; read line", "tool", words[0], words[1], words[2], words[3], NULL);
        _exit (1);
    }
    close (in[0]);
    close (out[1]);
    assert_int_equal (read (out[0], &byte, 1), 1);
    close (out[0]);
    return (struct program){ pid, in[1] };
}

/* What is found for a program called so in which `x = 1` ran, and perhaps `second`. `wanted` is a file's name or, if
 * none is wanted, a part of the reason, or NULL. */
static void
finds (bool found, const char *wanted, const char *second, const char *const words[4])
{
    struct program p = start (words);
    struct vec_str ran = { 0 };
    const char *why = NULL;
    vec_push (arena, &ran, "x = 1");
    if (second)
        vec_push (arena, &ran, second);
    setenv ("JPY_PARENT_PID", arena_printf (arena, "%d", (int) p.pid), 1);
    const char *path = unnamed_find (arena, &ran, &began, &why);
    close (p.holds);
    waitpid (p.pid, NULL, 0);
    if (!found)
        assert_null (path);
    else {
        assert_non_null (path);
        assert_string_equal (path, fs_join (arena, dir, wanted));
    }
    if (found || !wanted)
        assert_null (why);
    else
        assert_non_null (strstr (why, wanted));
}

static void
a_file_is_known_by_its_cells (void **state)
{
    (void) state;
    write_notebook ("a.ipynb", "step:a", "y = 2", 1);
    write_notebook ("b.ipynb", "step:b", "y = 3", 1);
    write_notebook ("c.ipynb", "step:c", "y = 3", 1);
    finds (true, "a.ipynb", NULL, (const char *const[4]){ "--execute", "a.ipynb" });
    finds (true, "a.ipynb", "y = 2", (const char *const[4]){ "a.ipynb" });
    finds (false, NULL, "y = 3", (const char *const[4]){ "a.ipynb" });
    finds (true, "b.ipynb", "y = 3", (const char *const[4]){ "a.ipynb", "b.ipynb", "none.ipynb" });
    finds (false, "both begin", NULL, (const char *const[4]){ "a.ipynb", "b.ipynb" });
    finds (false, "both begin", "y = 3", (const char *const[4]){ "b.ipynb", "c.ipynb" });
    finds (true, "b.ipynb", "y = 3", (const char *const[4]){ "b.ipynb", "./b.ipynb" });
    finds (true, "b.ipynb", NULL, (const char *const[4]){ "--output", "a.ipynb", "b.ipynb" });
    finds (true, "b.ipynb", NULL, (const char *const[4]){ "--output=a.ipynb", "b.ipynb" });
    finds (false, NULL, NULL, (const char *const[4]){ "a.txt", dir });
}

static void
what_was_just_written_is_the_output_that_runs (void **state)
{
    (void) state;
    write_notebook ("a.ipynb", "step:a", "y = 2", 999);
    write_notebook ("out.ipynb", "step:out", "y = 2", 1000);
    finds (true, "out.ipynb", NULL, (const char *const[4]){ "a.ipynb", "out.ipynb" });
    finds (true, "out.ipynb", "y = 2", (const char *const[4]){ "out.ipynb", "a.ipynb" });
    write_notebook ("out.ipynb", "step:out", "y = 3", 1000); /* another one's */
    finds (true, "a.ipynb", "y = 2", (const char *const[4]){ "a.ipynb", "out.ipynb" });
}

static void
one_that_is_named_must_fit_too (void **state)
{
    (void) state;
    write_notebook ("a.ipynb", "step:a", "y = 2", 1);
    setenv (UNNAMED_VARIABLE, fs_join (arena, dir, "a.ipynb"), 1);
    finds (true, "a.ipynb", "y = 2", (const char *const[4]){ "b.ipynb" });
    finds (false, "don't begin with", "y = 7", (const char *const[4]){ "b.ipynb" });
    setenv (UNNAMED_VARIABLE, "/nowhere/a.ipynb", 1);
    finds (false, "isn't there", NULL, (const char *const[4]){ "a.ipynb" });
    unsetenv (UNNAMED_VARIABLE);
}

static int
make_folder (void **state)
{
    unsetenv (UNNAMED_VARIABLE);
    return make_arena (state) + (mkdtemp (dir) ? 0 : -1);
}

static int
remove_folder (void **state)
{
    struct error ignored;
    return fs_remove_tree (dir, &ignored) + give_up_arena (state);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_file_is_known_by_its_cells),
        cmocka_unit_test (what_was_just_written_is_the_output_that_runs),
        cmocka_unit_test (one_that_is_named_must_fit_too),
    };
    return cmocka_run_group_tests (tests, make_folder, remove_folder);
}
