/* What every unit test includes: cmocka with the headers it wants before it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_TESTS_UNIT_H
#define CHARD_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
