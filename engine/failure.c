/* See failure.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/failure.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <signal.h>
#include <string.h>

enum { EXIT_CODE_RAISED = 1, EXIT_UNPICKLABLE = 2, EXIT_ENVIRONMENT = 3 }; /* step.py's */

static json_t *
told_by_step (const char *result_dir)
{
    cleanup_free char *path = xasprintf ("%s/result.json", result_dir);
    json_auto_t *result = json_load_file (path, JSON_ALLOW_NUL, NULL);
    json_t *error = json_object_get (result, "error");
    return json_is_object (error) ? json_incref (error) : NULL;
}

static json_t *
make (const char *type, const char *hint, char *message)
{
    json_t *error = json_pack ("{s:s,s:s}", "type", type, "message", message);
    if (hint)
        json_object_set_new (error, "hint", json_string (hint));
    free (message);
    return error;
}

static json_t *
killed (const struct failure *f)
{
    int signal = f->end->signal;
    double gib = (double) f->end->max_rss / (1 << 20);
    if (signal == SIGKILL && f->out_of_memory)
        return make ("OutOfMemory", "give it more memory, work in smaller pieces, or run fewer steps at once (-j 1)",
                     xasprintf ("the kernel killed it because memory ran out (it had used %.1f GiB)", gib));
    if (signal == SIGKILL)
        return make ("Killed", "most often the kernel does that when memory runs out: see dmesg, or run fewer steps at "
                               "once (-j 1)",
                     xasprintf ("it was killed by SIGKILL (it had used %.1f GiB)", gib));
    const char *name = sigdescr_np (signal);
    const char *hint = signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGILL
                           ? "a library written in C crashed: its log may tell which"
                           : NULL;
    return make ("Signal", hint, xasprintf ("it was ended by signal %d (%s)", signal, name ? name : "unknown"));
}

static json_t *
ended (const struct failure *f)
{
    int exit = f->end->exit;
    if (exit == 0 && f->not_whole)
        return make ("NoResult", NULL, xstrdup (f->not_whole));
    if (exit == EXIT_ENVIRONMENT)
        return make ("Environment", NULL, xstrdup ("it could not run here; its log says why"));
    return make ("Exit", "code of the step, or a library it calls, ended the process by itself (os._exit)",
                 xasprintf ("the process ended with exit status %d and left no result", exit));
}

json_t *
failure_describe (const struct failure *f)
{
    if (f->timeout > 0)
        return make ("Timeout", "give it more time with the tag timeout:…, or see in its log where it hangs",
                     xasprintf ("it did not end within its timeout of %g s", f->timeout));
    if (f->end->lost)
        return make ("Lost", "the zygote's log (zygote.log in the run's directory) may say why",
                     xstrdup ("the process that starts the steps ended, and the step with it"));
    if (f->end->signal)
        return killed (f);
    json_t *told = f->not_whole ? NULL : told_by_step (f->result_dir);
    return told ? told : ended (f);
}

bool
failure_is_worth_retrying (const struct failure *f)
{
    return f->end->exit != EXIT_UNPICKLABLE;
}
