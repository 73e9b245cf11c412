/* Style and script of the report page (engine/report.c), kept apart for its length.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_REPORT_STYLE_H
#define CHARD_ENGINE_REPORT_STYLE_H

/* Content of the page's <style>. */
extern const char report_style[];

/* Content of its <script>: folds, frames' heights, printing. The page reads well without it. */
extern const char report_script[];

#endif
