/* What templates/step.py is told of a step that runs in a pod (its docstring, POD): a JSON text that can stand in a
 * container's arguments, whatever the notebook's code holds.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_POD_SPEC_H
#define CHARD_COMPILER_EMIT_POD_SPEC_H

#include "compiler/emit/emit.h"

/* How values travel. */
enum pod_layout {
    POD_VALUES,  /* each value and file is an artifact of its own, with metadata: Kubeflow Pipelines */
    POD_RESULTS, /* each step's whole result is one artifact, "result"; inputs are "0", "1", … as emit_producers:
                    Argo */
};

/* Printable ASCII, without `{{`, which KFP and Argo would take for a template, and without `$`, with which Kubernetes
 * expands variables in arguments. Deterministic; lies in the plan's arena. */
const char *pod_spec_text (const struct emit_plan *plan, int step, enum pod_layout layout);

/* The same in pieces of less than 128 kB (Linux's MAX_ARG_STRLEN), which step.py joins; where the plan puts code into
 * the image, the path of a file. An array of strings, the caller's. */
json_t *pod_spec_pieces (const struct emit_plan *plan, int step, enum pod_layout layout);

/* Appends the options that hand it over: `--spec PIECE` for each, or `--spec-file PATH`. */
void pod_spec_append (json_t *args, const struct emit_plan *plan, int step, enum pod_layout layout);

/* Folder of the specifications below EMIT_SPECS: "kfp" or "argo". */
const char *pod_layout_name (enum pod_layout layout);

/* Whether a text begins with what Argo takes for a template, or Kubernetes for a variable: the former hands parameters
 * on in a pod's environment, where `$$` becomes `$`. */
bool pod_is_reference (const char *s);

/* True for a text that Argo's parameters would not leave as it is: it travels as JSON (in a specification: "json"). */
bool pod_string_needs_json (const char *s);

/* Replaces in JSON text what must not stand in arguments by its escape: both occur inside strings only. Run of braces:
 * every second and later one is escaped. */
const char *pod_escape (struct arena *a, const char *json);

#endif
