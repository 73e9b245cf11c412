/* Fuzz target: each line of the input as a tag of a cell, and the whole as its source with directive comments. Whatever
 * it says must be read or told, and never harm.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/tag.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
add_lines (struct arena *a, char *text, struct vec_str *tags)
{
    for (char *save = NULL, *line = strtok_r (text, "\n", &save); line; line = strtok_r (NULL, "\n", &save))
        vec_push (a, tags, line);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct arena *a = arena_create ();
    struct diag_list diags = { .arena = a, .notebook = "fuzz" };
    struct pipeline *p = pipeline_create (a);
    struct cell cell = { .kind = CELL_CODE, .source = arena_strndup (a, (const char *) data, size) };
    cell.len = strlen (cell.source);
    add_lines (a, arena_strdup (a, cell.source), &cell.tags);
    tag_read_directives (a, &cell);
    struct cell_tags tags = { 0 };
    tag_read (a, &cell, &tags, &diags);
    struct step *s = vec_add (a, &p->steps);
    s->name = "s";
    tag_settings_init (&s->settings);
    tag_read_settings (a, &cell, &s->settings, &diags);
    vec_foreach (tag, &cell.tags)
        tag_apply_setting (a, *tag, &s->settings);
    pipeline_clear (p);
    arena_destroy (a);
    return 0;
}
