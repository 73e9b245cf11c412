/* Tests of kernel/cell_parts.h: which lines of a cell are calls, what the inner kernel gets, and how words are quoted.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_arena.h"

#include "kernel/cell_parts.h"

static struct cell_parts
split (const char *source, const char *language)
{
    return cell_parts_split (arena, source, strlen (source), language);
}

static void
cells_without_a_call_are_none_of_ours (void **state)
{
    static const char *const cells[] = {
        "", "x = 1", "# %chard run", "s = '''\n%chard run\n'''", "f (a\n%chard\n)", "x %chard", "%chardonnay",
        "if x:\n    %chard run", "%%time\n%chard run", "%%bash\n%chard run", "x = %chard run", "y = 2 \\\n%chard",
    };
    (void) state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        assert_int_equal (split (cells[i], "python").calls, 0);
}

static void
code_and_calls_come_in_their_order (void **state)
{
    (void) state;
    struct cell_parts p = split ("x = 1\n%chard check --strict\nprint (x)\nx", "python");
    assert_int_equal (p.all.len, 3);
    assert_string_equal (p.all.items[0].code, "x = 1\npass # %chard check --strict\n");
    assert_int_equal (p.all.items[1].kind, PART_CALL);
    assert_string_equal (p.all.items[1].text, "check --strict");
    assert_int_equal (p.all.items[1].line, 2);
    assert_string_equal (p.all.items[2].code, "# x = 1\n# %chard check --strict\nprint (x)\nx\n");
}

static void
what_holds_no_code_is_no_part (void **state)
{
    (void) state;
    struct cell_parts p = split ("\n# why\n%chard check\n\n%chard run \\\n  -j 2\n  # end\n", "python");
    assert_int_equal (p.all.len, 2);
    assert_int_equal (p.calls, 2);
    assert_string_equal (p.all.items[1].text, "run   -j 2");
}

static void
a_cell_magic_takes_the_whole_cell (void **state)
{
    (void) state;
    struct cell_parts p = split ("%%chard run\n--jobs 2\nx = 1", "python");
    assert_int_equal (p.all.len, 1);
    assert_string_equal (p.all.items[0].text, "run\n--jobs 2\nx = 1");
    p = split ("%%chard run\n--jobs 2", "R");
    assert_int_equal (p.all.len, 1);
    assert_string_equal (p.all.items[0].text, " run\n--jobs 2");
}

static void
a_question_mark_asks_for_help (void **state)
{
    static const struct {
        const char *source, *text;
    } cells[] = { { "%chard?", "" }, { "%chard run?", "run" }, { "?%chard", "" }, { "?%chard run ", " run" },
                  { "??%%chard runs", " runs" }, { "%chard runs list ??", "runs list " } };
    (void) state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct cell_parts p = split (cells[i].source, "python");
        assert_int_equal (p.all.len, 1);
        assert_int_equal (p.all.items[0].kind, PART_HELP);
        assert_string_equal (p.all.items[0].text, cells[i].text);
    }
}

static void
other_languages_go_by_lines (void **state)
{
    (void) state;
    struct cell_parts p = split ("a = B'\n%chard check\n b", "julia");
    assert_int_equal (p.all.len, 3);
    assert_string_equal (p.all.items[0].code, "a = B'\n");
    assert_string_equal (p.all.items[2].code, "# a = B'\n# %chard check\n b\n");
    p = split ("a\n%chard check\nb", "javascript");
    assert_string_equal (p.all.items[2].code, "b\n");
}

static void
words_are_quoted_as_in_a_shell (void **state)
{
    static const struct {
        const char *text, *words[5];
    } lines[] = {
        { "run -p n=3", { "run", "-p", "n=3" } },
        { " a 'b c' \"d \\\"e\\\" \\n\" f\\ g ", { "a", "b c", "d \"e\" \\n", "f g" } },
        { "-p name='x y'\n--jobs\t2 # rest", { "-p", "name=x y", "--jobs", "2" } },
        { "a '' b#c", { "a", "", "b#c" } },
        { "", { NULL } },
    };
    (void) state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct vec_str words = { 0 };
        assert_int_equal (cell_parts_words (arena, lines[i].text, &words, NULL), 0);
        size_t n = 0;
        for (; lines[i].words[n]; n++) {
            assert_true (n < words.len);
            assert_string_equal (words.items[n], lines[i].words[n]);
        }
        assert_int_equal (words.len, n);
    }
    struct error err = { 0 };
    struct vec_str words = { 0 };
    assert_int_equal (cell_parts_words (arena, "run 'x", &words, &err), -1);
    assert_string_equal (err.text, "the quote in 'x isn't closed");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (cells_without_a_call_are_none_of_ours),
        cmocka_unit_test (code_and_calls_come_in_their_order),
        cmocka_unit_test (what_holds_no_code_is_no_part),
        cmocka_unit_test (a_cell_magic_takes_the_whole_cell),
        cmocka_unit_test (a_question_mark_asks_for_help),
        cmocka_unit_test (other_languages_go_by_lines),
        cmocka_unit_test (words_are_quoted_as_in_a_shell),
    };
    return cmocka_run_group_tests (tests, make_arena, give_up_arena);
}
