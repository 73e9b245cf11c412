/* What templates/step.py is told of a step that runs in a pod (its docstring, POD): a JSON text that can stand in a
 * container's arguments, whatever the notebook's code holds.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_POD_SPEC_H
#define CHARD_COMPILER_EMIT_POD_SPEC_H

#include "compiler/emit/emit.h"

/* How values travel. */
enum pod_layout {
    POD_VALUES,  /* each value and file is an artifact of its own, with metadata: Kubeflow Pipelines */
    POD_RESULTS, /* each step's whole result is one artifact, called "result"; inputs are called by their step: Argo */
};

/* ASCII, without `{{`, which KFP and Argo would take for a template, and without `$`, with which Kubernetes expands
 * variables in arguments. Deterministic; lies in the plan's arena. */
const char *pod_spec_text (const struct emit_plan *plan, int step, enum pod_layout layout);

/* Appends `--spec TEXT`, in pieces of less than 128 kB (Linux's MAX_ARG_STRLEN), or `--spec-file PATH` where the plan
 * puts code into the image. */
void pod_spec_append (json_t *args, const struct emit_plan *plan, int step, enum pod_layout layout);

/* Folder of the specifications below EMIT_SPECS: "kfp" or "argo". */
const char *pod_layout_name (enum pod_layout layout);

/* Replaces in JSON text what must not stand in arguments by its escape: both occur inside strings only. Run of braces:
 * every second and later one is escaped. */
const char *pod_escape (struct arena *a, const char *json);

#endif
