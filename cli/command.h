/* What a command is, and the table of all of them. `chard` (cli/main.c) parses, helps and completes from this table
 * alone; the kernel's %chard magic uses the same one, so both always agree. To add a command: a file cmd_NAME.c that
 * defines `const struct command command_NAME`, and a line in command.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_COMMAND_H
#define CHARD_CLI_COMMAND_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,   /* bool: set to true */
    OPTION_COUNT,  /* int: how often it was given */
    OPTION_STRING, /* const char * */
    OPTION_INT,    /* int */
    OPTION_NUMBER, /* double */
    OPTION_LIST,   /* struct vec_str: may be given several times */
};

/* One option; a table of them ends with a zeroed row. */
struct option {
    const char *name;     /* "jobs", for --jobs */
    char letter;          /* 'j', or 0 */
    enum option_kind kind;
    size_t offset;        /* offsetof the field in the command's settings that receives it */
    const char *argument; /* "N", for the help; NULL for flags and counts */
    const char *help;     /* one line, lower case, no full stop */
    const char *choices;  /* "text|dot|svg" if only these are allowed, else NULL; also completed */
};

/* One call of a command. */
struct invocation {
    struct arena *arena;      /* dies with the call */
    struct vec_str operands;  /* what isn't an option: notebooks, run ids, … */
    FILE *out, *err;          /* results; diagnostics and progress. Never print elsewhere */
    bool json;                /* --format=json */
    int verbose;              /* number of -v */
    bool no_learned;          /* compile by the text alone */
    bool color_out, color_err; /* colours wanted on each: --color, NO_COLOR and isatty already judged */
    bool terminal;            /* err is a terminal: progress may redraw its line */
};

struct command {
    const char *name;      /* "run", or "runs list" for a command of two words */
    const char *operands;  /* "NOTEBOOK…", for the usage line; "" if it takes none */
    const char *summary;   /* one line */
    const char *details;   /* paragraphs for --help, or NULL */
    const char *examples;  /* lines for --help: each a command, with a comment behind '#' */
    const struct option *options;
    size_t settings_size;  /* bytes of the zeroed struct that `run` gets; options are stored at their offsets */
    const void *defaults;  /* copied over the settings first, or NULL for zeroes */

    /* Does the work. 0 is success; -1 fills `err`, which main prints as "chard: …" and whose kind is the exit status.
     * What was already told (diagnostics, a failed step) returns -1 with an empty err->text. */
    int (*run) (struct invocation *inv, const void *settings, struct error *err);
};

/* All commands, in the order the help shows them; NULL-terminated. */
extern const struct command *const commands[];

/* The command of that name (of one or two words), or NULL. */
const struct command *command_find (const char *first, const char *second);

/* Whether its operand is a notebook: %chard then means the open one if none is named. */
bool command_takes_notebook (const struct command *c);

/* Expands operands: a directory stands for all *.ipynb (and percent *.py) files below it. ERROR_USAGE if there is no
 * operand at all, ERROR_ENVIRONMENT if a directory can't be read. Files that don't exist are kept: the reader tells. */
int command_expand_notebooks (struct invocation *inv, struct vec_str *paths, struct error *err);

#endif
