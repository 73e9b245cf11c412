/* The fields of Argo's WorkflowSpec that emit_argo uses, as its JSON schema and Kubernetes' core/v1 have them. See
 * shape.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/argo_shape.h"

static const struct shape value[] = { MUST ("name", NAME), MUST ("value", TEXT), { 0 } };

static const struct shape named[] = { MUST ("name", NAME), { 0 } };

/* ---- tasks ---- */

static const struct shape artifact_from[] = { MUST ("name", NAME), MUST ("from", NAME), { 0 } };

static const struct shape arguments[] = {
    MAY_HOLD ("parameters", LIST, value),
    MAY_HOLD ("artifacts", LIST, artifact_from),
    { 0 },
};

static const struct shape task[] = {
    MUST ("name", NAME),
    MUST ("template", NAME),
    MAY ("dependencies", TEXTS),
    MAY ("when", NAME),
    MAY ("withParam", NAME),
    MAY_HOLD ("arguments", OBJECT, arguments),
    { 0 },
};

static const struct shape dag[] = { MUST_HOLD ("tasks", LIST, task), { 0 } };

/* ---- what goes in and out ---- */

static const struct shape raw[] = { MUST ("data", TEXT), { 0 } };

static const struct shape nothing[] = { { 0 } };

static const struct shape tar[] = { MAY ("compressionLevel", INTEGER), { 0 } };

static const struct shape archive[] = { MAY_HOLD ("tar", OBJECT, tar), MAY_HOLD ("none", OBJECT, nothing), { 0 } };

static const struct shape stored[] = { MUST ("key", NAME), { 0 } };

static const struct shape input_artifact[] = {
    MUST ("name", NAME),
    MAY ("path", NAME), /* not where a graph hands it on */
    MAY_HOLD ("raw", OBJECT, raw),
    MAY_HOLD ("s3", OBJECT, stored),
    MAY_HOLD ("archive", OBJECT, archive),
    { 0 },
};

static const struct shape inputs[] = {
    MAY_HOLD ("parameters", LIST, named),
    MAY_HOLD ("artifacts", LIST, input_artifact),
    { 0 },
};

static const struct shape output_artifact[] = {
    MUST ("name", NAME),
    MAY ("path", NAME), /* or, of a graph: */
    MAY ("fromExpression", NAME),
    MAY ("from", NAME),
    MAY_HOLD ("s3", OBJECT, stored),
    MAY_HOLD ("archive", OBJECT, archive),
    { 0 },
};

static const struct shape read_from[] = {
    MAY ("path", NAME),
    MAY ("default", TEXT),
    MAY ("parameter", NAME), /* of a graph */
    { 0 },
};

static const struct shape output_parameter[] = {
    MUST ("name", NAME),
    MUST_HOLD ("valueFrom", OBJECT, read_from),
    { 0 },
};

static const struct shape outputs[] = {
    MAY_HOLD ("artifacts", LIST, output_artifact),
    MAY_HOLD ("parameters", LIST, output_parameter),
    { 0 },
};

/* ---- containers ---- */

static const struct shape secret_key[] = { MUST ("name", NAME), MUST ("key", NAME), { 0 } };

static const struct shape secret[] = { MUST_HOLD ("secretKeyRef", OBJECT, secret_key), { 0 } };

static const struct shape variable[] = { MUST ("name", NAME), MUST_HOLD ("valueFrom", OBJECT, secret), { 0 } };

static const struct shape limits[] = { MUST ("limits", QUANTITIES), { 0 } };

static const struct shape mount[] = { MUST ("name", NAME), MUST ("mountPath", NAME), { 0 } };

static const struct shape container[] = {
    MUST ("image", NAME),
    MUST ("command", TEXTS),
    MAY ("args", TEXTS),
    MAY_HOLD ("env", LIST, variable),
    MAY_HOLD ("resources", OBJECT, limits),
    MAY_HOLD ("volumeMounts", LIST, mount),
    { 0 },
};

/* ---- templates ---- */

static const struct shape metadata[] = {
    MAY ("name", NAME),
    MAY ("labels", TEXT_MAP),
    MAY ("annotations", TEXT_MAP),
    { 0 },
};

static const struct shape toleration[] = {
    MAY ("key", NAME),
    MAY ("operator", NAME),
    MAY ("value", TEXT),
    MAY ("effect", NAME),
    { 0 },
};

static const struct shape backoff[] = {
    MAY ("duration", NAME),
    MAY ("factor", NAME),
    MAY ("maxDuration", NAME),
    { 0 },
};

static const struct shape retry[] = {
    MUST ("limit", NAME),
    MAY ("retryPolicy", NAME),
    MAY_HOLD ("backoff", OBJECT, backoff),
    { 0 },
};

static const struct shape cache[] = { MUST_HOLD ("configMap", OBJECT, named), { 0 } };

static const struct shape memoize[] = {
    MUST ("key", NAME),
    MAY ("maxAge", NAME),
    MUST_HOLD ("cache", OBJECT, cache),
    { 0 },
};

static const struct shape template[] = {
    MUST ("name", NAME),
    MAY_HOLD ("dag", OBJECT, dag),
    MAY ("parallelism", INTEGER),
    MAY_HOLD ("inputs", OBJECT, inputs),
    MAY_HOLD ("container", OBJECT, container),
    MAY_HOLD ("outputs", OBJECT, outputs),
    MAY_HOLD ("metadata", OBJECT, metadata),
    MAY ("nodeSelector", TEXT_MAP),
    MAY_HOLD ("tolerations", LIST, toleration),
    MAY_HOLD ("retryStrategy", OBJECT, retry),
    MAY ("activeDeadlineSeconds", NAME),
    MAY_HOLD ("memoize", OBJECT, memoize),
    { 0 },
};

/* ---- the workflow ---- */

static const struct shape label[] = { MUST ("key", NAME), MUST ("value", TEXT), { 0 } };

static const struct shape gauge[] = { MUST ("realtime", BOOL), MUST ("value", NAME), { 0 } };

static const struct shape counter[] = { MUST ("value", NAME), { 0 } };

static const struct shape metric[] = {
    MUST ("name", NAME),
    MUST ("help", NAME),
    MAY_HOLD ("labels", LIST, label),
    MAY_HOLD ("gauge", OBJECT, gauge),
    MAY_HOLD ("counter", OBJECT, counter),
    { 0 },
};

static const struct shape metrics[] = { MUST_HOLD ("prometheus", LIST, metric), { 0 } };

static const struct shape pod_gc[] = { MAY ("strategy", NAME), { 0 } };

static const struct shape claim_name[] = { MUST ("claimName", NAME), { 0 } };

static const struct shape volume[] = {
    MUST ("name", NAME),
    MUST_HOLD ("persistentVolumeClaim", OBJECT, claim_name),
    { 0 },
};

static const struct shape requests[] = { MUST ("requests", QUANTITIES), { 0 } };

static const struct shape claim_spec[] = {
    MUST ("accessModes", TEXTS),
    MAY ("storageClassName", NAME),
    MUST_HOLD ("resources", OBJECT, requests),
    { 0 },
};

static const struct shape claim[] = {
    MUST_HOLD ("metadata", OBJECT, metadata),
    MUST_HOLD ("spec", OBJECT, claim_spec),
    { 0 },
};

static const struct shape security[] = {
    MAY ("runAsUser", INTEGER),
    MAY ("runAsGroup", INTEGER),
    MAY ("runAsNonRoot", BOOL),
    { 0 },
};

const struct shape argo_shape_workflow[] = {
    MUST ("entrypoint", NAME),
    MAY ("onExit", NAME),
    MAY_HOLD ("arguments", OBJECT, arguments),
    MAY_HOLD ("securityContext", OBJECT, security),
    MAY ("archiveLogs", BOOL),
    MAY_HOLD ("podGC", OBJECT, pod_gc),
    MAY_HOLD ("metrics", OBJECT, metrics),
    MAY_HOLD ("volumes", LIST, volume),
    MAY_HOLD ("volumeClaimTemplates", LIST, claim),
    MUST_HOLD ("templates", LIST, template),
    { 0 },
};
