/* What flows between the statements of a notebook: the result of the abstract interpretation (interpreter.c), before
 * steps are known. A *site* is a top-level statement; an *event* is a site's use of a module name. Names of hidden
 * library state ("%numpy.random") are names like any other.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_FLOW_H
#define CHARD_COMPILER_FLOW_H

#include "compiler/heap.h"
#include "compiler/program.h"

#include <jansson.h>

enum write_kind {
    WRITE_BIND,   /* bound for sure: nothing older can be seen */
    WRITE_MAYBE,  /* bound on some path only */
    WRITE_CHANGE, /* the object was changed in place */
};

struct write {
    int site;
    enum write_kind kind;
};

/* The writes that a reader may see, oldest first: from the last WRITE_BIND on. Shared, never changed. */
struct writes {
    int len;
    bool maybe_unbound; /* on some path nothing has bound the name */
    struct write items[];
};

enum event_kind {
    EVENT_READ, /* the site reads the name */
    EVENT_DELETE, /* the site deletes the name: it must be bound there, to anything */
    EVENT_HOLD, /* the site changes an object that this name refers to, or binds it on some path only: where the site
                   runs, the name's old value must be at hand */
    EVENT_KEEP, /* the site binds it on some path only, which may never be seen: while the walk goes on
                   (flow_settle_kept) */
};

struct event {
    enum event_kind kind;
    int site;
    symbol name;
    const struct writes *writes; /* before this event */
    const struct set *value;     /* what the name may refer to */
    const struct ast *at;        /* the name in the source; NULL if a called function of another cell reads it */
    int unit;                    /* whose text `at` is in */
    bool called;                 /* read by a function that the site calls */
};

/* A write as it happened, in order. */
struct change {
    int site;
    symbol name;
    enum write_kind kind;
};

enum site_kind {
    SITE_PLAIN,
    SITE_IMPORT,     /* import statements: replicated */
    SITE_DEFINITION, /* def or class whose evaluation has no effect: replicated */
    SITE_CONSTANT,   /* name = literal */
    SITE_SETUP,      /* does nothing but set up library state: repeated in later steps */
};

struct site {
    int unit;
    const struct ast *statement;
    enum site_kind kind;
    struct vec_int binds;     /* symbols */
    size_t first_event, last_event; /* its events: [first, last) of flow->events */
    bool effect;              /* calls something, changes something: more than binding names */
};

/* FILE_NAMED: its name was given to code of which nobody knows what it does with it. */
enum file_use { FILE_READ, FILE_WRITE, FILE_SHELL, FILE_NAMED };

struct file_event {
    int site;
    enum file_use use;
    const char *path; /* literal path, from the main notebook's folder; for FILE_SHELL the command's text */
};

struct unresolved {
    symbol name;
    int site;
    const struct ast *at;
    int unit;
    bool maybe; /* some earlier code may bind it in ways that can't be seen */
};

struct flow {
    struct program *program;
    struct heap *heap;
    vec (struct site) sites;
    vec (struct event) events;
    vec (struct change) changes;
    vec (struct file_event) files;
    vec (struct unresolved) unresolved;
    vec (struct unresolved) history; /* reads of the session's own names: _, Out, In */
    const char *wrong_effect;     /* a key of program->effects whose words aren't known, or NULL */
    bool ends;                    /* some object is such: struct object.ends */
    struct vec_int dynamic_sites; /* sites of exec, globals() and the like */
};

/* At the end of the walk: each EVENT_KEEP becomes an EVENT_HOLD, without writes where nothing sees the name before it
 * is bound again. */
void flow_settle_kept (struct flow *flow);

/* After that: definitions that keep a value which others have too, and which is changed, are values themselves:
 * SITE_PLAIN. */
void flow_settle_keepers (struct flow *flow);

/* Edges between code cells as `chard graph --cells` prints them; an end that lies in a notebook that is brought in is
 * counted there and told by "from_notebook" or "to_notebook". The caller owns the result. */
json_t *flow_cell_edges (const struct flow *flow);

#endif
