/* Pushing a ref, see repo.h. By the program git and not by libgit2, which knows neither ssh's configuration nor
 * credential helpers: what the user can push to by hand, Chard can push to.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/repo.h"

#include "base/cleanup.h"
#include "base/proc.h"
#include "client/url.h"

#include <ctype.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { PUSH_SECONDS = 300 };

/* What git told on standard error, on one line, without credentials; in `a`. */
static const char *
read_complaint (struct arena *a, int fd)
{
    char text[1500];
    struct stat st;
    off_t from = fstat (fd, &st) == 0 && st.st_size >= (off_t) sizeof text ? st.st_size - (off_t) sizeof text + 1 : 0;
    ssize_t n = pread (fd, text, sizeof text - 1, from);
    for (n = n < 0 ? 0 : n; n > 0 && isspace ((unsigned char) text[n - 1]); n--)
        ;
    text[n] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char) *c < 32)
            *c = ' ';
    return url_strip_credentials (a, text);
}

int
repo_push (struct repo *r, struct arena *a, const char *remote, const char *ref, struct error *err)
{
    /* Hooks are for what people push: those that check branches would refuse a commit that is on none. */
    const char *const argv[] = { "git", "-C", repo_root (r), "push", "--quiet", "--no-verify", "--", remote,
                                 arena_printf (a, "%s:%s", ref, ref), NULL };
    /* Nobody may be there to answer: what would be asked for at the terminal is refused. */
    const char *const env[] = { "GIT_TERMINAL_PROMPT=0", "SSH_ASKPASS_REQUIRE=force",
                                getenv ("SSH_ASKPASS") ? NULL : "SSH_ASKPASS=false", NULL };
    cleanup_fd int told = memfd_create ("git", MFD_CLOEXEC);
    cleanup_strbuf struct strbuf out = { 0 };
    struct error why = { 0 };
    const struct proc_options o = { .argv = argv, .env = env, .in = -1, .err = told, .three = -1 };
    if (repo_check_remote (r, remote, err) < 0)
        return -1;
    if (proc_capture (&o, PUSH_SECONDS, &out, &why) == 0)
        return 0;
    const char *complaint = read_complaint (a, told);
    return error_set (err, ERROR_ENVIRONMENT, "%s can't be pushed to %s: %s", ref, remote,
                      *complaint ? complaint : why.text);
}
