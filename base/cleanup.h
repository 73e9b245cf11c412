/* Scope-bound release of resources, in crun's manner: `cleanup_free char *s = …;` is freed when s goes out of scope.
 * Used by every layer; gcc and clang both have the attribute.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_CLEANUP_H
#define CHARD_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void
cleanup_free_fn (void *p)
{
    free (*(void **) p);
}

static inline void
cleanup_fd_fn (int *fd)
{
    if (*fd >= 0)
        close (*fd);
}

static inline void
cleanup_file_fn (FILE **f)
{
    if (*f)
        fclose (*f);
}

#define cleanup_free __attribute__ ((cleanup (cleanup_free_fn)))
#define cleanup_fd __attribute__ ((cleanup (cleanup_fd_fn)))
#define cleanup_file __attribute__ ((cleanup (cleanup_file_fn)))

#endif
