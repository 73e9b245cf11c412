/* Pass step: cells -> steps. Tagged notebooks go by their tags; others by Markdown headings; without those each code
 * cell is a step. Cells that only define things are shared by all steps instead. See front.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front.h"

#include <ctype.h>
#include <string.h>

static int
find_group (const struct grouping *g, const char *name)
{
    for (size_t i = 0; i < g->groups.len; i++)
        if (strcmp (g->groups.items[i].name, name) == 0)
            return (int) i;
    return -1;
}

static int
add_group (struct arena *a, struct grouping *g, const char *name, const char *title, bool inferred)
{
    const char *unique = name;
    for (int n = 2; inferred && find_group (g, unique) >= 0; n++)
        unique = arena_printf (a, "%s-%d", name, n);
    struct group *new = vec_add (a, &g->groups);
    new->name = unique;
    new->title = title;
    new->inferred = inferred;
    return (int) g->groups.len - 1;
}

/* True if nothing in the unit has to be done once only: imports, definitions, constants, set-up. */
static bool
only_defines (const struct flow *flow, int unit)
{
    vec_foreach (s, &flow->sites)
        if (s->unit == unit && s->kind == SITE_PLAIN)
            return false;
    return true;
}

/* "## Train the model" -> "train-the-model"; NULL if the cell has no heading. */
static const char *
heading_of (struct arena *a, const struct cell *c, const char **title)
{
    for (const char *p = c->source; p; p = strchr (p, '\n') ? strchr (p, '\n') + 1 : NULL) {
        size_t marks = strspn (p, "#");
        if (marks == 0 || marks > 6 || (p[marks] != ' ' && p[marks] != '\t'))
            continue;
        p += marks + strspn (p + marks, " \t");
        size_t len = strcspn (p, "\r\n");
        *title = arena_strndup (a, p, len);
        char *slug = arena_strndup (a, p, len > 40 ? 40 : len);
        size_t n = 0;
        for (char *s = slug; *s; s++)
            if (isalnum ((unsigned char) *s))
                slug[n++] = (char) tolower ((unsigned char) *s);
            else if (n && slug[n - 1] != '-' && !((unsigned char) *s & 0x80))
                slug[n++] = '-';
        while (n && slug[n - 1] == '-')
            n--;
        slug[n] = '\0';
        return n ? slug : "section";
    }
    return NULL;
}

static void
give (struct arena *a, struct grouping *g, int unit, int owner)
{
    g->owner.items[unit] = owner;
    if (owner >= 0)
        vec_push (a, &g->groups.items[owner].units, unit);
}

static int
tagged_owner (struct arena *a, struct grouping *g, const struct unit *u, int *current)
{
    switch (u->tags.role) {
    case ROLE_STEP:
    case ROLE_NOTEBOOK:
        *current = find_group (g, u->tags.step);
        if (*current < 0)
            *current = add_group (a, g, u->tags.step, u->tags.step, false);
        return *current;
    case ROLE_IMPORTS:
    case ROLE_FUNCTIONS: return OWNER_SHARED;
    case ROLE_PARAMETERS: return OWNER_PARAMETERS;
    case ROLE_METRICS: return OWNER_METRICS;
    default: return *current;
    }
}

/* Cells before the first step that do more than define are a step of their own. */
static void
give_leading (struct arena *a, struct grouping *g, const struct flow *flow, int unit)
{
    if (only_defines (flow, unit)) {
        give (a, g, unit, OWNER_SHARED);
        return;
    }
    int owner = find_group (g, "start");
    give (a, g, unit, owner >= 0 ? owner : add_group (a, g, "start", "Before the first step", true));
}

static void
group_tagged (struct arena *a, struct grouping *g, const struct flow *flow)
{
    int current = OWNER_SHARED;
    for (size_t i = 0; i < flow->program->units.len; i++) {
        const struct unit *u = &flow->program->units.items[i];
        int owner = tagged_owner (a, g, u, &current);
        if (owner == OWNER_SHARED && u->tags.role == ROLE_NONE)
            give_leading (a, g, flow, (int) i);
        else
            give (a, g, (int) i, owner);
    }
}

/* Sections under headings; a section whose cells only define things is shared. */
static void
group_by_headings (struct arena *a, struct grouping *g, const struct flow *flow, bool headings)
{
    const struct program *p = flow->program;
    const char *name = "start", *title = "Start";
    int current = -1;
    vec_foreach (c, &p->notebook->cells) {
        const char *heading = c->kind == CELL_MARKDOWN ? heading_of (a, c, &title) : NULL;
        int unit = p->unit_of_cell.items[c->index];
        if (heading) {
            name = heading;
            current = -1;
        }
        if (unit < 0)
            continue;
        int role = p->units.items[unit].tags.role;
        if (role == ROLE_PARAMETERS || role == ROLE_METRICS) {
            give (a, g, unit, role == ROLE_PARAMETERS ? OWNER_PARAMETERS : OWNER_METRICS);
        } else if (role != ROLE_NONE || only_defines (flow, unit)) {
            give (a, g, unit, OWNER_SHARED);
        } else {
            if (!headings) {
                name = arena_printf (a, "cell-%d", c->index);
                title = name;
            }
            if (current < 0 || !headings)
                current = add_group (a, g, name, title, true);
            give (a, g, unit, current);
        }
    }
}

struct grouping *
step_group (const struct flow *flow, struct diag_list *diags)
{
    struct arena *a = flow->program->arena;
    struct grouping *g = arena_new (a, struct grouping);
    bool tagged = false, headings = false;
    const char *title;
    vec_foreach (u, &flow->program->units) {
        tagged |= u->tags.role == ROLE_STEP || u->tags.role == ROLE_NOTEBOOK;
        vec_push (a, &g->owner, OWNER_SHARED);
    }
    vec_foreach (c, &flow->program->notebook->cells)
        headings |= c->kind == CELL_MARKDOWN && heading_of (a, c, &title);
    if (tagged)
        group_tagged (a, g, flow);
    else
        group_by_headings (a, g, flow, headings);
    if (g->groups.len == 0 && flow->program->units.len) /* nothing but definitions: they are the work */
        for (size_t i = 0; i < flow->program->units.len; i++)
            if (g->owner.items[i] == OWNER_SHARED)
                give (a, g, (int) i, g->groups.len ? 0 : add_group (a, g, "notebook", "The notebook", true));
    (void) diags;
    return g;
}
