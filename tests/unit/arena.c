/* Tests of base/arena.h and base/vec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/vec.h"

static void
allocations_are_zeroed_aligned_and_apart (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    char *blocks[500];
    for (int i = 0; i < 500; i++) {
        size_t size = (size_t) (i * 37 % 4000) + 1;
        blocks[i] = arena_alloc (a, size);
        assert_int_equal ((uintptr_t) blocks[i] % 16, 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal (blocks[i][k], 0);
        memset (blocks[i], i % 127 + 1, size);
    }
    for (int i = 0; i < 500; i++)
        for (size_t k = 0; k < (size_t) (i * 37 % 4000) + 1; k++)
            assert_int_equal (blocks[i][k], i % 127 + 1);
    arena_destroy (a);
}

static void
growing_keeps_what_was_there (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    char *p = memcpy (arena_alloc (a, 5), "five", 5);
    p = arena_grow (a, p, 5, 100);
    assert_string_equal (p, "five");
    char *other = arena_strdup (a, "in between");
    memset (p, 'x', 100);
    p = arena_grow (a, p, 100, 10 * 1000 * 1000);
    for (int i = 0; i < 100; i++)
        assert_int_equal (p[i], 'x');
    memset (p, 'y', 10 * 1000 * 1000);
    assert_string_equal (other, "in between");
    arena_destroy (a);
}

static void
text_is_copied_with_its_nuls (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    assert_memory_equal (arena_strndup (a, "a\0b", 3), "a\0b", 4);
    assert_string_equal (arena_printf (a, "%s-%d", "x", 42), "x-42");
    assert_true (arena_used (a) >= 9);
    arena_destroy (a);
    arena_destroy (NULL);
}

static void
vectors_grow_and_hold_each_once (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    struct vec_int v = { 0 };
    long sum = 0;
    for (int i = 0; i < 10000; i++)
        vec_push (a, &v, i);
    vec_foreach (x, &v)
        sum += *x;
    assert_int_equal (v.len, 10000);
    assert_int_equal (sum, 49995000);
    assert_false (vec_int_add_once (a, &v, 77));
    assert_true (vec_int_add_once (a, &v, -1));
    struct vec_str names = { 0 };
    assert_false (vec_str_has (&names, "a"));
    assert_true (vec_str_add_once (a, &names, "a"));
    assert_false (vec_str_add_once (a, &names, arena_strdup (a, "a")));
    arena_destroy (a);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test (growing_keeps_what_was_there),
        cmocka_unit_test (text_is_copied_with_its_nuls),
        cmocka_unit_test (vectors_grow_and_hold_each_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
