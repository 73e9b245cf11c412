/* Tests of base/cron.h. What is taken and what is refused was tried with github.com/robfig/cron's ParseStandard, which
 * reads schedules in the services; it also takes "1,," and "*-5", which are slips.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/cron.h"

static void
schedules_are_taken (void **state)
{
    static const char *const good[] = { "* * * * *",     "0 2 * * *",       "*/15 0-6,18-23/2 1,15 * 1-5",
                                        "5/10 * ? * ?",
                                        "0 0 1 jan-MAR,Dec Mon", "59 23 31 12 6", " 0  9\t* * 1 ",          "@daily",
                                        "@every 1h30m",  "@hourly",         "*/90 * * * *", "0 0 * * SUN-SAT" };
    struct error err = { 0 };
    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (cron_check (good[i], &err) < 0)
            fail_msg ("%s: %s", good[i], err.text);
}

static void
what_is_no_schedule_is_told (void **state)
{
    static const struct {
        const char *schedule, *told;
    } bad[] = { { "", "0 fields" },           { "* * * *", "4 fields" },        { "0 0 2 * * *", "6 fields" },
                { "60 * * * *", "'60' is no minute; 0 to 59" },                   { "* 24 * * *", "no hour" },
                { "* * 0 * *", "no day" },    { "* * 32 * *", "no day" },       { "* * * 13 *", "no month" },
                { "* * * * 7", "'7' is no weekday; 0 to 6" },                     { "* * * foo *", "no month" },
                { "5-1 * * * *", "no minute" }, { "*/0 * * * *", "no minute" }, { "1,, * * * *", "no minute" },
                { "1- * * * *", "no minute" }, { "-1 * * * *", "no minute" },   { "*-5 * * * *", "no minute" },
                { "1/2/3 * * * *", "no minute" }, { "@often", "no minute" },     { "@every day", "no minute" },
                { "99999999999 * * * *", "no minute" },                           { "* * * * monday", "no weekday" } };
    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = { 0 };
        assert_int_equal (cron_check (bad[i].schedule, &err), -1);
        assert_int_equal (err.kind, ERROR_USAGE);
        if (!strstr (err.text, bad[i].told))
            fail_msg ("%s: %s", bad[i].schedule, err.text);
    }
}

static void
zones_are_known (void **state)
{
    static const char *const bad[] = { "", "/etc/passwd", "../zoneinfo/UTC", "Europe/Berlin ", "Mars; x" };
    struct error err = { 0 };
    (void) state;
    assert_int_equal (cron_check_zone ("UTC", &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal (cron_check_zone (bad[i], &err), -1);
}

/* As robfig/cron 3.0.1 has them in five fields and 1.2.0 in six: both gave the same times, behind 2026-03-26 09:00
 * UTC. */
static void
firings_are_known (void **state)
{
    static const struct {
        const char *schedule, *six, *zone;
        time_t times[3];
    } known[] = {
        { "0 2 * * *", "0 0 2 * * *", "Europe/Berlin", { 1774573200, 1774659600, 1774828800 } }, /* not on 29 March */
        { "*/20 9-10 * * mon-fri", "0 0-59/20 9-10 * * 1-5", "UTC", { 1774516800, 1774518000, 1774519200 } },
        { "5/25 * * * *", "0 5-59/25 * * * *", "UTC", { 1774515900, 1774517400, 1774518900 } },
        { "0 0 29 2 *", "0 0 0 29 2 *", "UTC", { 1835395200, 1961625600, 2087856000 } },
        { "0 0 13 * 5", "0 0 0 13 * 5", "UTC", { 1774569600, 1775174400, 1775779200 } },
        { "0 0 */10 * 1", "0 0 0 1-31/10 * 1", "UTC", { 1774828800, 1774915200, 1775001600 } },
        { "30 2 * * *", "0 30 2 * * *", "America/New_York", { 1774593000, 1774679400, 1774765800 } },
        { "@weekly", "@weekly", "Asia/Kolkata", { 1774722600, 1775327400, 1775932200 } },
        { "@every 1h30m", "@every 1h30m", "UTC", { 1774521000, 1774526400, 1774531800 } },
        { "0 0 1 jan,jul ?", "0 0 0 1 1,7 *", "UTC", { 1782864000, 1798761600, 1814400000 } },
    };
    struct arena *a = arena_create ();
    (void) state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        time_t times[3] = { 0 };
        assert_string_equal (cron_with_seconds (a, known[i].schedule), known[i].six);
        assert_int_equal (cron_next (known[i].schedule, known[i].zone, 1774515600, times, 3), 3);
        for (size_t k = 0; k < 3; k++)
            if (times[k] != known[i].times[k])
                fail_msg ("%s: %ld", known[i].schedule, (long) times[k]);
    }
    time_t none[3];
    assert_int_equal (cron_next ("0 0 31 2 *", "UTC", 1774515600, none, 3), 0);
    arena_destroy (a);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (schedules_are_taken),
        cmocka_unit_test (what_is_no_schedule_is_told),
        cmocka_unit_test (zones_are_known),
        cmocka_unit_test (firings_are_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
