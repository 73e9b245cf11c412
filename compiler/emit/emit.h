/* What all emitters share. An emitter turns the IR, and nothing else, into files for a place where pipelines run:
 *
 *     struct pipeline ── emit_plan_create ──> struct emit_plan ── emit_kfp, emit_argo, … ──> struct emission ── files
 *
 * The plan is what has to be the same for all targets: names that Kubernetes allows, images, where the code goes.
 * Documents are built as json_t, checked (each emitter verifies its own) and printed as YAML; nothing is written before
 * all of them are right.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_EMIT_H
#define CHARD_COMPILER_EMIT_EMIT_H

#include "base/error.h"
#include "compiler/pipeline.h"

#include <stddef.h>

/* Where things lie in an image that emit_container describes. */
#define EMIT_HARNESS "/chard/step.py"
#define EMIT_SPECS "/chard/steps"
#define EMIT_WORK "/work"

/* The parameter that tells which rounds of a loop there are: as KFP's SDK calls it, whose local orchestrator takes it
 * apart. */
#define EMIT_RANGES "Output"

/* What the user says of the target; NULL: not said. */
struct emit_options {
    const char *image;    /* reference of the image that all steps without an image: of their own run in */
    const char *registry; /* "registry.example.com/team": goes before the names of images that aren't given */
    const char *schedule, *timezone; /* five cron fields; an IANA name */
    bool hashes;          /* requirements are to have digests, even if pip has to ask the index for them */

    /* What the machine knows and the IR does not. */
    const char *harness;                /* path of templates/step.py */
    const char *python;                 /* version of the notebook's Python: "3.11.2" */
    const char *commit;                 /* that the notebook's directory has checked out */
    const char *source;                 /* URL of that repository, without credentials */
    const struct vec_str *requirements; /* by step: sorted lines of a requirements file; or NULL */
    const struct vec_str *modules;      /* local Python files that steps import: absolute, below notebook_dir; or
                                           NULL */
};

/* One image: a Containerfile if it is ours to build. */
struct emit_image {
    const char *reference; /* what a pod is told */
    const char *base;      /* what it is built from */
    const char *pinned_base; /* the same by its digest, where somebody has asked its registry; or NULL */
    const char *pinned;      /* reference by its digest, likewise */
    const char *name;      /* of its Containerfile's directory; unique */
    struct vec_str requirements; /* sorted; lines of a requirements file */
    struct vec_int steps;
    bool given;                  /* the user's own: not ours to build */
};

/* What a step of the plan is for. Those that the pipeline doesn't have stand behind its own. */
enum emit_role {
    EMIT_STEP,
    EMIT_GUARD, /* says whether another is started (guard.h), … */
    EMIT_OTHERWISE, /* … is started in its place where it isn't, for those that wait for it */
    EMIT_ITEMS, /* tells the elements of another's loop (rounds.h), … */
    EMIT_EACH,  /* … runs some of its rounds, as often as there are elements */
};

struct emit_step {
    const char *name;      /* what Kubernetes allows: a DNS label, unique in the pipeline */
    enum emit_role role;
    int image;             /* index into the plan's images */
    struct vec_str files;  /* paths of files that it writes and another step reads */
    int guard;             /* index of the step that says whether it is started, or -1 */
    int otherwise;         /* of the one that is started if it isn't, or -1: nobody waits for it */
    int items, each;       /* of a loop that is taken apart: the steps that do so; else -1. EMIT_EACH has its items
                              too */
    int of;                /* of a role of its own: the step that it is for */
};

struct emit_plan {
    struct arena *arena;
    const struct pipeline *pipeline; /* helpers (enum emit_role) behind its own steps */
    const struct emit_options *options;
    const char *name;          /* of the pipeline, as a DNS label */
    struct vec_str known;      /* names that have keys, … */
    const char **keys;         /* … and these: letters, digits and '_', all different */
    struct emit_step *steps;   /* in the pipeline's order */
    vec (struct emit_image) images;
    vec (const struct volume *) claims; /* that are to be made, each once: the first volume of a name says what it is */
    const char **claim_names;  /* DNS labels, all different */
    bool code_in_image;        /* too large for a document: each step's specification is a file below EMIT_SPECS */
};

/* A file to be written: a path relative to the output directory. */
struct emit_file {
    const char *path;
    const char *text;   /* its content, … */
    size_t len;
    const char *source; /* … or the path of a file that it is a copy of */
};

struct emission {
    struct arena *arena;
    vec (struct emit_file) files;
};

/* Everything lies in `a`. NULL if a step has a setting that can't be emitted, or a file that belongs into an image
 * can't be read. */
struct emit_plan *emit_plan_create (struct arena *a, const struct pipeline *p, const struct emit_options *o,
                                    struct error *err);

/* What something is called in documents. A value is known by its name, wherever it goes. */
const char *emit_value_key (const struct emit_plan *plan, const char *name);
const char *emit_param_key (const struct emit_plan *plan, const char *name);
const char *emit_file_key (const struct emit_plan *plan, const char *path);
const char *emit_file_input_key (const struct emit_plan *plan, int step, size_t file); /* several may give the same
                                                                                          path */
const char *emit_report_key (const struct emit_plan *plan);
const char *emit_metrics_key (const struct emit_plan *plan);
const char *emit_guard_key (const struct emit_plan *plan); /* of a guard's answer */
const char *emit_part_key (const struct emit_plan *plan);  /* of what some rounds of a loop did */

/* What a step may take of its node, "cpu" and the like. Who only puts rounds together gets no accelerators. The caller
 * owns the result. */
json_t *emit_limits (const struct emit_plan *plan, int step);

/* Whether the service may take the step's result from an earlier run. What runs at a schedule does so to see what has
 * changed meanwhile: there only cache:enabled says that nothing has. */
bool emit_is_cached (const struct emit_plan *plan, int step);

/* The steps whose values or files step `step` takes, ascending, each once. */
void emit_producers (const struct emit_plan *plan, int step, struct vec_int *producers);

/* Adds a file; text is copied. emission_add_yaml prints one document, or several if `documents` is an array, which it
 * takes over. */
void emission_add (struct emission *e, const char *path, const char *text, size_t len);
void emission_add_copy (struct emission *e, const char *path, const char *source);
void emission_add_yaml (struct emission *e, const char *path, json_t *documents);

/* The targets. 0, or -1 with ERROR_NOTEBOOK where the pipeline can't be said to that target, `e` as it was. emit_cron
 * needs a schedule, and gives ERROR_USAGE for one that is none. */
int emit_argo (const struct emit_plan *plan, struct emission *e, struct error *err);
int emit_container (const struct emit_plan *plan, struct emission *e, struct error *err);
int emit_cron (const struct emit_plan *plan, struct emission *e, struct error *err);
int emit_kfp (const struct emit_plan *plan, struct emission *e, struct error *err);

/* The value of a run's parameter as Argo or KFP is to be told it. The caller owns it; NULL and ERROR_USAGE if it would
 * be changed on its way to the steps. */
json_t *emit_argo_argument (const struct emit_plan *plan, const char *name, const json_t *value, struct error *err);
json_t *emit_kfp_argument (const struct emit_plan *plan, const char *name, const json_t *value, struct error *err);

#endif
