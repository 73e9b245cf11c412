/* Tests of compiler/library.h: the table that is compiled in, and a project's own lines.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_arena.h"

#include "compiler/library.h"

static struct symbols *symbols;

static int
setup (void **state)
{
    make_arena (state);
    symbols = symbols_create (arena);
    return 0;
}

/* A word that isn't known ends the program. */
static void
every_line_is_understood (void **state)
{
    (void) state;
    struct library *l = library_create (arena, symbols);
    assert_true (library_lines_count > 500);
    for (size_t i = 0; i < library_lines_count; i++)
        assert_true (library_knows (l, library_lines[i].key));
}

static void
lines_are_sorted_and_stand_once (void **state)
{
    (void) state;
    for (size_t i = 1; i < library_lines_count; i++)
        assert_true (strcmp (library_lines[i - 1].key, library_lines[i].key) < 0);
}

static void
what_lines_say (void **state)
{
    (void) state;
    struct library *l = library_create (arena, symbols);
    assert_int_equal (library_method (l, 0, symbol_of_str (symbols, "append"))->flags,
                      EFFECT_KNOWN | EFFECT_MUTATES | EFFECT_HOLDS);
    assert_true (library_function (l, "numpy.random.seed")->flags & EFFECT_SEEDS);
    assert_string_equal (symbol_text (symbols, library_function (l, "numpy.random.seed")->state), "%numpy.random");
    assert_int_equal (library_function (l, "mylib.unheard_of")->flags, 0);
    assert_false (library_knows (l, "mylib.unheard_of"));
}

static void
own_lines_win (void **state)
{
    (void) state;
    struct library *l = library_create (arena, symbols);
    json_auto_t *own = json_pack ("{s:s,s:s}", ".append", "fresh", "mylib.scale", "mutates=0");
    assert_null (library_add (l, own));
    assert_int_equal (library_method (l, 0, symbol_of_str (symbols, "append"))->flags, EFFECT_KNOWN);
    assert_int_equal (library_function (l, "mylib.scale")->mutates_arguments, 1);
    json_auto_t *wrong = json_pack ("{s:s}", "mylib.scale", "paints");
    assert_string_equal (library_add (l, wrong), "mylib.scale");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (every_line_is_understood, setup, give_up_arena),
        cmocka_unit_test (lines_are_sorted_and_stand_once),
        cmocka_unit_test_setup_teardown (what_lines_say, setup, give_up_arena),
        cmocka_unit_test_setup_teardown (own_lines_win, setup, give_up_arena),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
