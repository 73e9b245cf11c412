/* See cron.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cron.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ZONES "/usr/share/zoneinfo"

struct field {
    const char *what;
    int from, to;
    const char *names; /* of `from`, `from` + 1, …: three letters each; or NULL */
};

static const struct field fields[] = {
    { "minute", 0, 59, NULL },
    { "hour", 0, 23, NULL },
    { "day", 1, 31, NULL },
    { "month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
    { "weekday", 0, 6, "sunmontuewedthufrisat" },
};

#define FIELDS (sizeof fields / sizeof *fields)

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* What time.ParseDuration takes: "90m", "1h30m". */
static bool
is_duration (const char *s)
{
    static const char *const units[] = { "ns", "us", "ms", "s", "m", "h" };
    if (!*s)
        return false;
    while (*s) {
        size_t digits = strspn (s, "0123456789."), unit = strspn (s + digits, "nushm");
        bool known = false;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            known |= strlen (units[i]) == unit && strncmp (s + digits, units[i], unit) == 0;
        if (digits == 0 || !known)
            return false;
        s += digits + unit;
    }
    return true;
}

static bool
is_word (const char *s)
{
    static const char *const words[] = { "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp (s, words[i]) == 0)
            return true;
    return strncmp (s, "@every ", 7) == 0 && is_duration (s + 7);
}

/* ---- fields ----------------------------------------------------------------------------------------------------- */

/* A number or a name at *s, which is moved behind it; -1 if there is none. */
static int
read_value (const struct field *f, const char **s)
{
    size_t digits = strspn (*s, "0123456789");
    if (digits > 0 && digits <= 4) {
        int n = atoi (*s);
        *s += digits;
        return n;
    }
    for (int i = 0; f->names && f->names[3 * i]; i++)
        if (strncasecmp (*s, f->names + 3 * i, 3) == 0) {
            *s += 3;
            return f->from + i;
        }
    return -1;
}

/* "*", "5", "1-5", each with "/STEP" or without, up to a comma or the field's end. */
static bool
read_range (const struct field *f, const char **s)
{
    int from = f->from, to = f->to;
    if (**s == '*' || **s == '?') {
        ++*s;
    } else {
        from = to = read_value (f, s);
        if (**s == '-') {
            ++*s;
            to = read_value (f, s);
        }
    }
    if (from < f->from || to > f->to || from > to)
        return false;
    if (**s != '/')
        return true;
    ++*s;
    size_t digits = strspn (*s, "0123456789");
    bool positive = digits > 0 && digits <= 4 && atoi (*s) > 0;
    *s += digits;
    return positive;
}

static bool
is_field (const struct field *f, const char *s)
{
    while (read_range (f, &s)) {
        if (!*s)
            return true;
        if (*s++ != ',')
            return false;
    }
    return false;
}

int
cron_check (const char *schedule, struct error *err)
{
    char copy[500], *save = NULL;
    size_t n = 0;
    if (is_word (schedule))
        return 0;
    if (strlen (schedule) >= sizeof copy)
        return error_set (err, ERROR_USAGE, "the schedule is too long: %.80s…", schedule);
    strcpy (copy, schedule);
    for (char *word = strtok_r (copy, " \t", &save); word; word = strtok_r (NULL, " \t", &save), n++)
        if (n < FIELDS && !is_field (&fields[n], word))
            return error_set (err, ERROR_USAGE, "schedule '%s': '%s' is no %s; %d to %d, *, ranges as 1-5, lists as 1,3 and "
                                                "steps as */2 are", schedule, word, fields[n].what, fields[n].from,
                              fields[n].to);
    return n == FIELDS ? 0
                       : error_set (err, ERROR_USAGE, "schedule '%s' has %zu fields; five are wanted: minute, hour, day, month, "
                                                      "weekday", schedule, n);
}

int
cron_check_zone (const char *zone, struct error *err)
{
    char path[300];
    bool valid = *zone && *zone != '/' && !strstr (zone, "..") && strlen (zone) < 200;
    for (const char *p = zone; *p; p++)
        valid &= isalnum ((unsigned char) *p) || strchr ("/_+-", *p);
    if (valid && access (ZONES, F_OK) == 0 && strcmp (zone, "UTC") != 0) {
        snprintf (path, sizeof path, ZONES "/%s", zone);
        valid = access (path, F_OK) == 0;
    }
    return valid ? 0 : error_set (err, ERROR_USAGE, "'%s' is no time zone; write it as in Europe/Berlin or UTC", zone);
}
