/* The abstract interpreter: walks a notebook's statements in order, as Python would run them, with sets of abstract
 * objects for values. Functions of the notebook are followed where they are called, so that what they read and change
 * counts where it happens. Its state is shared by interpreter.c (the walk), statement.c, evaluate.c (expressions),
 * part.c (parts of values), assign.c (names and targets), class.c, call.c and call_library.c, meaning.c (functions of
 * which the table can't say enough), special.c (methods that nothing names), observer.c (functions that are told),
 * ending.c (ends of values), accessor.c (attributes that libraries are told of),
 * namespace.c (globals ()), text.c (known text) and names.c (module names and their writes); nobody else includes this
 * header but for interpreter_run.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_INTERPRETER_H
#define CHARD_COMPILER_INTERPRETER_H

#include "compiler/flow.h"
#include "compiler/library.h"
#include "compiler/path.h"
#include "compiler/scope.h"

enum { MAX_PLACES = 12 };
enum { MAX_STACK = 2 << 20 }; /* a quarter of what is usual: one call more may go as deep as text nests, syntax.h */
enum { MAX_ROUNDS = 24 }; /* of a loop, or a function that calls itself, as long as one finds something new */

/* A module name at this point of the walk. */
struct binding {
    const struct set *value;
    const struct writes *writes; /* NULL: never bound */
    int read_site;               /* of the last read event, so that one site's repeated reads are one event */
    const struct writes *read_writes;
};

/* What is done while a function with a cache runs (cached.c). */
struct watch {
    int first;  /* objects from here on were made since it began */
    int oldest; /* of the objects that are changed */
    int newest; /* site of the last write to a name that is read */
    bool acts;  /* a name is bound, something shown, written to a file or drawn at random */
};

/* The old values of names that a branch changed. */
struct journal {
    struct journal *outer;
    vec (struct saved {
        symbol name;
        struct binding old;
    }) saved;
};

/* A running function, lambda, class body or comprehension. */
struct env {
    struct env *outer; /* the scope around its definition */
    const struct scope *scope;
    vec (struct local {
        symbol name;
        const struct set *value;
        const struct set *former; /* what was there before this statement, and was its value at some time */
    }) locals;
    int function;             /* the one that runs: object number + 1; 0: a class body, a comprehension */
    struct vec_int functions; /* defined within: they see its locals, and keep them when it has ended */
    const struct set *returned;
    const struct set *yielded;
    bool generator;
    long novelty; /* as the heap's, of its locals */
    int branches; /* branches open when it was entered: within deeper ones a local keeps its old values too */
};

struct interpreter {
    struct arena *arena;
    struct symbols *symbols;
    struct program *program;
    struct flow *flow;
    struct heap *heap;
    struct library *library;
    vec (struct binding) globals; /* by symbol */
    struct vec_int library_objects; /* by symbol of the path: object number + 1 */
    struct vec_int star_sites;    /* star imports seen */
    struct journal *journal;
    struct env *env; /* NULL: module level */
    int site, unit;
    const char *text; /* in which the running code stands: the unit's, or what exec was given */
    int quoted;       /* calls of exec and eval around it */
    int branches;    /* conditional constructs around the statement */
    int behind;      /* ways out that were passed: break, continue, return */
    int loops;
    int tries;
    const struct set *raised; /* in the innermost of these, so far */
    int depth;       /* of calls */
    struct activation *activation; /* the function that runs, and those around it: follow.c */
    long nodes;      /* evaluated so far */
    long enough;     /* work after which calls are no longer followed */
    int room;        /* objects that there may be before that: they are what memory goes to */
    const char *stack; /* where the walk began: calls within calls of deeply nested text take much of it */
    struct vec_int skimmed; /* functions that this site would have followed */
    int passed_by;   /* calls of this site that weren't followed */
    bool effect, setup;          /* of the site being walked */
    bool singleton;              /* it got what the library keeps one of, wherever it is asked for: a logger */
    bool decorating;             /* a decorator is being called */
    struct vec_int states;       /* hidden state that it sets up */
    size_t first_change, first_file; /* how much had been recorded when it began */
    struct watch watch;
    struct vec_int module_states; /* by symbol of a module's name: see module_state.c */
    bool modules_changed;        /* one of them is bound */
    struct stateful *stateful;   /* functions whose caches are seen to matter; outlives a walk */
    vec (struct seen_state {
        symbol state;
        const struct set *held; /* functions that may run at any time, threads that do */
    }) everywhere; /* states of the process that whatever runs sees: process.c */
    struct vec_int added_builtins; /* symbols */
    struct vec_int accessors;    /* names of attributes (symbols) that libraries were told */
    struct vec_int replaced;     /* paths of libraries' functions (symbols) in whose place some stand that change
                                    values */
    struct vec_int ambient;      /* hidden state that some step has set up by itself, so that it must be handed on */
    bool ambient_read;           /* by a site of this unit */
    bool classes;                /* the notebook defines some */
    int making;                  /* object number + 1 of the class of which a metaclass is told; 0: none */
    bool observed;               /* some object is: see observer.c */
    bool endings, ending;        /* something refers to others weakly; what happens at an end is being walked:
                                    ending.c */
    long changes;                /* of names, so far */
    struct vec_int telling;      /* objects whose observers run */
    struct vec_int resumed;      /* iterators that were moved on, at this site */
    struct vec_int lent;         /* classes whose methods were run since a library may call them, at this site */
    unsigned specials;           /* what special methods of the notebook's classes are for */
    const bool *working;         /* by site: what it sets up can't be repeated elsewhere; NULL: not known yet */
    struct open_file {
        const char *path; /* a pattern; NULL: none */
        bool writes;
        int handle; /* the object that it was opened as; -1: closed */
    } opened;                    /* by the call that is walked */
    vec (struct open_file) open_files;
    const char *cwd;             /* the folder that relative paths count from, itself from the notebook's; "" there */
    bool annotations_are_text;   /* from __future__ import annotations: for the rest of the notebook, as IPython has
                                    it */
    bool unevaluated;            /* what is walked is such text: a name that nobody binds harms nobody */
    bool dynamic;                /* something before may have bound any name */
    const struct ast *statement; /* a call that is a statement of its own … */
    const struct code_digest *digests; /* of units; NULL: nothing has been learned */
    bool deep;                         /* a run called deeper than Python allows: what caches hold matters */
    bool shown;                  /* … whose result the cell shows; else nobody gets it: it must do something */
    symbol s_place[MAX_PLACES];  /* "[0]", "[1]", … */
    symbol s_cache, s_cells, s_receiver, s_receiver_part, s_source, s_post_init;
    symbol s_shared, s_self, s_view, s_class, s_setattr, s_dict, s_new, s_init, s_call, s_forward, s_bases, s_metaclass;
    symbol s_told;
    symbol s_inplace, s_mode, s_out;
};

/* Walks the whole program, a second time if set-up turned out to depend on what steps do; the flow lies in the
 * program's arena. */
struct flow *interpreter_run (struct program *program);

/* Whether there is any for following one more call. What is beyond is skimmed: follow.c. */
bool interpreter_has_room (const struct interpreter *in);
long interpreter_stack (const struct interpreter *in); /* what the walk takes of it now, in bytes */

/* statements: statement.c */
void run_block (struct interpreter *in, const struct ast *block);
void run_statement (struct interpreter *in, const struct ast *n);
bool is_word_of (const char *word, const char *list); /* one of the words in `list`, with blanks between */

/* functions that keep what they gave: cached.c */

/* Definitions of which it matters that they don't run a second time. Once one is found the program is walked again. */
struct stateful {
    vec (const struct ast *) functions;
    bool more; /* found in this walk */
    bool logs_read;        /* a file that is logged to is read */
    struct vec_int traces; /* states that any statement may change, and somebody looks at */
};

/* The functions in `s` keep what they give from now on; or, unless `themselves`, copies of them do. */
const struct set *cached_make (struct interpreter *in, const struct set *s, bool themselves);

/* Around a call of a function with a cache: what was watched before, and what the call gives at its end. */
struct watch cached_begin (struct interpreter *in);
const struct set *cached_end (struct interpreter *in, int function, const struct set *given, const struct watch *outer);

/* The cache is asked for, or what is in it changes. */
void cached_change (struct interpreter *in, int function);

/* state of the process: process.c. process_stored: `name` of library object `id`, if that is builtins, or `value` a
 * function that changes something; process_is_seen: there is some that whatever runs sees; process_seen: by the current
 * site, which does some work; process_traced: any statement may change it from now on, in the next walk. */
bool process_stored (struct interpreter *in, int id, symbol name, const struct set *value);
bool process_is_seen (struct interpreter *in);
void process_seen (struct interpreter *in);
void process_ended (struct interpreter *in, const char *state,
                    const struct set *values); /* that of threads and the like, if what
                                                                                           has it is among these or in
                                                                                           them */
void process_traced (struct interpreter *in, symbol state);

/* values that others' output goes to: sink.c. sink_set: these are given to it, which is no set-up that can be repeated
 * elsewhere if it says true; sink_fed: something is printed, or logged. */
enum sink { SINK_STDOUT, SINK_LOGGERS };
bool sink_set (struct interpreter *in, enum sink sink, const struct set *values);
void sink_fed (struct interpreter *in, enum sink sink);

/* Files that are logged to, once somebody reads them: sink_is_log: `handle` is such a file's handler; sink_log_read: it
 * is read. */
bool sink_is_log (const struct interpreter *in, int handle);
void sink_log_read (struct interpreter *in);

/* what local modules keep: module_state.c. module_change: of the module that library object `id` is or lies in; false
 * if that isn't local. module_change_named: "%module.st", as runs have seen it; false for other names. */
bool module_change (struct interpreter *in, int id);
bool module_is_local (struct interpreter *in, int id); /* the same, without a change */
void module_used (struct interpreter *in, const char *module);  /* imported: the notebook itself may have written its
                                                                   file */
bool module_change_named (struct interpreter *in, const char *name);
void module_read (struct interpreter *in,
                  const struct set *value); /* a name of a module, or of what is in it, is read: the
                                                                       module may import others, whose state is read
                                                                       too */
void module_method (struct interpreter *in, const char *path);      /* a library function of that path is called */

/* what a site does: interpreter.c */
void magic_called (struct interpreter *in, const char *name, const char *arguments); /* get_ipython ().run_line_magic */
void set_up (struct interpreter *in, symbol state); /* the site sets up library state; 0: of which nothing is known */
bool made_of_definitions (const struct interpreter *in, const struct site *s); /* and of modules, and constants */
void file_used (struct interpreter *in, enum file_use use, const char *path); /* `path`: a pattern, or a command */
void file_closed (struct interpreter *in, const struct set *values); /* these, or what they hold, are open no longer */
void folder_changed (struct interpreter *in, const char *path); /* a pattern; NULL: not known which */

/* expressions: evaluate.c. NULL: nothing that can be changed. */
const struct set *evaluate (struct interpreter *in, const struct ast *n);

/* names and targets: assign.c */
void assign (struct interpreter *in, const struct ast *target, const struct set *value);
const struct set *evaluate_name (struct interpreter *in, const struct ast *n);

/* base.name = value, and del base.name; 0: a name that isn't known. */
void delete_member (struct interpreter *in, const struct set *base, symbol name);
void delete_set_up (struct interpreter *in, const struct set *base, symbol name); /* what that is of libraries' */
void store_member (struct interpreter *in, const struct set *base, symbol name, const struct set *value);

/* Function object `id` has just been made: it keeps the locals around it that it names. */
void keep_locals (struct interpreter *in, int id);

/* What the expression `node` gives was taken for plain, and is changed in place all the same (a table's index is given
 * a name): what it was taken from changes. */
void owner_changes (struct interpreter *in, const struct ast *node);

/* parts of values: part.c */
const struct set *elements_of (struct interpreter *in, const struct set *s);

/* Containers that a table made of `s` keeps in its cells: those at least so deep within `s`, and what tables there
 * keep. */
const struct set *cells_among (struct interpreter *in, const struct set *s, int least);

/* What stands at place `i` of the tuples in `s`, as unpacking finds it. */
const struct set *part_at (struct interpreter *in, const struct set *s, uint32_t i);

/* A new tuple of these parts, any of which may be NULL. */
const struct set *tuple_of (struct interpreter *in, const struct set *const *parts, int count);
const struct set *attribute_of (struct interpreter *in, const struct set *s, symbol name);

/* The same as a value that somebody keeps: methods hold what they are bound to. */
const struct set *attribute_value (struct interpreter *in, const struct set *s, symbol name);

/* x.__dict__, vars (x) */
const struct set *attributes_dict (struct interpreter *in, const struct set *values);

int library_object (struct interpreter *in, symbol path);
int new_value (struct interpreter *in);

/* A value that shares memory with `base`: a change of either is a change of both. */
const struct set *view_of (struct interpreter *in, int base, symbol part);

/* A value that `base` holds, made up when first asked for. */
const struct set *part_of (struct interpreter *in, int base, symbol part);

/* classes of the notebook: class.c. NULL where there is none. */

/* A method or class attribute as it is stored, looked up along the bases that the notebook defines. */
const struct set *class_member (struct interpreter *in, int class_object, symbol name);

/* What `value.name` and `Class.name` give: methods are bound, properties called. */
const struct set *instance_attribute (struct interpreter *in, int id, symbol name);
const struct set *class_attribute (struct interpreter *in, int class_object, symbol name);

/* Calls that method of those among a class's members that are instances of the notebook's classes: descriptors. */
const struct set *descriptor_run (struct interpreter *in, const struct set *members, const char *method,
                                  const struct set *const *arguments, int count);

/* The class has just been made with these members: its functions know whose methods they are. */
void class_owns (struct interpreter *in, int class_object, const struct set *members);

/* … and it has all of them: its bases and its metaclass are told. */
void class_made (struct interpreter *in, int id);

/* super () within a method, or super (Class, self); and an attribute of that. */
const struct set *super_value (struct interpreter *in, const struct set *class_given, const struct set *self);
const struct set *super_attribute (struct interpreter *in, int id, symbol name);

/* type (x): the notebook's classes that x may be of. */
const struct set *classes_of (struct interpreter *in, const struct set *s);

/* special methods: special.c. What is done with a value, and so which of its class's methods run. */
enum special_use {
    SPECIAL_OPERATOR = 1,
    SPECIAL_AUGMENT = 2,    /* += and the like */
    SPECIAL_ELEMENT = 4,    /* x[i] */
    SPECIAL_STORE = 8,      /* x[i] = y */
    SPECIAL_ITERATION = 16,
    SPECIAL_STEP = 32,      /* an iterator is moved on */
    SPECIAL_TEST = 64,      /* if x, len (x), int (x) */
    SPECIAL_BLOCK = 128,    /* with x */
    SPECIAL_TEXT = 256,     /* print (x), f"{x}", shown as a cell's result */
    SPECIAL_ATTRIBUTE = 512, /* one that nothing else gives */
    SPECIAL_COPY = 2048,     /* copy.copy (x) */
    SPECIAL_END = 4096,      /* nothing means it any more */
    SPECIAL_OBSERVED = 1024, /* x.name = value, of which methods are told by what decorates them: see observer.c */
};

/* What code that isn't the notebook's may do with a value that it is given. */
#define SPECIAL_GIVEN (SPECIAL_OPERATOR | SPECIAL_ELEMENT | SPECIAL_ITERATION | SPECIAL_TEST | SPECIAL_TEXT)

/* A class has been made: notes which special methods it has. */
void special_note (struct interpreter *in, int class_object);

/* Runs the methods that `uses` (a set of enum special_use) means, of those values that are instances of the notebook's
 * classes; `other`, or NULL, is what they are called with. What they give. */
const struct set *special_run (struct interpreter *in, const struct set *values, unsigned uses,
                               const struct set *other);

/* The same of those methods only that an operator means which begins with `sign`; 0: any. */
const struct set *special_operate (struct interpreter *in, const struct set *values, unsigned uses, char sign,
                                   const struct set *other);

/* Whether one of them is an instance of a class with such methods. */
bool special_has (struct interpreter *in, const struct set *values, unsigned uses);

/* The first character of what stands between two operands, or ahead of the only one. */
char operator_of (const struct interpreter *in, const struct ast *n);

/* The values, and what they hold, are given to code that isn't the notebook's. */
void special_run_held (struct interpreter *in, const struct set *values);

/* A function or method of a library (its path, or its class's) is called with them: it may call the methods of the
 * notebook's instances that they are or hold. */
void special_lend (struct interpreter *in, const char *path, const struct set *values);
void special_lend_receiver (struct interpreter *in, int receiver, const struct set *values); /* its method is called */

/* observers: observer.c. observer_add: from now on the functions among `arguments` are called when `receiver` changes;
 * observer_link: when `result`, or objects that the arguments hold, do, which change with one another. observer_tell:
 * an attribute of object `id` is set. observer_in: whether methods of the class are told. */
void observer_add (struct interpreter *in, const struct set *receiver, const struct set *arguments);
void observer_link (struct interpreter *in, const struct set *result, const struct set *arguments);
void observer_tell (struct interpreter *in, int id);
bool observer_in (struct interpreter *in, int class_object);

/* What a loop over `iterable` gives, element by element. */
const struct set *iterate (struct interpreter *in, const struct set *iterable);

/* text: text.c. text_of: the constant text that a value is known to be, pattern_of: the same with PATH_ANY in it; or
 * NULL. */
const char *text_of (struct interpreter *in, const struct set *s);
const char *pattern_of (struct interpreter *in, const struct set *s);
const struct set *text_value (struct interpreter *in, const char *text); /* NULL for none */
const char *path_joined (struct interpreter *in, const char *folder, const char *name);

/* "a" + "b", Path ("a") / "b", "%s" % b; what library functions and methods of text make of paths. NULL: no text. */
const struct set *text_joined (struct interpreter *in, char sign, const struct set *left, const struct set *right);
const struct set *text_of_call (struct interpreter *in, const char *function, const struct set *const *arguments,
                                int count);
const struct set *text_of_method (struct interpreter *in, const char *text, const char *method,
                                  const struct set *const *arguments, int count);

/* calls: call.c */
const struct set *evaluate_call (struct interpreter *in, const struct ast *n);
const struct set *call_value (struct interpreter *in, const struct set *callee, const struct set *const *arguments,
                              int count);

/* what computes later: suspended.c. suspended_call: the iterator that calling object `function` gave, of `given`
 * elements; suspended_coroutine: the same of what gives `given` when it is awaited; suspended_arguments: `id` is what a
 * library's function gave that calls its arguments later; suspended_expression: it is that generator expression.
 * suspended_resume: the current site moves it on. suspended_await: what awaiting the values gives. */
struct call;
const struct set *suspended_call (struct interpreter *in, int function, const struct call *c, const struct set *given);
const struct set *suspended_coroutine (struct interpreter *in, int function, const struct call *c,
                                       const struct set *given);
const struct set *suspended_await (struct interpreter *in, const struct set *values);
void suspended_arguments (struct interpreter *in, int id, const struct call *c);
void suspended_expression (struct interpreter *in, int id, const struct ast *expression);
void suspended_resume (struct interpreter *in, int id);

/* The module's namespace as a dict: namespace.c. namespace_is: whether `n` is globals () or its like; namespace_item
 * and namespace_store: `n[key]`; namespace_call: `n.method (…)`, false for methods of which nothing is known. */
bool namespace_is (struct interpreter *in, const struct ast *n);
const struct set *namespace_item (struct interpreter *in, const struct ast *key);
void namespace_store (struct interpreter *in, const struct ast *key, const struct set *value);
bool namespace_call (struct interpreter *in, const struct ast *call, const struct set **result);

/* What exec or eval does with that text: quoted.c. False if it is no Python. */
bool quoted_run (struct interpreter *in, const char *text, const struct set **result);

/* The site may bind any name, as far as people can see; they are told so. */
void namespace_any (struct interpreter *in);

/* Any name of a value may be read, and if `change` bound anew, by code that isn't known. */
const struct set *namespace_read_all (struct interpreter *in, bool change);

/* These values are called or gone through: what is random in them draws (a layer that drops out, a loader). chance.c */
void chance_of_use (struct interpreter *in, const struct set *values);

/* accessors: accessor.c. accessor_named: what a call gives that registers one of that name; accessor_register: that was
 * given `classes`. accessor_of: `values.name`, if accessor_is. */
const struct set *accessor_named (struct interpreter *in, const struct set *name);
void accessor_register (struct interpreter *in, symbol name, const struct set *classes);
bool accessor_is (const struct interpreter *in, symbol name);
const struct set *accessor_of (struct interpreter *in, const struct set *values, symbol name);

/* ends of values: ending.c. ending_of: nothing means `values` any more through name `but`, or object `base` (-1: none);
 * false if nobody would notice their end. ending_acts: object `id` has a __del__ that does something; ending_note:
 * `made` may be a weak reference. */
bool ending_of (struct interpreter *in, const struct set *values, int base, symbol but);
void ending_acts (struct interpreter *in, int id);
void ending_note (struct interpreter *in, int made);

/* module names: names.c */
const struct set *name_read (struct interpreter *in, symbol name, const struct ast *at);
void name_bind (struct interpreter *in, symbol name, const struct set *value);
void name_may_change (struct interpreter *in, symbol name); /* code that nobody reads may bind it anew */
void name_delete (struct interpreter *in, symbol name);
bool name_is_bound (struct interpreter *in, symbol name);
void name_forget (struct interpreter *in, symbol name); /* hidden state that there is none of any more */

/* Names that refer to this very object: it is changed in place by the current site. */
void names_change (struct interpreter *in, int id);

/* The objects in `s` are changed in place by the current site. */
void objects_change (struct interpreter *in, const struct set *s, bool deep);

/* Branches: what is bound between begin and end is put aside in `j`; join then merges several ways. `always`: one of
 * the ways is taken for sure (an if with an else). */
void branch_begin (struct interpreter *in, struct journal *j);
void branch_end (struct interpreter *in, struct journal *j);
void branch_join (struct interpreter *in, struct journal *ways, int count, bool always);

#endif
