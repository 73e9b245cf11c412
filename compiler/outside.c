/* What calls touch outside of the process: files, and databases that values stand for. See call.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include "base/words.h"

#include <ctype.h>
#include <string.h>

/* ---- files ---- */

/* Who reads and writes through a file object, or gives back text, touches no file of a name. */
static bool
is_stream (struct interpreter *in, const struct set *value)
{
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (o->unpicklable || (o->type && strncmp (symbol_text (in->symbols, o->type), "io.", 3) == 0))
            return true;
    }
    return false;
}

/* The argument that is the path, or a stream, which is moved on (-1: what the method is called on), else
 * to_csv (path_or_buf="x"), savefig (fname="x"); NULL: there is none. */
static const char *
path_argument (struct interpreter *in, int place, const struct set *on, const struct call *c)
{
    const struct set *value = place < 0 ? on : call_argument (c, place);
    bool given = place < c->count;
    for (int k = 0; k < c->keywords && !given; k++) {
        const char *name = symbol_text (in->symbols, c->keyword[k].name);
        if (strstr (name, "path") || strstr (name, "file") || strcmp (name, "fname") == 0
            || strcmp (name, "buf") == 0) {
            value = c->keyword[k].value;
            given = true;
        }
    }
    if (given && is_stream (in, value)) {
        objects_change (in, value, false);
        return NULL;
    }
    const char *path = given ? pattern_of (in, value) : NULL;
    if (!given || (path && strcmp (path, ":memory:") == 0)) /* SQLite's name for no file at all */
        return NULL;
    return path ? path : PATH_UNKNOWN;
}

static void
add_file (struct interpreter *in, enum file_use use, const char *path)
{
    in->effect = true;
    in->watch.acts |= use != FILE_READ;
    if (path && *path)
        file_used (in, use, use == FILE_READ ? path_of_glob (in->arena, path) : path);
}

/* "r+", or "mmap.ACCESS_READ": the mode in which a file is opened, by argument `place` or a keyword. One that isn't
 * known is what it is without any; NULL: there is none. */
static const char *
mode_of (struct interpreter *in, const struct effect *e, int place, const struct call *c)
{
    static const char *const names[] = { "mode", "mmap_mode", "access", "prot", NULL };
    const struct set *given = place < 0 ? NULL : call_argument (c, place);
    for (int k = 0; k < c->keywords; k++)
        if (words_have (names, symbol_text (in->symbols, c->keyword[k].name)))
            given = c->keyword[k].value;
    const struct object *o = given && given->len == 1 ? heap_get (in->heap, given->items[0]) : NULL;
    const char *mode = o && o->kind == OBJECT_LIBRARY ? symbol_text (in->symbols, o->type) : text_of (in, given);
    return mode ? mode : e->mode;
}

/* Any of w a x + does, and mmap.ACCESS_WRITE. Without a known mode it is read. */
static enum file_use
use_of_mode (const char *mode)
{
    bool writes = mode && (strncmp (mode, "mmap.", 5) == 0 ? strstr (mode, "WRITE") : strpbrk (mode, "wax+"));
    return writes ? FILE_WRITE : FILE_READ;
}

/* ---- files as memory ---- */

/* Who shows a file's memory sees what others write to it, and they what it writes: both change at once. */
static void
tie_open_files (struct interpreter *in, const struct open_file *f)
{
    vec_foreach (other, &in->open_files) {
        if (other->handle < 0 || !(other->writes || f->writes) || !path_may_meet (other->path, f->path)
            || !(heap_get (in->heap, other->handle)->memory || heap_get (in->heap, f->handle)->memory))
            continue;
        heap_store (in->heap, f->handle, in->s_view, set_one (in->arena, other->handle), false);
        heap_store (in->heap, other->handle, in->s_view, set_one (in->arena, f->handle), false);
    }
}

/* The call's result `id` has it open. */
static void
note_open_file (struct interpreter *in, int id)
{
    in->opened.handle = id;
    if (!in->opened.path)
        return;
    tie_open_files (in, &in->opened);
    vec_push (in->arena, &in->open_files, in->opened);
}

/* The file that one of `values` has open, or is the number of; NULL: none. */
static const struct open_file *
opened_as (struct interpreter *in, const struct set *values)
{
    const struct set *reach = heap_reach (in->heap, values);
    vec_foreach (f, &in->open_files)
        if (f->handle >= 0 && set_has (reach, f->handle))
            return f;
    return NULL;
}

/* np.memmap (path, mode="r+"), mmap.mmap (file.fileno (), 0). */
static void
open_memory (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c)
{
    enum file_use use = use_of_mode (mode_of (in, e, e->memory, c));
    const struct open_file *file = opened_as (in, on);
    if (file)
        in->opened = (struct open_file){ file->path, use == FILE_WRITE, -1 };
    else if (e->memory != MEMORY_OF_OPEN)
        add_file (in, use, path_argument (in, 0, on, c));
}

/* What is written into it reaches the file: that can't travel, nor can what shares it. */
static void
note_memory (struct interpreter *in, int id, const char *mode)
{
    struct object *o = heap_get (in->heap, id);
    if (!mode)
        return;
    o->memory = true;
    if (use_of_mode (mode) == FILE_WRITE)
        o->unpicklable = o->ends = in->flow->ends = true;
    note_open_file (in, id);
}

/* "ls -l x", or ["ls", "-l", "x"]; NULL: not known. */
static const char *
command_of (struct interpreter *in, const struct call *c)
{
    const struct set *given = call_argument (c, 0);
    const struct ast *list = c->count ? c->literal[0] : NULL;
    char *all = arena_strdup (in->arena, "");
    if (text_of (in, given) || !list || list->kind != AST_LIST)
        return text_of (in, given);
    const struct set *words = elements_of (in, given);
    set_foreach (id, words)
        if (text_of (in, set_one (in->arena, id)))
            all = arena_printf (in->arena, "%s %s", all, text_of (in, set_one (in->arena, id)));
    return words && words->len == (int) list->nkids ? all : NULL;
}

void
outside_files (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c)
{
    in->opened.path = NULL;
    if (e->flags & EFFECT_OPENS_FILE)
        add_file (in, use_of_mode (mode_of (in, e, e->opens + 1, c)), path_argument (in, e->opens, on, c));
    if (e->memory)
        open_memory (in, e, on, c);
    for (int i = -1; i < MAX_ARGUMENTS && (e->reads | e->writes); i++) {
        uint32_t bit = i < 0 ? FILE_OF_RECEIVER : 1u << i;
        if (e->reads & bit)
            add_file (in, FILE_READ, path_argument (in, i, on, c));
        if (e->writes & bit)
            add_file (in, FILE_WRITE, path_argument (in, i, on, c));
    }
    if (e->flags & EFFECT_SHELL) {
        const char *command = command_of (in, c);
        add_file (in, FILE_SHELL, command ? command : PATH_UNKNOWN);
    }
    if (e->flags & EFFECT_CHANGES_FOLDER)
        folder_changed (in, pattern_of (in, call_argument (c, 0)));
}

/* ---- files that are named to code which nobody knows ---- */

/* Something known, that ends as names of files do: ".csv", of letters and digits. Text that people read, "Fig. a" or
 * "3.14", isn't that. */
static bool
is_file_name (const char *path)
{
    const char *end = path + strlen (path), *dot = strrchr (path, '.');
    bool letters = false;
    if (!dot || dot == path || dot[-1] == '/' || *path == PATH_ANY || end - dot > 9 || strstr (path, "://"))
        return false;
    for (const char *p = dot + 1; p < end; p++) {
        if (!isalnum ((unsigned char) *p))
            return false;
        letters |= isalpha ((unsigned char) *p) != 0;
    }
    return letters && !strpbrk (path, "\n\t<>|(){}");
}

/* "mmwrite", "load_model", "PdfReader": what its name says that it does. */
static enum file_use
use_of_name (const char *name)
{
    static const char *const reads[] = { "read", "load", "parse", NULL };
    static const char *const writes[] = { "write", "save", "dump", "export", "download", NULL };
    bool read = false, write = false;
    for (int i = 0; writes[i]; i++)
        write |= strcasestr (name, writes[i]) != NULL;
    for (int i = 0; reads[i]; i++)
        read |= strcasestr (name, reads[i]) != NULL;
    if (write)
        return read && !strcasestr (name, "download") ? FILE_NAMED : FILE_WRITE;
    return read && !strcasestr (name, "upload") ? FILE_READ : FILE_NAMED;
}

/* The call has a mode, "rb", or flags, os.O_WRONLY | os.O_CREAT: then nobody has to guess. */
static bool
use_is_told (struct interpreter *in, const struct call *c, enum file_use *use)
{
    for (int i = 1; i < c->count; i++) {
        const char *mode = text_of (in, c->positional[i]);
        const struct ast *a = c->literal[i];
        const char *flags = a ? arena_strndup (in->arena, in->text + a->start, a->end - a->start) : "";
        bool writes = strstr (flags, "O_WRONLY") != NULL;
        if (mode && *mode && strchr ("rwax", *mode) && strspn (mode + 1, "bt+") == strlen (mode + 1)) {
            *use = use_of_mode (mode);
            return true;
        }
        if (writes || strstr (flags, "O_RDONLY")) {
            *use = writes ? FILE_WRITE : FILE_READ;
            return true;
        }
    }
    return false;
}

void
outside_named (struct interpreter *in, const char *function, const struct call *c)
{
    const char *dot = strrchr (function, '.');
    enum file_use use;
    if (library_knows (in->library, function))
        return;
    if (!use_is_told (in, c, &use))
        use = use_of_name (dot ? dot + 1 : function);
    set_foreach (id, c->all) {
        const char *path = heap_get (in->heap, id)->text ? pattern_of (in, set_one (in->arena, id)) : NULL;
        if (path && is_file_name (path))
            add_file (in, use, path);
    }
}

/* ---- what lies elsewhere ---- */

/* "sqlite+pysqlite:///f.db": what stands behind "://" of SQLite's, whatever drives it; else NULL. */
static const char *
behind_sqlite (const char *url)
{
    static const char name[] = "sqlite";
    const char *mark = strncmp (url, name, sizeof name - 1) == 0 ? strstr (url, "://") : NULL;
    return mark ? mark + 3 : NULL;
}

const char *
outside_address (struct interpreter *in, const struct effect *e, const struct call *c)
{
    const char *url = pattern_of (in, call_argument (c, 0));
    if (e->connects == CONNECTS_BY_URL) {
        if (!url || *url == PATH_ANY || strstr (url, ":memory:"))
            return NULL;
        const char *file = behind_sqlite (url);
        if (file)
            return *file ? file + (*file == '/') : NULL;
    }
    return arena_printf (in->arena, "%s%s%c", url && strstr (url, "://") ? "" : "outside://", url ? url : "", PATH_ANY);
}

void
outside_used (struct interpreter *in, const struct effect *e, const struct set *values)
{
    set_foreach (id, values) {
        const char *outside = heap_get (in->heap, id)->outside;
        if (!outside)
            continue;
        add_file (in, FILE_READ, outside);
        if (!e->asks)
            add_file (in, FILE_WRITE, outside);
    }
}

/* What is asked for by a name of it, client["db"]["table"], is a part of it. */
void
outside_note (struct interpreter *in, int id, const struct effect *e, const struct set *on, const struct call *c)
{
    if (e->connects) {
        const char *address = outside_address (in, e, c);
        heap_get (in->heap, id)->outside = address;
        heap_get (in->heap, id)->unpicklable = !address;
        heap_store (in->heap, id, 0, set_one (in->arena, id), false);
    } else if (e->memory) {
        note_memory (in, id, mode_of (in, e, e->memory, c));
    } else if (e->flags & EFFECT_UNPICKLABLE) {
        note_open_file (in, id);
        set_foreach (x, on)
            if (heap_get (in->heap, x)->outside)
                heap_get (in->heap, id)->outside = heap_get (in->heap, x)->outside;
    }
}
