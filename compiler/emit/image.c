/* See image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/image.h"

#include "base/fs.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "compiler/emit/names.h"
#include "compiler/emit/pod_spec.h"

#include <stdlib.h>
#include <sys/stat.h>

#define DEFAULT_PYTHON "3.11"
#define USER "1000:0" /* group 0, so that clusters that give each pod a user of its own can write too */

/* ---- which images ----------------------------------------------------------------------------------------------- */

/* The official image of the same Python: major and minor version. */
static const char *
default_base (const struct emit_plan *plan)
{
    const char *python = plan->options->python ? plan->options->python : DEFAULT_PYTHON;
    const char *minor = strchr (python, '.');
    size_t n = minor ? (size_t) (minor - python) + 1 + strspn (minor + 1, "0123456789") : strlen (python);
    return arena_printf (plan->arena, "docker.io/library/python:%.*s-slim-bookworm", (int) n, python);
}

static const char *
base_of (const struct emit_plan *plan, const struct step *s)
{
    if (s->settings.image)
        return s->settings.image;
    return plan->pipeline->image ? plan->pipeline->image : default_base (plan);
}

static int
find_image (const struct emit_plan *plan, const char *base)
{
    for (size_t i = 0; i < plan->images.len; i++)
        if (strcmp (plan->images.items[i].base, base) == 0)
            return (int) i;
    return -1;
}

static int
compare_str (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
}

static void
add_requirements (struct emit_plan *plan, struct emit_image *image, int step)
{
    if (!plan->options->requirements || plan->steps[step].role != EMIT_STEP) /* a helper needs no more than the step
                                                                                behind it */
        return;
    vec_foreach (line, &plan->options->requirements[step])
        vec_str_add_once (plan->arena, &image->requirements, *line);
    if (image->requirements.len)
        qsort (image->requirements.items, image->requirements.len, sizeof (char *), compare_str);
}

static void
group_steps (struct emit_plan *plan)
{
    const struct pipeline *p = plan->pipeline;
    for (int i = 0; i < (int) p->steps.len; i++) {
        const char *base = base_of (plan, &p->steps.items[i]);
        int k = find_image (plan, base);
        if (k < 0) {
            k = (int) plan->images.len;
            struct emit_image *image = vec_add (plan->arena, &plan->images);
            image->base = base;
            image->name = k == 0 ? plan->name : arena_printf (plan->arena, "%s-%s", plan->name, plan->steps[i].name);
            image->given = plan->options->image && !p->steps.items[i].settings.image;
        }
        vec_push (plan->arena, &plan->images.items[k].steps, i);
        plan->steps[i].image = k;
        add_requirements (plan, &plan->images.items[k], i);
    }
}

/* ---- the Containerfile ------------------------------------------------------------------------------------------ */

/* Debian packages that wheels of these names load and slim images lack. */
static const struct {
    const char *distribution, *packages;
} system_packages[] = {
    { "graphviz", "graphviz" },         { "lightgbm", "libgomp1" },
    { "opencv-python", "libgl1 libglib2.0-0" }, { "opencv-contrib-python", "libgl1 libglib2.0-0" },
    { "pdf2image", "poppler-utils" },   { "pydot", "graphviz" },
    { "pytesseract", "tesseract-ocr" }, { "xgboost", "libgomp1" },
    { "xgboost-cpu", "libgomp1" },
};

static bool
requires_distribution (const struct emit_image *image, const char *distribution)
{
    size_t n = strlen (distribution);
    vec_foreach (line, &image->requirements)
        if (strncmp (*line, distribution, n) == 0 && ((*line)[n] == '=' || (*line)[n] == '\0'))
            return true;
    return false;
}

static void
add_system_packages (const struct emit_image *image, struct strbuf *out)
{
    const char *last = "";
    bool any = false;
    for (size_t i = 0; i < sizeof system_packages / sizeof *system_packages; i++) {
        const char *packages = system_packages[i].packages;
        if (!requires_distribution (image, system_packages[i].distribution) || strcmp (packages, last) == 0)
            continue;
        if (!any)
            strbuf_adds (out, "RUN apt-get update && apt-get install -y --no-install-recommends");
        any = true;
        last = packages;
        strbuf_addf (out, " %s", packages);
    }
    if (any)
        strbuf_adds (out, " && rm -rf /var/lib/apt/lists/*\n");
}

/* A label, in quotes: what a Containerfile would expand or end the line at is left out. All are one instruction, so
 * that they make one layer. */
static void
add_label (struct strbuf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    strbuf_addf (out, " org.opencontainers.image.%s=\"", name);
    for (const char *p = value; *p; p++)
        if ((unsigned char) *p >= 0x20 && !strchr ("\"\\$`", *p))
            strbuf_addc (out, *p);
    strbuf_addc (out, '"');
}

static void
add_labels (const struct emit_plan *plan, const struct emit_image *image, struct strbuf *out)
{
    const char *tag = image->reference ? strrchr (image->reference, ':') : NULL;
    const char *digest = image->pinned_base ? strchr (image->pinned_base, '@') : strchr (image->base, '@');
    strbuf_adds (out, "LABEL");
    add_label (out, "title", plan->pipeline->name);
    add_label (out, "description", plan->pipeline->description);
    add_label (out, "revision", plan->options->commit);
    add_label (out, "source", plan->options->source);
    add_label (out, "version", tag ? tag + 1 : NULL);
    add_label (out, "base.name", image->base);
    add_label (out, "base.digest", digest ? digest + 1 : NULL);
    strbuf_addc (out, '\n');
}

static const char *
context_dir (const struct emit_plan *plan, const struct emit_image *image)
{
    return arena_printf (plan->arena, "context/%s", image->name);
}

static bool
has_hashes (const struct emit_image *image)
{
    vec_foreach (line, &image->requirements)
        if (!strstr (*line, " --hash="))
            return false;
    return image->requirements.len > 0;
}

/* Layers from what changes least to what changes most: system packages, requirements, harness, then the notebook's own
 * files. Labels come last, since the commit changes each time. */
static const char *
containerfile_text (const struct emit_plan *plan, const struct emit_image *image, bool has_files)
{
    const char *dir = context_dir (plan, image);
    cleanup_strbuf struct strbuf out = { 0 };
    strbuf_addf (&out, "FROM %s\nUSER 0\n", image->pinned_base ? image->pinned_base : image->base);
    add_system_packages (image, &out);
    strbuf_addf (&out, "RUN mkdir -p " EMIT_WORK " && chown " USER " " EMIT_WORK " && chmod 2775 " EMIT_WORK "\n");
    strbuf_adds (&out, "ENV HOME=/tmp PIP_BREAK_SYSTEM_PACKAGES=1 PYTHONUNBUFFERED=1\n");
    if (image->requirements.len)
        strbuf_addf (&out,
                     "COPY %s/requirements.txt /chard/requirements.txt\n"
                     "RUN python3 -m pip install --no-cache-dir --disable-pip-version-check %s-r "
                     "/chard/requirements.txt\n", dir, has_hashes (image) ? "--require-hashes " : "");
    strbuf_addf (&out, "COPY %s/step.py " EMIT_HARNESS "\n", dir);
    strbuf_addf (&out, "WORKDIR " EMIT_WORK "\nUSER " USER "\n");
    if (has_files)
        strbuf_addf (&out, "COPY --chown=" USER " %s/work/ " EMIT_WORK "/\n", dir);
    if (plan->code_in_image)
        strbuf_addf (&out, "COPY %s/steps/ " EMIT_SPECS "/\n", dir);
    add_labels (plan, image, &out);
    return arena_strdup (plan->arena, strbuf_str (&out));
}

const char *
image_containerfile (const struct emit_plan *plan, int index)
{
    return index == 0 ? "Containerfile"
                      : arena_printf (plan->arena, "Containerfile.%s", plan->images.items[index].name);
}

const char *
image_commit_name (const struct emit_plan *plan, int index)
{
    const char *reference = plan->images.items[index].reference, *commit = plan->options->commit;
    const char *tag = strrchr (reference, ':');
    return commit && tag
        ? arena_printf (plan->arena, "%.*s:%.12s-%s", (int) (tag - reference), reference, commit, tag + 1) : NULL;
}

/* ---- what lies beside it ---------------------------------------------------------------------------------------- */

static void
add_file (const struct emit_plan *plan, struct vec_image_file *files, const char *path, const char *source,
          const char *text)
{
    vec_foreach (f, files)
        if (strcmp (f->path, path) == 0)
            return;
    struct image_file f = { .path = path, .source = source, .text = text };
    vec_push (plan->arena, files, f);
}

/* True for a path that stays below the directory it is meant from. */
static bool
is_inside (const char *path)
{
    if (*path == '/' || *path == '~' || strstr (path, "://"))
        return false;
    for (const char *p = path; p; p = strchr (p, '/') ? strchr (p, '/') + 1 : NULL)
        if (strncmp (p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
            return false;
    return true;
}

/* A file that steps read, or all files of a directory. */
static void
add_data (const struct emit_plan *plan, struct vec_image_file *files, const char *dir, const char *path)
{
    static const char *const all[] = { "", NULL };
    struct arena *a = plan->arena;
    struct stat st;
    struct vec_str found = { 0 };
    const char *root = plan->pipeline->notebook_dir, *source = fs_join (a, root, path);
    if (!is_inside (path) || stat (source, &st) < 0)
        return;
    if (S_ISREG (st.st_mode))
        vec_push (a, &found, source);
    else if (S_ISDIR (st.st_mode))
        fs_find (a, source, all, &found, NULL);
    vec_foreach (f, &found)
        add_file (plan, files, arena_printf (a, "%s/work/%s", dir, *f + strlen (root) + 1), *f, NULL);
}

static void
add_specifications (const struct emit_plan *plan, const struct emit_image *image, struct vec_image_file *files,
                    const char *dir)
{
    static const enum pod_layout layouts[] = { POD_RESULTS, POD_VALUES };
    for (size_t l = 0; l < 2; l++)
        vec_foreach (i, &image->steps)
            if (plan->steps[*i].role != EMIT_OTHERWISE)
                add_file (plan, files,
                          arena_printf (plan->arena, "%s/steps/%s/%s.json", dir, pod_layout_name (layouts[l]),
                                        plan->steps[*i].name),
                          NULL, pod_spec_text (plan, *i, layouts[l]));
}

static const char *
requirements_text (const struct emit_plan *plan, const struct emit_image *image)
{
    cleanup_strbuf struct strbuf out = { 0 };
    vec_foreach (line, &image->requirements)
        strbuf_addf (&out, "%s\n", *line);
    return arena_strdup (plan->arena, strbuf_str (&out));
}

static int
compare_files (const void *x, const void *y)
{
    return strcmp (((const struct image_file *) x)->path, ((const struct image_file *) y)->path);
}

void
image_files (const struct emit_plan *plan, int index, struct vec_image_file *files)
{
    const struct emit_image *image = &plan->images.items[index];
    const char *dir = context_dir (plan, image), *root = plan->pipeline->notebook_dir;
    struct arena *a = plan->arena;
    add_file (plan, files, image_containerfile (plan, index), NULL, "");
    if (plan->options->modules)
        vec_foreach (m, plan->options->modules)
            add_file (plan, files, arena_printf (a, "%s/work/%s", dir, *m + strlen (root) + 1), *m, NULL);
    vec_foreach (i, &image->steps)
        vec_foreach (path, &plan->pipeline->steps.items[*i].files_read)
            add_data (plan, files, dir, *path);
    files->items[0].text = containerfile_text (plan, image, files->len > 1);
    if (plan->options->harness)
        add_file (plan, files, arena_printf (a, "%s/step.py", dir), plan->options->harness, NULL);
    if (image->requirements.len)
        add_file (plan, files, arena_printf (a, "%s/requirements.txt", dir), NULL, requirements_text (plan, image));
    if (plan->code_in_image)
        add_specifications (plan, image, files, dir);
    qsort (files->items + 1, files->len - 1, sizeof *files->items, compare_files);
}

/* ---- references ------------------------------------------------------------------------------------------------- */

/* Names the image by all that goes into it, the commit excepted: it changes without the image changing. So does what
 * the base's name means. */
static int
content_name (const struct emit_plan *plan, int index, char hex[HASH_HEX_SIZE], struct error *err)
{
    struct vec_image_file files = { 0 };
    struct emit_options bare = *plan->options;
    struct emit_plan without_commit = *plan;
    bare.commit = bare.source = NULL;
    without_commit.options = &bare;
    image_files (&without_commit, index, &files);
    struct hash *h = hash_begin ();
    int status = 0;
    vec_foreach (f, &files) {
        char content[HASH_HEX_SIZE] = "";
        if (f->source && status == 0)
            status = hash_file (f->source, content, err);
        hash_add_str (h, f->path);
        hash_add_str (h, f->source ? content : f->text);
    }
    hash_end (h, hex);
    return status;
}

/* What stands in FROM must not say anything else, and what a pod is told must be one word. */
static int
check_reference (const char *reference, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@";
    if (!reference || (!reference[strspn (reference, allowed)] && *reference && *reference != '-'))
        return 0;
    return error_set (err, ERROR_NOTEBOOK, "“%s” is no name of an image; write REGISTRY/NAME:TAG", reference);
}

int
image_plan (struct emit_plan *plan, struct error *err)
{
    const struct emit_options *o = plan->options;
    if (check_reference (o->image, err) < 0 || check_reference (o->registry, err) < 0)
        return -1;
    group_steps (plan);
    vec_foreach (image, &plan->images)
        if (!image->given && check_reference (image->base, err) < 0)
            return -1;
    for (int i = 0; i < (int) plan->images.len; i++) {
        struct emit_image *image = &plan->images.items[i];
        char hex[HASH_HEX_SIZE];
        if (!image->given && content_name (plan, i, hex, err) < 0)
            return -1;
        image->reference = image->given ? o->image
                                        : arena_printf (plan->arena, "%s%s%s:%.12s", o->registry ? o->registry : "",
                                                        o->registry ? "/" : "", image->name, hex);
    }
    return 0;
}
