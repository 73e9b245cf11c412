/* Tests of engine/markdown.h: what Markdown becomes in the report, and that nothing in it runs there.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "engine/markdown.h"

static const struct {
    const char *markdown, *html;
} shown[] = {
    { "# A *b*\n", "<h1>A <em>b</em></h1>\n" },
    { "- one\n- two `x < y`\n", "<ul>\n<li>one</li>\n<li>two <code>x &lt; y</code></li>\n</ul>\n" },
    { "[page](https://example.org/a?b&c)", "<p><a href=\"https://example.org/a?b&amp;c\">page</a></p>\n" },
    { "~~old~~ $a_1 * b * c$", "<p><del>old</del> <x-equation>a_1 * b * c</x-equation></p>\n" },
    { "H<sub>2</sub>O <b>bold</b>", "<p>H<sub>2</sub>O <b>bold</b></p>\n" },
    { "a < b & c", "<p>a &lt; b &amp; c</p>\n" },
};

/* Each is shown, and has none of these left that would run or load something. */
static const char *const nasty[] = {
    "<script>alert(1)</script>",
    "text <script src=https://example.org/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://example.org/x.png)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<div style=\"position:fixed\">x</div>",
    "<svg onload=alert(1)>",
    "<https://example.org/\"onmouseover=alert(1)>",
    "```html\n<script>alert(1)</script>\n```",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "$<script>alert(1)</script>$",
    "<style>body{display:none}</style>",
    "<!--><script>alert(1)</script>-->",
};
static const char *const runs[] = { "<script", "<iframe", "<style", "<svg", " href=\"j", " href=\"d", " href=\"J",
                                    " src=",   " style=", " on" };

static void
markdown_is_shown (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        cleanup_strbuf struct strbuf out = { 0 };
        assert_true (markdown_add_html (&out, shown[i].markdown, strlen (shown[i].markdown)));
        assert_string_equal (strbuf_str (&out), shown[i].html);
    }
}

static void
a_table_keeps_its_alignment (void **state)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *text = "| a | b |\n|---|--:|\n| 1 | 2 |\n";
    (void) state;
    assert_true (markdown_add_html (&out, text, strlen (text)));
    assert_non_null (strstr (strbuf_str (&out), "<td align=\"right\">2</td>"));
}

/* Whether a tag of the page has the word in it, outside of attributes' values. */
static bool
has_in_tag (const char *html, const char *word)
{
    for (const char *tag = strchr (html, '<'); tag; tag = strchr (tag + 1, '<'))
        for (const char *c = tag; *c && *c != '>'; c++) {
            if (strncmp (c, word, strlen (word)) == 0)
                return true;
            if (*c == '"')
                c = strchr (c + 1, '"');
        }
    return false;
}

static void
nothing_in_it_runs_or_loads (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof nasty / sizeof nasty[0]; i++) {
        cleanup_strbuf struct strbuf out = { 0 };
        assert_true (markdown_add_html (&out, nasty[i], strlen (nasty[i])));
        for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++)
            if (has_in_tag (strbuf_str (&out), runs[k]))
                fail_msg ("%s became %s", nasty[i], strbuf_str (&out));
    }
}

static void
html_that_would_run_is_text (void **state)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *text = "**a** <script>alert(1)</script>";
    (void) state;
    assert_true (markdown_add_html (&out, text, strlen (text)));
    assert_string_equal (strbuf_str (&out), "<p><strong>a</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n");
}

static void
what_is_too_much_is_left_to_others (void **state)
{
    cleanup_strbuf struct strbuf out = { 0 }, text = { 0 };
    (void) state;
    strbuf_adds (&out, "before");
    for (int i = 0; i < 300; i++)
        strbuf_adds (&text, "> ");
    strbuf_adds (&text, "deep");
    assert_false (markdown_add_html (&out, strbuf_str (&text), text.len));
    while (text.len < 300 << 10)
        strbuf_adds (&text, "and so on, ");
    assert_false (markdown_add_html (&out, strbuf_str (&text), text.len));
    assert_string_equal (strbuf_str (&out), "before");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (markdown_is_shown),
        cmocka_unit_test (a_table_keeps_its_alignment),
        cmocka_unit_test (nothing_in_it_runs_or_loads),
        cmocka_unit_test (html_that_would_run_is_text),
        cmocka_unit_test (what_is_too_much_is_left_to_others),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
