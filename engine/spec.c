/* See spec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/spec.h"

#include "base/cleanup.h"
#include "compiler/step_spec.h"

#include <fcntl.h>

static json_t *
inputs (const struct step *s, const struct spec_places *where)
{
    json_t *all = json_array ();
    vec_foreach (in, &s->inputs)
        if (in->kind == INPUT_DATA)
            json_array_append_new (all, json_pack ("{s:s,s:s,s:b,s:b}", "name", in->name, "from",
                                                   where->producers[in->from], "optional", in->optional, "mutated",
                                                   in->mutated));
    return all;
}

json_t *
spec_create (const struct pipeline *p, int step, const struct spec_places *where, json_t *params)
{
    json_t *spec = step_spec_create (p, step);
    json_object_set_new (spec, "cwd", json_string (p->notebook_dir));
    json_object_set_new (spec, "result", json_string (where->result));
    json_object_set_new (spec, "inputs", inputs (&p->steps.items[step], where));
    json_object_set (spec, "parameters", params);
    return spec;
}

int
spec_write (const char *path, const json_t *document, struct error *err)
{
    cleanup_free char *text = json_dumps (document, JSON_COMPACT | JSON_REAL_PRECISION (17));
    cleanup_fd int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t len = text ? strlen (text) : 0;
    ssize_t n = fd < 0 ? -1 : write (fd, text, len);
    if (n >= 0 && n < (ssize_t) len)
        return error_set (err, ERROR_ENVIRONMENT, "%s: no space left on the device", path);
    return n < 0 ? error_errno (err, "%s", path) : 0;
}
