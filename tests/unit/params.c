/* Tests of engine/params.h: what -p says, typed and checked.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "engine/params.h"

static void
literal_is (const char *text, const char *wanted)
{
    struct error err = { 0 };
    json_t *j = params_parse_literal (text, &err);
    if (!j)
        fail_msg ("%s: %s", text, err.text);
    char *found = json_dumps (j, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal (found, wanted);
    free (found);
    json_decref (j);
}

static void
python_and_json_are_both_understood (void **state)
{
    (void) state;
    literal_is ("None", "null");
    literal_is ("null", "null");
    literal_is ("True", "true");
    literal_is (" -3 ", "-3");
    literal_is ("1_000", "1000");
    literal_is ("'a\"b'", "\"a\\\"b\"");
    literal_is ("\"\\u20ac\\x41\\n\"", "\"\xe2\x82\xac" "A\\n\"");
    literal_is ("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
    literal_is ("(1, [2, {'k': None}],)", "[1,[2,{\"k\":null}]]");
    literal_is ("{}", "{}");
}

static void
anything_else_is_refused (void **state)
{
    static const char *const texts[] = { "", "x", "1 2", "[1", "{1: 2}", "'a", "__import__('os')", "1+1",
                                         "\"\\ud800\"" };
    (void) state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct error err = { 0 };
        json_t *j = params_parse_literal (texts[i], &err);
        if (j)
            fail_msg ("%s was read", texts[i]);
        assert_int_equal (err.kind, ERROR_USAGE);
    }
}

static bool
fits (const char *type, const char *text)
{
    struct error err = { 0 };
    json_t *j = params_parse (type, text, &err);
    bool ok = j != NULL;
    assert_true (ok || err.kind == ERROR_USAGE);
    json_decref (j);
    return ok;
}

static void
a_value_must_fit_its_type (void **state)
{
    (void) state;
    assert_true (fits ("int", "-7"));
    assert_false (fits ("int", "1.5"));
    assert_false (fits ("int", "true"));
    assert_true (fits ("float", "2"));
    assert_false (fits ("float", "'2'"));
    assert_true (fits ("bool", "false"));
    assert_false (fits ("bool", "2"));
    assert_true (fits ("str", "[1"));
    assert_true (fits ("list", "[]"));
    assert_false (fits ("list", "{}"));
    assert_true (fits ("dict", "{'a': 1}"));
    assert_true (fits ("none", "[1]"));
}

static void
text_is_taken_as_it_is (void **state)
{
    struct error err = { 0 };
    (void) state;
    json_t *j = params_parse ("str", "it's \"q\" \\n {x} $y", &err);
    assert_string_equal (json_string_value (j), "it's \"q\" \\n {x} $y");
    json_decref (j);
}

static struct pipeline *
pipeline_with_parameters (struct arena *a)
{
    struct pipeline *p = pipeline_create (a);
    vec_push (a, &p->params, ((struct param){ .name = "epochs", .type = "int", .default_value = json_integer (3) }));
    vec_push (a, &p->params, ((struct param){ .name = "rate", .type = "float", .default_value = json_real (0.5) }));
    return p;
}

static void
defaults_give_way_to_settings (void **state)
{
    struct arena *a = arena_create ();
    struct pipeline *p = pipeline_with_parameters (a);
    struct vec_str settings = { 0 };
    struct error err = { 0 };
    (void) state;
    vec_push (a, &settings, "epochs=1");
    vec_push (a, &settings, "epochs=9");
    json_t *all = params_resolve (p, NULL, &settings, &err);
    assert_int_equal (json_integer_value (json_object_get (all, "epochs")), 9);
    assert_true (json_real_value (json_object_get (all, "rate")) == 0.5);
    json_decref (all);
    pipeline_clear (p);
    arena_destroy (a);
}

static void
an_unknown_name_is_told_with_the_one_that_was_meant (void **state)
{
    struct arena *a = arena_create ();
    struct pipeline *p = pipeline_with_parameters (a);
    struct vec_str settings = { 0 };
    struct error err = { 0 };
    (void) state;
    vec_push (a, &settings, "epoch=1");
    assert_null (params_resolve (p, NULL, &settings, &err));
    assert_int_equal (err.kind, ERROR_USAGE);
    assert_non_null (strstr (err.text, "epochs"));
    pipeline_clear (p);
    arena_destroy (a);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (python_and_json_are_both_understood),
        cmocka_unit_test (anything_else_is_refused),
        cmocka_unit_test (a_value_must_fit_its_type),
        cmocka_unit_test (text_is_taken_as_it_is),
        cmocka_unit_test (defaults_give_way_to_settings),
        cmocka_unit_test (an_unknown_name_is_told_with_the_one_that_was_meant),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
