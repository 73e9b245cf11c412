/* See workflow.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/workflow.h"

#include "base/base64.h"
#include "base/gunzip.h"
#include "base/unzstd.h"
#include "doc/json_value.h"

#include <stdint.h>
#include <string.h>

static const struct {
    const char *argo, *run, *step;
} phases[] = {
    { "Pending", "submitted", "waiting" }, { "Running", "running", "running" }, { "Succeeded", "ok", "ok" },
    { "Failed", "failed", "failed" },      { "Error", "failed", "failed" },     { "Skipped", "ok", "skipped" },
    { "Omitted", "ok", "skipped" },
};

const char *
workflow_state (const char *phase, bool run)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp (phases[i].argo, phase) == 0)
            return run ? phases[i].run : phases[i].step;
    return run ? "submitted" : "waiting";
}

enum { NODES_MAX = 256 << 20 }; /* bytes */

/* The controller packs with gzip, or what 4.1's WORKFLOW_COMPRESSION_ALGORITHM says; util/file/fileutil.go tells them
 * apart like this. */
static int
unpack (const char *data, size_t len, struct strbuf *text, struct error *err)
{
    if (len >= 4 && memcmp (data, "\x28\xb5\x2f\xfd", 4) == 0)
        return unzstd (data, len, NODES_MAX, text, err);
    if (len >= 2 && memcmp (data, "\x1f\x8b", 2) == 0)
        return gunzip (data, len, NODES_MAX, text, err);
    return error_set (err, ERROR_ENVIRONMENT, "brotli packed them (WORKFLOW_COMPRESSION_ALGORITHM of Argo's "
                                              "controller), and Chard reads gzip and zstd");
}

int
workflow_unpack (struct arena *a, json_t *workflow, struct error *err)
{
    json_t *status = json_object_get (workflow, "status");
    const char *packed = json_text (status, "compressedNodes"); /* in Base64 */
    cleanup_strbuf struct strbuf text = { 0 };
    size_t len;
    if (json_object_size (json_object_get (status, "nodes")))
        return 0;
    if (*json_text (status, "offloadNodeStatusVersion"))
        return error_set (err, ERROR_ENVIRONMENT, "Argo's controller keeps the states of its steps in a database");
    const char *data = *packed ? base64_decode (a, packed, &len) : NULL;
    if (*packed && !data)
        return error_set (err, ERROR_ENVIRONMENT, "the states of its steps are no Base64");
    if (data && unpack (data, len, &text, err) < 0)
        return error_wrap (err, "the states of its steps");
    json_t *nodes = data ? json_loadb (strbuf_str (&text), text.len, JSON_ALLOW_NUL, NULL) : NULL;
    if (nodes)
        json_object_set_new (status, "nodes", nodes);
    return data && !nodes ? error_set (err, ERROR_ENVIRONMENT, "the states of its steps aren't JSON") : 0;
}

/* FNV-1a over the node's name stands behind workflow and template (workflow/util/pod_name.go). */
const char *
workflow_pod (struct arena *a, const json_t *workflow, const json_t *node)
{
    const json_t *metadata = json_object_get (workflow, "metadata");
    uint32_t hash = 2166136261u;
    if (strcmp (json_text (json_object_get (metadata, "annotations"), "workflows.argoproj.io/pod-name-format"), "v1")
        == 0)
        return json_text (node, "id");
    for (const char *c = json_text (node, "name"); *c; c++)
        hash = (hash ^ (unsigned char) *c) * 16777619u;
    const char *template = json_text (node, "templateName");
    return arena_printf (a, "%s%s%s-%u", json_text (metadata, "name"), *template ? "-" : "", template, hash);
}

const json_t *
workflow_last_try (const json_t *nodes, const json_t *node)
{
    const json_t *children = json_object_get (node, "children");
    if (strcmp (json_text (node, "type"), "Retry") != 0 || json_array_size (children) == 0)
        return node;
    const char *id = json_string_value (json_array_get (children, json_array_size (children) - 1));
    const json_t *last = id ? json_object_get (nodes, id) : NULL;
    return last ? last : node;
}

json_t *
workflow_message (const json_t *o)
{
    return *json_text (o, "message") ? json_incref (json_object_get (o, "message")) : json_null ();
}
