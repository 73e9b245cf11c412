/* See spec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/spec.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <fcntl.h>

static json_t *
segments (const struct step *s)
{
    json_t *all = json_array ();
    vec_foreach (seg, &s->segments) {
        json_t *one = json_pack ("{s:i,s:i,s:s,s:b}", "cell", seg->cell, "line", seg->line, "source", seg->source,
                                 "replicated", seg->replicated);
        if (seg->notebook)
            json_object_set_new (one, "notebook", json_string (seg->notebook));
        json_array_append_new (all, one);
    }
    return all;
}

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

static json_t *
outputs (const struct step *s)
{
    json_t *all = json_array ();
    vec_foreach (o, &s->outputs)
        if (o->kind == INPUT_DATA)
            json_array_append_new (all, json_pack ("{s:s,s:s,s:b}", "name", o->name, "kind", input_kind_name (o->kind),
                                                   "optional", o->optional));
    return all;
}

static json_t *
strings (const struct vec_str *v)
{
    json_t *all = json_array ();
    vec_foreach (s, v)
        json_array_append_new (all, json_string (*s));
    return all;
}

void
spec_put_folders (json_t *spec, const struct pipeline *p)
{
    struct vec_str folders = { 0 };
    pipeline_folders (p, &folders);
    if (folders.len)
        json_object_set_new (spec, "path", strings (&folders));
}

json_t *
spec_create (const struct pipeline *p, int step, const struct spec_places *where, json_t *params)
{
    const struct step *s = &p->steps.items[step];
    json_t *spec = json_pack ("{s:i,s:s,s:s,s:s,s:s}", "version", 1, "step", s->name, "notebook",
                              fs_basename (p->notebook), "cwd", p->notebook_dir, "result", where->result);
    json_object_set_new (spec, "segments", segments (s));
    spec_put_folders (spec, p);
    json_object_set_new (spec, "inputs", inputs (s, where));
    json_object_set (spec, "parameters", params);
    json_object_set_new (spec, "outputs", outputs (s));
    json_object_set_new (spec, "metrics", strings (&s->metrics));
    json_object_set_new (spec, "definitions", strings (&s->definitions));
    json_object_set_new (spec, "env", s->settings.env ? json_incref (s->settings.env) : json_object ());
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
