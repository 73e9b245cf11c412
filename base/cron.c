/* See cron.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cron.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
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
#define YEARS 9 /* from one 29 February to the next at most 8 */

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

/* The five fields that a word stands for, or NULL. */
static const char *
word_fields (const char *s)
{
    static const struct {
        const char *word, *fields;
    } words[] = {
        { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" }, { "@monthly", "0 0 1 * *" },
        { "@weekly", "0 0 * * 0" },
        { "@daily", "0 0 * * *" },  { "@midnight", "0 0 * * *" }, { "@hourly", "0 * * * *" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp (s, words[i].word) == 0)
            return words[i].fields;
    return NULL;
}

static bool
is_interval (const char *s)
{
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

/* A field's part: from, to and step. */
struct range {
    int from, to, step;
    bool any; /* it was '*' or '?' */
};

/* "*", "5", "1-5", each with "/STEP" or without, up to a comma or the field's end. "5/10" goes from 5 to the end. */
static bool
read_range (const struct field *f, const char **s, struct range *r)
{
    *r = (struct range){ f->from, f->to, 1, **s == '*' || **s == '?' };
    bool single = false;
    if (r->any) {
        ++*s;
    } else {
        r->from = r->to = read_value (f, s);
        single = **s != '-';
        if (!single) {
            ++*s;
            r->to = read_value (f, s);
        }
    }
    if (r->from < f->from || r->to > f->to || r->from > r->to)
        return false;
    if (**s != '/')
        return true;
    ++*s;
    size_t digits = strspn (*s, "0123456789");
    r->step = digits > 0 && digits <= 4 ? atoi (*s) : 0;
    r->to = single ? f->to : r->to;
    *s += digits;
    return r->step > 0;
}

/* Calls `add` for each range of a field; false if it is none. */
static bool
read_field (const struct field *f, const char *s, void (*add) (const struct range *r, void *arg), void *arg)
{
    struct range r;
    while (read_range (f, &s, &r)) {
        if (add)
            add (&r, arg);
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
    if (word_fields (schedule) || is_interval (schedule))
        return 0;
    if (strlen (schedule) >= sizeof copy)
        return error_set (err, ERROR_USAGE, "the schedule is too long: %.80s…", schedule);
    strcpy (copy, schedule);
    for (char *word = strtok_r (copy, " \t", &save); word; word = strtok_r (NULL, " \t", &save), n++)
        if (n < FIELDS && !read_field (&fields[n], word, NULL, NULL))
            return error_set (err, ERROR_USAGE, "schedule '%s': '%s' is no %s; %d to %d, *, ranges as 1-5, lists as "
                                                "1,3 and steps as */2 are", schedule, word, fields[n].what,
                                                fields[n].from,
                              fields[n].to);
    return n == FIELDS ? 0
                       : error_set (err, ERROR_USAGE, "schedule '%s' has %zu fields; five are wanted: minute, hour, "
                                                      "day, month, weekday", schedule, n);
}

/* ---- for KFP ---------------------------------------------------------------------------------------------------- */

/* In numbers; a "*" with a step as a range, since KFP's older robfig/cron takes it for a '*' where day and weekday
 * meet. */
static void
print_range (const struct range *r, void *arg)
{
    struct strbuf *out = arg;
    if (out->len && out->data[out->len - 1] != ' ')
        strbuf_addc (out, ',');
    if (r->any && r->step == 1)
        strbuf_addc (out, '*');
    else if (r->from == r->to)
        strbuf_addf (out, "%d", r->from);
    else
        strbuf_addf (out, "%d-%d", r->from, r->to);
    if (r->step > 1)
        strbuf_addf (out, "/%d", r->step);
}

const char *
cron_with_seconds (struct arena *a, const char *schedule)
{
    cleanup_strbuf struct strbuf out = { 0 };
    char *save = NULL, *words = arena_strdup (a, schedule);
    size_t n = 0;
    if (*schedule == '@')
        return words;
    strbuf_adds (&out, "0");
    for (char *word = strtok_r (words, " \t", &save); word && n < FIELDS; word = strtok_r (NULL, " \t", &save)) {
        strbuf_addc (&out, ' ');
        read_field (&fields[n++], word, print_range, &out);
    }
    return arena_strdup (a, strbuf_str (&out));
}

/* ---- when it fires ---------------------------------------------------------------------------------------------- */

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

/* Which values each field has, and whether it is a mere '*'. */
struct hits {
    uint64_t bits[FIELDS];
    bool any[FIELDS];
};

struct mark {
    struct hits *hits;
    size_t field;
};

static void
mark_range (const struct range *r, void *arg)
{
    const struct mark *m = arg;
    for (int i = r->from; i <= r->to; i += r->step)
        m->hits->bits[m->field] |= UINT64_C (1) << i;
    m->hits->any[m->field] |= r->any && r->step == 1;
}

static struct hits
read_hits (const char *schedule)
{
    struct hits hits = { 0 };
    char copy[500], *save = NULL;
    snprintf (copy, sizeof copy, "%s", schedule);
    struct mark m = { &hits, 0 };
    for (char *word = strtok_r (copy, " \t", &save); word && m.field < FIELDS;
         word = strtok_r (NULL, " \t", &save), m.field++)
        read_field (&fields[m.field], word, mark_range, &m);
    return hits;
}

static bool
has (const struct hits *h, size_t field, int value)
{
    return h->bits[field] >> value & 1;
}

/* A day of the month and a weekday: one of them is enough, unless one is '*'. */
static bool
is_day (const struct hits *h, const struct tm *t)
{
    bool day = has (h, DAY, t->tm_mday), weekday = has (h, WEEKDAY, t->tm_wday);
    return has (h, MONTH, t->tm_mon + 1) && (h->any[DAY] || h->any[WEEKDAY] ? day && weekday : day || weekday);
}

/* The first minute from `at` on (a whole one) that it fires at, in the zone of $TZ; -1 if there is none within
 * `end`. */
static time_t
next_minute (const struct hits *h, time_t at, time_t end)
{
    while (at < end) {
        struct tm t;
        localtime_r (&at, &t);
        if (!is_day (h, &t) || !has (h, HOUR, t.tm_hour))
            at += 60 * (60 - t.tm_min);
        else if (!has (h, MINUTE, t.tm_min))
            at += 60;
        else
            return at;
    }
    return -1;
}

/* "1h30m" in seconds; what is below one counts as one. */
static time_t
interval_seconds (const char *s)
{
    double all = 0;
    while (*s) {
        char *unit;
        double n = strtod (s, &unit);
        size_t len = strspn (unit, "nushm");
        all += n * (*unit == 'h' ? 3600 : *unit == 'm' && len == 1 ? 60 : *unit == 's' ? 1 : 0);
        s = unit + len;
    }
    return all < 1 ? 1 : (time_t) all;
}

static size_t
list_times (const char *schedule, time_t after, time_t *times, size_t n)
{
    const char *fields_of = word_fields (schedule);
    const struct hits hits = read_hits (fields_of ? fields_of : schedule);
    size_t found = 0;
    for (time_t at = after; found < n; found++) {
        if (is_interval (schedule))
            at += interval_seconds (schedule + 7);
        else if ((at = next_minute (&hits, at - at % 60 + 60, at + YEARS * 366 * 86400L)) < 0)
            break;
        times[found] = at;
    }
    return found;
}

size_t
cron_next (const char *schedule, const char *zone, time_t after, time_t *times, size_t n)
{
    const char *now = getenv ("TZ");
    cleanup_free char *before = now ? xstrdup (now) : NULL;
    setenv ("TZ", zone, 1);
    tzset ();
    n = list_times (schedule, after, times, n);
    if (before)
        setenv ("TZ", before, 1);
    else
        unsetenv ("TZ");
    tzset ();
    return n;
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
