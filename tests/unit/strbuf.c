/* Tests of base/strbuf.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/strbuf.h"

static void
empty_is_text_too (void **state)
{
    (void) state;
    struct strbuf b = { 0 };
    assert_string_equal (strbuf_str (&b), "");
    char *s = strbuf_take (&b);
    assert_string_equal (s, "");
    free (s);
    strbuf_clear (&b);
    strbuf_free (&b);
}

static void
it_grows_by_all_means (void **state)
{
    (void) state;
    struct strbuf b = { 0 };
    for (int i = 0; i < 1000; i++) {
        strbuf_addf (&b, "%03d", i);
        strbuf_adds (&b, "-");
        strbuf_addc (&b, 'x');
        strbuf_add (&b, "y\0z", 3);
    }
    assert_int_equal (b.len, 8000);
    assert_memory_equal (b.data + 7992, "999-xy\0z", 9);
    strbuf_clear (&b);
    assert_string_equal (strbuf_str (&b), "");
    strbuf_free (&b);
}

static void
html_is_escaped (void **state)
{
    (void) state;
    struct strbuf b = { 0 };
    strbuf_add_html (&b, "<a href=\"x\">R&D's ü</a>");
    assert_string_equal (strbuf_str (&b), "&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s ü&lt;/a&gt;");
    strbuf_free (&b);
}

/* U+0041, U+00E9, U+20AC, U+1F600: one to four bytes, as RFC 3629 has them. */
static void
characters_are_utf8 (void **state)
{
    (void) state;
    static const unsigned characters[] = { 0x41, 0x7f, 0x80, 0xe9, 0x7ff, 0x800, 0x20ac, 0xffff, 0x10000, 0x1f600 };
    struct strbuf b = { 0 };
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        strbuf_add_utf8 (&b, characters[i]);
    assert_string_equal (strbuf_str (&b), "A\x7f\xc2\x80\xc3\xa9\xdf\xbf\xe0\xa0\x80\xe2\x82\xac\xef\xbf\xbf"
                                          "\xf0\x90\x80\x80\xf0\x9f\x98\x80");
    strbuf_free (&b);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (empty_is_text_too),
        cmocka_unit_test (it_grows_by_all_means),
        cmocka_unit_test (html_is_escaped),
        cmocka_unit_test (characters_are_utf8),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
