/* Tests of base/dynlib.h, with the C library's own libm.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/dynlib.h"

#include <math.h>

extern int not_in_libm;

static struct {
    DYNLIB_MEMBER (floor)
    DYNLIB_MEMBER (signgam)
    DYNLIB_MEMBER (not_in_libm)
} lib;

static const struct dynlib_symbol there[] = { DYNLIB_SYMBOL (floor) DYNLIB_SYMBOL (signgam) };
static const struct dynlib_symbol not_there[] = { DYNLIB_SYMBOL (not_in_libm) };

static void
functions_and_variables_are_found (void **state)
{
    struct dynlib d = DYNLIB ("libm.so.6", "libm", "to count", there);
    struct error err = { 0 };
    (void) state;
    assert_int_equal (dynlib_load (&d, &err), 0);
    assert_true (lib.floor (2.5) == 2.0);
    assert_non_null (lib.signgam);
    assert_int_equal (dynlib_load (&d, &err), 0);
}

static void
a_library_that_is_missing_is_told_with_its_purpose (void **state)
{
    struct dynlib d = DYNLIB ("libchard-nowhere.so.1", "libnowhere", "to go nowhere", there);
    struct error err = { 0 };
    (void) state;
    assert_int_equal (dynlib_load (&d, &err), -1);
    assert_int_equal (err.kind, ERROR_ENVIRONMENT);
    assert_non_null (strstr (err.text, "libnowhere is needed to go nowhere: libchard-nowhere.so.1"));
    assert_false (d.loaded);
}

static void
so_is_a_function_that_it_lacks (void **state)
{
    struct dynlib d = DYNLIB ("libm.so.6", "libm", "to count", not_there);
    struct error err = { 0 };
    (void) state;
    assert_int_equal (dynlib_load (&d, &err), -1);
    assert_int_equal (err.kind, ERROR_ENVIRONMENT);
    assert_non_null (strstr (err.text, "libm.so.6 has no not_in_libm"));
    assert_false (d.loaded);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (functions_and_variables_are_found),
        cmocka_unit_test (a_library_that_is_missing_is_told_with_its_purpose),
        cmocka_unit_test (so_is_a_function_that_it_lacks),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
