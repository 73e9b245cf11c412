/* Argo Workflows' objects by one of two ways: argo-server (grpc-gateway over its *.proto; bodies are wrapped, replies
 * of errors are {"code", "message"}), or the Kubernetes API itself (apis/argoproj.io/v1alpha1; server-side apply).
 * Which of the two it is the authentication knows. For argo.c and argo_schedule.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_ARGO_API_H
#define CHARD_CLIENT_ARGO_API_H

#include "client/auth.h"

#define ARGO_VERSION "argoproj.io/v1alpha1"
#define ARGO_MANAGED_BY "app.kubernetes.io/managed-by"

struct argo {
    struct arena *arena;
    struct http *http;
    const struct auth *auth;
    const char *namespace; /* escaped for paths, as all that Kubernetes allows is */
};

enum argo_kind {
    ARGO_WORKFLOW,
    ARGO_TEMPLATE,
    ARGO_CRON,
};

/* -1 with ERROR_USAGE if no namespace is known. It is given up with its scope, whatever came of it:
 *     scoped_argo struct argo argo; */
int argo_open (struct argo *argo, struct arena *a, const struct auth *auth, struct error *err);
void argo_close (struct argo *argo);
#define scoped_argo __attribute__ ((cleanup (argo_close)))

/* {"apiVersion", "kind", "metadata": {"name", "labels", "annotations"}, "spec"} of a new object; `labels`,
 * `annotations` (NULL: none) and `spec` are taken over. */
json_t *argo_object (enum argo_kind kind, const char *name, json_t *labels, json_t *annotations, json_t *spec);

/* One object; NULL with *status 404 if there is none. `fields` ("status.phase,spec") is what argo-server may leave the
 * rest out of; or NULL. */
json_t *argo_get (struct argo *argo, enum argo_kind kind, const char *name, const char *fields, int *status,
                  struct error *err);

/* The items of a list; and of those that carry our label. `fields` as above. */
json_t *argo_list (struct argo *argo, enum argo_kind kind, struct error *err);
json_t *argo_list_ours (struct argo *argo, enum argo_kind kind, const char *fields, struct error *err);

/* Makes one; 409 if there is one of that name, so that it may be repeated. `call` tells how it went. */
json_t *argo_create (struct argo *argo, enum argo_kind kind, const json_t *object, struct http_call *call,
                     struct error *err);

/* Makes one, or makes one that is there the same. */
int argo_apply (struct argo *argo, enum argo_kind kind, const json_t *object, struct error *err);

/* "stop", "suspend", "resume" or "retry", which only argo-server can. */
int argo_act (struct argo *argo, enum argo_kind kind, const char *name, const char *verb, struct error *err);

/* -1 if it isn't there, too. */
int argo_delete (struct argo *argo, enum argo_kind kind, const char *name, struct error *err);

/* The last `lines` that a step of the record's run printed (its "pod" and "node", as in struct service's status)
 * printed. Of pods that are gone argo-server has what is kept beside the results. */
int argo_log (struct argo *argo, const json_t *record, const json_t *step, int lines, struct strbuf *out,
              struct error *err);

/* An output artifact of a node of the record's run, which only argo-server hands out. */
int argo_fetch (struct argo *argo, const json_t *record, const char *node, const char *artifact, FILE *to,
                struct error *err);

#endif
