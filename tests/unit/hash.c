/* Tests of base/hash.h against the published examples of SHA-256 (FIPS 180-4, appendix; NIST's "abc" and two blocks),
 * and of HMAC.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/fs.h"
#include "base/hash.h"

#include <unistd.h>

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
known_texts_have_known_digests (void **state)
{
    (void) state;
    char hex[HASH_HEX_SIZE];
    hash_bytes ("abc", 3, hex);
    assert_string_equal (hex, ABC);
    hash_bytes ("", 0, hex);
    assert_string_equal (hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    hash_bytes (two, strlen (two), hex);
    assert_string_equal (hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void
pieces_make_the_whole (void **state)
{
    (void) state;
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_begin ();
    hash_add (h, "a", 1);
    hash_add (h, "bc", 2);
    hash_end (h, hex);
    assert_string_equal (hex, ABC);
}

static void
digest_strings (const char *first, const char *second, char hex[HASH_HEX_SIZE])
{
    struct hash *h = hash_begin ();
    hash_add_str (h, first);
    hash_add_str (h, second);
    hash_end (h, hex);
}

static void
where_strings_end_counts (void **state)
{
    (void) state;
    char one[HASH_HEX_SIZE], other[HASH_HEX_SIZE];
    digest_strings ("ab", "c", one);
    digest_strings ("a", "bc", other);
    assert_string_not_equal (one, other);
    digest_strings ("", "", one);
    digest_strings (NULL, "", other);
    assert_string_not_equal (one, other);
}

static void
files_are_digested (void **state)
{
    (void) state;
    char hex[HASH_HEX_SIZE], path[] = "/tmp/chard-unit-XXXXXX";
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    assert_int_equal (write (fd, "abc", 3), 3);
    close (fd);
    struct error err = { 0 };
    assert_int_equal (hash_file (path, hex, &err), 0);
    assert_string_equal (hex, ABC);
    unlink (path);
    assert_int_equal (hash_file (path, hex, &err), -1);
    assert_int_equal (err.kind, ERROR_ENVIRONMENT);
}

/* RFC 4231, test case 2. */
static void
a_message_in_parts_is_signed (void **state)
{
    (void) state;
    char hex[HASH_HEX_SIZE];
    const struct hash_part parts[] = { { "what do ya want ", 16 }, { "", 0 }, { "for nothing?", 12 } };
    struct hmac *m = hmac_create ("Jefe", 4);
    for (int i = 0; i < 2; i++) {
        hmac_sign (m, parts, 3, hex);
        assert_string_equal (hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
    hmac_destroy (m);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (known_texts_have_known_digests),
        cmocka_unit_test (pieces_make_the_whole),
        cmocka_unit_test (where_strings_end_counts),
        cmocka_unit_test (files_are_digested),
        cmocka_unit_test (a_message_in_parts_is_signed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
