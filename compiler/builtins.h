/* Names that every notebook finds in place: Python's builtins and what IPython adds.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_BUILTINS_H
#define CHARD_COMPILER_BUILTINS_H

#include <stdbool.h>

bool builtins_has (const char *name);

/* Names of those under which a session keeps what was shown or typed before: _, __, Out, In, … */
bool builtins_is_history (const char *name);

#endif
