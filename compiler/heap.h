/* Abstract objects: what names may refer to while the interpreter (interpreter.h) walks a notebook. An object stands
 * for all values made at one place; objects hold others in fields, elements and views, so that a change through one
 * name is seen by all names that share the object.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_HEAP_H
#define CHARD_COMPILER_HEAP_H

#include "base/arena.h"
#include "base/vec.h"
#include "compiler/ast.h"

/* A set of object numbers, ascending, never changed once made: sets are shared freely. NULL is the empty set. */
struct set {
    int len;
    int items[];
};

enum object_kind {
    OBJECT_VALUE,
    OBJECT_FUNCTION, /* a function or lambda of the notebook */
    OBJECT_CLASS,    /* a class of the notebook */
    OBJECT_LIBRARY,  /* a module or something in it, known by its dotted path */
    OBJECT_BOUND,    /* receiver.method, not called yet */
    OBJECT_SUPER,    /* super (): the receiver as a base of class_object sees it */
};

/* What a function of a class is called with first. */
enum binding_kind {
    BINDS_INSTANCE,
    BINDS_CLASS,   /* @classmethod */
    BINDS_NOTHING, /* @staticmethod */
};

struct env;
struct suspended;

struct field {
    symbol name; /* 0: elements, held arguments, parts without a name */
    const struct set *value;
};

struct object {
    enum object_kind kind;
    symbol type; /* dotted path of a value's class ("pandas.DataFrame"), of a library object; 0 unknown */
    const struct ast *definition; /* of functions and classes */
    const char *source;           /* the text that `definition` stands in */
    struct env *env;              /* where a function was defined */
    int unit;                     /* of that cell */
    int class_object;             /* an instance's or method's class, if the notebook defines it; -1 otherwise */
    int newest_instance;          /* of OBJECT_CLASS: heap_make_instance was last told of it; -1 none */
    int older_instance;           /* of an instance: the one of the same class before it; -1 none */
    unsigned specials;            /* of a class: what its special methods are for (enum special_use) */
    const char *text;             /* of a string constant */
    const char *outside;          /* what it stands for that lies elsewhere: a database's path, or a pattern; or NULL */
    const struct set *receiver;   /* of OBJECT_BOUND and OBJECT_SUPER */
    int owner;                    /* of a value that reading an attribute gave: whose attribute it is; -1 … */
    symbol method;                /* … and which: it may be that method of its owner */
    symbol accessor;              /* of what registers classes under the name of an attribute: accessor.c; or 0 */
    int given;                    /* of what functools.partial or operator.methodcaller gave: how many arguments it has,
                                     the function or the method's name counted; else 0 */
    enum binding_kind binds;      /* of OBJECT_FUNCTION */
    symbol draws;                 /* hidden state that it draws from when it is put to work: a model without a seed; or
                                     0 */
    bool immutable;
    bool iterator;    /* reading it uses it up */
    struct suspended *suspended; /* … and runs this: suspended.c; or NULL */
    bool positional;  /* a tuple: its parts are known by their places, as fields "[0]", "[1]", … */
    bool view;        /* shares memory with what stands where other values have their elements */
    bool enumeration; /* an enum, or a member of one: that exists once, wherever it is */
    bool compared;    /* `is` compares it with what may be the same */
    bool unpicklable; /* can't travel between steps, by what the library table says */
    bool memory;      /* shows that of a file, as its parts do */
    bool ends;        /* its end is noticed, or what it leaves elsewhere: what holds it can't travel either */
    symbol cache;     /* of OBJECT_FUNCTION: hidden state that it keeps what it gave in, to give that again; or 0 */
    int called_at;    /* site of such a function's first call; -1 none */
    vec (struct field) fields;
    const struct set *former; /* what fields held before something else was put there */
    struct vec_int parents; /* objects that hold this one */
    struct vec_int names;   /* module names that ever referred to it (symbols) */
    int made_at;            /* site */
    int changed_at;         /* site of the last change in place; -1 never */
};

struct heap {
    struct arena *arena;
    vec (struct object) objects;
    struct vec_int stamps; /* for walks: stamps[i] == stamp: seen */
    int stamp;
    struct vec_int queue;
    int mark;     /* objects below it are older than the statement that is walked */
    long novelty; /* how often one of these came to be held by another, or (names.c) to have a name, for the first time:
                     what goes round in a loop has seen all when this stands still */
    long walked; /* objects looked at on walks so far: what the interpreter pays for beside its nodes */
};

/* The number of a new object, made at `site`, of which nothing else is known. What heap_get gives is borrowed until the
 * next heap_add, which may move all of them. */
int heap_add (struct heap *h, enum object_kind kind, int site);
struct object *heap_get (struct heap *h, int id);

/* Value `id` is an instance of `class_object`, for good. */
void heap_make_instance (struct heap *h, int id, int class_object);

/* Sets of one number, and of all in either (bounded); in `a`, or one of the two as it is. */
const struct set *set_one (struct arena *a, int id);
const struct set *set_union (struct arena *a, const struct set *x, const struct set *y);
bool set_has (const struct set *s, int id);

#define set_foreach(id, s)                                                                                             \
    for (int set_i_ = 0, id = 0; (s) && set_i_ < (s)->len && (id = (s)->items[set_i_], 1); set_i_++)

/* The value of a field (0: elements); NULL if never stored. */
const struct set *heap_field (struct heap *h, int id, symbol name);

/* Adds `value` to a field, or replaces it. */
void heap_store (struct heap *h, int id, symbol name, const struct set *value, bool replace);

/* A copy of the values in `s`, made at `site`, as copy.copy makes it, or copy.deepcopy where `deep`: with the same
 * parts, or copies of them. Functions, classes and modules stay themselves; parts that are views are the original's
 * alone. */
const struct set *heap_copy (struct heap *h, const struct set *s, int site, bool deep);

/* Everything reachable from `s`, itself included; bounded. */
const struct set *heap_reach (struct heap *h, const struct set *s);

/* The same with what was reachable at any time before. */
const struct set *heap_reach_ever (struct heap *h, const struct set *s);

/* Whether `id` is no member of `had` and older than the statement that is walked, or else new, and what is older can be
 * reached from it but not from `had`; bounded. What is immutable doesn't count. */
bool heap_brings_older (struct heap *h, int id, const struct set *had);

/* Collects into `found` the notebook's functions that can be reached from `s`, but aren't among it; bounded. */
void heap_held_functions (struct heap *h, const struct set *s, struct vec_int *found);

/* Whether a function of the notebook is among `s` itself. */
bool heap_has_function (struct heap *h, const struct set *s);

/* Collects into `found` the objects from which `id` can be reached through fields or their class, itself included;
 * bounded. */
void heap_holders (struct heap *h, int id, struct vec_int *found);

#endif
