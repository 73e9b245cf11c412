/* The HTML page about a run: its graph coloured by state, a timeline, what each step showed and left, metrics beside
 * those of the run before. One file that needs nothing else: it can be mailed, opened from disk, and printed. Made at
 * a run's end and by `chard runs report`; a run that still goes on or was killed has one too.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_REPORT_H
#define CHARD_ENGINE_REPORT_H

#include "base/error.h"
#include "engine/runlog.h"

/* Reads the run directory (engine/state.h tells its layout; its log, unless `log` is what it says) and writes the page
 * atomically to `html_path`. What is missing (a result that was collected, a torn log) is passed over; only a directory
 * without a readable run.jsonl, or a page that can't be written, is an error. */
int report_write (const char *run_dir, const struct runlog_content *log, const char *html_path, struct error *err);

#endif
