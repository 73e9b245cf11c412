/* Connection files: where a kernel listens and with which key it signs.
 * Specification: jupyter_client's documentation, "Making kernels for Jupyter", §Connection files.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_CONNECTION_H
#define CHARD_KERNEL_CONNECTION_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

enum channel { CHANNEL_SHELL, CHANNEL_CONTROL, CHANNEL_STDIN, CHANNEL_IOPUB, CHANNEL_HB, CHANNELS };

struct connection {
    const char *endpoint[CHANNELS];        /* "tcp://127.0.0.1:5001" or "ipc:///path-1", for zmq */
    const char *key;                       /* "" means: messages aren't signed */
    const char *curve_public, *curve_secret; /* Z85 text, or NULL: not encrypted */
    const char *session;                   /* jupyter_session, the notebook's path; or NULL */
    json_t *document;                      /* the file as it was read */
};

/* Reads and checks it. ERROR_USAGE with what is wrong with it, ERROR_ENVIRONMENT if it can't be read. Strings lie in
 * `a` and in the document, which connection_clear frees. */
int connection_read (struct connection *c, struct arena *a, const char *path, struct error *err);
void connection_clear (struct connection *c);

/* A key for a session without Jupyter, 128 random bits, in `a`; "" where the system has none to give. */
const char *connection_new_key (struct arena *a);

/* Fills it, but for its key, with ipc:// endpoints of its own in the private directory `dir`: for such a session. */
void connection_choose (struct connection *c, struct arena *a, const char *dir);

/* Fills `inner` with the same key over ipc:// in `dir`, or over `tcp` at free ports of 127.0.0.1, and writes it to
 * DIR/connection.json with mode 0600. */
int connection_write_inner (struct connection *inner, struct arena *a, const struct connection *outer, const char *dir,
                            bool tcp, const char **path, struct error *err);

#endif
