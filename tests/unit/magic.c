/* Tests of compiler/magic.h: IPython's lines, as IPython.core.inputtransformer2 understands them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_arena.h"

#include "compiler/magic.h"

/* What must hold of any cell: `code` has the source's length and line ends, so that every position stays true. */
static struct magic_text *
rewrite (const char *source)
{
    struct magic_text *t = magic_rewrite (arena, source, strlen (source));
    assert_int_equal (strlen (t->code), strlen (source));
    for (size_t i = 0; source[i]; i++)
        assert_int_equal (t->code[i] == '\n', source[i] == '\n');
    return t;
}

static void
plain_python_stays_as_it_is (void **state)
{
    static const char *const cells[] = { "", "x = 1\n", "y = a % b\n", "s = '''\n%time\n!ls\n'''\n", "f (\n  %x\n)",
                                         "x = 5 %\\\n 3", "a = b if c else d", "# %magic !ls\n" };
    (void) state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct magic_text *t = rewrite (cells[i]);
        assert_string_equal (t->code, cells[i]);
        assert_string_equal (t->run, cells[i]);
        assert_int_equal (t->magics.len, 0);
    }
}

static void
chards_own_lines_are_left_out (void **state)
{
    static const struct {
        const char *source, *run;
    } cells[] = { { "%chard run", "" },
                  { "x = 1\n%chard check \\\n  --strict\nprint(x)", "x = 1\n\n\nprint(x)" },
                  { "if x:\n    %chard check\n", "if x:\n    pass\n" },
                  { "%load_ext chard\ny", "\ny" },
                  { "%chard?", "" },
                  { "?%chard run", "" },
                  { "??%%chard", "" } };
    (void) state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct magic_text *t = rewrite (cells[i].source);
        assert_string_equal (t->run, cells[i].run);
        assert_int_equal (t->magics.len, 0);
        assert_int_equal (t->calls.len, 1);
    }
    struct magic_text *t = rewrite ("%%chard run\n--jobs 2\n");
    assert_int_equal (t->magics.len, 0);
    assert_int_equal (t->calls.items[0].kind, MAGIC_CELL);
    assert_string_equal (t->calls.items[0].body, "--jobs 2\n");
    assert_string_equal (t->run, "\n\n");
}

static void
a_line_magic_is_known_with_its_line_and_arguments (void **state)
{
    (void) state;
    struct magic_text *t = rewrite ("import os\n%matplotlib inline\nx = 1\n");
    assert_int_equal (t->magics.len, 1);
    const struct magic *m = &t->magics.items[0];
    assert_int_equal (m->kind, MAGIC_LINE);
    assert_int_equal (m->line, 2);
    assert_string_equal (m->name, "matplotlib");
    assert_string_equal (m->arguments, "inline");
    assert_string_equal (t->run, "import os\nget_ipython().run_line_magic('matplotlib', 'inline')\nx = 1\n");
    assert_null (strchr (t->code, '%'));
}

static void
a_shell_line_is_a_command (void **state)
{
    (void) state;
    struct magic_text *t = rewrite ("if x:\n    !ls -l *.csv\n");
    assert_int_equal (t->magics.len, 1);
    assert_int_equal (t->magics.items[0].kind, MAGIC_SHELL);
    assert_string_equal (t->magics.items[0].arguments, "ls -l *.csv");
    assert_string_equal (t->run, "if x:\n    get_ipython().system('ls -l *.csv')\n");
}

static void
an_assigned_one_binds_its_name (void **state)
{
    (void) state;
    struct magic_text *t = rewrite ("files = !ls\nn = %precision 3\n");
    assert_int_equal (t->magics.len, 2);
    assert_true (t->magics.items[0].assigned);
    assert_true (t->magics.items[1].assigned);
    assert_memory_equal (t->code, "files = ", 8);
    assert_string_equal (t->run, "files = get_ipython().getoutput('ls')\n"
                                 "n = get_ipython().run_line_magic('precision', '3')\n");
}

static void
a_cell_magic_takes_the_whole_cell (void **state)
{
    (void) state;
    struct magic_text *t = rewrite ("%%bash -e\nls\necho 'a\"b'\n");
    assert_int_equal (t->magics.len, 1);
    const struct magic *m = &t->magics.items[0];
    assert_int_equal (m->kind, MAGIC_CELL);
    assert_string_equal (m->name, "bash");
    assert_string_equal (m->arguments, "-e");
    assert_string_equal (m->body, "ls\necho 'a\"b'\n");
    assert_false (m->transparent);
    assert_int_equal (strspn (t->code, " \n"), strlen (t->code));
}

static void
a_timed_cell_is_still_code (void **state)
{
    (void) state;
    struct magic_text *t = rewrite ("%%time\nx = 1\n");
    assert_true (t->magics.items[0].transparent);
    assert_non_null (strstr (t->code, "\nx = 1\n"));
}

/* What a cell magic binds is bound in the code too, and nothing leaves its place. */
static void
names_that_cell_magics_bind (void **state)
{
    (void) state;
    static const struct {
        const char *source, *first, *rest;
    } cases[] = {
        { "%%capture cap\ny = 1\n", "cap=id(0);", "\ny = 1\n" },
        { "%%capture --no-stderr cap\ny = 1\n", "cap=id(0);", "\ny = 1\n" },
        { "%%capture\ny = 1\n", "", "\ny = 1\n" },
        { "%%bash --out o --err=e -x\nls\n", "o=id(0);e=id(0);", "\n  \n" },
        { "%%bash -c --out\nls\n", "", "\n  \n" },
        { "%%capture 3x {y}\nz\n", "", "\nz\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *code = rewrite (cases[i].source)->code, *line = strchr (code, '\n');
        assert_int_equal (strlen (code), strlen (cases[i].source));
        assert_string_equal (line, cases[i].rest);
        assert_memory_equal (code, cases[i].first, strlen (cases[i].first));
        assert_int_equal (strspn (code + strlen (cases[i].first), " "),
                          (size_t) (line - code) - strlen (cases[i].first));
    }
}

static void
help_is_no_code (void **state)
{
    (void) state;
    struct magic_text *t = rewrite ("?print\nlen?\n?%chardonnay x\n");
    assert_int_equal (t->magics.len, 3);
    assert_string_equal (t->code, "0     \nlen \n0             \n");
    assert_int_equal (t->magics.items[0].kind, MAGIC_HELP);
    assert_int_equal (t->magics.items[1].kind, MAGIC_HELP);
}

static void
requirements_of (const char *line, const char *wanted)
{
    struct magic_text *t = rewrite (line);
    struct vec_str found = { 0 };
    char text[200] = "";
    assert_true (magic_requirements (arena, &t->magics.items[0], &found));
    vec_foreach (r, &found)
        strcat (strcat (text, *r), "|");
    assert_string_equal (text, wanted);
}

static void
pip_lines_are_requirements (void **state)
{
    struct vec_str found = { 0 };
    (void) state;
    requirements_of ("!pip install numpy", "numpy|");
    requirements_of ("%pip install -q --upgrade 'pandas>=2' scikit-learn==1.5", "pandas>=2|scikit-learn==1.5|");
    requirements_of ("!pip3 install -r requirements.txt torch", "torch|");
    requirements_of ("!python -m pip install x", "x|");
    assert_false (magic_requirements (arena, &rewrite ("!ls")->magics.items[0], &found));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (plain_python_stays_as_it_is),
        cmocka_unit_test (chards_own_lines_are_left_out),
        cmocka_unit_test (a_line_magic_is_known_with_its_line_and_arguments),
        cmocka_unit_test (a_shell_line_is_a_command),
        cmocka_unit_test (an_assigned_one_binds_its_name),
        cmocka_unit_test (a_cell_magic_takes_the_whole_cell),
        cmocka_unit_test (a_timed_cell_is_still_code),
        cmocka_unit_test (names_that_cell_magics_bind),
        cmocka_unit_test (help_is_no_code),
        cmocka_unit_test (pip_lines_are_requirements),
    };
    return cmocka_run_group_tests (tests, make_arena, give_up_arena);
}
