/* Tests of base/diag.h and base/error.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/diag.h"
#include "base/error.h"

#include <errno.h>

static struct diag_list
list_create (void)
{
    return (struct diag_list){ .arena = arena_create (), .notebook = "n.ipynb" };
}

static void
the_same_twice_is_one (void **state)
{
    (void) state;
    struct diag_list list = list_create ();
    for (int i = 0; i < 3; i++)
        diag_add (&list, SEVERITY_ERROR, "r", (struct place){ .cell = 1, .line = 2, .column = 3 }, NULL, NULL,
                  "message %d", i / 2);
    diag_add (&list, SEVERITY_WARNING, "r", (struct place){ .cell = 1, .line = 2, .column = 4 }, NULL, NULL,
              "message 0");
    assert_int_equal (list.all.len, 3);
    assert_int_equal (list.errors, 2);
    assert_int_equal (list.warnings, 1);
    arena_destroy (list.arena);
}

static void
the_notebook_comes_first_then_places (void **state)
{
    (void) state;
    struct diag_list list = list_create ();
    diag_add (&list, SEVERITY_NOTE, "r", (struct place){ .cell = 2, .line = 1, .column = 1 }, NULL, NULL, "fourth");
    diag_add (&list, SEVERITY_ERROR, "r", (struct place){ .cell = 1, .line = 9, .column = 1 }, NULL, NULL, "third");
    diag_add (&list, SEVERITY_ERROR, "r", (struct place){ .cell = 1, .line = 8, .column = 7 }, NULL, NULL, "second");
    diag_add (&list, SEVERITY_ERROR, "r", PLACE_NOTEBOOK, NULL, NULL, "first");
    diag_sort (&list);
    static const char *const wanted[] = { "first", "second", "third", "fourth" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal (list.all.items[i].message, wanted[i]);
    arena_destroy (list.arena);
}

static void
print (const struct diag *d, const char *wanted)
{
    struct strbuf out = { 0 };
    diag_print (d, false, &out);
    assert_string_equal (strbuf_str (&out), wanted);
    strbuf_free (&out);
}

/* What a line is cut to, and that the caret still stands under the character that is meant. */
static void
long_lines_are_cut (void **state)
{
    (void) state;
    char line[100001];
    memset (line, 'a', 100000);
    line[100000] = '\0';
    line[49999] = 'X';
    struct diag d = { "n", { 0, 1, 50000, NULL }, SEVERITY_ERROR, "r", "m", NULL, line };
    struct strbuf out = { 0 };
    diag_print (&d, false, &out);
    assert_true (out.len < 400);
    const char *source = strchr (out.data, '\n') + 1, *caret = strchr (source, '\n') + 1;
    size_t ellipsis = strlen ("…") - 1; /* one column, more bytes */
    assert_int_equal (strchr (source, 'X') - source - (ptrdiff_t) ellipsis, strchr (caret, '^') - caret);
    strbuf_free (&out);
    line[161] = '\0';
    d.at.column = 1;
    line[0] = 'X';
    diag_print (&d, false, &out);
    assert_null (strstr (out.data, "…")); /* one more than the most is shown rather than its ellipsis */
    strbuf_free (&out);
}

static void
control_characters_stay_inside (void **state)
{
    (void) state;
    struct diag d = { "n", { 0, 1, 3, NULL }, SEVERITY_ERROR, "r", "step \033[31mred\n", NULL, "\tx\033[0m" };
    print (&d, "n:cell 0:1:3: error: step ?[31mred? [r]\n    \tx?[0m\n    \t ^\n");
}

static void
they_read_like_a_compilers (void **state)
{
    (void) state;
    struct diag d = { "n.ipynb", { .cell = 7, .line = 3, .column = 5 }, SEVERITY_ERROR, "unresolved-name", "no 'x'",
                      "bind it", "y = x" };
    print (&d, "n.ipynb:cell 7:3:5: error: no 'x' [unresolved-name]\n    y = x\n        ^\n  hint: bind it\n");
    struct diag whole = { "n.ipynb", PLACE_NOTEBOOK, SEVERITY_WARNING, "empty", "no code", NULL, NULL };
    print (&whole, "n.ipynb: warning: no code [empty]\n");
}

static void
the_caret_counts_characters_and_keeps_tabs (void **state)
{
    (void) state;
    struct diag d = { "n", { .cell = 0, .line = 1, .column = 4 }, SEVERITY_NOTE, "r", "m", NULL, "\tüñx" };
    print (&d, "n:cell 0:1:4: note: m [r]\n    \tüñx\n    \t  ^\n");
}

static void
errors_are_wrapped (void **state)
{
    (void) state;
    struct error err = { 0 };
    assert_int_equal (error_set (&err, ERROR_USAGE, "bad %s", "word"), -1);
    assert_int_equal (error_wrap (&err, "step %s", "train"), -1);
    assert_string_equal (err.text, "step train: bad word");
    assert_int_equal (err.kind, ERROR_USAGE);
    errno = ENOSPC;
    assert_int_equal (error_errno (&err, "f"), -1);
    assert_string_equal (err.text, "f: No space left on device");
    assert_int_equal (err.kind, ERROR_ENVIRONMENT);
    assert_int_equal (error_set (NULL, ERROR_USAGE, "nobody asks"), -1);
}

static void
long_errors_are_cut (void **state)
{
    (void) state;
    struct error err = { 0 };
    char *text = xmalloc (10000);
    memset (text, 'x', 9999);
    text[9999] = '\0';
    error_set (&err, ERROR_NOTEBOOK, "%s", text);
    assert_int_equal (strlen (err.text), sizeof err.text - 1);
    error_wrap (&err, "%s", text);
    error_wrap (&err, "front");
    assert_true (strlen (err.text) < sizeof err.text);
    assert_memory_equal (err.text, "front: xxx", 10);
    free (text);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_same_twice_is_one),
        cmocka_unit_test (the_notebook_comes_first_then_places),
        cmocka_unit_test (long_lines_are_cut),
        cmocka_unit_test (control_characters_stay_inside),
        cmocka_unit_test (they_read_like_a_compilers),
        cmocka_unit_test (the_caret_counts_characters_and_keeps_tabs),
        cmocka_unit_test (errors_are_wrapped),
        cmocka_unit_test (long_errors_are_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
