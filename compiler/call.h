/* What the files about calls share: the evaluated arguments of one. Included by call.c, call_library.c, chance.c,
 * class.c, enumeration.c, follow.c, meaning.c, observer.c, outside.c, process.c, sink.c, statement.c and
 * suspended.c only.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_CALL_H
#define CHARD_COMPILER_CALL_H

#include "compiler/interpreter.h"

#define MAX_ARGUMENTS 24

/* Evaluated arguments of one call. */
struct call {
    const struct ast *node; /* NULL for calls that no text shows */
    int count;              /* positional ones */
    const struct set *positional[MAX_ARGUMENTS];
    int keywords;
    struct {
        symbol name;
        const struct set *value;
    } keyword[MAX_ARGUMENTS];
    const struct set *rest; /* what *args and **kwargs may hold */
    const struct set *all;  /* everything passed */
    const struct ast *literal[MAX_ARGUMENTS]; /* the positional arguments' text */
    bool code;              /* argument 0 is code, those behind it are namespaces */
};

/* Argument `i`; NULL: there is none, or it is nothing that can be changed. */
static inline const struct set *
call_argument (const struct call *c, int i)
{
    return i < c->count ? c->positional[i] : NULL;
}

/* follow.c: function object `function` is called; what it gives back. */
const struct set *follow (struct interpreter *in, int function, const struct call *c);

/* call.c: calls an object of any kind. */
const struct set *call_one (struct interpreter *in, int callee, struct call *c);

/* receivers.name (…) */
const struct set *call_named_method (struct interpreter *in, const struct set *receivers, symbol name, struct call *c);

/* Those of the methods of an instance, or of a class, that the notebook defines are called: what a library would
 * call. */
void call_methods (struct interpreter *in, int id, const char *const *names);

/* The same call with one more argument, ahead of the others; the last one gives way where there is no room. */
void call_prepend (struct interpreter *in, const struct call *c, const struct set *first, struct call *longer);

/* Functions among the arguments are taken to be called: map(f, …), df.apply(f), sort(key=f). What they are called with
 * is taken to be elements of the other arguments. */
void call_functions (struct interpreter *in, const struct set *values);

/* The arguments are given to code that isn't the notebook's, which may call what they are and what they have. */
void call_back (struct interpreter *in, const struct set *values);

/* Functions held somewhere within a value whose method is called: a model's custom loss, a transformer's func. */
void call_held_functions (struct interpreter *in, const struct set *s);

/* Whether the call has `name=` something that isn't False. */
bool call_keyword_is_true (struct interpreter *in, const struct call *c, symbol name);

/* call_library.c: `callee` is a library object; a method that no class of the notebook defines. */
const struct set *call_library (struct interpreter *in, int callee, struct call *c);
const struct set *call_library_method (struct interpreter *in, int receiver, symbol name, struct call *c);

/* meaning.c: a function that gets at least so many arguments, and what calling it gives. */
struct meaning {
    const char *path;
    int least;
    const struct set *(*run) (struct interpreter *in, struct call *c);
};
const struct meaning *meaning_find (const char *path, const struct call *c);

/* Calls what functools.partial or operator.methodcaller gave. */
const struct set *call_given (struct interpreter *in, int id, const struct call *c);

/* class.c: a new instance of a class of the notebook, or one that its __new__ gives. */
const struct set *instantiate (struct interpreter *in, int class_object, struct call *c);

/* enumeration.c: the class has just been made: if it is an enum, what its body binds are its members. */
void enumeration_made (struct interpreter *in, int id, const struct env *body);

/* process.c: what the call does to the state of the process. `on`: a method's receiver, or NULL; `changed`: functions
 * that it was given, or has, change values. */
void process_called (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c,
                     bool changed);

/* chance.c: what a call draws from random generators. `constructor`: its result draws later, chance_note says what. */
void chance_of_function (struct interpreter *in, const struct effect *e, const struct call *c, bool constructor);
void chance_of_method (struct interpreter *in, int receiver, symbol name, const struct effect *e, const struct call *c);
void chance_note (struct interpreter *in, int made, const struct effect *e, const struct call *c);

/* outside.c: the files that a call on `on` (a function: argument 0) reads and writes. */
void outside_files (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c);

/* A function or method of which no line says what it does is called: with names of files, perhaps. */
void outside_named (struct interpreter *in, const char *function, const struct call *c);

/* Where what a call connects to lies: a file of SQLite's, or a pattern, which is no file of the notebook's; NULL if
 * nowhere, since the value itself is the database, or may be for all that is known of the URL. */
const char *outside_address (struct interpreter *in, const struct effect *e, const struct call *c);

/* Whoever is called with what stands for something elsewhere reads it, and changes it unless it is known to ask. */
void outside_used (struct interpreter *in, const struct effect *e, const struct set *values);

/* Says of a call's result `made` what it stands for: what the call connects to or, of something that can't travel,
 * what `on` does: a connection, or the file that it has open. */
void outside_note (struct interpreter *in, int made, const struct effect *e, const struct set *on,
                   const struct call *c);

#endif
