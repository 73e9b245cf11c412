/* Reads a command line by a command's table of options, and prints help from the same table. Called by main.c, and by
 * the kernel for its %chard lines; the commands themselves never see a word that isn't an operand.
 * Grammar as GNU's: --name=value, --name value, -nvalue, -n value, -vq for two flags, options anywhere among the
 * operands, "--" ends them, "-" is an operand. No abbreviations: scripts must not break when an option is added.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_OPTION_H
#define CHARD_CLI_OPTION_H

#include "base/strbuf.h"
#include "cli/command.h"

/* What every command understands. */
struct option_common {
    bool help;
    const char *format; /* "text" or "json" */
    int verbose;        /* number of -v */
    bool no_learned;
    const char *color;  /* "auto", "always" or "never" */
};

/* The table of the above; ends with a zeroed row. */
extern const struct option option_common_table[];

/* Parses `argv[0..argc)`, the words behind the command's name. `options` (may be NULL) are stored into `settings`,
 * the common ones into `common`, the rest into `operands`. -1 and ERROR_USAGE with a suggestion if a word is no option
 * or its value is none. Strings are borrowed from argv. */
int option_parse (struct arena *a, const struct option *options, void *settings, struct option_common *common, int argc,
                  char *const *argv, struct vec_str *operands, struct error *err);

/* The words that say the same as `settings`, for a program of ours to be started with; what is zero, or NULL,
 * is left out. Borrowed from `settings`, or in `a`. */
void option_words (struct arena *a, const struct option *options, const void *settings, struct vec_str *words);

/* Like option_parse for the common options alone, but stops at the first word that is none: the words before the
 * command's name. Returns how many words were taken, or -1. */
int option_parse_leading (struct arena *a, struct option_common *common, int argc, char *const *argv,
                          struct error *err);

/* A command's --help. */
void option_help (const struct command *c, bool color, int width, struct strbuf *out);

/* "Usage: chard compile [OPTION…] NOTEBOOK…" without a line end. */
void option_usage (const struct command *c, struct strbuf *out);

/* The help of the table's options alone, one or more lines each. */
void option_help_table (const struct option *options, bool color, int width, struct strbuf *out);

/* Adds `text` folded at words to `width` columns, each line but the first indented; line ends in `text` are kept. */
void option_fold (const char *text, int indent, int width, struct strbuf *out);

/* The one of the NULL-terminated `names` that `word` was probably meant to be, or NULL if none is near. */
const char *option_nearest (const char *word, const char *const *names);

#endif
