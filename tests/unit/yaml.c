/* Tests of doc/yaml.h. Expected texts follow from the YAML 1.1 and 1.2 specifications.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/cleanup.h"
#include "doc/yaml.h"

static void
expect_printed (json_t *value, const char *text)
{
    cleanup_strbuf struct strbuf out = { 0 };
    yaml_print (value, &out);
    assert_string_equal (strbuf_str (&out), text);
    json_decref (value);
}

static void
strings_never_turn_into_something_else (void **state)
{
    (void) state;
    expect_printed (json_pack ("{s:s,s:s,s:s,s:s}", "a", "yes", "b", "1.10", "c", "null", "d", "2024-01-02"),
                    "a: \"yes\"\nb: \"1.10\"\nc: \"null\"\nd: \"2024-01-02\"\n");
    expect_printed (json_pack ("{s:s,s:s}", "a", "{{x}}: \"q\" 'r' #\\", "b", ""),
                    "a: \"{{x}}: \\\"q\\\" 'r' #\\\\\"\nb: \"\"\n");
    expect_printed (json_pack ("{s:s,s:s,s:s}", "y", "1", "on", "2", "1e3", "3"),
                    "\"y\": \"1\"\n\"on\": \"2\"\n\"1e3\": \"3\"\n");
    expect_printed (json_pack ("{s:s,s:s,s:s}", "nvidia.com/gpu", "1", "a b", "2", "", "3"),
                    "nvidia.com/gpu: \"1\"\n\"a b\": \"2\"\n\"\": \"3\"\n");
}

static void
numbers_and_words_are_plain (void **state)
{
    (void) state;
    expect_printed (json_pack ("[i,f,f,f,b,b,n]", -7, 0.1, 1e20, 3.0, 1, 0),
                    "- -7\n- 0.1\n- 1.0e+20\n- 3.0\n- true\n- false\n- null\n");
    expect_printed (json_pack ("{s:{},s:[]}", "a", "b"), "a: {}\nb: []\n");
}

static void
lines_of_text_become_a_block (void **state)
{
    (void) state;
    expect_printed (json_pack ("{s:s}", "code", "if x:\n    y = 1\n\nz\n"),
                    "code: |\n  if x:\n      y = 1\n\n  z\n");
    expect_printed (json_pack ("{s:s}", "code", "a\nb"), "code: |-\n  a\n  b\n");
    expect_printed (json_pack ("{s:s}", "code", "a\nb\n\n"), "code: \"a\\nb\\n\\n\"\n");
}

static void
odd_lines_are_quoted (void **state)
{
    (void) state;
    expect_printed (json_pack ("{s:s}", "a", "x \ny"), "a: \"x \\ny\"\n");
    expect_printed (json_pack ("{s:s}", "a", "\nx"), "a: \"\\nx\"\n");
    expect_printed (json_pack ("{s:s}", "a", " x\ny"), "a: \" x\\ny\"\n");
    expect_printed (json_pack ("{s:s}", "a", "x\ty\n"), "a: \"x\\ty\\n\"\n");
    expect_printed (json_pack ("{s:s}", "a", "x\r\ny"), "a: \"x\\r\\ny\"\n");
    expect_printed (json_pack ("{s:s}", "a", "x\xe2\x80\xa8y\nz"), "a: \"x\\Ly\\nz\"\n");
}

static void
documents_are_parted (void **state)
{
    (void) state;
    cleanup_strbuf struct strbuf out = { 0 };
    json_auto_t *one = json_pack ("{s:i}", "a", 1);
    yaml_print (one, &out);
    yaml_print (one, &out);
    assert_string_equal (strbuf_str (&out), "a: 1\n---\na: 1\n");
    json_auto_t *read = yaml_parse_all (out.data, out.len, NULL);
    assert_int_equal (json_array_size (read), 2);
    assert_true (json_equal (json_array_get (read, 1), one));
}

static void
expect_read (const char *text, const char *json)
{
    struct error err = { 0 };
    json_auto_t *value = yaml_parse (text, strlen (text), &err);
    if (!value)
        fail_msg ("%s: %s", text, err.text);
    json_auto_t *wanted = json_loads (json, JSON_DECODE_ANY, NULL);
    assert_non_null (wanted);
    if (!json_equal (value, wanted)) {
        cleanup_free char *got = json_dumps (value, JSON_ENCODE_ANY);
        fail_msg ("%s is read as %s, not %s", text, got, json);
    }
}

static void
core_schema_is_read (void **state)
{
    (void) state;
    expect_read ("", "null");
    expect_read ("a: yes\nb: True\nc: ~\nd:\ne: 12\nf: 1.10\ng: 0x1F\nh: 0o17\ni: -3\nj: 1e3\n",
                 "{\"a\":\"yes\",\"b\":true,\"c\":null,\"d\":null,\"e\":12,\"f\":1.10,\"g\":31,\"h\":15,\"i\":-3,\"j\":1000.0}");
    expect_read ("a: '1'\nb: !!str 1\nc: \"true\"\nd: 2024-01-02\ne: .inf\nf: 1.2.3\ng: 0x\nh: '.'\n",
                 "{\"a\":\"1\",\"b\":\"1\",\"c\":\"true\",\"d\":\"2024-01-02\",\"e\":\".inf\",\"f\":\"1.2.3\",\"g\":\"0x\",\"h\":\".\"}");
    expect_read ("- {a: [1, 2], 3: x}\n- |\n  t\n  u\n", "[{\"a\":[1,2],\"3\":\"x\"},\"t\\nu\\n\"]");
    expect_read ("a: &x {k: [1]}\nb: *x\nc: &y z\nd: *y\n",
                 "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":\"z\",\"d\":\"z\"}");
    expect_read ("99999999999999999999\n", "1e20");
}

static void
expect_refused (const char *text, const char *message)
{
    struct error err = { 0 };
    json_t *value = yaml_parse (text, strlen (text), &err);
    assert_null (value);
    assert_int_equal (err.kind, ERROR_USAGE);
    if (!strstr (err.text, message))
        fail_msg ("'%s' does not say '%s'", err.text, message);
}

static void
faults_are_told_where_they_are (void **state)
{
    (void) state;
    expect_refused ("a: 1\nb: [\n", "line 3, column 1");
    expect_refused ("a: 1\na: 2\n", "line 2, column 1: the key 'a' is there twice");
    expect_refused ("? [1]\n: 2\n", "a key must be");
    expect_refused ("<<: {a: 1}\n", "merge keys");
    expect_refused ("a: &x [*x]\n", "within its own anchor");
    expect_refused ("a: *x\n", "no such anchor");
    expect_refused ("a: 1\n---\nb: 2\n", "second document");
    expect_refused ("a: \xff\n", "byte 3");
    expect_refused ("\"a\\0b\": 1\n", "NUL");
    char deep[400];
    memset (deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    expect_refused (deep, "nested too deeply");
}

/* What is printed reads back as the same value, whatever it holds. */
static void
all_text_survives (void **state)
{
    (void) state;
    static const char alphabet[] = "a :#-?|>'\"\\{}[]%@`&*!,~=\n\n \t\r\x01\x7fyn01.e+_<";
    static const char *const wide[] = { "ü", "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xf0\x9f\x98\x80",
                                        "\xc2\xa0" };
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        cleanup_strbuf struct strbuf text = { 0 }, out = { 0 };
        for (int n = round % 13; n > 0; n--) {
            seed = seed * 1103515245u + 12345u;
            unsigned pick = (seed >> 16) % (sizeof alphabet + 5);
            if (pick < sizeof alphabet) /* its NUL included */
                strbuf_addc (&text, alphabet[pick]);
            else
                strbuf_adds (&text, wide[pick - sizeof alphabet]);
        }
        json_auto_t *value = json_object ();
        json_object_set_new (value, "v", json_stringn (strbuf_str (&text), text.len));
        if (!memchr (strbuf_str (&text), 0, text.len))
            json_object_set_new (value, strbuf_str (&text), json_integer (round));
        yaml_print (value, &out);
        struct error err = { 0 };
        json_auto_t *read = yaml_parse (out.data, out.len, &err);
        if (!read || !json_equal (read, value))
            fail_msg ("%s\n%s", strbuf_str (&out), err.text);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (strings_never_turn_into_something_else),
        cmocka_unit_test (numbers_and_words_are_plain),
        cmocka_unit_test (lines_of_text_become_a_block),
        cmocka_unit_test (odd_lines_are_quoted),
        cmocka_unit_test (documents_are_parted),
        cmocka_unit_test (core_schema_is_read),
        cmocka_unit_test (faults_are_told_where_they_are),
        cmocka_unit_test (all_text_survives),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
