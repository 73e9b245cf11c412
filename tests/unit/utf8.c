/* Tests of base/utf8.h. Widths as Unicode's EastAsianWidth.txt has them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/utf8.h"

static void
characters_are_decoded (void **state)
{
    static const struct {
        const char *text;
        uint32_t c;
        size_t len;
    } cases[] = { { "A", 0x41, 1 },          { "\xc3\xa9", 0xe9, 2 },  { "\xe2\x82\xac", 0x20ac, 3 },
                  { "\xf0\x9f\x98\x80", 0x1f600, 4 },
                  { "\x80", 0xfffd, 1 },     { "\xc3", 0xfffd, 1 },    { "\xc0\x80", 0xfffd, 1 },
                  { "\xed\xa0\x80", 0xfffd, 1 },
                  { "\xf4\x90\x80\x80", 0xfffd, 1 } };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len;
        assert_int_equal (utf8_decode (cases[i].text, strlen (cases[i].text), &len), cases[i].c);
        assert_int_equal (len, cases[i].len);
    }
}

static void
columns_are_what_a_terminal_gives (void **state)
{
    (void) state;
    assert_int_equal (utf8_columns (""), 0);
    assert_int_equal (utf8_columns ("abc"), 3);
    assert_int_equal (utf8_columns ("über"), 4);
    assert_int_equal (utf8_columns ("名前"), 4);
    assert_int_equal (utf8_columns ("e\xcc\x81"), 1);
    assert_int_equal (utf8_columns ("\xf0\x9f\x98\x80"), 2);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (characters_are_decoded),
        cmocka_unit_test (columns_are_what_a_terminal_gives),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
