/* Where a cell's outputs go: messages on iopub that are parented by the request that the cell came with. They may be
 * sent long after the cell has ended, as those of a command in the background are. Specification: "Messaging in
 * Jupyter", §Messages on the IOPub channel.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_OUTLET_H
#define CHARD_KERNEL_OUTLET_H

#include "kernel/relay.h"

struct outlet {
    struct relay *relay;
    json_t *header; /* of the request; owned */
    bool silent;    /* nothing is said */
    bool text_only; /* a terminal is at the other end: what is displayed is its text/plain, and nothing redraws it */
};

void outlet_clear (struct outlet *o);

/* Text, as if printed to "stdout" or "stderr"; `data` may hold anything, what isn't UTF-8 becomes U+FFFD. */
void outlet_print (const struct outlet *o, const char *stream, const char *data, size_t len);

/* Something rich. `bundle` is {media type: content} and needs text/plain in it. Under the same `id` outlet_update
 * changes it wherever it is shown; NULL: it never changes. */
void outlet_display (const struct outlet *o, const json_t *bundle, const char *id);
void outlet_update (const struct outlet *o, const json_t *bundle, const char *id);

/* An error as Jupyter shows it, and the same as the content of a reply. The caller owns the result. */
json_t *outlet_error_content (const char *name, const char *value);
void outlet_error (const struct outlet *o, const json_t *content);

#endif
