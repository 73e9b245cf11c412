/* The fields of KFP's two documents, as far as emit_kfp writes them; kfp_verify checks them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_SHAPE_H
#define CHARD_COMPILER_EMIT_KFP_SHAPE_H

#include "compiler/emit/shape.h"

extern const struct shape kfp_shape_pipeline[]; /* PipelineSpec */
extern const struct shape kfp_shape_platform[]; /* PlatformSpec */

#endif
