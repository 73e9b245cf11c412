/* `%chard check`: diagnostics as a table, and as the lines that a terminal gets.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/view.h"

#include "base/arena.h"
#include "base/diag.h"
#include "base/fs.h"
#include "doc/json_value.h"

#include <string.h>

static const char style[] =
    "<style>.chard-check{font-size:13px;line-height:1.45}.chard-check table{border-collapse:collapse;margin:2px 0}"
    ".chard-check td{text-align:left!important;padding:3px 14px 3px 0;vertical-align:top;border:0}"
    ".chard-check tr{background:none!important}.chard-check .error{color:#cf4a3f;font-weight:600}"
    ".chard-check .warning{color:#b7791f;font-weight:600}.chard-check .note{color:#4a86c5}"
    ".chard-check .dim{opacity:.65}.chard-check td:first-child{white-space:nowrap}</style>";

static int
number_of (const json_t *o, const char *key, int otherwise)
{
    const json_t *n = json_object_get (o, key);
    return json_is_integer (n) ? (int) json_integer_value (n) : otherwise;
}

/* "cell 3, line 2"; with the notebook's name where there are several. */
static const char *
place_of (struct arena *a, const json_t *d, bool several)
{
    int cell = number_of (d, "cell", -1), line = number_of (d, "line", 0);
    const char *name = several || cell < 0 ? fs_basename (json_text (d, "notebook")) : "";
    const char *where = cell < 0 ? "" : line ? arena_printf (a, "cell %d, line %d", cell, line)
                                 : arena_printf (a, "cell %d", cell);
    return arena_printf (a, "%s%s%s", name, *name && *where ? ", " : "", where);
}

static void
add_row (struct arena *a, const json_t *d, bool several, struct strbuf *html)
{
    strbuf_adds (html, "<tr><td>");
    strbuf_add_html (html, place_of (a, d, several));
    strbuf_addf (html, "</td><td class=\"%s\">%s</td><td>", json_text (d, "severity"), json_text (d, "severity"));
    strbuf_add_html (html, json_text (d, "message"));
    if (*json_text (d, "hint")) {
        strbuf_adds (html, "<div class=\"dim\">");
        strbuf_add_html (html, json_text (d, "hint"));
        strbuf_adds (html, "</div>");
    }
    strbuf_adds (html, "</td><td class=\"dim\">");
    strbuf_add_html (html, json_text (d, "rule"));
    strbuf_adds (html, "</td></tr>\n");
}

static void
add_text (const json_t *d, struct strbuf *text)
{
    const char *severity = json_text (d, "severity"), *hint = json_text (d, "hint");
    enum severity s = SEVERITY_ERROR;
    while (s < SEVERITY_NOTE && strcmp (severity_name (s), severity) != 0)
        s++;
    const struct diag one = { .notebook = json_text (d, "notebook"), .severity = s, .rule = json_text (d, "rule"),
                              .message = json_text (d, "message"), .hint = *hint ? hint : NULL,
                              .at = { number_of (d, "cell", -1), number_of (d, "line", 0), number_of (d, "column", 0),
                                      NULL } };
    diag_print (&one, false, text);
}

static int
count (const json_t *list, const char *severity)
{
    int n = 0;
    size_t i;
    const json_t *d;
    json_array_foreach (list, i, d)
        n += strcmp (json_text (d, "severity"), severity) == 0;
    return n;
}

static bool
are_of_several (const json_t *list)
{
    size_t i;
    const json_t *d;
    json_array_foreach (list, i, d)
        if (json_object_get (d, "part_of")
            || strcmp (json_text (d, "notebook"), json_text (json_array_get (list, 0), "notebook")) != 0)
            return true;
    return false;
}

/* "2 errors, 1 warning". */
static const char *
summary (struct arena *a, const json_t *list)
{
    static const char *const names[] = { "error", "warning", "note" };
    const char *text = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int n = count (list, names[i]);
        if (n)
            text = arena_printf (a, "%s%s%d %s%s", text, *text ? ", " : "", n, names[i], n == 1 ? "" : "s");
    }
    return *text ? text : "nothing to mend";
}

static void
take_list (struct view *v, const char *json, size_t len)
{
    cleanup_strbuf struct strbuf html = { 0 }, text = { 0 };
    json_auto_t *list = json_loadb (json, len, JSON_ALLOW_NUL, NULL);
    struct arena *a = arena_create ();
    const char *sum = summary (a, list);
    size_t i;
    const json_t *d;
    strbuf_addf (&html, "%s<div class=\"chard-check\"><div><b>check</b> · %s</div>\n<table>\n", style, sum);
    json_array_foreach (list, i, d) {
        add_row (a, d, are_of_several (list), &html);
        add_text (d, &text);
    }
    strbuf_adds (&html, "</table></div>");
    strbuf_addf (&text, "check: %s", sum);
    json_auto_t *bundle = json_pack ("{s:s,s:s}", "text/html", strbuf_str (&html), "text/plain", strbuf_str (&text));
    if (list && bundle)
        outlet_display (&v->outlet, bundle, NULL);
    if (count (list, "error") && v->complaint.len == 0) /* else the reply says nothing of why it failed */
        strbuf_adds (&v->complaint, sum);
    arena_destroy (a);
}

static const char *const unless[] = { "--format", "--help", "-h", NULL };
static const char *const words[] = { "--format=json", NULL };

const struct view_kind view_check = { .command = "check", .unless = unless, .words = words,
                                      .size = sizeof (struct view),
                                      .take = take_list, .whole = true };
