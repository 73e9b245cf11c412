/* Tests of cli/option.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "cli/option.h"

struct settings {
    bool force;
    const char *to;
    int jobs, loud;
    double timeout;
    struct vec_str parameters;
};

static const struct option table[] = {
    { .name = "force", .letter = 'f', .kind = OPTION_FLAG, .offset = offsetof (struct settings, force),
      .help = "do it" },
    { .name = "loud", .letter = 'l', .kind = OPTION_COUNT, .offset = offsetof (struct settings, loud),
      .help = "louder" },
    { .name = "to", .kind = OPTION_STRING, .offset = offsetof (struct settings, to), .argument = "TARGET",
      .help = "target", .choices = "ir|dot" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_INT, .offset = offsetof (struct settings, jobs), .argument = "N",
      .help = "how many" },
    { .name = "timeout", .kind = OPTION_NUMBER, .offset = offsetof (struct settings, timeout), .argument = "S",
      .help = "how long" },
    { .name = "parameter", .letter = 'p', .kind = OPTION_LIST, .offset = offsetof (struct settings, parameters),
      .argument = "NAME=VALUE", .help = "set one" },
    { 0 },
};

/* One parse and what came of it. */
struct parsed {
    struct arena *arena;
    struct settings settings;
    struct option_common common;
    struct vec_str operands;
    struct error err;
    int status;
};

static int
enter (void **state)
{
    struct parsed *p = xcalloc (1, sizeof *p);
    p->arena = arena_create ();
    *state = p;
    return 0;
}

static int
leave (void **state)
{
    struct parsed *p = *state;
    arena_destroy (p->arena);
    free (p);
    return 0;
}

/* Parses words separated by blanks. */
static void
parse (struct parsed *p, const char *line)
{
    struct vec_str words = { 0 };
    char *copy = arena_strdup (p->arena, line), *save = NULL;
    for (char *w = strtok_r (copy, " ", &save); w; w = strtok_r (NULL, " ", &save))
        vec_push (p->arena, &words, w);
    p->status = option_parse (p->arena, table, &p->settings, &p->common, (int) words.len, (char *const *) words.items,
                              &p->operands, &p->err);
}

static void
every_spelling_is_understood (void **state)
{
    struct parsed *p = *state;
    parse (p, "a --to=dot -flj3 b --timeout 1.5 -p x=1 --parameter=y=-2 -vv --color never -- --force -");
    assert_int_equal (p->status, 0);
    assert_true (p->settings.force);
    assert_int_equal (p->settings.loud, 1);
    assert_int_equal (p->settings.jobs, 3);
    assert_true (p->settings.timeout == 1.5);
    assert_string_equal (p->settings.to, "dot");
    assert_int_equal (p->settings.parameters.len, 2);
    assert_string_equal (p->settings.parameters.items[1], "y=-2");
    assert_int_equal (p->common.verbose, 2);
    assert_string_equal (p->common.color, "never");
    assert_int_equal (p->operands.len, 4);
    assert_string_equal (p->operands.items[2], "--force");
    assert_string_equal (p->operands.items[3], "-");
}

static void
mistakes_are_told (void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        { "--jbos=3", "did you mean --jobs?" },
        { "--forse", "did you mean --force?" },
        { "--zebra", "--help lists them" },
        { "-x", "unknown option -x" },
        { "--force=yes", "takes no value" },
        { "--jobs", "needs a value" },
        { "-j", "needs a value" },
        { "--jobs=many", "whole number, not 'many'" },
        { "--jobs=99999999999", "whole number" },
        { "--jobs=", "whole number" },
        { "--timeout=soon", "a number, not 'soon'" },
        { "--timeout=nan", "a number" },
        { "--to=svg", "ir or dot, not 'svg'" },
        { "--to=i", "ir or dot" },
        { "--to=", "ir or dot" },
    };
    struct parsed *p = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        parse (p, cases[i].line);
        assert_int_equal (p->status, -1);
        assert_int_equal (p->err.kind, ERROR_USAGE);
        if (!strstr (p->err.text, cases[i].words))
            fail_msg ("'%s' gave: %s", cases[i].line, p->err.text);
    }
}

static void
near_words_are_suggested_far_ones_not (void **state)
{
    (void) state;
    static const char *const names[] = { "check", "compile", "runs list", NULL };
    assert_string_equal (option_nearest ("chek", names), "check");
    assert_string_equal (option_nearest ("comiple", names), "compile");
    assert_string_equal (option_nearest ("comp", names), "compile");
    assert_string_equal (option_nearest ("runs lsit", names), "runs list");
    assert_null (option_nearest ("deploy", names));
    assert_null (option_nearest ("a-word-that-is-much-longer-than-any-name-that-there-could-be", names));
}

static void
text_is_folded_by_characters (void **state)
{
    (void) state;
    struct strbuf out = { 0 };
    option_fold ("äöü äöü äöü\nx", 2, 9, &out);
    assert_string_equal (strbuf_str (&out), "äöü äöü\n  äöü\n  x");
    strbuf_free (&out);
}

static void
help_shows_every_option (void **state)
{
    (void) state;
    const struct command c = { .name = "cook", .operands = "DISH", .summary = "cook", .options = table };
    struct strbuf out = { 0 };
    option_help (&c, false, 80, &out);
    assert_non_null (strstr (strbuf_str (&out), "Usage: chard cook [OPTION…] DISH\n"));
    for (const struct option *o = table; o->name; o++)
        assert_non_null (strstr (strbuf_str (&out), o->name));
    assert_non_null (strstr (strbuf_str (&out), "  -j, --jobs=N            how many\n"));
    assert_null (strstr (strbuf_str (&out), "\033"));
    strbuf_free (&out);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (every_spelling_is_understood, enter, leave),
        cmocka_unit_test_setup_teardown (mistakes_are_told, enter, leave),
        cmocka_unit_test (near_words_are_suggested_far_ones_not),
        cmocka_unit_test (text_is_folded_by_characters),
        cmocka_unit_test (help_shows_every_option),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
