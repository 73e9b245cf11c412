/* Tests of base/base64.h, with RFC 4648's own vectors.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/base64.h"

static const char *const vectors[][2] = {
    { "", "" },         { "f", "Zg==" },        { "fo", "Zm8=" },         { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfb", "//77" },
};

static void
there_and_back (void **state)
{
    struct arena *a = arena_create ();
    (void) state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t n = 0;
        assert_string_equal (base64_encode (a, vectors[i][0], strlen (vectors[i][0])), vectors[i][1]);
        char *back = base64_decode (a, vectors[i][1], &n);
        assert_non_null (back);
        assert_int_equal (n, strlen (vectors[i][0]));
        assert_memory_equal (back, vectors[i][0], n + 1);
    }
    arena_destroy (a);
}

static void
white_space_is_passed_over_and_nothing_else (void **state)
{
    static const char *const wrong[] = { "Zg", "Zg=", "Z===", "=", "Zm9v=", "Zg==Zg==", "Zm9%", "Zm-v", "Z" };
    struct arena *a = arena_create ();
    size_t n = 0;
    (void) state;
    assert_string_equal (base64_decode (a, " Zm\r\n9v\nYg = =\n", &n), "foob");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null (base64_decode (a, wrong[i], &n));
    arena_destroy (a);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (there_and_back),
        cmocka_unit_test (white_space_is_passed_over_and_nothing_else),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
