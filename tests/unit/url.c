/* Tests of client/url.h: what may be secret goes, the rest stays.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "client/url.h"

static const char *const cases[][2] = {
    { "https://github.com/a/b.git", "https://github.com/a/b.git" },
    { "https://token@github.com/a/b.git", "https://github.com/a/b.git" },
    { "https://user:pw@host:8443/a@b/c", "https://host:8443/a@b/c" },
    { "https://user:p@ss@host/x", "https://host/x" },
    { "https://user:p/ss@host/x", "https://host/x" },
    { "https://host:8443/@scope/x", "https://host:8443/@scope/x" },
    { "https://host/x?private_token=pw#pw", "https://host/x" },
    { "ssh://git@host:22/a.git", "ssh://git@host:22/a.git" },
    { "ssh://git:pw@host/a.git", "ssh://git@host/a.git" },
    { "git+ssh://git:pw@host/a.git", "git+ssh://git@host/a.git" },
    { "git@host:a/b.git", "git@host:a/b.git" },
    { "git:pw@host:a/b.git", "host:a/b.git" },
    { "/srv/git/a@b:c.git", "/srv/git/a@b:c.git" },
    { "file:///srv/a.git", "file:///srv/a.git" },
    { "ftp://u:pw@h", "ftp://h" },
    { "fatal: 'https://u:pw@h/x?k=pw': no; see http://v@w/ too", "fatal: 'https://h/x': no; see http://w/ too" },
    { "", "" },
    { "://", "://" },
    { "a://b@", "a://" },
};

static void
credentials_go (void **state)
{
    struct arena *a = arena_create ();
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal (url_strip_credentials (a, cases[i][0]), cases[i][1]);
    arena_destroy (a);
}

int
main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (credentials_go) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
