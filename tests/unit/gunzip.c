/* Tests of base/gunzip.h, with what gzip(1) made.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/gunzip.h"

/* printf 'aaaaaaaaaaaaaaaaaaaa\n' | gzip -n9 */
static const unsigned char packed[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4c,
                                        0xc4, 0x04, 0x5c, 0x00, 0xaf, 0x86, 0x2d, 0x4e, 0x15, 0x00, 0x00, 0x00 };

static void
unpacks_what_fits (void **state)
{
    struct strbuf out = { 0 };
    struct error err = { 0 };
    (void) state;
    assert_int_equal (gunzip (packed, sizeof packed, 21, &out, &err), 0);
    assert_string_equal (strbuf_str (&out), "aaaaaaaaaaaaaaaaaaaa\n");
    strbuf_free (&out);
    assert_int_equal (gunzip (packed, sizeof packed, 20, &out, &err), -1);
    assert_non_null (strstr (err.text, "more than"));
    strbuf_free (&out);
}

static void
refuses_what_is_broken (void **state)
{
    (void) state;
    for (size_t n = 0; n < sizeof packed; n++) { /* cut short */
        struct strbuf out = { 0 };
        struct error err = { 0 };
        assert_int_equal (gunzip (packed, n, 100, &out, &err), -1);
        assert_non_null (strstr (err.text, "no gzip"));
        strbuf_free (&out);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (unpacks_what_fits),
                                        cmocka_unit_test (refuses_what_is_broken) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
