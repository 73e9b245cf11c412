/* Tests of engine/key.h: what makes a step's result another one, and what doesn't.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit_arena.h"

#include "engine/key.h"

static struct step *
step_of (int cell, const char *source)
{
    struct step *s = arena_new (arena, struct step);
    vec_push (arena, &s->segments, ((struct segment){ .cell = cell, .line = 1, .source = source }));
    return s;
}

static struct key *
key_of (const struct step *s, const char *n)
{
    struct key *k = arena_new (arena, struct key);
    key_add_code (arena, k, s);
    key_add (arena, k, COMPONENT_PARAMETER, "n", n);
    key_finish (k);
    return k;
}

static bool
same_code (const char *x, const char *y)
{
    return strcmp (key_of (step_of (1, x), "1")->hex, key_of (step_of (1, y), "1")->hex) == 0;
}

static void
comments_and_blanks_change_nothing (void **state)
{
    (void) state;
    assert_true (same_code ("x = 1\ny = x", "x = 1 # one\n\n# two\ny = x"));
    assert_true (same_code ("f (1,2)", "f(1, 2)"));
    assert_true (same_code ("if x:\n    y = 1", "if x:\n  y = 1"));
    assert_true (same_code ("x = (1, # one\n  2)", "x = (1, 2)"));
    assert_true (same_code ("x = 1 + \\\n  2", "x = 1 + 2"));
    assert_true (same_code ("if x:\n    y = 1\n    # the end", "if x:\n    y = 1"));
}

static void
code_does (void **state)
{
    (void) state;
    assert_false (same_code ("x = 1", "x = 2"));
    assert_false (same_code ("x = '#a'", "x = '#b'"));
    assert_false (same_code ("x = 'a b'", "x = 'a  b'"));
    assert_false (same_code ("if x:\n    a ()\n    b ()", "if x:\n    a ()\nb ()"));
    assert_false (same_code ("x = 1\ny = 2", "y = 2\nx = 1"));
    assert_false (same_code ("x\n-1", "x -1"));
    assert_false (same_code ("f'{x} '", "f'{x}  '"));
    assert_false (same_code ("\"\"\"a\n# b\n\"\"\"", "\"\"\"a\n# c\n\"\"\""));
    assert_false (same_code ("x", "x;"));
    assert_false (same_code ("x = 'a\\tb'", "x = 'a\\nb'"));
    assert_false (same_code ("def f ():\n    'doc'", "def f ():\n    'dok'"));
    assert_false (same_code ("(1, 2", "(1,  2")); /* no Python: to the letter */
}

static void
where_the_cell_stands_does_not_matter (void **state)
{
    (void) state;
    assert_string_equal (key_of (step_of (1, "x = 1"), "1")->hex, key_of (step_of (8, "x = 1"), "1")->hex);
    assert_string_not_equal (key_of (step_of (1, "x = 1"), "1")->hex, key_of (step_of (1, "x = 1"), "2")->hex);
}

static void
what_changed_is_told (void **state)
{
    const struct step *before = step_of (4, "a = 1\nx = 1"), *now = step_of (4, "a = 1\nx = 2");
    (void) state;
    json_t *then = key_to_json (key_of (before, "3"));
    char *text = key_explain (arena, key_of (now, "5"), now, then, before);
    assert_non_null (strstr (text, "parameter n: 3 is now 5"));
    assert_non_null (strstr (text, "cell 4, line 2: `x = 1` is now `x = 2`"));
    assert_null (key_explain (arena, key_of (before, "3"), before, then, before));
    json_decref (then);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (comments_and_blanks_change_nothing),
        cmocka_unit_test (code_does),
        cmocka_unit_test (where_the_cell_stands_does_not_matter),
        cmocka_unit_test (what_changed_is_told),
    };
    return cmocka_run_group_tests (tests, make_arena, give_up_arena);
}
