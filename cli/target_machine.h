/* What a target has to know of this machine: the Python that the notebook runs in and what is installed there, where
 * step.py lies, which modules of the notebook's directory its steps import, and the commit.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_TARGET_MACHINE_H
#define CHARD_CLI_TARGET_MACHINE_H

#include "compiler/emit/emit.h"

/* Fills the lower part of `o`. Where there is no Python, or it won't tell, requirements go without versions; one that
 * was asked for by `python` must be there. Everything lies in `a`. */
int target_ask_machine (struct arena *a, const struct pipeline *p, const char *python, struct emit_options *o,
                        struct error *err);

#endif
