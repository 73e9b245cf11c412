/* What the first %chard check of a session would wait for, done before it comes: the inner Python is asked which
 * packages it has, which is then kept (engine/environment.h). Begins when the kernel has been up for a moment, with the
 * lowest priority, and ends with the kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_WARM_H
#define CHARD_KERNEL_WARM_H

#include "base/loop.h"

/* In the environment: 0 leaves it to the first command. */
#define WARM_SETTING "CHARD_KERNEL_WARM"

struct warm;

/* `python` is the inner kernel's; `dir` is private. NULL where it is switched off. Both strings must outlive it. */
struct warm *warm_create (struct loop *l, const char *python, const char *dir);

/* Ends it, done or not. NULL is fine. */
void warm_destroy (struct warm *w);

#endif
