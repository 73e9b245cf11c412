/* Tests of doc/json_text.h: JSON as it is found in the wild.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "doc/json_text.h"

static json_t *
read (const char *text)
{
    struct error err = { 0 };
    json_t *j = json_text_parse (text, strlen (text), NULL, &err);
    if (!j)
        fail_msg ("%s: %s", text, err.text);
    return j;
}

static void
reads_as (const char *text, const char *wanted)
{
    json_t *j = read (text);
    char *found = json_dumps (j, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal (found, wanted);
    free (found);
    json_decref (j);
}

static void
what_json_forbids_is_read_all_the_same (void **state)
{
    (void) state;
    reads_as ("\xef\xbb\xbf{\"a\": 1}", "{\"a\":1}");
    reads_as ("[NaN, Infinity, -Infinity]", "[null,null,null]");
    reads_as ("{\"NaN\": \"NaN Infinity\"}", "{\"NaN\":\"NaN Infinity\"}");
    reads_as ("[\"\\ud800\", \"\\udc00x\"]", "[\"\xef\xbf\xbd\",\"\xef\xbf\xbdx\"]");
    reads_as ("[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]");
    reads_as ("[\"a\\u0000b\"]", "[\"a\\u0000b\"]");
}

static void
great_integers_are_numbers (void **state)
{
    (void) state;
    json_t *j = read ("[9223372036854775807, 9223372036854775808]");
    assert_true (json_number_value (json_array_get (j, 0)) == 9223372036854775807.0);
    assert_true (json_number_value (json_array_get (j, 1)) == 9223372036854775808.0);
    json_decref (j);
}

static void
values_that_nobody_wants_are_passed_over (void **state)
{
    static const char text[] = "{\"outputs\": [{\"outputs\": 1}, \"]\"], \"x\": {\"outputs\": {\"a\": [1]}}, "
                               "\"outputs2\": [1]}";
    static const char *const skip[] = { "outputs", NULL };
    struct error err = { 0 };
    (void) state;
    json_t *j = json_text_parse (text, sizeof text - 1, skip, &err);
    assert_int_equal (json_array_size (json_object_get (j, "outputs")), 0);
    assert_int_equal (json_object_size (json_object_get (json_object_get (j, "x"), "outputs")), 0);
    assert_int_equal (json_array_size (json_object_get (j, "outputs2")), 1);
    json_decref (j);
}

static void
what_is_no_json_is_told_with_its_line (void **state)
{
    static const char *const texts[] = { "", "{", "[1,]", "{\"a\" 1}", "nope", "[1] 2", "\"\\q\"", "[\"a" };
    struct error err;
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        err = (struct error){ 0 };
        assert_null (json_text_parse (texts[i], strlen (texts[i]), NULL, &err));
        assert_int_equal (err.kind, ERROR_NOTEBOOK);
        assert_true (err.text[0]);
    }
    assert_null (json_text_parse ("{\n\n  \"a\": ]", 11, NULL, &err));
    assert_non_null (strstr (err.text, "line 3"));
}

static void
reals_are_short_and_exact (void **state)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = { { 0.1, "0.1" }, { 1, "1.0" }, { -2.5, "-2.5" }, { 1e20, "1.0e+20" },
                  { 1.0 / 3, "0.3333333333333333" } };
    char text[JSON_TEXT_REAL_SIZE];
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_text_print_real (cases[i].x, text);
        assert_string_equal (text, cases[i].text);
        assert_true (strtod (text, NULL) == cases[i].x);
    }
}

/* As many digits as the longest needs, wherever it stands, and no more. */
static void
documents_are_printed_with_few_digits (void **state)
{
    (void) state;
    static const char *const texts[] = { "[0.3,{\"a\":[1e-7,-2.5]}]", "0.3", "[0.30000000000000004]", "{\"x\":5e-324}",
                                         "null" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *j = json_loads (texts[i], JSON_DECODE_ANY, NULL);
        char *found = json_dumps (j, JSON_COMPACT | JSON_ENCODE_ANY | json_text_precision (j));
        json_t *again = json_loads (found, JSON_DECODE_ANY, NULL);
        assert_true (json_equal (j, again));
        if (i != 3)
            assert_string_equal (found, texts[i]);
        free (found);
        json_decref (j);
        json_decref (again);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_json_forbids_is_read_all_the_same),
        cmocka_unit_test (great_integers_are_numbers),
        cmocka_unit_test (values_that_nobody_wants_are_passed_over),
        cmocka_unit_test (what_is_no_json_is_told_with_its_line),
        cmocka_unit_test (reals_are_short_and_exact),
        cmocka_unit_test (documents_are_printed_with_few_digits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
