/* The kernel inside: how it is started (a kernelspec or a command), the private directory it listens in, and what was
 * learnt of it in earlier sessions. It runs under a guard (base/proc.h), so it ends with us whatever kills us.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_INNER_H
#define CHARD_KERNEL_INNER_H

#include "base/arena.h"
#include "base/proc.h"
#include "base/vec.h"
#include "kernel/connection.h"

struct inner {
    struct vec_str argv;  /* "{connection_file}" stands for the file's path; NULL-terminated */
    struct vec_str env;   /* "NAME=value" of the kernelspec; NULL-terminated */
    const char *title;    /* for messages: the spec's display name or the program */
    struct connection connection;
    struct proc proc;
    char *dir;            /* private, 0700; the guard and inner_stop remove it */
    int lock;             /* held on DIR/lock while we live */
    bool tcp;             /* it listens on 127.0.0.1, not in `dir`: for few but ipykernel know ipc:// */
    char *note;           /* file that keeps the kernel's kernel_info_reply, or NULL */
};

/* Finds how to start it: `command` if given, else the kernelspec `name` (a name or a directory), else ipykernel in the
 * environment's Python. ERROR_ENVIRONMENT when it isn't there. Strings lie in `a`. */
int inner_find (struct inner *in, struct arena *a, const char *name, char *const *command, struct error *err);

/* Makes the directory, writes the connection file and starts the kernel. Directories that killed sessions left behind
 * are removed on the way. */
int inner_start (struct inner *in, struct arena *a, const struct connection *outer, struct error *err);

/* Kills what is left of it and removes its directory; safe when it was never started. */
void inner_stop (struct inner *in);

/* The content of the kernel_info_reply it gave last time, or NULL. The note belongs to the command, and to the
 * interpreter's and its packages' state; the caller owns the result. */
json_t *inner_recall_info (const struct inner *in);
void inner_keep_info (const struct inner *in, const json_t *content);

#endif
