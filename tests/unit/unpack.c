/* Tests of base/gunzip.h and base/unzstd.h, with what gzip(1) and zstd(1) made.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/gunzip.h"
#include "base/unzstd.h"

/* printf 'aaaaaaaaaaaaaaaaaaaa\n' | gzip -n9 */
static const unsigned char gzipped[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4c,
                                        0xc4, 0x04, 0x5c, 0x00, 0xaf, 0x86, 0x2d, 0x4e, 0x15, 0x00, 0x00, 0x00 };

/* … | zstd -19 --no-check */
static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x45, 0x00, 0x00, 0x10, 0x61, 0x0a, 0x01, 0x00,
                                      0x09, 0x10, 0x02 };

static const struct packer {
    int (*unpack) (const void *data, size_t len, size_t most, struct strbuf *out, struct error *err);
    const unsigned char *packed;
    size_t len;
    const char *complaint;
} packers[] = { { gunzip, gzipped, sizeof gzipped, "no gzip" }, { unzstd, zstd, sizeof zstd, "no Zstandard" } };

enum { PACKERS = sizeof packers / sizeof *packers };

static void
unpacks_what_fits (void **state)
{
    (void) state;
    for (const struct packer *p = packers; p < packers + PACKERS; p++) {
        struct strbuf out = { 0 };
        struct error err = { 0 };
        assert_int_equal (p->unpack (p->packed, p->len, 21, &out, &err), 0);
        assert_string_equal (strbuf_str (&out), "aaaaaaaaaaaaaaaaaaaa\n");
        strbuf_free (&out);
        assert_int_equal (p->unpack (p->packed, p->len, 20, &out, &err), -1);
        assert_non_null (strstr (err.text, "more than"));
        strbuf_free (&out);
    }
}

static void
refuses_what_is_broken (void **state)
{
    (void) state;
    for (const struct packer *p = packers; p < packers + PACKERS; p++)
        for (size_t n = 0; n < p->len; n++) { /* cut short */
            struct strbuf out = { 0 };
            struct error err = { 0 };
            assert_int_equal (p->unpack (p->packed, n, 100, &out, &err), -1);
            assert_non_null (strstr (err.text, p->complaint));
            strbuf_free (&out);
        }
}

int
main (void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test (unpacks_what_fits),
                                        cmocka_unit_test (refuses_what_is_broken) };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
