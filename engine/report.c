/* See report.h. For now the page is the run's log, event by event; the graph, timeline and outputs come with
 * report_run.c and report_output.c, which are not joined yet.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"

int
report_write (const char *run_dir, const char *html_path, struct error *err)
{
    cleanup_free char *log = xasprintf ("%s/run.jsonl", run_dir), *text = NULL;
    cleanup_strbuf struct strbuf page = { 0 };
    size_t len;
    if (fs_read (log, &text, &len, err) < 0)
        return -1;
    strbuf_adds (&page, "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Chard run</title>"
                        "<h1>Events of the run</h1><pre>");
    strbuf_add_html (&page, text);
    strbuf_adds (&page, "</pre></html>\n");
    return fs_write (html_path, page.data, page.len, err);
}
