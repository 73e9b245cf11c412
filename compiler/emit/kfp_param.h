/* How a parameter's value travels through Kubeflow Pipelines. What KFP would change on the way goes as JSON text that
 * holds nothing to change, in a parameter of type STRING:
 *  - integers beyond the doubles' 53 bits, and null within a list or struct, which its values can't hold; -0.0, which
 *    comes as 0.0;
 *  - texts with `$$` or `$(`, which Kubernetes expands where they stand in a pod's arguments, with `{{`, which Argo
 *    takes for a template, and with `[[`, which KFP takes for a macro (backend/src/common/util/parameter_formatter.go),
 *    wherever in the value they are;
 *  - control characters and what lies beyond U+FFFF, for which the server refuses or loses the whole document.
 * Seen on a server of 2.17: "$$" arrived as "$", "{{=1+1}}" as "2", "[[CurrentTime.2006]]" as the year; with DEL the
 * document was stored empty, with U+1F600 its run couldn't be.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_PARAM_H
#define CHARD_COMPILER_EMIT_KFP_PARAM_H

#include "compiler/emit/emit.h"

/* ParameterType of pipeline_spec.proto. */
const char *kfp_param_type (const struct param *p);

/* Its default, as the document has it. The caller owns it. */
json_t *kfp_param_default (struct arena *a, const struct param *p);

/* Whether a text (NULL: none) travels as JSON text: in a step's specification that is "json". */
bool kfp_param_is_json (const char *text);

/* A text for people, without the characters by which KFP's server would lose the whole document. In `a`. */
const char *kfp_text (struct arena *a, const char *text);

#endif
