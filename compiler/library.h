/* What library calls do, read from the table compiler/effects.txt (compiled in; chard.yaml adds to it): what
 * they change, what they return, which files they touch, which hidden state they use. The table is data: to teach
 * Chard about a library, add lines there.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_LIBRARY_H
#define CHARD_COMPILER_LIBRARY_H

#include "base/arena.h"
#include "compiler/symbol.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum effect_flag {
    EFFECT_MUTATES = 1u << 0,      /* the receiver */
    EFFECT_MUTATES_DEEP = 1 << 1,  /* the receiver and all it holds */
    EFFECT_HOLDS = 1 << 2,         /* the receiver keeps the arguments */
    EFFECT_RETURNS_SELF = 1 << 3,
    EFFECT_RETURNS_VIEW = 1 << 4,  /* shares memory with the receiver (or, for functions, the first argument) */
    EFFECT_RETURNS_ELEMENT = 1 << 5, /* one of what the receiver (or first argument) holds */
    EFFECT_RETURNS_HOLDER = 1 << 6, /* a new object that keeps the arguments */
    EFFECT_RETURNS_PLAIN = 1 << 7, /* a number, a string: nothing that can be changed */
    EFFECT_ITERATOR = 1 << 8,      /* the result is used up by reading it */
    EFFECT_UNPICKLABLE = 1 << 9,   /* the result can't be handed to another process */
    EFFECT_SETUP = 1 << 10,        /* sets up library state: repeated in each step */
    EFFECT_DYNAMIC = 1 << 11,      /* may bind any name: exec, globals() */
    EFFECT_CONSUMES = 1 << 12,     /* uses up arguments that are iterators */
    EFFECT_SEEDS = 1 << 13,        /* makes the state `state` known */
    EFFECT_DRAWS = 1 << 14,        /* uses and changes `state` */
    EFFECT_OPENS_FILE = 1 << 17,   /* mode decides: the argument behind the path, or mode= */
    EFFECT_SHELL = 1 << 18,        /* runs a command given as argument 0 */
    EFFECT_PURE_DECORATOR = 1 << 19, /* wraps a definition without any effect: it can be replicated */
    EFFECT_KNOWN = 1 << 20,        /* stands in the table at all */
    EFFECT_ZIPS = 1 << 21,         /* gives tuples of one element of each argument */
    EFFECT_NUMBERS = 1 << 22,      /* gives pairs of something plain and an element */
    EFFECT_TUPLES = 1 << 23,       /* gives tuples of elements */
    EFFECT_MAPS = 1 << 24,         /* gives what argument 0 returns for elements of the others */
    EFFECT_ACTS = 1 << 26,         /* mutates the receiver, if the call is a statement of its own */
    EFFECT_GATHERS = 1 << 27,      /* copies numbers and text, but keeps objects that the arguments hold */
    EFFECT_CHANGES_FOLDER = 1 << 28, /* argument 0 is what relative paths count from now on */
    EFFECT_SHALLOW = 1 << 15,      /* a copy of the receiver (or first argument) that has the same parts */
    EFFECT_DEEP = 1 << 16,         /* a copy of it and of all that it holds */
    EFFECT_MAKES_DECORATOR = 1 << 29, /* called with anything it gives a pure decorator */
    EFFECT_EVALUATES = 1u << 30,   /* argument 0 is code, or names values in code */
    EFFECT_SINGLETON = 1u << 31,   /* gives what the library keeps one of: a logger */
    EFFECT_DRAWING = 1 << 25,      /* of a keyword: who is called with it draws, and changes nothing */
};

struct effect {
    uint32_t flags;
    uint32_t mutates_arguments; /* bit i: argument i */
    symbol mutates_keyword;     /* print (…, file=buffer); or 0 */
    symbol returns;             /* type of the result, or 0 */
    const char *parts;          /* types of a tuple's parts, "a.A,b.B"; or NULL */
    symbol state;               /* name of hidden state: "numpy.random" */
    symbol random;              /* hidden state that it draws from, unless random_state= or the like is given … */
    symbol random_if;           /* … and, if this isn't 0, only with this keyword */
    uint32_t reads, writes;     /* bit i: argument i is the path of a file that is; FILE_OF_RECEIVER: the receiver is */
    int opens;                  /* which argument is the path; -1: the receiver */
    int memory;                 /* which argument is the mode, if the result shows the memory of the file that argument
                                   0 names; MEMORY_OF_OPEN: of one that is open; 0: it doesn't */
    const char *mode;           /* in which a file is opened, or shown, without one; or NULL */
    int out;                    /* which argument, if given, is written to and is the result; 0: none */
    bool shares;                /* the result may have the memory of argument 0, if that is an array or a table */
    bool unpickles;             /* what is read may be instances of any class of the notebook */
    bool caches;                /* a decorator: the function runs once for the same arguments */
    bool observes;              /* the receiver, or what the arguments hold, tells functions among the arguments of its
                                   changes */
    bool of_receiver;           /* the result looks at the receiver when it is asked, as do its parts */
    bool accessor;              /* gives what registers a class as the attribute that argument 0 names */
    bool shows;                 /* somebody sees it done: print */
    /* The result stands for something elsewhere, which argument 0 may name, and can be had again anywhere; by a URL,
     * which may name the memory too. */
    enum { CONNECTS_NOT, CONNECTS, CONNECTS_BY_URL } connects;
    enum { PROCESS_NOT, PROCESS_ASKED, PROCESS_EVERYWHERE, PROCESS_HANDLED, PROCESS_ENDS } process; /* see process.c */
    symbol process_state;       /* … of this name */
    symbol traces;              /* state that any statement may change, if this is looked at anywhere */
    bool asks;                  /* only reads what arguments stand for; others are taken to change it */
};

#define FILE_OF_RECEIVER (1u << 31)
#define MEMORY_OF_OPEN (-1)

struct library;

/* Lies in `a`. A line of the table is understood when it is first asked for: a notebook needs few of them. */
struct library *library_create (struct arena *a, struct symbols *symbols);

/* Adds a project's own lines, {"mylib.scale": "mutates=0", …}; they win over the table's. `effects` may be NULL.
 * Returns NULL, or the first key whose words aren't words of the table (that one and the rest are left out). */
const char *library_add (struct library *l, const json_t *effects);

/* What calling the library object at `path` does: the line of that very path, else of its longest prefix with ".*",
 * else "*.name" for its last part.
 * Never NULL; EFFECT_KNOWN is off when no line matches. */
const struct effect *library_function (const struct library *l, const char *path);

/* True if a line stands for that very path, not only for its module. */
bool library_knows (const struct library *l, const char *path);

/* What calling method `name` on a value of class `type` (0: unknown) does: "type.name", else "type.prefix*", else
 * "type.*", else ".name", else ".prefix*" by the word before the first underscore (".get_*"). */
const struct effect *library_method (const struct library *l, symbol type, symbol name);

/* What reading attribute `name` of a value of class `type` gives: lines "@name" and "type@name". */
const struct effect *library_attribute (const struct library *l, symbol type, symbol name);

/* What the elements of a value of class `type` are: line "type[]". */
const struct effect *library_element (const struct library *l, symbol type);

/* What a call with this keyword does: line "=ax mutates", what it is given; "=color drawing"; "=display_id keeps=S". */
const struct effect *library_keyword (const struct library *l, symbol keyword);

/* The table as it is compiled in, sorted by key: "numpy.random.seed" and its words. */
struct library_line {
    const char *key, *words;
};
extern const struct library_line library_lines[];
extern const size_t library_lines_count;

#endif
