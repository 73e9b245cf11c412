/* A notebook as the compiler sees it: cells with their sources and tags, read from nbformat 3 to 4.5 JSON or from a
 * percent-format Python script. Outputs are not kept. Specification: nbformat (format_description).
 * A notebook may stand for others too (tag notebook:NAME): these are structs of their own, each saying where it was
 * brought in; compose.h reads them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_NOTEBOOK_H
#define CHARD_COMPILER_NOTEBOOK_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/vec.h"

#include <jansson.h>

enum cell_kind { CELL_CODE, CELL_MARKDOWN, CELL_RAW };

struct notebook;

struct cell {
    const struct notebook *notebook;
    int index;      /* among all cells, from 0: what diagnostics and the IR call the cell */
    int code_index; /* among code cells, from 0; -1 for others */
    enum cell_kind kind;
    const char *id;     /* nbformat 4.5 id, or NULL */
    const char *source; /* NUL-terminated; a NUL within the source was made U+FFFD */
    size_t len;
    int nul_line;       /* the line (from 1) of the first such NUL, which Python refuses; 0 if there was none */
    struct vec_str tags;        /* metadata.tags, then those of directive comments, in order */
    const char *notebook_path;  /* metadata.notebook_path (Kale's composition), or NULL */
    int execution_count;        /* 0 if none */
};

struct notebook {
    const char *path; /* as given */
    const char *dir;  /* absolute directory it lies in */
    const char *name; /* file name without its ending */
    const char *language; /* "python" unless the kernelspec or language_info says otherwise */
    const char *kernel;   /* kernelspec name, or NULL */
    json_t *kubeflow;     /* metadata.kubeflow_notebook, owned; NULL if there is none */
    vec (struct cell) cells;
    int code_cells;

    /* Of a notebook that another one brings in; NULL for the main one. */
    const struct cell *included_by;
    const char *alias;     /* NAME of the tag notebook:NAME */
    const char *reference; /* what the IR calls it: its path from the main one's directory; "a.ipynb#2" when it is
                              brought in a second time */
    const char *folder;    /* the directory part of that path; "." if it is the main one's own */
    vec (struct notebook *) included; /* of the main one only: all that were brought in, in the order of their code */
};

/* Names of the environment that tell of a notebook which isn't saved: its path, and a file that holds its text. Whoever
 * has it open (the kernel, an editor) sets both for the commands it starts; the path need not exist. */
#define NOTEBOOK_UNSAVED "CHARD_UNSAVED"
#define NOTEBOOK_UNSAVED_TEXT "CHARD_UNSAVED_TEXT"

/* Reads the file at `path` (a ".py" ending means percent format). Everything lies in `a` but `kubeflow`, which
 * notebook_clear gives up. NULL if it can't be read (ERROR_ENVIRONMENT) or is no notebook (ERROR_NOTEBOOK). */
struct notebook *notebook_read (struct arena *a, const char *path, struct error *err);

/* The same from text in memory, for the kernel and the fuzzer; `path` is what diagnostics say. */
struct notebook *notebook_parse (struct arena *a, const char *path, const char *data, size_t len, struct error *err);

void notebook_clear (struct notebook *nb);

/* Takes from a notebook's `metadata` (NULL: none) what counts: kernel, language, kubeflow_notebook. For the readers. */
void notebook_set_metadata (struct arena *a, struct notebook *nb, const json_t *metadata);

/* Where a diagnostic about a cell stands; line and column 0: unknown. */
struct place cell_place (const struct cell *c, int line, int column);

/* Gives the cell that source: copied, with its NULs replaced and `nul_line` set. */
void cell_set_source (struct arena *a, struct cell *c, const char *data, size_t len);

/* Line `line` (from 1) of a cell's source, allocated in `a`; NULL beyond its end. */
char *cell_line (struct arena *a, const struct cell *c, int line);

#endif
