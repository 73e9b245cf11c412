/* Tests of base/cron.h. What is taken and what is refused was tried with github.com/robfig/cron's ParseStandard, which
 * reads schedules in the services; it also takes "1,," and "*-5", which are slips.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/cron.h"

static void
schedules_are_taken (void **state)
{
    static const char *const good[] = { "* * * * *",     "0 2 * * *",       "*/15 0-6,18-23/2 1,15 * 1-5", "5/10 * ? * ?",
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

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (schedules_are_taken),
        cmocka_unit_test (what_is_no_schedule_is_told),
        cmocka_unit_test (zones_are_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
