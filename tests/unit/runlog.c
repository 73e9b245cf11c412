/* Tests of engine/runlog.h: the truth of a run, whatever state it was left in.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "engine/runlog.h"

#include <unistd.h>

static char path[] = "/tmp/chard-runlog-XXXXXX";

static int
setup (void **state)
{
    (void) state;
    int fd = mkstemp (path);
    close (fd);
    return unlink (path);
}

static int
teardown (void **state)
{
    (void) state;
    unlink (path);
    strcpy (path + strlen (path) - 6, "XXXXXX");
    return 0;
}

static void
say (struct runlog *log, const char *event, const char *step)
{
    struct error err = { 0 };
    json_t *e = json_pack ("{s:s}", "event", event);
    if (step)
        json_object_set_new (e, "step", json_string (step));
    assert_int_equal (runlog_write (log, e, &err), 0);
    json_decref (e);
}

static struct runlog *
begin (void)
{
    struct error err = { 0 };
    struct runlog *log = runlog_create (path, &err);
    assert_non_null (log);
    say (log, "run.begin", NULL);
    say (log, "step.begin", "a");
    say (log, "step.end", "a");
    say (log, "step.begin", "b");
    return log;
}

static struct runlog_content
read_back (void)
{
    struct runlog_content content;
    struct error err = { 0 };
    assert_int_equal (runlog_read (path, &content, &err), 0);
    return content;
}

static void
a_run_that_goes_on_is_alive (void **state)
{
    (void) state;
    struct runlog *log = begin ();
    struct runlog_content c = read_back (), written = runlog_written (log);
    struct error err = { 0 };
    assert_true (c.alive);
    assert_false (c.ended);
    assert_int_equal (json_array_size (written.events), json_array_size (c.events));
    assert_true (written.alive);
    assert_false (written.ended);
    assert_int_equal (runlog_sync (log, &err), 0);
    runlog_content_clear (&c);
    say (log, "run.end", NULL);
    runlog_destroy (log);
    c = read_back ();
    assert_false (c.alive);
    assert_true (c.ended);
    assert_int_equal (json_array_size (c.events), 5);
    runlog_content_clear (&c);
}

static void
events_are_found_by_kind_and_step (void **state)
{
    (void) state;
    runlog_destroy (begin ());
    struct runlog_content c = read_back ();
    assert_ptr_equal (runlog_first (&c, "step.begin", NULL), json_array_get (c.events, 1));
    assert_ptr_equal (runlog_last (&c, "step.begin", NULL), json_array_get (c.events, 3));
    assert_ptr_equal (runlog_last (&c, "step.begin", "a"), json_array_get (c.events, 1));
    assert_null (runlog_last (&c, "step.end", "b"));
    assert_true (json_real_value (json_object_get (json_array_get (c.events, 0), "time")) > 1e9);
    runlog_content_clear (&c);
}

static void
a_torn_last_line_is_passed_over (void **state)
{
    (void) state;
    runlog_destroy (begin ());
    FILE *f = fopen (path, "a");
    fputs ("{\"event\":\"step.end\",\"st", f);
    fclose (f);
    struct runlog_content c = read_back ();
    assert_true (c.torn);
    assert_false (c.alive);
    assert_int_equal (json_array_size (c.events), 4);
    runlog_content_clear (&c);
}

static void
a_log_is_never_written_over (void **state)
{
    struct error err = { 0 };
    (void) state;
    runlog_destroy (begin ());
    assert_null (runlog_create (path, &err));
    assert_int_equal (err.kind, ERROR_ENVIRONMENT);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_run_that_goes_on_is_alive, setup, teardown),
        cmocka_unit_test_setup_teardown (events_are_found_by_kind_and_step, setup, teardown),
        cmocka_unit_test_setup_teardown (a_torn_last_line_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown (a_log_is_never_written_over, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
