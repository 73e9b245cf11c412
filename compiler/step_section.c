/* Sections under Markdown headings as steps. Chapters and sections (# and ##) are steps, as people write notebooks: a
 * title, and below it ## for each thing that is done. Deeper headings stay within their section, unless the first two
 * levels don't part the work: then the first level that does counts. Headings are ATX (`## Load`), setext (underlined)
 * and HTML (`<h2>`), as CommonMark has them; those within fenced code are none. See step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/step.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct heading {
    int cell;  /* index of the Markdown cell */
    int level; /* 1 to 6 */
    const char *text;
};

struct headings {
    struct heading *items;
    size_t len, cap;
};

/* ---- reading headings ------------------------------------------------------------------------------------------- */

/* Emphasis and code: a star or underscore that stands alone is text, and so is an underscore within a word. */
static bool
is_mark (const char *start, const char *p, const char *end)
{
    bool blank_before = p == start || isspace ((unsigned char) p[-1]);
    bool blank_behind = p + 1 == end || isspace ((unsigned char) p[1]);
    bool within_word = p > start && isalnum ((unsigned char) p[-1]) && p + 1 < end && isalnum ((unsigned char) p[1]);
    return *p == '`' || (*p == '*' && !(blank_before && blank_behind))
           || (*p == '_' && !within_word && !(blank_before && blank_behind));
}

/* "[text](address)" at its "[": the byte of "](", else NULL. */
static const char *
link_close (const char *p, const char *end)
{
    const char *close = memchr (p, ']', (size_t) (end - p));
    return close && close + 1 < end && close[1] == '(' ? close : NULL;
}

/* "## Load ##": the end of the text before the closing marks. */
static const char *
without_closing_marks (const char *p, const char *end)
{
    const char *text = end;
    while (text > p && isspace ((unsigned char) text[-1]))
        text--;
    const char *marks = text;
    while (marks > p && marks[-1] == '#')
        marks--;
    return marks < text && (marks == p || isspace ((unsigned char) marks[-1])) ? marks : text;
}

/* The text as it is shown: without tags, emphasis, closing marks and where links lead. */
static const char *
plain_text (struct arena *a, const char *p, size_t len)
{
    char *out = arena_alloc (a, len + 1);
    const char *start = p, *end = without_closing_marks (p, p + len), *link = NULL;
    size_t n = 0;
    while (p < end) {
        const char *close = *p == '<' || p == link ? memchr (p, *p == '<' ? '>' : ')', (size_t) (end - p)) : NULL;
        if (close) {
            p = close + 1;
            continue;
        }
        const char *opened = *p == '[' ? link_close (p, end) : NULL;
        link = opened ? opened : link;
        if (!opened && !is_mark (start, p, end) && (n || !isspace ((unsigned char) *p)))
            out[n++] = *p;
        p++;
    }
    while (n && isspace ((unsigned char) out[n - 1]))
        n--;
    out[n] = '\0';
    return out;
}

static void
add_heading (struct arena *a, struct headings *all, int cell, int level, const char *text, size_t len)
{
    struct heading h = { cell, level, plain_text (a, text, len) };
    if (*h.text)
        vec_push (a, all, h);
}

/* "## Load" */
static bool
read_atx (struct arena *a, struct headings *all, int cell, const char *line, size_t len)
{
    size_t marks = strspn (line, "#");
    if (marks == 0 || marks > 6 || marks >= len || (line[marks] != ' ' && line[marks] != '\t'))
        return false;
    add_heading (a, all, cell, (int) marks, line + marks, len - marks);
    return true;
}

/* "<h2>Load</h2>", on one line */
static bool
read_html (struct arena *a, struct headings *all, int cell, const char *line, size_t len)
{
    for (const char *p = line; p + 4 < line + len; p++) {
        if (p[0] != '<' || tolower ((unsigned char) p[1]) != 'h' || p[2] < '1' || p[2] > '6'
            || (p[3] != '>' && p[3] != ' '))
            continue;
        const char *open = memchr (p, '>', (size_t) (line + len - p));
        if (!open)
            return false;
        const char *text = open + 1, *close = text;
        while (close + 2 < line + len && strncasecmp (close, "</h", 3) != 0)
            close++;
        add_heading (a, all, cell, p[2] - '0', text,
                     (size_t) (close + 2 < line + len ? close - text : line + len - text));
        return true;
    }
    return false;
}

/* "Load" above "====" or "----" */
static int
underline_level (const char *line, size_t len)
{
    size_t n = *line == '=' || *line == '-' ? strspn (line, *line == '=' ? "=" : "-") : 0;
    size_t blanks = n < len ? strspn (line + n, " \t\r") : 0;
    return n >= 2 && n + blanks >= len ? (*line == '=' ? 1 : 2) : 0;
}

static void
read_cell (struct arena *a, struct headings *all, const struct cell *c)
{
    const char *before = NULL;
    size_t before_len = 0;
    bool fenced = false;
    for (const char *p = c->source; *p;) {
        size_t len = strcspn (p, "\n"), indent = strspn (p, " ");
        const char *line = p + (indent < 4 ? indent : 0);
        size_t line_len = len - (size_t) (line - p);
        bool fence = strncmp (line, "```", 3) == 0 || strncmp (line, "~~~", 3) == 0;
        int level = before && !fenced ? underline_level (line, line_len) : 0;
        fenced ^= fence;
        if (level)
            add_heading (a, all, c->index, level, before, before_len);
        bool other = fence || fenced || level || indent >= 4 || read_atx (a, all, c->index, line, line_len)
                     || read_html (a, all, c->index, line, line_len);
        before = other || strspn (line, " \t\r") >= line_len || strchr ("|>-*+", *line) ? NULL : line;
        before_len = line_len;
        p += len + (p[len] == '\n');
    }
}

/* ---- cutting ---------------------------------------------------------------------------------------------------- */

struct cutting {
    struct stepping *s;
    const struct notebook *nb;
    struct headings headings;
};

/* The heading that a cell stands under if headings down to `level` count; -1: before the first. */
static int
section_of (const struct cutting *c, int cell, int level, size_t *next, int section)
{
    for (; *next < c->headings.len && c->headings.items[*next].cell < cell; (*next)++)
        if (c->headings.items[*next].level <= level)
            section = (int) *next;
    return section;
}

static bool
is_work (const struct cutting *c, size_t unit)
{
    const struct unit *u = &c->s->flow->program->units.items[unit];
    bool free = u->tags.role == ROLE_NONE || (u->tags.role == ROLE_METRICS && !step_only_reports (c->s, (int) unit));
    return u->cell->notebook == c->nb && free && c->s->works[unit];
}

/* Sections with work in them, at most two. */
static int
count_sections (const struct cutting *c, int level)
{
    size_t next = 0;
    int section = -1, last = -2, count = 0;
    for (size_t i = 0; i < c->s->flow->program->units.len && count < 2; i++) {
        if (!is_work (c, i))
            continue;
        section = section_of (c, c->s->flow->program->units.items[i].cell->index, level, &next, section);
        count += section != last;
        last = section;
    }
    return count;
}

static void
cut (struct cutting *c, int level)
{
    struct arena *a = c->s->arena;
    size_t next = 0;
    int section = -1, last = -2;
    for (size_t i = 0; i < c->s->flow->program->units.len; i++) {
        if (!is_work (c, i))
            continue;
        section = section_of (c, c->s->flow->program->units.items[i].cell->index, level, &next, section);
        if (section != last) {
            const char *text = section < 0 ? "Start" : c->headings.items[section].text;
            const char *slug = step_slug (a, text, strlen (text));
            step_add_group (c->s, c->nb, *slug ? slug : "section", text, NULL);
        }
        last = section;
        vec_push (a, &c->s->g->groups.items[c->s->g->groups.len - 1].units, (int) i);
    }
}

/* Units with a role of their own, in a notebook without step tags. */
static void
give_roles (struct stepping *s, const struct notebook *nb)
{
    for (size_t i = 0; i < s->flow->program->units.len; i++) {
        const struct unit *u = &s->flow->program->units.items[i];
        if (u->cell->notebook == nb && u->tags.role == ROLE_PARAMETERS)
            s->g->owner.items[i] = OWNER_PARAMETERS;
        else if (u->cell->notebook == nb && step_only_reports (s, (int) i))
            s->g->owner.items[i] = OWNER_METRICS;
    }
}

bool
step_by_sections (struct stepping *s, const struct notebook *nb)
{
    struct cutting c = { .s = s, .nb = nb };
    vec_foreach (cell, &nb->cells)
        if (cell->kind == CELL_MARKDOWN)
            read_cell (s->arena, &c.headings, cell);
    give_roles (s, nb);
    for (int level = 2; c.headings.len && level <= 6; level++)
        if (count_sections (&c, level) > 1) {
            cut (&c, level);
            return true;
        }
    return false;
}

void
step_by_cells (struct stepping *s, const struct notebook *nb)
{
    struct cutting c = { .s = s, .nb = nb };
    for (size_t i = 0; i < s->flow->program->units.len; i++)
        if (is_work (&c, i)) {
            struct group *g = step_add_group (s, nb, "", NULL, NULL);
            vec_push (s->arena, &g->units, (int) i);
        }
}
