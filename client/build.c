/* See build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/build.h"

#include "base/fs.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "client/registry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_SECONDS 20

struct builder {
    const char *name;
    const char *build, *push; /* words behind the program's name */
    const char *probe[3];     /* likewise: succeeds if it can build here; NULL: it always can */
    bool encrypts;            /* wants to be told where there is no TLS; docker knows 127.0.0.0/8 itself */
};

static const struct builder builders[] = {
    { "buildah", "build --layers", "push", { 0 }, true },
    { "podman", "build --layers", "push", { 0 }, true },
    /* often only the client is here */
    { "docker", "build", "push", { "version", "--format", "{{.Server.Version}}" }, false },
};

/* ---- which ------------------------------------------------------------------------------------------------------ */

static bool
is_in_path (struct arena *a, const char *program)
{
    const char *path = getenv ("PATH");
    for (const char *at = path ? path : ""; *at; at += strcspn (at, ":") + (at[strcspn (at, ":")] == ':'))
        if (access (fs_join (a, arena_strndup (a, at, strcspn (at, ":")), program), X_OK) == 0)
            return true;
    return false;
}

static bool
answers (const struct builder *b)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *const argv[] = { b->name, b->probe[0], b->probe[1], b->probe[2], NULL };
    const struct proc_options o = { .argv = argv, .in = -1, .out = -1, .err = -1, .three = -1 };
    return !b->probe[0] || proc_capture (&o, PROBE_SECONDS, &out, NULL) == 0;
}

int
build_find (struct arena *a, const char *wanted, const char **builder, struct error *err)
{
    for (size_t i = 0; i < sizeof builders / sizeof builders[0]; i++) {
        const struct builder *b = &builders[i];
        if (wanted && strcmp (b->name, wanted) != 0)
            continue;
        bool here = is_in_path (a, b->name);
        if (here && answers (b))
            return *builder = b->name, 0;
        if (wanted)
            return error_set (err, ERROR_ENVIRONMENT, "%s %s", b->name,
                              here ? "is installed here, but no engine answers behind it" : "isn't installed here");
    }
    *builder = NULL;
    return 0;
}

/* ---- running it ------------------------------------------------------------------------------------------------- */

static const struct builder *
find (const char *name)
{
    size_t i = 0;
    while (strcmp (builders[i].name, name) != 0)
        i++;
    return &builders[i];
}

static void
add_words (struct arena *a, struct vec_str *argv, const char *words)
{
    for (const char *at = words; *at; at += strspn (at, " ")) {
        vec_push (a, argv, arena_strndup (a, at, strcspn (at, " ")));
        at += strcspn (at, " ");
    }
}

static bool
is_local (struct arena *a, const char *reference)
{
    return registry_is_local (registry_parse (a, reference).host);
}

static int
run (struct arena *a, const struct build *b, struct vec_str *argv, const char *what, struct error *err)
{
    struct proc p = { 0 };
    vec_push (a, argv, NULL);
    const struct proc_options o = { .argv = argv->items, .cwd = b->directory, .in = -1, .out = b->log, .err = b->log,
                                    .three = -1 };
    if (proc_spawn (&p, &o, err) < 0)
        return -1;
    proc_wait (&p);
    int exit = p.status.exit, signal = p.status.signal;
    proc_close (&p);
    if (exit == 0)
        return 0;
    return error_set (err, ERROR_ENVIRONMENT, "%s could not %s %s (%s %d); it says why in %s", b->builder, what,
                      b->names.items[0], signal ? "signal" : "exit status", signal ? signal : exit, b->log_path);
}

int
build_and_push (struct arena *a, const struct build *b, struct error *err)
{
    const struct builder *program = find (b->builder);
    struct vec_str argv = { 0 };
    vec_push (a, &argv, b->builder);
    add_words (a, &argv, program->build);
    if (program->encrypts && is_local (a, b->base))
        vec_push (a, &argv, "--tls-verify=false");
    vec_push (a, &argv, "--file");
    vec_push (a, &argv, b->containerfile);
    vec_foreach (name, &b->names) {
        vec_push (a, &argv, "--tag");
        vec_push (a, &argv, *name);
    }
    vec_push (a, &argv, ".");
    int status = run (a, b, &argv, "build", err);
    for (size_t i = 0; i < b->names.len && status == 0; i++) {
        struct vec_str push = { 0 };
        vec_push (a, &push, b->builder);
        add_words (a, &push, program->push);
        if (program->encrypts && is_local (a, b->names.items[i]))
            vec_push (a, &push, "--tls-verify=false");
        vec_push (a, &push, b->names.items[i]);
        status = run (a, b, &push, "push", err);
    }
    return status;
}
