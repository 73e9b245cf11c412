/* layout_graph through Graphviz's `dot` engine. The only file that includes Graphviz's headers. All sizes are given,
 * labels included (as empty tables of a fixed size), so that Graphviz never needs a font. See layout.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/layout.h"

#include "base/dynlib.h"
#include "base/sonames.h"

#include <dlfcn.h>
#include <gvc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE_GRAPH = 300 }; /* boxes or edges from which on speed goes before beauty */

#define SYMBOLS(X)                                                                                                     \
    X (Agdirected) X (agclose) X (agedge) X (agnode) X (agopen) X (agsafeset) X (agseterr) X (agstrdup_html)           \
    X (agstrfree) X (gvContext) X (gvContextPlugins) X (gvFreeContext) X (gvFreeLayout) X (gvLayout)

static struct {
    SYMBOLS (DYNLIB_MEMBER)
} lib;

/* libgvc brings libcgraph along, whose names are found through it. */
static const struct dynlib_symbol symbols[] = { SYMBOLS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (GVC_SONAME, "Graphviz's libgvc", "to draw a graph", symbols);

/* Graphviz never frees the text of its plug-in configuration. Where a leak checker is linked in, it is told so. */
extern void __lsan_disable (void) __attribute__ ((weak));
extern void __lsan_enable (void) __attribute__ ((weak));

/* The `dot` plug-in from the directory "graphviz" beside libgvc, where distributions put it; NULL if it isn't there. */
static void *
find_dot_plugin (void)
{
    static const char *const names[] = { "libgvplugin_dot_layout.so.6", "libgvplugin_dot_layout.so" };
    Dl_info gvc;
    if (!dladdr ((void *) (uintptr_t) lib.gvContext, &gvc) || !gvc.dli_fname)
        return NULL;
    const char *slash = strrchr (gvc.dli_fname, '/');
    for (size_t i = 0; slash && i < sizeof names / sizeof names[0]; i++) {
        char *path = xasprintf ("%.*s/graphviz/%s", (int) (slash - gvc.dli_fname), gvc.dli_fname, names[i]);
        void *plugin = dlopen (path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        free (path);
        if (plugin)
            return dlsym (plugin, "gvplugin_dot_layout_LTX_library");
    }
    return NULL;
}

/* gvContext would load all that can draw text, Pango and Cairo included: 40 ms for nothing. So the one plug-in that is
 * needed is given, and only where it isn't found Graphviz may look around. */
static GVC_t *
create_context (void)
{
    if (__lsan_disable)
        __lsan_disable ();
    void *plugin = find_dot_plugin ();
    lt_symlist_t plugins[] = { { "gvplugin_dot_layout_LTX_library", plugin }, { NULL, NULL } };
    GVC_t *gvc = plugin ? lib.gvContextPlugins (plugins, 0) : lib.gvContext ();
    if (__lsan_enable)
        __lsan_enable ();
    return gvc;
}

/* cgraph takes text as char * though it copies it. */
static void
set (void *object, const char *key, const char *value)
{
    lib.agsafeset (object, (char *) key, (char *) value, (char *) "");
}

static void
set_number (void *object, const char *key, double value)
{
    char text[64];
    snprintf (text, sizeof text, "%.4f", value);
    set (object, key, text);
}

static Agnode_t *
add_box (Agraph_t *g, size_t i, const struct layout_box *box)
{
    char name[32];
    snprintf (name, sizeof name, "n%zu", i);
    Agnode_t *n = lib.agnode (g, name, 1);
    set (n, "shape", "box");
    set (n, "fixedsize", "true");
    set (n, "label", "");
    set_number (n, "width", box->w / 72);
    set_number (n, "height", box->h / 72);
    return n;
}

static Agedge_t *
add_edge (Agraph_t *g, Agnode_t *const *nodes, size_t i, const struct layout_edge *edge)
{
    char text[160];
    snprintf (text, sizeof text, "e%zu", i);
    Agedge_t *e = lib.agedge (g, nodes[edge->from], nodes[edge->to], text, 1);
    set_number (e, "arrowsize", 0.7);
    if (edge->label_w > 0) {
        snprintf (text, sizeof text,
                  "<TABLE BORDER=\"0\" CELLPADDING=\"0\" CELLSPACING=\"0\" CELLBORDER=\"0\" FIXEDSIZE=\"TRUE\""
                  " WIDTH=\"%d\" HEIGHT=\"%d\"><TR><TD></TD></TR></TABLE>",
                  (int) edge->label_w, (int) edge->label_h);
        char *html = lib.agstrdup_html (g, text);
        lib.agsafeset (e, (char *) "label", html, (char *) "");
        lib.agstrfree (g, html);
    }
    return e;
}

static void
take_edge (struct arena *a, Agedge_t *e, double height, struct layout_edge *edge)
{
    if (ED_label (e))
        edge->label = (struct layout_point){ ED_label (e)->pos.x, height - ED_label (e)->pos.y };
    const splines *s = ED_spl (e);
    if (!s || s->size == 0)
        return;
    const bezier *b = &s->list[0];
    for (int i = 0; i < b->size; i++) {
        struct layout_point p = { b->list[i].x, height - b->list[i].y };
        vec_push (a, &edge->points, p);
    }
    edge->tip = edge->points.items[edge->points.len - 1];
    if (b->eflag)
        edge->tip = (struct layout_point){ b->ep.x, height - b->ep.y };
}

static void
set_graph (Agraph_t *g, const struct layout *l)
{
    set (g, "rankdir", "TB");
    set (g, "nodesep", "0.35");
    set (g, "ranksep", "0.45");
    if (l->boxes.len <= LARGE_GRAPH && l->edges.len <= LARGE_GRAPH)
        return;
    set (g, "nslimit", "0.5");
    set (g, "nslimit1", "0.5");
    set (g, "mclimit", "0.1");
    set (g, "splines", "line");
}

int
layout_graph (struct layout *l, struct error *err)
{
    if (l->boxes.len == 0)
        return 0;
    if (dynlib_load (&dynlib, err) < 0)
        return -1;
    GVC_t *gvc = create_context ();
    lib.agseterr (AGMAX);
    Agraph_t *g = lib.agopen ((char *) "chard", *lib.Agdirected, NULL);
    set_graph (g, l);
    Agnode_t **nodes = xcalloc (l->boxes.len, sizeof *nodes);
    Agedge_t **edges = xcalloc (l->edges.len + 1, sizeof *edges);
    for (size_t i = 0; i < l->boxes.len; i++)
        nodes[i] = add_box (g, i, &l->boxes.items[i]);
    for (size_t i = 0; i < l->edges.len; i++)
        edges[i] = add_edge (g, nodes, i, &l->edges.items[i]);

    int failed = lib.gvLayout (gvc, g, "dot");
    if (!failed) {
        l->w = GD_bb (g).UR.x;
        l->h = GD_bb (g).UR.y;
        for (size_t i = 0; i < l->boxes.len; i++)
            l->boxes.items[i].centre = (struct layout_point){ ND_coord (nodes[i]).x, l->h - ND_coord (nodes[i]).y };
        for (size_t i = 0; i < l->edges.len; i++)
            take_edge (l->arena, edges[i], l->h, &l->edges.items[i]);
        lib.gvFreeLayout (gvc, g);
    }
    lib.agclose (g);
    lib.gvFreeContext (gvc);
    free (nodes);
    free (edges);
    if (failed)
        return error_set (
            err, ERROR_ENVIRONMENT,
            "Graphviz can't lay the graph out: its dot plug-in is missing (Debian: libgvc6, then dot -c)");
    return 0;
}
