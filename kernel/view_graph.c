/* `%chard graph`: the picture itself, and its text for terminals.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/view.h"

#include "base/cleanup.h"

#include <string.h>

/* The titles of the boxes: for those who can't see the picture. */
static void
add_titles (struct strbuf *text, const char *svg)
{
    strbuf_adds (text, "pipeline:");
    for (const char *at = svg; (at = strstr (at, "class=\"t\"")); at++) {
        const char *open = strchr (at, '>'), *close = open ? strchr (open, '<') : NULL;
        if (!close)
            return;
        strbuf_addf (text, " %.*s", (int) (close - open - 1), open + 1);
    }
}

static void
take_svg (struct view *v, const char *svg, size_t len)
{
    cleanup_free char *copy = xcalloc (1, len + 1);
    memcpy (copy, svg, len);
    const char *element = strstr (copy, "<svg");
    cleanup_strbuf struct strbuf text = { 0 };
    add_titles (&text, element ? element : "");
    cleanup_free char *html = xasprintf ("<div class=\"chard-graph\">%s</div>", element ? element : "");
    json_auto_t *bundle = json_pack ("{s:s,s:s,s:s}", "text/html", html, "image/svg+xml", element ? element : "",
                                     "text/plain", strbuf_str (&text));
    if (bundle && element)
        outlet_display (&v->outlet, bundle, NULL);
}

static const char *const unless[] = { "--format", "--to", "-o", "--output", "--why", "--help", "-h", NULL };
static const char *const words[] = { "--to=svg", NULL };

const struct view_kind view_graph = { .command = "graph", .unless = unless, .words = words,
                                      .size = sizeof (struct view),
                                      .take = take_svg, .whole = true };
