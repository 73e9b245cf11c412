/* What no compiler of notebooks can do without: reads each notebook's JSON and parses the code of its cells, and does
 * nothing with either. `make bench` measures chard by it.
 *     parse [-j WORKERS] NOTEBOOK…          a directory stands for all notebooks below it; prints how many cells
 * It reads as the compiler does (doc/json_text.h: a notebook's outputs build no tree), and uses the same tree-sitter.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/vec.h"
#include "doc/json_text.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tree_sitter/api.h>
#include <unistd.h>

const TSLanguage *tree_sitter_python (void);

static struct arena *arena;
static struct vec_str paths;

/* ---- one notebook ---- */

static void
parse_text (TSParser *parser, const char *text, size_t len)
{
    TSTree *tree = ts_parser_parse_string (parser, NULL, text, (uint32_t) len);
    ts_tree_delete (tree);
}

static void
parse_cell (TSParser *parser, const json_t *cell)
{
    const json_t *source = json_object_get (cell, "source"), *part;
    if (!source)
        source = json_object_get (cell, "input"); /* nbformat 3 */
    if (json_is_string (source)) {
        parse_text (parser, json_string_value (source), json_string_length (source));
        return;
    }
    cleanup_free char *text = NULL;
    size_t len = 0, i;
    json_array_foreach (source, i, part) {
        size_t more = json_string_length (part);
        text = xrealloc (text, len + more + 1);
        if (more)
            memcpy (text + len, json_string_value (part), more);
        len += more;
    }
    if (text)
        parse_text (parser, text, len);
}

static int
parse_cells (TSParser *parser, const json_t *cells)
{
    int n = 0;
    size_t i;
    const json_t *cell;
    json_array_foreach (cells, i, cell) {
        const char *kind = json_string_value (json_object_get (cell, "cell_type"));
        if (kind && strcmp (kind, "code") == 0) {
            parse_cell (parser, cell);
            n++;
        }
    }
    return n;
}

static int
parse_notebook (TSParser *parser, const char *path)
{
    static const char *const skip[] = { "outputs", "attachments", "widgets", NULL };
    cleanup_free char *text = NULL;
    size_t len = 0, i;
    struct error err = { 0 };
    if (fs_read (path, &text, &len, &err) < 0)
        return 0;
    json_auto_t *notebook = json_text_parse (text, len, skip, &err);
    int n = parse_cells (parser, json_object_get (notebook, "cells"));
    const json_t *sheet;
    json_array_foreach (json_object_get (notebook, "worksheets"), i, sheet)
        n += parse_cells (parser, json_object_get (sheet, "cells"));
    return n;
}

/* ---- many ---- */

static int
on_file (const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void) st;
    (void) where;
    size_t len = strlen (path);
    if (type == FTW_F && len > 6 && strcmp (path + len - 6, ".ipynb") == 0)
        vec_push (arena, &paths, arena_strdup (arena, path));
    return 0;
}

/* Every `of`th notebook, beginning with number `first`. */
static int
parse_share (size_t first, size_t of)
{
    TSParser *parser = ts_parser_new ();
    ts_parser_set_language (parser, tree_sitter_python ());
    int n = 0;
    for (size_t i = first; i < paths.len; i += of)
        n += parse_notebook (parser, paths.items[i]);
    ts_parser_delete (parser);
    return n;
}

/* In processes of their own, as chard does. Each tells its number of cells through a pipe. */
static int
parse_all (size_t workers)
{
    int pipes[2], n = 0, total = 0;
    if (pipe (pipes) < 0)
        return -1;
    for (size_t i = 0; i < workers; i++)
        if (fork () == 0) {
            n = parse_share (i, workers);
            _exit (write (pipes[1], &n, sizeof n) == sizeof n ? 0 : 1);
        }
    close (pipes[1]);
    while (read (pipes[0], &n, sizeof n) == sizeof n)
        total += n;
    bool failed = false;
    for (int status; wait (&status) > 0;)
        failed = failed || status != 0;
    return failed ? -1 : total;
}

int
main (int argc, char **argv)
{
    size_t workers = 1;
    int option;
    while ((option = getopt (argc, argv, "j:")) != -1)
        if (option == 'j')
            workers = (size_t) strtoul (optarg, NULL, 10);
    arena = arena_create ();
    for (int i = optind; i < argc; i++)
        nftw (argv[i], on_file, 16, FTW_PHYS);
    int n = workers > 1 ? parse_all (workers) : parse_share (0, 1);
    printf ("%zu notebooks, %d cells\n", paths.len, n);
    arena_destroy (arena);
    return n < 0 || paths.len == 0;
}
