/* Lists of words that end with NULL: tables of names in the code.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_WORDS_H
#define CHARD_BASE_WORDS_H

#include <stdbool.h>

bool words_have (const char *const *words, const char *word);

#endif
