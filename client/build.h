/* Programs that build images and push them: buildah, podman or docker, whichever is here. They log in with what their
 * own `login` left; nothing secret is handed to them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_BUILD_H
#define CHARD_CLIENT_BUILD_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

/* The name of a program that is here and can build: `wanted`, or, if that is NULL, the first that does. NULL if there
 * is none, or if `wanted` is "in-cluster": then a Job has to. -1 and ERROR_ENVIRONMENT if the one that is wanted isn't
 * here. */
int build_find (struct arena *a, const char *wanted, const char **builder, struct error *err);

struct build {
    const char *builder;       /* as build_find says */
    const char *directory;     /* the context, and where the program is started */
    const char *containerfile; /* in it */
    const char *base;          /* what FROM names */
    struct vec_str names;      /* references: the image gets all of them, and is pushed under each */
    int log;                   /* descriptor of a file for what the program prints, … */
    const char *log_path;      /* … and where that lies */
};

/* Builds and pushes. -1 and ERROR_ENVIRONMENT says which of both failed; why stands in the log. */
int build_and_push (struct arena *a, const struct build *b, struct error *err);

#endif
