/* Code in text that is known: exec ("x = 1"), eval ("a + b") do what their text does. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "compiler/syntax.h"

#include <string.h>

bool
quoted_run (struct interpreter *in, const char *text, const struct set **result)
{
    struct syntax *parser = syntax_create ();
    struct syntax_error error;
    struct ast *tree = syntax_parse (parser, in->arena, in->symbols, text, strlen (text), &error);
    syntax_destroy (parser);
    *result = NULL;
    if (error.start != UINT32_MAX || in->quoted > 3)
        return false;
    scope_build (in->arena, in->symbols, tree);
    const char *outer = in->text;
    in->text = text;
    in->quoted++;
    if (tree->nkids == 1 && tree->kids[0]->kind == AST_EXPRESSION)
        *result = evaluate (in, tree->kids[0]->kids[0]);
    else
        run_block (in, tree);
    in->quoted--;
    in->text = outer;
    return true;
}
