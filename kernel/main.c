/* The program `chard-kernel`: a Jupyter kernel around another one. Jupyter starts it with a connection file; it starts
 * the inner kernel, relays everything, and ends with whoever of the three ends first: Jupyter, the inner kernel,
 * itself.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/desk.h"
#include "kernel/patience.h"
#include "kernel/relay.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAREWELL 0.03    /* seconds: what the inner kernel said last is still under way when it has ended */
#define TERM_GRACE 0.5   /* seconds that the inner kernel has after SIGTERM */
#define PARENT_POLL 0.5  /* seconds, where the kernel can't tell us of our parent's end */
#define CHECK_TIME 60    /* seconds that --check gives the inner kernel to answer */
#define CHECK_POLL 0.01  /* seconds between its looks */

static const char usage[] =
    "Usage: chard-kernel -f CONNECTION_FILE [--inner KERNELSPEC] [WORD…]\n"
    "       chard-kernel -f CONNECTION_FILE -- COMMAND…\n"
    "A Jupyter kernel that adds %chard to another one, which it starts and relays.\n"
    "\n"
    "  -f, --file FILE   the connection file that Jupyter wrote\n"
    "  --inner NAME      the kernel inside, by name or directory (default: ipykernel of the python3 in PATH)\n"
    "  -- COMMAND…       or its command; a word {} is replaced by the path of its connection file\n"
    "  WORD…             more words for the command of the kernel inside\n"
    "  --check           only start the kernel inside, say what it is, and end\n"
    "  --version, --help\n"
    "\n"
    "`chard kernel install` makes it known to Jupyter.\n";

struct session {
    struct arena *arena;
    struct loop *loop;
    struct connection connection;
    struct inner inner;
    struct relay *relay;
    struct desk *desk;
    struct patience *patience;
    int parent_fd; /* pidfd of who started us, or -1 */
    pid_t parent;
    int status;    /* exit status */
    bool ended;    /* the inner kernel has */
    double began;  /* loop_now */
};

struct arguments {
    const char *file, *inner;
    char *const *command;
    char *const *more; /* words for the inner kernel: `jupyter run FILE` gives any kernel its own */
    bool check;
};

/* ---- endings ---------------------------------------------------------------------------------------------------- */

static void
stop (void *arg)
{
    struct session *s = arg;
    relay_pump (s->relay);
    loop_stop (s->loop);
}

static void
on_inner_news (int fd, short events, void *arg)
{
    (void) events;
    struct session *s = arg;
    if (s->ended || proc_read (&s->inner.proc) == 0)
        return;
    const struct proc_status *st = &s->inner.proc.status;
    s->ended = true;
    s->status = st->signal ? 128 + st->signal : st->exit;
    patience_ended (s->patience, st);
    loop_remove_fd (s->loop, fd);
    loop_add_timer (s->loop, FAREWELL, stop, s);
    relay_pump (s->relay);
}

static void
on_parent_end (int fd, short events, void *arg)
{
    (void) fd;
    (void) events;
    struct session *s = arg;
    s->status = 1;
    loop_stop (s->loop);
}

static void
poll_parent (void *arg)
{
    struct session *s = arg;
    if (getppid () != s->parent)
        on_parent_end (-1, 0, s);
    else
        loop_add_timer (s->loop, PARENT_POLL, poll_parent, s);
}

/* Who started us is Jupyter if it says so in JPY_PARENT_PID; then we end with it. */
static void
watch_parent (struct session *s)
{
    const char *jupyter = getenv ("JPY_PARENT_PID");
    s->parent = getppid ();
    if (!jupyter || !jupyter[0])
        return;
    s->parent_fd = (int) syscall (SYS_pidfd_open, s->parent, 0);
    if (s->parent_fd >= 0)
        loop_add_fd (s->loop, s->parent_fd, POLLIN, on_parent_end, s);
    else
        loop_add_timer (s->loop, PARENT_POLL, poll_parent, s);
    if (s->parent == 1 && atoi (jupyter) != 1) /* it ended before we looked */
        loop_add_timer (s->loop, 0, stop, s);
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

/* Jupyter's interrupt. A Python that is still importing would die of it. */
static void
on_interrupt (int signal, void *arg)
{
    struct session *s = arg;
    if (!relay_is_ready (s->relay) || desk_interrupt (s->desk))
        return;
    proc_signal (&s->inner.proc, signal);
    patience_interrupted (s->patience);
}

/* The same as a message, which goes on to the inner kernel. */
static void
on_interrupt_request (void *arg)
{
    struct session *s = arg;
    patience_interrupted (s->patience);
}

static void
on_terminate (int signal, void *arg)
{
    struct session *s = arg;
    s->status = 128 + signal;
    proc_signal (&s->inner.proc, signal);
    loop_add_timer (s->loop, TERM_GRACE, stop, s);
}

static int
watch_signals (struct session *s, struct error *err)
{
    if (loop_add_signal (s->loop, SIGINT, on_interrupt, s, err) < 0)
        return -1;
    static const int deadly[] = { SIGTERM, SIGHUP, SIGQUIT };
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        if (loop_add_signal (s->loop, deadly[i], on_terminate, s, err) < 0)
            return -1;
    signal (SIGPIPE, SIG_IGN);
    return 0;
}

/* ---- --check: a session without Jupyter ------------------------------------------------------------------------- */

static const char *
text_of (const json_t *o, const char *name)
{
    const char *s = json_string_value (json_object_get (o, name));
    return s ? s : "?";
}

static void
look_whether_ready (void *arg)
{
    struct session *s = arg;
    double seconds = loop_now () - s->began;
    if (relay_is_ready (s->relay)) {
        const json_t *info = relay_info (s->relay), *language = json_object_get (info, "language_info");
        printf ("%s: %s %s, %s %s, ready in %.1f s\n", s->inner.title, text_of (info, "implementation"),
                text_of (info, "implementation_version"), text_of (language, "name"), text_of (language, "version"),
                seconds);
        loop_stop (s->loop);
    } else if (seconds > CHECK_TIME) {
        fprintf (stderr, "chard-kernel: the inner kernel (%s) has not answered within %d s\n", s->inner.title,
                 CHECK_TIME);
        s->status = ERROR_ENVIRONMENT;
        loop_stop (s->loop);
    } else
        loop_add_timer (s->loop, CHECK_POLL, look_whether_ready, s);
}

/* ---- the session ------------------------------------------------------------------------------------------------ */

static bool
is_notebook (const char *path)
{
    const char *dot = strrchr (path, '.');
    return path[0] == '/' && dot && (strcmp (dot, ".ipynb") == 0 || strcmp (dot, ".py") == 0);
}

/* The notebook that we were started for, if a server said so; what consoles are called is none. One that isn't there
 * was renamed before the kernel was started anew. */
static const char *
open_notebook (const struct session *s)
{
    const char *path = s->connection.session ? s->connection.session : getenv ("JPY_SESSION_NAME");
    return path && (is_notebook (path) || (path[0] && access (path, R_OK) == 0)) ? path : NULL;
}

static int
listen_outside (struct session *s, struct error *err)
{
    s->relay = relay_create (s->loop, &s->connection, err);
    return s->relay ? 0 : -1;
}

static int
start_inside (struct session *s, const struct arguments *args, struct error *err)
{
    if (inner_find (&s->inner, s->arena, args->inner, args->command, err) < 0 || watch_signals (s, err) < 0)
        return -1;
    for (char *const *word = args->more; word && *word; word++)
        vec_push (s->arena, &s->inner.argv, *word);
    return inner_start (&s->inner, s->arena, &s->connection, err);
}

static int
begin (struct session *s, const struct arguments *args, struct error *err)
{
    if (!args->check
        && (connection_read (&s->connection, s->arena, args->file, err) < 0 || listen_outside (s, err) < 0))
        return -1;
    if (args->check)
        s->connection.key = connection_new_key (s->arena);
    if (start_inside (s, args, err) < 0)
        return -1;
    if (args->check) {
        connection_choose (&s->connection, s->arena, s->inner.dir);
        if (listen_outside (s, err) < 0)
            return -1;
    }
    if (relay_connect (s->relay, &s->inner, err) < 0)
        return -1;
    s->desk = desk_create (s->loop, s->relay, &s->inner, open_notebook (s));
    s->patience = patience_create (s->loop, s->relay, s->inner.title);
    relay_on_interrupt (s->relay, on_interrupt_request, s);
    loop_add_fd (s->loop, s->inner.proc.fd, POLLIN, on_inner_news, s);
    watch_parent (s);
    s->began = loop_now ();
    if (args->check)
        look_whether_ready (s);
    return 0;
}

static int
run_session (const struct arguments *args, struct error *err)
{
    struct session s = { .arena = arena_create (), .loop = loop_create (), .inner = { .lock = -1 }, .parent_fd = -1,
                         .connection = { .key = "" } };
    int status = begin (&s, args, err);
    if (status == 0 && (status = loop_run (s.loop, err)) == 0)
        status = s.status;
    desk_destroy (s.desk);
    patience_destroy (s.patience);
    inner_stop (&s.inner);
    relay_destroy (s.relay);
    loop_destroy (s.loop);
    if (s.parent_fd >= 0)
        close (s.parent_fd);
    connection_clear (&s.connection);
    arena_destroy (s.arena);
    return status;
}

static int
parse (struct arguments *args, int argc, char **argv, struct error *err)
{
    static const struct option options[] = { { "file", required_argument, NULL, 'f' },
                                             { "inner", required_argument, NULL, 'i' },
                                             { "check", no_argument, NULL, 'c' },
                                             { "help", no_argument, NULL, 'h' },
                                             { "version", no_argument, NULL, 'V' },
                                             { 0 } };
    for (int c; (c = getopt_long (argc, argv, "+f:hV", options, NULL)) != -1;)
        switch (c) {
        case 'f': args->file = optarg; break;
        case 'i': args->inner = optarg; break;
        case 'c': args->check = true; break;
        case 'h': fputs (usage, stdout); exit (0);
        case 'V': puts ("chard-kernel " CHARD_VERSION); exit (0);
        default: return error_set (err, ERROR_USAGE, "`chard-kernel --help` tells what can be given");
        }
    bool command = optind < argc && strcmp (argv[optind - 1], "--") == 0;
    *(command ? &args->command : &args->more) = argv + optind;
    if (args->command && args->inner)
        return error_set (err, ERROR_USAGE, "--inner and a command exclude each other");
    if (!args->file && !args->check)
        return error_set (err, ERROR_USAGE, "no connection file: Jupyter starts this program with -f FILE; to make it "
                                            "known to Jupyter, run `chard kernel install`");
    return 0;
}

int
main (int argc, char **argv)
{
    struct arguments args = { 0 };
    struct error err = { 0 };
    int status = parse (&args, argc, argv, &err);
    if (status == 0)
        status = run_session (&args, &err);
    if (status < 0)
        fprintf (stderr, "chard-kernel: %s\n", err.text);
    return status < 0 ? (int) err.kind : status;
}
