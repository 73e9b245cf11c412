/* For unit tests that need an arena: cmocka gets make_arena and give_up_arena as a test's or a group's setup and
 * teardown.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_TESTS_UNIT_ARENA_H
#define CHARD_TESTS_UNIT_ARENA_H

#include "tests/unit/unit.h"

#include "base/arena.h"

static struct arena *arena;

static int
make_arena (void **state)
{
    (void) state;
    arena = arena_create ();
    return 0;
}

static int
give_up_arena (void **state)
{
    (void) state;
    arena_destroy (arena);
    return 0;
}

#endif
