/* A drawing in Graphviz's language. See draw.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/draw.h"

#include "base/utf8.h"

/* Within "…" of the dot language only the quote is special to its reader; a backslash is special to labels. */
static void
add_dot (struct strbuf *out, const char *text)
{
    for (size_t i = 0, n = strlen (text), len; i < n; i += len) {
        uint32_t c = utf8_decode (text + i, n - i, &len);
        if (c == '"' || c == '\\')
            strbuf_addf (out, "\\%c", (char) c);
        else if (c == '\n')
            strbuf_adds (out, "\\n");
        else if (c < 0x20 || (c == 0xfffd && len == 1))
            strbuf_adds (out, "\xef\xbf\xbd");
        else
            strbuf_add (out, text + i, len);
    }
}

static const char *
dot_style (const char *kind)
{
    return strcmp (kind, "data") == 0 ? "solid" : strcmp (kind, "file") == 0 ? "dashed" : "dotted";
}

void
draw_dot (const struct drawing *d, struct strbuf *out)
{
    strbuf_adds (out, "digraph \"");
    add_dot (out, d->name ? d->name : "pipeline");
    strbuf_adds (out, "\" {\n"
                      "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=12,"
                      " fillcolor=\"#f6f8fa\", color=\"#8c98a8\"];\n"
                      "  edge [fontname=\"Helvetica\", fontsize=10, color=\"#8c98a8\", fontcolor=\"#586274\","
                      " arrowsize=0.7];\n");
    for (size_t i = 0; i < d->nodes.len; i++) {
        const struct draw_node *n = &d->nodes.items[i];
        strbuf_addf (out, "  n%zu [label=\"", i);
        add_dot (out, n->title);
        if (n->detail) {
            strbuf_adds (out, "\\n");
            add_dot (out, n->detail);
        }
        strbuf_adds (out, "\"");
        if (n->state)
            strbuf_addf (out, ", fillcolor=\"%s\", color=\"%s\"", draw_state_color (n->state).fill,
                         draw_state_color (n->state).stroke);
        strbuf_adds (out, "];\n");
    }
    vec_foreach (e, &d->edges) {
        strbuf_addf (out, "  n%d -> n%d [style=%s", e->from, e->to, dot_style (e->kind));
        vec_foreach (n, &e->names) {
            strbuf_adds (out, n == e->names.items ? ", label=\"" : ", ");
            add_dot (out, *n);
        }
        strbuf_adds (out, e->names.len ? "\"];\n" : "];\n");
    }
    strbuf_adds (out, "}\n");
}
