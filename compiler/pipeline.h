/* THE intermediate representation: what a notebook means as a pipeline. Passes build it, `pipeline_verify` checks it
 * after each, the engine runs it, emitters print it. It refers to nothing of the front end: whoever has a
 * `struct pipeline` needs neither notebook nor syntax tree. Everything lies in the compilation's arena.
 *
 *     notebook ── front-end passes ──> struct pipeline ──> engine/ (run here) · compiler/emit/ · client/
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_PIPELINE_H
#define CHARD_COMPILER_PIPELINE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <jansson.h>
#include <stdbool.h>

/* How a name reaches a step. */
enum input_kind {
    INPUT_DATA,   /* a value, handed over by file: the step waits for the one that leaves it */
    INPUT_CODE,   /* a function or class: its definition is replicated, nothing is waited for */
    INPUT_IMPORT, /* an import: replicated likewise */
};

/* A name that a step finds in place when it starts. */
struct input {
    const char *name;
    int from; /* index of the step that was the last to bind or change it */
    enum input_kind kind;
    bool optional; /* may be unbound: only some branch of the notebook binds it */
    bool mutated;  /* the plan knows that this step changes it in place */
};

/* A name whose value a step leaves for others. */
struct output {
    const char *name;
    enum input_kind kind;
    bool optional;     /* the step may leave it unbound */
    int cell;          /* the cell that binds or changes it last, index into the notebook's cells; -1: not known */
    const char *report; /* pipeline metric: shown as such; NULL otherwise */
    const char *type;    /* class of its value as a dotted path ("pandas.DataFrame"), where the analysis knows; or
                            NULL */
};

/* A piece of Python to run, from the notebook's own text. A step runs its segments in order in one namespace. */
struct segment {
    const char *notebook; /* of a composition: which notebook, as a path from the pipeline's notebook_dir ("#2" behind
                             it: brought in a second time); NULL: the pipeline's own */
    int cell;           /* index into the notebook's cells, from 0 */
    int line;           /* line within that cell on which `source` begins, from 1 */
    const char *source; /* Python: IPython's lines already rewritten to get_ipython() calls, line for line */
    bool replicated;    /* a definition brought along, not this step's own work: shows nothing, must have no effect */
    bool late;          /* replicated, and reads what the step is handed: it runs once that is there */
};

/* In place of a path: whatever the step has written, since nobody can tell what that is. */
#define PIPELINE_ALL_FILES "*"

/* A file that steps hand to one another, or a folder: known by its literal path, relative to the notebook's
 * directory. */
struct file_dependency {
    const char *path; /* or PIPELINE_ALL_FILES */
    int from; /* index of the step that writes it */
};

/* One environment variable from a secret: tag secret:NAME:KEY:ENV. */
struct secret {
    const char *name, *key, *env;
};

/* A volume to mount; the local engine passes it over. From notebook metadata or volume: tags. */
struct volume {
    const char *name, *mount_point, *type; /* type "pvc", "new_pvc", "clone", … as written */
    const char *size;                      /* "5Gi", or NULL */
    const char *storage_class;             /* or NULL */
    const char *access_mode;               /* as Kubernetes says it: "ReadWriteOnce", …, or NULL */
    json_t *annotations;                   /* {"key": "value"}, owned by the pipeline, or NULL */
};

/* What a step needs of the machine it runs on, and how it is run. Zero or NULL means: not said. */
struct step_settings {
    const char *image;
    int retries;            /* -1: not said */
    double timeout;         /* seconds; 0: none */
    int cache;              /* -1 not said, 0 off, 1 on */
    int report;             /* -1 not said, 0 off, 1 on */
    json_t *limits;         /* {"nvidia.com/gpu": "1", "memory": "4Gi"}: owned by the pipeline */
    json_t *labels;         /* {"key": "value"} */
    json_t *annotations;    /* {"key": "value"} */
    json_t *env;            /* {"NAME": "value"} */
    json_t *nodes;          /* {"label of a node": "value"} that its pod's node must have */
    json_t *tolerations;    /* taints of nodes that its pod may run on: {"KEY" or "KEY=VALUE": "NoSchedule" or ""} */
    const char *foreach;    /* name of the list it is a loop over, or NULL */
    int parallel;           /* of that loop: so many rounds at a time; 0: as many as there is room for */
    const char *when;       /* Python expression, or NULL */
    bool exit;              /* it runs at the end, whatever became of the others */
    const char *serve, *register_as;
    vec (struct secret) secrets;
    vec (struct volume) volumes;
};

/* A loop whose rounds may run at once (foreach.h): the only one among a step's own statements on that line. What stands
 * before it has no effect and may be repeated. */
struct loop {
    const char *notebook;      /* where its `for` stands: as in struct segment */
    int cell, line;
    bool last;                 /* the step has nothing behind it */
    struct vec_str head;       /* names in what stands before it, and in what it goes over */
    struct vec_str bound;      /* names that each round binds for itself; … */
    struct vec_str kept;       /* … of these, what is read later: it is the last round's */
    struct vec_str gathered;   /* names of values that rounds only add to; … */
    struct vec_str tried;      /* … of these, where the loop might catch an error of it */
};

struct step {
    const char *name;          /* as tagged; unique */
    const char *title;         /* for people: the heading or the name */
    const char *notebook;      /* that its cells are of, as in struct segment; NULL: the pipeline's own */
    struct vec_int cells;      /* its cells, indices into the notebook's cells, ascending */
    struct vec_int after;      /* steps it waits for (indices, ascending): data, files, state and tags */
    struct vec_int tagged;     /* those of `after` that a prev:/after: tag asked for */
    vec (struct input) inputs; /* sorted by name */
    vec (struct output) outputs; /* sorted by name */
    struct vec_str parameters; /* pipeline parameters it reads, sorted by name */
    vec (struct segment) segments;
    vec (struct file_dependency) files; /* files it reads that another step writes */
    struct vec_str files_read;    /* literal paths it reads that no step writes: part of its cache key */
    struct vec_str files_written; /* literal paths it writes */
    struct vec_str definitions; /* functions and classes that readers of its outputs have too: pickled by reference */
    struct vec_str imports;    /* top-level module names that its segments import, sorted */
    struct vec_str requirements; /* distributions that these come from, and those of `modules`: "pandas==2.2.1" */
    struct vec_str modules;    /* local ones: files and, ending in a slash, folders below notebook_dir */
    struct vec_str metrics;    /* names among its outputs or parameters to be recorded as metrics */
    struct step_settings settings;
    const struct loop *loop;   /* NULL: it runs whole */
    bool inferred; /* made by the compiler, not by a tag */
};

struct param {
    const char *name;
    const char *type;      /* "int", "float", "str", "bool", "list", "dict" or "none" */
    json_t *default_value; /* owned by the pipeline */
    const char *notebook;  /* where it is defined: as in struct segment */
    int cell;
};

struct pipeline {
    struct arena *arena;
    const char *name, *description, *experiment;
    const char *notebook;        /* path as given */
    const char *notebook_dir;    /* absolute: the steps' working directory */
    const char *notebook_digest; /* SHA-256 of what the pipeline is made of (code cells, tags), outputs not counted */
    const char *kernel;          /* kernelspec name, or NULL */
    const char *image;           /* default image, or NULL */
    const char *schedule;        /* when it runs by itself off this machine, as base/cron.h checks it, or NULL */
    const char *timezone;        /* of the schedule: an IANA name, or NULL */
    json_t *security;            /* who containers run as off this machine: {"runAsUser", "runAsGroup", "runAsNonRoot"},
                                    or NULL */
    vec (struct param) params;
    vec (struct step) steps; /* topological order; among equals, the notebook's */
    vec (struct volume) volumes;
    struct vec_str requirements; /* lifted from `!pip install` lines */
};

/* An empty pipeline in `a`. pipeline_clear gives up the json values it owns; call it before the arena is destroyed. */
struct pipeline *pipeline_create (struct arena *a);
void pipeline_clear (struct pipeline *p);

/* Index of the step or parameter of that name, or -1. */
int pipeline_find_step (const struct pipeline *p, const char *name);

/* The step that a person means by a name, or by a title that pictures show; -1 and ERROR_USAGE if there is none: the
 * text tells the steps that there are. */
int pipeline_ask_step (const struct pipeline *p, const char *name, struct error *err);
int pipeline_find_param (const struct pipeline *p, const char *name);

/* Folders of the notebooks that a composition brings in, from notebook_dir, that itself left out: modules of their
 * steps lie there. Each once; in the pipeline's arena. */
void pipeline_folders (const struct pipeline *p, struct vec_str *folders);

/* Checks what must hold between passes: unique non-empty names, indices in range, `after` acyclic and sorted
 * (topological order), each data input among its producer's outputs and its producer in `after`. -1 is our own
 * mistake, told with the step's name. */
int pipeline_verify (const struct pipeline *p, struct error *err);

/* The published form (share/chard/pipeline.schema.json). The caller owns the result. */
json_t *pipeline_to_json (const struct pipeline *p);

/* A loop as that form and step.py have it; the caller owns it. */
json_t *pipeline_loop_to_json (const struct loop *l);

/* A list of names as a JSON array; the caller owns it. */
json_t *pipeline_names_to_json (const struct vec_str *names);

/* The inverse, as the engine's run log keeps it; `j` stays the caller's. NULL and ERROR_NOTEBOOK if it isn't one. */
struct pipeline *pipeline_from_json (struct arena *a, const json_t *j, struct error *err);

const char *input_kind_name (enum input_kind k); /* "data", "code", "import" */

#endif
