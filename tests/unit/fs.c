/* Tests of base/fs.h, in a directory of their own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/fs.h"

#include <sys/stat.h>
#include <unistd.h>

/* Every test starts in an empty directory. */
static int
enter (void **state)
{
    char *dir = xstrdup ("/tmp/chard-unit-XXXXXX");
    *state = dir;
    return mkdtemp (dir) && chdir (dir) == 0 ? 0 : -1;
}

static int
leave (void **state)
{
    int status = chdir ("/") == 0 ? fs_remove_tree (*state, NULL) : -1;
    free (*state);
    return status;
}

static void
write_text (const char *path, const char *text)
{
    struct error err = { 0 };
    assert_int_equal (fs_write (path, text, strlen (text), &err), 0);
}

static void
what_is_written_is_read (void **state)
{
    (void) state;
    struct error err = { 0 };
    char *data = NULL;
    size_t len = 0;
    assert_int_equal (fs_write ("f", "a\0b", 3, &err), 0);
    assert_int_equal (fs_read ("f", &data, &len, &err), 0);
    assert_int_equal (len, 3);
    assert_memory_equal (data, "a\0b", 4);
    free (data);
    write_text ("f", "");
    assert_int_equal (fs_read ("f", &data, &len, &err), 0);
    assert_int_equal (len, 0);
    free (data);
}

static void
permissions_survive_a_rewrite (void **state)
{
    (void) state;
    struct stat st;
    write_text ("f", "one");
    assert_int_equal (chmod ("f", 0640), 0);
    write_text ("f", "two");
    assert_int_equal (stat ("f", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0640);
}

static void
failures_are_told_and_leave_nothing (void **state)
{
    (void) state;
    struct error err = { 0 };
    char *data = "untouched";
    size_t len = 42;
    assert_int_equal (fs_read ("none", &data, &len, &err), -1);
    assert_int_equal (err.kind, ERROR_ENVIRONMENT);
    assert_string_equal (err.text, "none: No such file or directory");
    assert_int_equal (fs_read (".", &data, &len, &err), -1);
    assert_non_null (strstr (err.text, "directory"));
    assert_string_equal (data, "untouched");
    assert_int_equal (len, 42);
    assert_int_equal (fs_mkdirs ("d", &err), 0);
    assert_int_equal (fs_write ("d", "x", 1, &err), -1);
    struct arena *a = arena_create ();
    struct vec_str found = { 0 };
    static const char *const all[] = { ".tmp", NULL };
    assert_int_equal (fs_find (a, ".", all, &found, &err), 0);
    assert_int_equal (found.len, 0);
    arena_destroy (a);
}

static void
trees_are_made_measured_and_removed (void **state)
{
    (void) state;
    struct error err = { 0 };
    assert_int_equal (fs_mkdirs ("a/b/c", &err), 0);
    assert_int_equal (fs_mkdirs ("a/b/c", &err), 0);
    write_text ("a/b/c/f", "12345");
    write_text ("a/g", "123");
    write_text ("kept", "x");
    assert_int_equal (symlink ("../kept", "a/link"), 0);
    assert_int_equal (fs_tree_size ("a"), 8);
    assert_int_equal (fs_mkdirs ("a/g/h", &err), -1);
    assert_int_equal (fs_remove_tree ("a", &err), 0);
    assert_false (fs_exists ("a"));
    assert_true (fs_exists ("kept"));
    assert_int_equal (fs_remove_tree ("a", &err), 0);
}

static void
paths_are_taken_apart (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    assert_string_equal (fs_dirname (a, "x/y/z.ipynb"), "x/y");
    assert_string_equal (fs_dirname (a, "z"), ".");
    assert_string_equal (fs_dirname (a, "/z"), "/");
    assert_string_equal (fs_basename ("x/y.z/t"), "t");
    assert_string_equal (fs_stem (a, "x/y.tar.gz"), "y.tar");
    assert_string_equal (fs_stem (a, ".bashrc"), ".bashrc");
    assert_string_equal (fs_join (a, "x/", "y"), "x/y");
    assert_string_equal (fs_join (a, "x", "/y"), "/y");
    assert_string_equal (fs_join (a, ".", "y"), "y");
    assert_string_equal (fs_absolute (a, "/y"), "/y");
    arena_destroy (a);
}

static void
files_are_found_sorted_without_hidden_ones (void **state)
{
    (void) state;
    struct error err = { 0 };
    struct arena *a = arena_create ();
    static const char *const suffixes[] = { ".ipynb", NULL };
    struct vec_str found = { 0 };
    assert_int_equal (fs_mkdirs ("d/.ipynb_checkpoints", &err), 0);
    assert_int_equal (fs_mkdirs ("d/sub", &err), 0);
    write_text ("d/.ipynb_checkpoints/a.ipynb", "");
    write_text ("d/sub/b.ipynb", "");
    write_text ("d/c.ipynb", "");
    write_text ("d/a.ipynb", "");
    write_text ("d/a.py", "");
    assert_int_equal (fs_find (a, "d", suffixes, &found, &err), 0);
    assert_int_equal (found.len, 3);
    assert_string_equal (found.items[0], "d/a.ipynb");
    assert_string_equal (found.items[1], "d/c.ipynb");
    assert_string_equal (found.items[2], "d/sub/b.ipynb");
    assert_int_equal (fs_find (a, "none", suffixes, &found, &err), -1);
    arena_destroy (a);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_is_written_is_read, enter, leave),
        cmocka_unit_test_setup_teardown (permissions_survive_a_rewrite, enter, leave),
        cmocka_unit_test_setup_teardown (failures_are_told_and_leave_nothing, enter, leave),
        cmocka_unit_test_setup_teardown (trees_are_made_measured_and_removed, enter, leave),
        cmocka_unit_test_setup_teardown (paths_are_taken_apart, enter, leave),
        cmocka_unit_test_setup_teardown (files_are_found_sorted_without_hidden_ones, enter, leave),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
