/* Differences between texts, as Git finds them: see repo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/repo_git.h"

static int
compare_texts (const char *old, const char *new, unsigned context, git_patch **patch, struct error *err)
{
    git_diff_options o;
    lib.git_diff_options_init (&o, GIT_DIFF_OPTIONS_VERSION);
    o.context_lines = context;
    o.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_PATIENCE;
    if (lib.git_patch_from_buffers (patch, old, strlen (old), NULL, new, strlen (new), NULL, &o) < 0)
        return repo_git_fail (err, "the texts can't be compared");
    return 0;
}

int
repo_match_lines (const char *old, const char *new, int *match, size_t lines, struct error *err)
{
    bool same = strcmp (old, new) == 0;
    scoped (patch) git_patch *patch = NULL;
    for (size_t i = 0; i < lines; i++)
        match[i] = same ? (int) i : -1;
    if (same)
        return 0;
    if (repo_git_ready (err) < 0)
        return -1;
    int status = compare_texts (old, new, 1u << 30, &patch, err);
    const git_diff_line *l;
    for (size_t h = 0; status == 0 && h < lib.git_patch_num_hunks (patch); h++)
        for (size_t i = 0; lib.git_patch_get_line_in_hunk (&l, patch, h, i) == 0; i++)
            if (l->origin == GIT_DIFF_LINE_CONTEXT && l->old_lineno > 0 && (size_t) l->old_lineno <= lines)
                match[l->old_lineno - 1] = l->new_lineno - 1;
    lib.git_patch_free (patch);
    patch = NULL;
    lib.git_libgit2_shutdown ();
    return status;
}

static int
add_line (const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *l, void *out)
{
    (void) delta, (void) hunk;
    if (l->origin == GIT_DIFF_LINE_CONTEXT || l->origin == GIT_DIFF_LINE_ADDITION
        || l->origin == GIT_DIFF_LINE_DELETION)
        strbuf_addc (out, l->origin);
    else if (l->origin != GIT_DIFF_LINE_HUNK_HDR)
        return 0;
    strbuf_add (out, l->content, l->content_len);
    return 0;
}

int
repo_diff_text (const char *old, const char *new, int context, struct strbuf *out, struct error *err)
{
    git_patch *patch = NULL;
    if (repo_git_ready (err) < 0)
        return -1;
    int status = compare_texts (old, new, (unsigned) context, &patch, err);
    if (status == 0 && lib.git_patch_print (patch, add_line, out) < 0)
        status = repo_git_fail (err, "the texts can't be compared");
    lib.git_patch_free (patch);
    lib.git_libgit2_shutdown ();
    return status;
}
