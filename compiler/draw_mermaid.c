/* A drawing as a Mermaid flowchart. See draw.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/draw.h"

#include "base/utf8.h"

/* Mermaid's entity codes, #35; and the like: whatever could end a quoted label or start Markdown or HTML in it. */
static void
add_mermaid (struct strbuf *out, const char *text)
{
    for (size_t i = 0, n = strlen (text), len; i < n; i += len) {
        uint32_t c = utf8_decode (text + i, n - i, &len);
        if (c == '\n')
            strbuf_adds (out, "<br/>");
        else if (c < 0x20)
            strbuf_addc (out, ' ');
        else if (c < 0x80 && strchr ("\"#&<>`\\{}|;*", (int) c))
            strbuf_addf (out, "#%u;", (unsigned) c);
        else if (c == 0xfffd && len == 1)
            strbuf_adds (out, "\xef\xbf\xbd");
        else
            strbuf_add (out, text + i, len);
    }
}

static void
add_mermaid_states (const struct drawing *d, struct strbuf *out)
{
    for (int s = DRAW_STATE_WAITING; s <= DRAW_STATE_SKIPPED; s++) {
        size_t members = 0;
        for (size_t i = 0; i < d->nodes.len; i++)
            if (d->nodes.items[i].state == (enum draw_state) s)
                strbuf_addf (out, members++ ? ",n%zu" : "    class n%zu", i);
        if (members)
            strbuf_addf (out, " %s\n    classDef %s fill:%s,stroke:%s,color:#1f2733\n",
                         draw_state_name ((enum draw_state) s), draw_state_name ((enum draw_state) s),
                         draw_state_color ((enum draw_state) s).fill, draw_state_color ((enum draw_state) s).stroke);
    }
}

void
draw_mermaid (const struct drawing *d, struct strbuf *out)
{
    strbuf_adds (out, "flowchart TD\n");
    for (size_t i = 0; i < d->nodes.len; i++) {
        strbuf_addf (out, "    n%zu(\"", i);
        add_mermaid (out, d->nodes.items[i].title);
        if (d->nodes.items[i].detail) {
            strbuf_adds (out, "<br/>");
            add_mermaid (out, d->nodes.items[i].detail);
        }
        strbuf_adds (out, "\")\n");
    }
    vec_foreach (e, &d->edges) {
        strbuf_addf (out, "    n%d %s", e->from, strcmp (e->kind, "data") == 0 ? "-->" : "-.->");
        vec_foreach (n, &e->names) {
            strbuf_adds (out, n == e->names.items ? "|\"" : ", ");
            add_mermaid (out, *n);
        }
        strbuf_addf (out, "%s n%d\n", e->names.len ? "\"|" : "", e->to);
    }
    add_mermaid_states (d, out);
}
