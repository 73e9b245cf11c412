/* What the files magic_*.c share: they rewrite one cell's source as magic.h tells. magic.c walks through its logical
 * lines, magic_scan.c tells what a line is, magic_cell.c takes cell magics, magic_write.c writes both texts. Before
 * them all, magic_prompt.c takes off what stands in front of the lines.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_MAGIC_PART_H
#define CHARD_COMPILER_MAGIC_PART_H

#include "base/strbuf.h"
#include "compiler/magic.h"

struct rewriting {
    struct arena *arena;
    struct magic_text *out;
    const char *source, *end;
    char *code;         /* a copy of the source, blanked where needed */
    struct strbuf run;
    int line;           /* of the logical line being looked at */
    int lines;          /* that it spans */
    bool indented;
};

/* A logical line: from its first byte to its line end, backslash continuations included. */
struct logical {
    const char *start, *text, *end; /* text: behind the indentation; end: at the newline or the end of the cell */
    int lines;                      /* physical lines it spans */
};

/* ---- magic_scan.c: `end` is the end of the cell; what comes back points into it ---- */

/* The newline behind `p`, or `end`. */
const char *magic_line_end (const char *p, const char *end);

/* Where the Python logical line that begins at `p` ends: at a newline outside strings and brackets. */
const char *magic_python_end (const char *p, const char *end);

/* The end of a magic or shell line: the newline that no backslash precedes. */
const char *magic_escaped_end (const char *p, const char *end);

int magic_count_lines (const char *p, const char *end);

/* ?anything; or a.b.c? or %magic?: nothing but a name and question marks. */
bool magic_is_help (const struct logical *l);

/* Within "targets = !cmd" or "targets = %magic": the byte of the mark, else NULL. */
const char *magic_assigned_mark (const struct logical *l);

/* Shell-like commands that IPython's automagic takes without a mark, where a cell is nothing but that line. */
bool magic_is_automagic (const struct logical *l, const char *end);

/* ---- magic_write.c ---- */

/* Fills code[from..to) with blanks, newlines kept, and puts `filler` at its start. */
void magic_blank (struct rewriting *r, const char *from, const char *to, const char *filler);

/* Puts harmless Python at `at`, which is blank already, unless it would reach into the next line. */
void magic_put_first (struct rewriting *r, const char *at, const char *code);

void magic_run_newlines (struct rewriting *r, int n);

/* Appends a Python string literal. */
void magic_run_literal (struct rewriting *r, const char *text);

/* Text of a magic line: continuations joined as IPython joins them. In the arena. */
char *magic_joined (struct rewriting *r, const char *from, const char *to);

/* Splits "%name args" (marks off) into name and arguments. */
const char *magic_split_name (struct rewriting *r, const char *text, const char **arguments);

/* Notes a magic of the logical line being looked at. */
struct magic *magic_add (struct rewriting *r, enum magic_kind kind, const char *name, const char *arguments);

/* %chard, help on it, and what makes it known: if the last magic is one, it becomes a call. */
bool magic_take_call (struct rewriting *r);

/* ---- magic.c ---- */

/* Whether the line or cell magic runs its code in a function of its own. */
bool magic_encloses (const char *name);

/* Behind the options `-n 10 -r3` of %time and its like. */
const char *magic_skip_options (const char *p, const char *end);

/* ---- magic_prompt.c ---- */

/* A line of a cell, its newline not counted, and how many bytes are taken off its front. */
struct magic_front {
    const char *start;
    size_t len, taken;
    bool docstring; /* it lies within one */
};

struct magic_fronts {
    vec (struct magic_front) lines;
    bool prompts; /* some of these were prompts */
    int newly;    /* line of the first of them, if only IPython 9.10 and later take them */
};

/* The source as IPython looks at it. `f` is zero-initialised. */
const char *magic_bare (struct arena *a, const char *source, struct magic_fronts *f);

/* `code`, which has the lines of that, with blanks in the place of what was taken off; a form feed behind those of
 * prompts, from where Python counts indentation anew. */
char *magic_padded (struct arena *a, const struct magic_fronts *f, const char *code);

/* ---- magic_cell.c ---- */

/* Looks at the first line that holds anything. True if it was a cell magic to which the whole cell belongs, dealt with;
 * otherwise `*rest` is where plain code goes on. */
bool magic_take_cell (struct rewriting *r, const char **rest);

#endif
