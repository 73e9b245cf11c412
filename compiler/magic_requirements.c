/* What a magic or shell line installs. See magic.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic.h"

#include <string.h>

bool
magic_requirements (struct arena *a, const struct magic *m, struct vec_str *requirements)
{
    if (m->kind != MAGIC_SHELL && m->kind != MAGIC_LINE)
        return false;
    char *text = m->kind == MAGIC_LINE ? arena_printf (a, "%s %s", m->name, m->arguments)
                                       : arena_strdup (a, m->arguments);
    char *install = strstr (text, "install ");
    if (!install || (!strstr (text, "pip") && !strstr (text, "conda")) || strstr (text, "apt"))
        return false;
    char *save = NULL;
    bool value = false;
    for (char *word = strtok_r (install + 8, " \t\n", &save); word; word = strtok_r (NULL, " \t\n", &save)) {
        if (strcmp (word, "&&") == 0 || strcmp (word, "|") == 0 || *word == '>' || *word == '#' || *word == ';')
            break;
        if (value) {
            value = false;
            continue;
        }
        value = strcmp (word, "-r") == 0 || strcmp (word, "-c") == 0 || strcmp (word, "--index-url") == 0
                || strcmp (word, "-i") == 0 || strcmp (word, "-f") == 0 || strcmp (word, "-t") == 0;
        size_t n = strlen (word);
        if (*word == '-' || *word == '$' || *word == '{' || *word == '.')
            continue;
        if (n > 1 && (word[0] == '"' || word[0] == '\'') && word[n - 1] == word[0]) {
            word[n - 1] = '\0';
            word++;
        }
        vec_str_add_once (a, requirements, word);
    }
    return true;
}
