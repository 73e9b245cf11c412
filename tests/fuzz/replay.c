/* Linked with a fuzz target in place of libFuzzer: gives it every input of its corpus once, so that each build compiles
 * the targets and each `make check` goes through what fuzzing has found.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/fs.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The program's name tells the corpus: replay_magic goes through corpus/magic. */
static const char *
corpus_of (struct arena *a, const char *program)
{
    const char *name = strrchr (program, '_');
    const char *top = getenv ("TOP");
    return name ? arena_printf (a, "%s/tests/fuzz/corpus/%s", top ? top : ".", name + 1) : NULL;
}

static bool
replay (const char *path)
{
    char *bytes = NULL;
    size_t len = 0;
    struct error err;
    if (fs_read (path, &bytes, &len, &err) < 0)
        return false;
    LLVMFuzzerTestOneInput ((const uint8_t *) bytes, len);
    free (bytes);
    return true;
}

int
main (int argc, char **argv)
{
    struct arena *a = arena_create ();
    const char *corpus = argc > 1 ? argv[1] : corpus_of (a, argv[0]);
    DIR *d = corpus ? opendir (corpus) : NULL;
    if (!d) {
        fprintf (stderr, "%s: there is no corpus %s\n", argv[0], corpus ? corpus : "of that name");
        arena_destroy (a);
        return 1;
    }
    int inputs = 0, unread = 0;
    for (struct dirent *e; (e = readdir (d));)
        if (e->d_name[0] != '.') {
            inputs++;
            unread += !replay (arena_printf (a, "%s/%s", corpus, e->d_name));
        }
    closedir (d);
    printf ("1..1\n%s 1 - %d inputs of %s\n", inputs && !unread ? "ok" : "not ok", inputs, strrchr (corpus, '/') + 1);
    arena_destroy (a);
    return !inputs || unread;
}
