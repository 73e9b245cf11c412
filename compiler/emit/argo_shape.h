/* The fields of Argo's WorkflowSpec, as far as emit_argo writes them; argo_verify checks them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_ARGO_SHAPE_H
#define CHARD_COMPILER_EMIT_ARGO_SHAPE_H

#include "compiler/emit/shape.h"

extern const struct shape argo_shape_workflow[];

#endif
