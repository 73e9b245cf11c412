/* The zygote: `step.py zygote --preload a,b`, spoken to in JSON lines over a socketpair at its descriptor 3.
 *     we say    {"id": 1, "spec": "…/spec.json", "log": "…/stdout.log"}      {"cancel": 1}
 *     it says   {"id": 1, "pid": 123}      {"id": 1, "exit": 0, "max_rss": …, "user": …, "system": …}
 * See launcher.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "engine/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

struct running {
    struct zygote *owner;
    int id;
    pid_t pid;
    int timer; /* to our own SIGKILL, should the zygote's not come */
    struct running *next;
};

struct zygote {
    struct launcher base;
    struct proc proc;
    int socket;
    struct strbuf in;
    struct running *running;
};

static struct running *
find (struct zygote *z, int id)
{
    struct running *r = z->running;
    while (r && r->id != id)
        r = r->next;
    return r;
}

static void
add_running (struct zygote *z, int id)
{
    struct running *r = xcalloc (1, sizeof *r);
    *r = (struct running){ .owner = z, .id = id, .next = z->running };
    z->running = r;
}

static void
forget (struct running *r)
{
    struct running **at = &r->owner->running;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    loop_remove_timer (r->owner->base.o.loop, r->timer);
    free (r);
}

static void
on_message (struct zygote *z, const json_t *m)
{
    struct running *r = find (z, (int) json_integer_value (json_object_get (m, "id")));
    if (!r || !json_is_integer (json_object_get (m, "id")))
        return;
    const json_t *exit = json_object_get (m, "exit"), *signal = json_object_get (m, "signal");
    if (!json_is_integer (exit) && !json_is_integer (signal)) {
        r->pid = (pid_t) json_integer_value (json_object_get (m, "pid"));
        return;
    }
    struct launch_end end = {
        .id = r->id,
        .exit = json_is_integer (exit) ? (int) json_integer_value (exit) : -1,
        .signal = (int) json_integer_value (signal),
        .max_rss = (long) json_integer_value (json_object_get (m, "max_rss")),
        .user = json_number_value (json_object_get (m, "user")),
        .system = json_number_value (json_object_get (m, "system")),
    };
    forget (r);
    z->base.o.on_end (&end, z->base.o.arg);
}

/* Takes the whole lines out of what has come. A handler may destroy nothing but what on_end's contract allows. */
static void
take_lines (struct zygote *z)
{
    for (char *end; z->in.len && (end = memchr (z->in.data, '\n', z->in.len));) {
        json_auto_t *m = json_loadb (z->in.data, (size_t) (end - z->in.data), JSON_ALLOW_NUL, NULL);
        size_t used = (size_t) (end - z->in.data) + 1;
        memmove (z->in.data, z->in.data + used, z->in.len - used + 1);
        z->in.len -= used;
        if (json_is_object (m))
            on_message (z, m);
    }
}

/* The zygote is gone: so is everything it started, once the guard has swept. */
static void
on_gone (struct zygote *z)
{
    loop_remove_fd (z->base.o.loop, z->socket);
    loop_remove_fd (z->base.o.loop, z->proc.fd);
    proc_close (&z->proc);
    while (z->running) {
        struct launch_end end = { .id = z->running->id, .exit = -1, .lost = true };
        forget (z->running);
        z->base.o.on_end (&end, z->base.o.arg);
    }
}

static void
on_socket (int fd, short events, void *arg)
{
    (void) events;
    struct zygote *z = arg;
    char block[8192];
    ssize_t n;
    while ((n = recv (fd, block, sizeof block, MSG_DONTWAIT)) > 0) {
        strbuf_add (&z->in, block, (size_t) n);
        take_lines (z);
    }
    if (n == 0)
        loop_remove_fd (z->base.o.loop, fd); /* its end comes through the guard */
}

static void
on_proc (int fd, short events, void *arg)
{
    (void) events;
    struct zygote *z = arg;
    if (proc_read (&z->proc)) {
        on_socket (z->socket, POLLIN, z); /* what it said last */
        on_gone (z);
    }
    (void) fd;
}

static int
say (struct zygote *z, json_t *message, struct error *err)
{
    cleanup_free char *text = json_dumps (message, JSON_COMPACT);
    json_decref (message);
    cleanup_free char *line = xasprintf ("%s\n", text);
    size_t len = strlen (line);
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send (z->socket, line + sent, len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno (err, "the process that starts the steps (see %s) does not answer", z->base.o.log);
        sent += (size_t) n;
    }
    return 0;
}

static int
zygote_run (struct launcher *l, int id, const char *spec, const char *log, struct error *err)
{
    struct zygote *z = (struct zygote *) l;
    if (z->proc.guard == 0)
        return error_set (err, ERROR_ENVIRONMENT, "the process that starts the steps has ended; see %s", l->o.log);
    if (say (z, json_pack ("{s:i,s:s,s:s}", "id", id, "spec", spec, "log", log), err) < 0)
        return -1;
    add_running (z, id);
    return 0;
}

static void
on_grace_over (void *arg)
{
    struct running *r = arg;
    r->timer = 0;
    if (r->pid > 0)
        kill (-r->pid, SIGKILL);
}

static void
zygote_cancel (struct launcher *l, int id)
{
    struct zygote *z = (struct zygote *) l;
    struct running *r = find (z, id);
    if (!r || r->timer)
        return;
    say (z, json_pack ("{s:i}", "cancel", id), NULL);
    r->timer = loop_add_timer (l->o.loop, LAUNCHER_GRACE + 1, on_grace_over, r);
}

static void
zygote_destroy (struct launcher *l)
{
    struct zygote *z = (struct zygote *) l;
    loop_remove_fd (l->o.loop, z->socket);
    if (z->proc.guard > 0)
        loop_remove_fd (l->o.loop, z->proc.fd);
    close (z->socket);
    proc_close (&z->proc);
    while (z->running)
        forget (z->running);
    strbuf_free (&z->in);
    free (z);
}

static const struct launcher_kind zygote_kind = { zygote_run, zygote_cancel, zygote_destroy };

static char *
join (const struct vec_str *names)
{
    struct strbuf b = { 0 };
    vec_foreach (name, names)
        strbuf_addf (&b, "%s%s", b.len ? "," : "", *name);
    return strbuf_take (&b);
}

struct launcher *
zygote_create (const struct launcher_options *o, struct error *err)
{
    int ends[2];
    if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        error_errno (err, "can't start %s", o->python);
        return NULL;
    }
    cleanup_free char *preload = join (&o->preload);
    cleanup_fd int log = open (o->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    const char *const argv[] = { o->python, o->harness, "zygote", "--preload", preload, NULL };
    struct proc_options po = {
        .argv = argv, .env = launcher_env, .cwd = o->cwd, .in = -1, .out = log, .err = log, .three = ends[1]
    };
    struct proc proc;
    int status = proc_spawn (&proc, &po, err);
    close (ends[1]);
    if (status < 0) {
        close (ends[0]);
        return NULL;
    }
    struct zygote *z = xcalloc (1, sizeof *z);
    *z = (struct zygote){ .base = { &zygote_kind, *o }, .proc = proc, .socket = ends[0] };
    loop_add_fd (o->loop, z->socket, POLLIN, on_socket, z);
    loop_add_fd (o->loop, z->proc.fd, POLLIN, on_proc, z);
    return &z->base;
}
