/* Schedules as crontab(5) has them: minute, hour, day, month and weekday, or a word such as @daily. What is checked is
 * what Argo's controller and KFP read, github.com/robfig/cron: so Sunday is 0 and not 7, names are of three letters, and
 * '?' stands for '*'.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_CRON_H
#define CHARD_BASE_CRON_H

#include "base/error.h"

/* 0, or -1 with ERROR_USAGE: what is wrong with `schedule` and what it takes. */
int cron_check (const char *schedule, struct error *err);

/* Likewise for an IANA time zone ("Europe/Berlin", "UTC"): known to this machine, where it knows any. */
int cron_check_zone (const char *zone, struct error *err);

#endif
