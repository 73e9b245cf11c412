/* See run_code.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_code.h"

#include "base/strbuf.h"
#include "client/repo.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- the cells of a pipeline ------------------------------------------------------------------------------------ */

/* A cell whose lines are being gathered from the segments of several steps. */
struct gathered {
    struct code_cell cell;
    struct vec_str lines; /* NULL: not seen yet */
};

struct gathering {
    struct arena *arena;
    vec (struct gathered) all;
};

static bool
same_notebook (const char *a, const char *b)
{
    return a == b || (a && b && strcmp (a, b) == 0);
}

static struct gathered *
find (struct gathering *g, const struct segment *seg)
{
    vec_foreach (c, &g->all)
        if (c->cell.cell == seg->cell && same_notebook (c->cell.notebook, seg->notebook))
            return c;
    struct gathered new = { .cell = { .notebook = seg->notebook, .cell = seg->cell } };
    vec_push (g->arena, &g->all, new);
    return &g->all.items[g->all.len - 1];
}

static void
set_line (struct gathering *g, struct gathered *c, size_t number, const char *line)
{
    while (c->lines.len <= number)
        vec_push (g->arena, &c->lines, NULL);
    if (!c->lines.items[number])
        c->lines.items[number] = line;
}

static void
gather (struct gathering *g, const struct step *s, const struct segment *seg)
{
    struct gathered *c = find (g, seg);
    if (!seg->replicated && !c->cell.step)
        c->cell.step = s->name;
    size_t number = seg->line > 0 ? (size_t) seg->line - 1 : 0;
    for (const char *at = seg->source; *at; number++) {
        size_t n = strcspn (at, "\n");
        set_line (g, c, number, arena_strndup (g->arena, at, n));
        at += n + (at[n] == '\n');
    }
}

static bool
is_blank (const char *line)
{
    while (line && isspace ((unsigned char) *line))
        line++;
    return !line || !*line;
}

/* Empty lines around the code tell nothing. */
static const char *
join (struct arena *a, const struct vec_str *lines)
{
    cleanup_strbuf struct strbuf text = { 0 };
    size_t from = 0, to = lines->len;
    while (from < to && is_blank (lines->items[from]))
        from++;
    while (to > from && is_blank (lines->items[to - 1]))
        to--;
    for (size_t i = from; i < to; i++)
        strbuf_addf (&text, "%s\n", lines->items[i] ? lines->items[i] : "");
    return arena_strdup (a, strbuf_str (&text));
}

static int
compare_cells (const void *x, const void *y)
{
    const struct code_cell *a = x, *b = y;
    int order = strcmp (a->notebook ? a->notebook : "", b->notebook ? b->notebook : "");
    return order ? order : a->cell - b->cell;
}

void
run_code_cells (struct arena *a, const struct pipeline *p, struct code_cells *cells)
{
    struct gathering g = { .arena = a };
    vec_foreach (s, &p->steps)
        vec_foreach (seg, &s->segments)
            gather (&g, s, seg);
    vec_foreach (c, &g.all) {
        c->cell.text = join (a, &c->lines);
        if (*c->cell.text)
            vec_push (a, cells, c->cell);
    }
    if (cells->len)
        qsort (cells->items, cells->len, sizeof *cells->items, compare_cells);
}

/* ---- which became which ----------------------------------------------------------------------------------------- */

/* All cells as one text, and the cell of each of its lines. */
struct script {
    struct strbuf text;
    struct vec_int cell; /* -1: a line between cells, or an empty one */
};

static void
write_script (struct arena *a, const struct code_cells *cells, struct script *s)
{
    for (size_t i = 0; i < cells->len; i++) {
        strbuf_addf (&s->text, "# %%%% %s\n", cells->items[i].notebook ? cells->items[i].notebook : "");
        vec_push (a, &s->cell, -1);
        for (const char *at = cells->items[i].text; *at; at = strchr (at, '\n') + 1)
            vec_push (a, &s->cell, *at == '\n' ? -1 : (int) i);
        strbuf_adds (&s->text, cells->items[i].text);
    }
}

/* The cell from `from` on that has most of the lines which old cell number `i` kept; -1 if it kept none. */
static int
best_partner (const struct script *old, const struct script *new, const int *match, int i, int from, int *votes,
              size_t n)
{
    int best = -1;
    memset (votes, 0, n * sizeof *votes);
    for (size_t l = 0; l < old->cell.len; l++) {
        int cell = old->cell.items[l] == i && match[l] >= 0 && (size_t) match[l] < new->cell.len
                       ? new->cell.items[match[l]]
                       : -1;
        if (cell >= from && ++votes[cell] > (best < 0 ? 0 : votes[best]))
            best = cell;
    }
    return best;
}

/* Pairs cells old[i…i_end) with new[j…j_end), if they are as many. */
static void
pair_between (const struct code_cells *old, const struct code_cells *new, int *partner, int i, int i_end, int j,
              int j_end)
{
    if (i_end - i != j_end - j)
        return;
    for (; i < i_end; i++, j++)
        if (same_notebook (old->items[i].notebook, new->items[j].notebook))
            partner[i] = j;
}

int
run_code_align (struct arena *a, const struct code_cells *old, const struct code_cells *new, int *partner,
                struct error *err)
{
    struct script x = { 0 }, y = { 0 };
    write_script (a, old, &x);
    write_script (a, new, &y);
    int *match = arena_alloc (a, (x.cell.len + 1) * sizeof *match);
    int *votes = arena_alloc (a, (new->len + 1) * sizeof *votes);
    int status = repo_match_lines (strbuf_str (&x.text), strbuf_str (&y.text), match, x.cell.len, err);
    int done_old = 0, done_new = 0;
    for (int i = 0; status == 0 && i < (int) old->len; i++) {
        partner[i] = best_partner (&x, &y, match, i, done_new, votes, new->len);
        if (partner[i] < 0)
            continue;
        pair_between (old, new, partner, done_old, i, done_new, partner[i]);
        done_old = i + 1;
        done_new = partner[i] + 1;
    }
    if (status == 0)
        pair_between (old, new, partner, done_old, (int) old->len, done_new, (int) new->len);
    strbuf_free (&x.text);
    strbuf_free (&y.text);
    return status;
}
