/* See words.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include <string.h>

bool
words_have (const char *const *words, const char *word)
{
    for (; *words; words++)
        if (strcmp (word, *words) == 0)
            return true;
    return false;
}
