/* Logging in at a Kubeflow that has Dex behind oauth2-proxy or oidc-authservice in front of it, with a user name and
 * password, as the KFP SDK's documentation has it (KFPClientManager): the endpoint leads to Dex's form, which is sent;
 * the cookies of the endpoint's host are the session. It is kept in a file beside the contexts, which only its owner
 * can read, until the server wants a login again.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_DEX_H
#define CHARD_CLIENT_DEX_H

#include "client/context.h"
#include "client/http.h"

struct dex {
    struct arena *arena;
    const struct context *context;
    const char *endpoint;
    const char *password;
    const char *cookies; /* of the session in use; "" for none */
};

/* Takes up the session that is kept, if there is one, and lets `s` renew it as needed. `dex` is filled but for its
 * cookies, and must live as long as `s`. */
void dex_use (struct dex *dex, struct http_settings *s);

/* Forgets the session of that context. */
void dex_forget (struct arena *a, const char *context);

#endif
