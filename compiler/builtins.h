/* Names that every notebook finds in place: Python's builtins and what IPython adds.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_BUILTINS_H
#define CHARD_COMPILER_BUILTINS_H

#include <stdbool.h>

bool builtins_has (const char *name);

#endif
