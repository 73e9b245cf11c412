/* Tests of compiler/notebook_edit.h: tags go in and outputs go at the right bytes, and no other byte changes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "compiler/notebook_edit.h"

static void
becomes_as (const char *path, const char *text, int cell, const char *tag, const char *wanted)
{
    const struct notebook_edit_tag tags[] = { { cell, tag } };
    struct strbuf out = { 0 };
    struct error err = { 0 };
    if (notebook_edit_add_tags (path, text, strlen (text), tags, 1, &out, &err) < 0)
        fail_msg ("%s", err.text);
    assert_string_equal (strbuf_str (&out), wanted);
    /* A tag that is there already changes nothing. */
    struct strbuf again = { 0 };
    assert_int_equal (notebook_edit_add_tags (path, wanted, strlen (wanted), tags, 1, &again, &err), 0);
    assert_string_equal (strbuf_str (&again), wanted);
    strbuf_free (&again);
    strbuf_free (&out);
}

static void
a_notebook_on_one_line_stays_on_one (void **state)
{
    (void) state;
    becomes_as ("a.ipynb",
                "{\"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"source\": \"x\"}], \"nbformat\": 4}", 0,
                "step:a",
                "{\"cells\": [{\"cell_type\": \"code\", \"metadata\": {\"tags\": [\"step:a\"]}, \"source\": \"x\"}], "
                "\"nbformat\": 4}");
}

static void
indentation_is_kept (void **state)
{
    static const char *const indents[] = { " ", "  ", "\t" };
    static const char *const ends[] = { "\n", "\r\n" };
    (void) state;
    for (size_t i = 0; i < 3; i++)
        for (size_t e = 0; e < 2; e++) {
            const char *d = indents[i], *n = ends[e];
            struct strbuf before = { 0 }, after = { 0 };
            /* One level of indentation at each depth; no line end behind the last brace. */
            strbuf_addf (&before, "{%s%s\"cells\": [%s%s%s{%s%s%s%s\"cell_type\": \"code\",%s%s%s%s\"metadata\": {},%s",
                         n, d, n, d, d, n, d, d, d, n, d, d, d, n);
            strbuf_addf (&before, "%s%s%s\"source\": []%s%s%s}%s%s]%s}", d, d, d, n, d, d, n, d, n);
            strbuf_addf (&after, "{%s%s\"cells\": [%s%s%s{%s%s%s%s\"cell_type\": \"code\",%s%s%s%s\"metadata\": {%s", n,
                         d, n, d, d, n, d, d, d, n, d, d, d, n);
            strbuf_addf (&after, "%s%s%s%s\"tags\": [%s%s%s%s%s%s\"step:a\"%s%s%s%s%s]%s%s%s%s},%s", d, d, d, d, n, d,
                         d, d, d, d, n, d, d, d, d, n, d, d, d, n);
            strbuf_addf (&after, "%s%s%s\"source\": []%s%s%s}%s%s]%s}", d, d, d, n, d, d, n, d, n);
            becomes_as ("a.ipynb", strbuf_str (&before), 0, "step:a", strbuf_str (&after));
            strbuf_free (&before);
            strbuf_free (&after);
        }
}

static void
tags_that_are_there_are_kept (void **state)
{
    (void) state;
    becomes_as ("a.ipynb",
                "{\"cells\":[{\"cell_type\":\"code\",\"metadata\":{\"tags\":[\"hide\"],\"x\":1},\"source\":\"\"}],\"nbformat\":4}", 0,
                "step:a",
                "{\"cells\":[{\"cell_type\":\"code\",\"metadata\":{\"tags\":[\"hide\",\"step:a\"],\"x\":1},\"source\":\"\"}],\"nbformat\":4}");
}

static void
scripts_get_them_on_the_marker (void **state)
{
    (void) state;
    becomes_as ("a.py", "# %%\nx = 1\n", 0, "step:a", "# %% tags=[\"step:a\"]\nx = 1\n");
    becomes_as ("a.py", "# %% Load  \r\nx = 1", 0, "step:a", "# %% Load tags=[\"step:a\"]  \r\nx = 1");
    becomes_as ("a.py", "# %% tags=[\"hide\"]\nx\n", 0, "step:a", "# %% tags=[\"hide\", \"step:a\"]\nx\n");
    becomes_as ("a.py", "# %%\n# %%time\nx\n# %%\ny\n", 1, "step:b", "# %%\n# %%time\nx\n# %% tags=[\"step:b\"]\ny\n");
    becomes_as ("a.py", "x = 1\n", 0, "step:a", "# %% tags=[\"step:a\"]\nx = 1\n");
}

static void
refused (const char *text, int cell)
{
    const struct notebook_edit_tag tags[] = { { cell, "step:a" } };
    struct strbuf out = { 0 };
    struct error err = { 0 };
    assert_int_equal (notebook_edit_add_tags ("a.ipynb", text, strlen (text), tags, 1, &out, &err), -1);
    assert_int_equal (err.kind, ERROR_NOTEBOOK);
    assert_int_equal (out.len, 0);
}

static void
what_can_not_be_edited_safely_is_left_alone (void **state)
{
    (void) state;
    refused ("{", 0);
    refused ("[]", 0);
    refused ("{\"cells\": [], \"nbformat\": 4}", 0);
}

static void
stripped (const char *path, const char *text, const char *wanted)
{
    struct strbuf out = { 0 };
    struct error err = { 0 };
    if (notebook_edit_strip_outputs (path, text, strlen (text), &out, &err) < 0)
        fail_msg ("%s", err.text);
    assert_string_equal (strbuf_str (&out), wanted);
    strbuf_free (&out);
}

static void
outputs_go_and_nothing_else (void **state)
{
    (void) state;
    stripped ("a.ipynb",
              "{ \"metadata\": {\"widgets\": {\"x\": [1, {}]}, \"k\":1},\r\n\t\"cells\": [ {\"cell_type\": \"code\", \"execution_count\": 12 ,"
              " \"metadata\": {\"outputs\": [1]}, \"outputs\": [{\"text\": \"]}, \\\"outputs\\\": [\"}\n], \"source\": \"\\u0000 \\ud800\"},"
              " {\"cell_type\": \"markdown\", \"metadata\": {}, \"source\": [\"\\\"outputs\\\": [1]\"]}], "
              "\"nbformat\": 4}\n",
              "{ \"metadata\": {\"widgets\": {}, \"k\":1},\r\n\t\"cells\": [ {\"cell_type\": \"code\", \"execution_count\": null ,"
              " \"metadata\": {\"outputs\": [1]}, \"outputs\": [], \"source\": \"\\u0000 \\ud800\"},"
              " {\"cell_type\": \"markdown\", \"metadata\": {}, \"source\": [\"\\\"outputs\\\": [1]\"]}], "
              "\"nbformat\": 4}\n");
    stripped ("a.ipynb",
              "{\"worksheets\": [{\"cells\": [{\"cell_type\": \"code\", \"prompt_number\": 3, \"input\": \"x\", \"outputs\": [NaN]}]}], "
              "\"nbformat\": 3, \"metadata\": {}}",
              "{\"worksheets\": [{\"cells\": [{\"cell_type\": \"code\", \"prompt_number\": null, \"input\": \"x\", \"outputs\": []}]}], "
              "\"nbformat\": 3, \"metadata\": {}}");
    stripped ("a.py", "# %%\nx = 1\n", "# %%\nx = 1\n");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_notebook_on_one_line_stays_on_one),
        cmocka_unit_test (indentation_is_kept),
        cmocka_unit_test (tags_that_are_there_are_kept),
        cmocka_unit_test (scripts_get_them_on_the_marker),
        cmocka_unit_test (what_can_not_be_edited_safely_is_left_alone),
        cmocka_unit_test (outputs_go_and_nothing_else),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
