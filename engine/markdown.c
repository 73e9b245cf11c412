/* See markdown.h. The only file that includes md4c's headers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/markdown.h"

#include "base/dynlib.h"
#include "base/sonames.h"
#include "engine/html_clean.h"

#include <md4c-html.h>

enum {
    TEXT_MAX = 256 << 10,
    HTML_MAX = 4 << 20, /* a table's rows are filled up with cells: little text may become much HTML */
    DIALECT = MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_LATEXMATHSPANS,
};

#define FUNCTIONS(X) X (md_html)

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (MD4C_SONAME, "md4c", "to show Markdown", symbols);

static void
add_piece (const MD_CHAR *html, MD_SIZE n, void *arg)
{
    struct strbuf *to = arg;
    if (to->len <= HTML_MAX)
        strbuf_add (to, html, n);
}

static bool
add_as (struct strbuf *out, const char *text, size_t n, unsigned flags)
{
    cleanup_strbuf struct strbuf html = { 0 };
    return lib.md_html (text, (MD_SIZE) n, add_piece, &html, flags, 0) == 0 && html.len <= HTML_MAX
           && html_clean (out, strbuf_str (&html), html.len);
}

bool
markdown_add_html (struct strbuf *out, const char *text, size_t n)
{
    if (n > TEXT_MAX || dynlib_load (&dynlib, NULL) < 0)
        return false;
    return add_as (out, text, n, DIALECT) || add_as (out, text, n, DIALECT | MD_FLAG_NOHTML);
}
