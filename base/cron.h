/* Schedules as crontab(5) has them: minute, hour, day, month and weekday, or a word such as @daily. What is checked is
 * what Argo's controller and KFP read, github.com/robfig/cron: so Sunday is 0 and not 7, names are of three letters,
 * and '?' stands for '*'.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_CRON_H
#define CHARD_BASE_CRON_H

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>
#include <time.h>

/* 0, or -1 with ERROR_USAGE: what is wrong with `schedule` and what it takes. */
int cron_check (const char *schedule, struct error *err);

/* Likewise for an IANA time zone ("Europe/Berlin", "UTC"): known to this machine, where it knows any. */
int cron_check_zone (const char *zone, struct error *err);

/* A checked schedule as KFP's older robfig/cron wants it: six fields, seconds first, in numbers; what begins with '@'
 * means the same there. In `a`. */
const char *cron_with_seconds (struct arena *a, const char *schedule);

/* The next `n` times behind `after` at which a checked schedule fires in that zone, into `times`; how many there are:
 * less if it never does (31 February). For a moment the process's own time zone is another. */
size_t cron_next (const char *schedule, const char *zone, time_t after, time_t *times, size_t n);

#endif
