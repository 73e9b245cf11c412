/* See syntax_normal.h. The tree is written out as nested lists; what lies between its leaves must be blanks, or the
 * text is not taken for understood.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/syntax_normal.h"

#include <ctype.h>
#include <string.h>
#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_python (void);

struct writing {
    const char *source;
    uint32_t done; /* bytes that are accounted for */
    struct strbuf *out;
    bool whole;    /* nothing but blanks was left out */
};

static bool
is_blank (const char *p, const char *end)
{
    for (; p < end; p++)
        if (!isspace ((unsigned char) *p) && *p != '\\')
            return false;
    return true;
}

/* Notes that the tree tells of the text up to `end`, and was silent from where it last spoke to `start`. */
static void
account (struct writing *w, uint32_t start, uint32_t end)
{
    if (start > w->done && !is_blank (w->source + w->done, w->source + start))
        w->whole = false;
    if (end > w->done)
        w->done = end;
}

/* Strings are taken as they stand: blanks in them count, and their parts don't tell all of their text. */
static bool
is_leaf (TSNode node)
{
    return ts_node_child_count (node) == 0 || strcmp (ts_node_type (node), "string") == 0;
}

static bool
is_remark (TSNode node)
{
    const char *type = ts_node_type (node);
    return strcmp (type, "comment") == 0 || strcmp (type, "line_continuation") == 0;
}

static void
write_leaf (struct writing *w, TSNode node)
{
    uint32_t start = ts_node_start_byte (node), end = ts_node_end_byte (node);
    account (w, start, end);
    strbuf_addf (w->out, "%u:", end - start); /* with its length, no text can be taken for structure */
    strbuf_add (w->out, w->source + start, end - start);
}

/* A walk with a cursor: deep nesting must not cost stack. */
static void
write_tree (struct writing *w, TSTreeCursor *at)
{
    for (;;) {
        TSNode node = ts_tree_cursor_current_node (at);
        bool remark = is_remark (node), leaf = is_leaf (node);
        if (remark)
            account (w, ts_node_start_byte (node), ts_node_end_byte (node));
        else if (leaf)
            write_leaf (w, node);
        else
            strbuf_addf (w->out, "(%s ", ts_node_type (node));
        if (!remark && !leaf && ts_tree_cursor_goto_first_child (at))
            continue;
        while (!ts_tree_cursor_goto_next_sibling (at)) {
            if (!ts_tree_cursor_goto_parent (at))
                return;
            strbuf_addc (w->out, ')');
        }
    }
}

bool
syntax_normalize (const char *source, size_t len, struct strbuf *out)
{
    TSParser *parser = ts_parser_new ();
    ts_parser_set_language (parser, tree_sitter_python ());
    TSTree *tree = ts_parser_parse_string (parser, NULL, source, (uint32_t) len);
    struct strbuf text = { 0 };
    struct writing w = { source, 0, &text, tree && !ts_node_has_error (ts_tree_root_node (tree)) };
    if (w.whole) {
        TSTreeCursor at = ts_tree_cursor_new (ts_tree_root_node (tree));
        write_tree (&w, &at);
        ts_tree_cursor_delete (&at);
        account (&w, (uint32_t) len, (uint32_t) len);
    }
    if (w.whole)
        strbuf_add (out, strbuf_str (&text), text.len);
    strbuf_free (&text);
    ts_tree_delete (tree);
    ts_parser_delete (parser);
    return w.whole;
}
