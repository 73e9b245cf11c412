/* See report.h. Reading the run is report_run.c's, the parts of the page are named in report_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "compiler/markup.h"
#include "engine/report_part.h"
#include "engine/report_style.h"
#include "engine/report_text.h"

static void
add_page (const struct report_run *r, struct strbuf *out)
{
    const char *version = report_string (r->begin, "chard");
    strbuf_adds (out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
    markup_adds (out, arena_printf (r->arena, "%s: %s", report_run_name (r), r->status));
    strbuf_addf (out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", report_style);
    report_add_head (r, out);
    report_add_graph (r, out);
    report_add_timeline (r, out);
    report_add_metrics (r, out);
    report_add_parameters (r, out);
    report_add_steps (r, out);
    strbuf_adds (out, "</main>\n<footer>Written by Chard ");
    markup_adds (out, version ? version : "");
    strbuf_addf (
        out,
        ". This page stands alone: send it, print it, keep it.</footer>\n<script>\n%s</script>\n</body>\n</html>\n",
        report_script);
}

int
report_write (const char *run_dir, const struct runlog_content *log, const char *html_path, struct error *err)
{
    struct arena *a = arena_create ();
    struct report_run r;
    cleanup_strbuf struct strbuf out = { 0 };
    int status = report_run_read (&r, a, run_dir, log, err);
    if (status == 0) {
        add_page (&r, &out);
        status = fs_write_unsynced (html_path, strbuf_str (&out), out.len, err);
    }
    report_run_clear (&r);
    arena_destroy (a);
    return status;
}
