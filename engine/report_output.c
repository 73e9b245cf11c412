/* See report_output.h. Of a bundle of MIME types the richest that a page without a kernel can show is taken; the table
 * `shows` says which and how.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_output.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "compiler/markup.h"
#include "engine/ansi.h"
#include "engine/html_clean.h"
#include "engine/markdown.h"

#include <ctype.h>
#include <string.h>

enum {
    TEXT_HEAD = 16 << 10, /* of a longer text so much of its beginning … */
    TEXT_TAIL = 6 << 10,  /* … and of its end is shown */
    HTML_MAX = 4 << 20,
    IMAGE_MAX = 8 << 20,
    OUTPUTS_MAX = 200, /* per cell */
};

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* Moves a cut to the start of a line if one is near, else of a character. */
static size_t
cut_before (const char *s, size_t at)
{
    for (size_t back = 0; back < 400 && back < at; back++)
        if (s[at - back - 1] == '\n')
            return at - back;
    while (at > 0 && ((unsigned char) s[at] & 0xc0) == 0x80)
        at--;
    return at;
}

void
report_output_add_text (struct strbuf *out, const char *class, const char *text, size_t n)
{
    strbuf_addf (out, "<pre class=\"%s\">", class);
    if (n <= TEXT_HEAD + TEXT_TAIL) {
        ansi_add_html (out, text, n);
    } else {
        size_t head = cut_before (text, TEXT_HEAD), tail = cut_before (text, n - TEXT_TAIL);
        ansi_add_html (out, text, head);
        strbuf_addf (out, "</pre><p class=\"cut\">… %zu kB left out …</p><pre class=\"%s\">", (tail - head) / 1000,
                     class);
        ansi_add_html (out, text + tail, n - tail);
    }
    strbuf_adds (out, "</pre>\n");
}

/* nbformat's multi-line strings: one string, or a list of them. Returns malloc'ed bytes, NULL if it is neither. */
static char *
join_text (const json_t *value, size_t *len)
{
    struct strbuf b = { 0 };
    if (!json_is_string (value) && !json_is_array (value))
        return NULL;
    if (json_is_string (value))
        strbuf_add (&b, json_string_value (value), json_string_length (value));
    size_t i;
    json_t *line;
    json_array_foreach (value, i, line)
        if (json_is_string (line))
            strbuf_add (&b, json_string_value (line), json_string_length (line));
    strbuf_reserve (&b, 1);
    b.data[b.len] = '\0';
    *len = b.len;
    return strbuf_take (&b);
}

/* ---- one MIME type each ----------------------------------------------------------------------------------------- */

struct bundle {
    const json_t *data, *metadata;
};

/* Adds the value; false if it can't, then the next kind is tried. */
typedef bool show_fn (struct strbuf *out, const char *mime, const char *s, size_t n, const struct bundle *bundle);

/* Too rich for this page: a page of its own in a frame that can't reach ours. It tells its height by a message. */
static bool
show_frame (struct strbuf *out, const char *s, size_t n)
{
    strbuf_adds (
        out,
        "<iframe class=\"frame\" sandbox=\"allow-scripts allow-popups\" loading=\"lazy\" title=\"output\" srcdoc=\"");
    markup_adds (out, "<!DOCTYPE html><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">"
                      "<style>body{margin:4px;font:14px system-ui,sans-serif}</style><body>");
    markup_add (out, s, n);
    markup_adds (out, "<script>new ResizeObserver(function(){parent.postMessage({chardHeight:"
                      "document.body.offsetHeight+16},'*')}).observe(document.body)</script>");
    strbuf_adds (out, "\"></iframe>\n");
    return true;
}

static bool
show_html (struct strbuf *out, const char *mime, const char *s, size_t n, const struct bundle *bundle)
{
    (void) mime;
    (void) bundle;
    if (n > HTML_MAX)
        return false;
    size_t before = out->len;
    strbuf_adds (out, "<div class=\"html\">");
    if (html_clean (out, s, n)) {
        strbuf_adds (out, "</div>\n");
        return true;
    }
    out->data[out->len = before] = '\0';
    return show_frame (out, s, n);
}

static void
add_image_end (struct strbuf *out, const char *mime, const struct bundle *bundle)
{
    const json_t *size = json_object_get (bundle->metadata, mime);
    double width = json_number_value (json_object_get (size, "width"));
    cleanup_free char *plain = NULL;
    size_t len = 0;
    plain = join_text (json_object_get (bundle->data, "text/plain"), &len);
    strbuf_adds (out, "\" alt=\"");
    markup_add (out, plain ? plain : "image", plain ? (len < 200 ? len : 200) : 5);
    strbuf_adds (out, "\"");
    if (width >= 1 && width < 20000)
        strbuf_addf (out, " width=\"%.0f\"", width);
    strbuf_adds (out, "></figure>\n");
}

static bool
is_base64 (char c)
{
    return isalnum ((unsigned char) c) || c == '+' || c == '/' || c == '=';
}

/* Notebooks hold PNG and JPEG as base64 already, sometimes with line ends. */
static bool
show_image (struct strbuf *out, const char *mime, const char *s, size_t n, const struct bundle *bundle)
{
    for (size_t i = 0; i < n; i++)
        if (!is_base64 (s[i]) && !isspace ((unsigned char) s[i]))
            return false;
    if (n == 0 || n > IMAGE_MAX)
        return false;
    strbuf_addf (out, "<figure><img src=\"data:%s;base64,", mime);
    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && is_base64 (s[i + run]))
            run++;
        strbuf_add (out, s + i, run);
        i += run + 1;
    }
    add_image_end (out, mime, bundle);
    return true;
}

/* As an image, not as elements of the page: an image runs no scripts and its styles stay its own. */
static bool
show_svg (struct strbuf *out, const char *mime, const char *s, size_t n, const struct bundle *bundle)
{
    if (n == 0 || n > IMAGE_MAX / 3)
        return false;
    strbuf_addf (out, "<figure><img src=\"data:%s;charset=utf-8,", mime);
    for (size_t i = 0; i < n; i++)
        if (isalnum ((unsigned char) s[i]) || (s[i] && strchr (" -_.,:;=/()", s[i])))
            strbuf_addc (out, s[i]);
        else
            strbuf_addf (out, "%%%02X", (unsigned char) s[i]);
    add_image_end (out, mime, bundle);
    return true;
}

static bool
show_text (struct strbuf *out, const char *mime, const char *s, size_t n, const struct bundle *bundle)
{
    (void) mime;
    (void) bundle;
    report_output_add_text (out, "out", s, n);
    return true;
}

static bool
show_markdown (struct strbuf *out, const char *mime, const char *s, size_t n, const struct bundle *bundle)
{
    size_t before = out->len;
    strbuf_adds (out, "<div class=\"html prose\">");
    if (markdown_add_html (out, s, n)) {
        strbuf_adds (out, "</div>\n");
        return true;
    }
    out->data[out->len = before] = '\0';
    return show_text (out, mime, s, n, bundle);
}

static const struct {
    const char *mime;
    show_fn *show;
} shows[] = {
    { "text/html", show_html },     { "image/svg+xml", show_svg }, { "image/png", show_image },
    { "image/jpeg", show_image },   { "image/gif", show_image },   { "image/webp", show_image },
    { "text/markdown", show_markdown }, { "text/latex", show_text },   { "application/json", show_text },
    { "text/plain", show_text },
};

/* JSON values other than text are printed. */
static char *
value_text (const json_t *value, const char *mime, size_t *len)
{
    if (strcmp (mime, "application/json") != 0)
        return join_text (value, len);
    char *text = json_dumps (value, JSON_INDENT (2) | JSON_ENCODE_ANY);
    *len = text ? strlen (text) : 0;
    return text;
}

static bool
add_bundle (struct strbuf *out, const json_t *output)
{
    struct bundle bundle = { json_object_get (output, "data"), json_object_get (output, "metadata") };
    for (size_t i = 0; i < sizeof shows / sizeof shows[0]; i++) {
        const json_t *value = json_object_get (bundle.data, shows[i].mime);
        size_t len = 0;
        cleanup_free char *text = value ? value_text (value, shows[i].mime, &len) : NULL;
        if (text && shows[i].show (out, shows[i].mime, text, len, &bundle))
            return true;
    }
    return false;
}

/* ---- outputs and cells ------------------------------------------------------------------------------------------ */

static bool
add_stream (struct strbuf *out, const json_t *output)
{
    const char *name = json_string_value (json_object_get (output, "name"));
    size_t len = 0;
    cleanup_free char *text = join_text (json_object_get (output, "text"), &len);
    if (text && len)
        report_output_add_text (out, name && strcmp (name, "stderr") == 0 ? "out stderr" : "out", text, len);
    return text != NULL;
}

static void
add_json_text (struct strbuf *b, const json_t *s)
{
    if (json_is_string (s))
        strbuf_add (b, json_string_value (s), json_string_length (s));
}

static bool
add_error (struct strbuf *out, const json_t *output)
{
    cleanup_strbuf struct strbuf text = { 0 };
    size_t i;
    json_t *line;
    json_array_foreach (json_object_get (output, "traceback"), i, line) {
        add_json_text (&text, line);
        if (text.len && text.data[text.len - 1] != '\n')
            strbuf_addc (&text, '\n');
    }
    if (text.len == 0) {
        add_json_text (&text, json_object_get (output, "ename"));
        strbuf_adds (&text, ": ");
        add_json_text (&text, json_object_get (output, "evalue"));
    }
    report_output_add_text (out, "out error", strbuf_str (&text), text.len);
    return true;
}

static const struct {
    const char *type;
    bool (*add) (struct strbuf *out, const json_t *output);
} output_types[] = {
    { "stream", add_stream },
    { "execute_result", add_bundle },
    { "display_data", add_bundle },
    { "error", add_error },
};

static void
add_output (struct strbuf *out, const json_t *output, size_t *budget)
{
    const char *type = json_string_value (json_object_get (output, "output_type"));
    size_t before = out->len;
    for (size_t i = 0; type && i < sizeof output_types / sizeof output_types[0]; i++)
        if (strcmp (output_types[i].type, type) == 0 && !output_types[i].add (out, output))
            strbuf_adds (out, "<p class=\"cut\">an output of a kind that this page can't show</p>\n");
    if (out->len - before > *budget) {
        out->data[out->len = before] = '\0';
        strbuf_adds (out, "<p class=\"cut\">an output that would make this page too large</p>\n");
        return;
    }
    *budget -= out->len - before;
}

/* "cell 7", then the code's first line; the whole of it unfolds. */
static void
add_source (struct strbuf *out, const json_t *cell, const char *source, size_t len)
{
    const json_t *ours = json_object_get (json_object_get (cell, "metadata"), "chard");
    const json_t *number = json_object_get (ours, "cell");
    double seconds = json_number_value (json_object_get (ours, "seconds"));
    const char *start = source + strspn (source, " \t\r\n");
    size_t line = strcspn (start, "\n");
    strbuf_adds (out, "<details class=\"code\"><summary>");
    if (json_is_integer (number))
        strbuf_addf (out, "<span class=\"no\">cell %" JSON_INTEGER_FORMAT "</span> ", json_integer_value (number));
    strbuf_adds (out, "<code>");
    markup_add (out, start, line < 100 ? line : cut_before (start, 100));
    strbuf_addf (out, "%s</code>", start[line] || line >= 100 ? " …" : "");
    if (seconds >= 0.05)
        strbuf_addf (out, " <span class=\"took\">%.*f s</span>", seconds < 10 ? 1 : 0, seconds);
    strbuf_adds (out, "</summary>");
    report_output_add_text (out, "source", source, len);
    strbuf_adds (out, "</details>\n");
}

static void
add_cell (struct strbuf *out, const json_t *cell, size_t *budget)
{
    const json_t *outputs = json_object_get (cell, "outputs");
    size_t len = 0, i;
    cleanup_free char *source = join_text (json_object_get (cell, "source"), &len);
    json_t *output;
    if (!json_is_array (outputs))
        return;
    strbuf_adds (out, "<div class=\"cell\">\n");
    if (source)
        add_source (out, cell, source, len);
    json_array_foreach (outputs, i, output) {
        if (i == OUTPUTS_MAX) {
            strbuf_addf (out, "<p class=\"cut\">… and %zu more outputs</p>\n", json_array_size (outputs) - i);
            break;
        }
        add_output (out, output, budget);
    }
    strbuf_adds (out, "</div>\n");
}

void
report_output_add (struct strbuf *out, const json_t *notebook, size_t *budget)
{
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get (notebook, "cells"), i, cell)
        add_cell (out, cell, budget);
}
