/* What is told of schedules elsewhere, by `chard submit --schedule` and `chard schedules`.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_SCHEDULE_H
#define CHARD_CLI_SCHEDULE_H

#include <jansson.h>

/* The next three times at which five checked cron fields fire in a zone: ["2026-11-26 02:00 CET", …]. The caller owns
 * it. */
json_t *schedule_next (const char *schedule, const char *zone);

#endif
