/* The notebook that a session is about. What is open in the editor is often newer than the file, and a console has no
 * file at all; so the session notes every cell that it is asked to execute: source, tags, and JupyterLab's cellId.
 *
 * Where a notebook's text comes from, the first that there is:
 *   1. the request's metadata, {"chard": {"notebook": {…nbformat 4…}, "path": "…"}}: the client sends what is on its
 *      screen.
 *      That is what JupyterLab's extension does (share/jupyter/labextensions/chard/static/kernel.js);
 *   2. the file that is open, told by JPY_SESSION_NAME, the connection file's jupyter_session, or VS Code's
 *      __vsc_ipynb_file__; cells of it that were executed after it was saved go as they were executed, matched by
 *      cellId;
 *   3. the file that a program runs which doesn't say so, if it can be known (unnamed.h);
 *   4. the executed cells in their order.
 * The client's path is relative to a folder that only its server knows. The first one, with which the path that we know
 * ends, tells the folder; from then on the notebook is where the client says, renamed or another one on the same
 * kernel. Where no client says anything, the file is followed (whereabouts.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_SESSION_H
#define CHARD_KERNEL_SESSION_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

struct session;

/* Never NULL. `path` is the notebook's, or NULL; session_destroy accepts NULL. */
struct session *session_create (const char *path);
void session_destroy (struct session *s);

/* The path became known. */
void session_set_path (struct session *s, const char *path);
const char *session_path (struct session *s);

/* Where the notebook lies that a request with this metadata (may be NULL) is about, or NULL. */
const char *session_path_for (struct session *s, struct arena *a, const json_t *metadata);

/* What cells are written in, as the inner kernel's language_info has it: a notebook without a file is of that
 * language. */
void session_set_language (struct session *s, const char *name);

/* Notes an execute_request by its metadata and content. A `content` of NULL is that of a cell too large to be kept. */
#define SESSION_CELL_MAX (4 << 20) /* bytes of content: reading more would hold up the session */
void session_note (struct session *s, const json_t *content, const json_t *metadata);

/* The notebook as a command shall see it. */
struct session_notebook {
    const char *path; /* what it is called; need not exist */
    char *text;       /* its text where that isn't the file's, malloc'ed; else NULL */
    int newer;        /* cells that were taken as they were executed, since the file is older */
    const char *missed; /* why their tags aren't known, of executed cells that a program ran, not a person; or NULL */
};

/* Puts it together. `metadata` is the asking request's; `cwd` says where a notebook without a file lies. Paths lie in
 * `a`. ERROR_USAGE if there is nothing at all, or what there was is gone. */
int session_get_notebook (struct session *s, struct arena *a, const json_t *metadata, const char *cwd,
                          struct session_notebook *nb, struct error *err);

#endif
