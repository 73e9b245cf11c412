/* See batch.h. Each worker is asked for one notebook at a time: its number goes down a socket pair, and what came of it
 * comes back as a header and two texts. A socket that ends in between tells of a crash, and a new worker takes over.
 *
 *     parent ──index──> worker ──> struct answer, out bytes, err bytes ──> parent, which prints in order
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Results may run ahead of the one whose turn it is by so many, which bounds what is held back. */
#define AHEAD 64

struct answer {
    int status;
    enum error_kind kind;
    size_t out_len, err_len;
};

/* What came of one notebook; a ring of AHEAD of them waits for its turn. */
struct result {
    bool there;
    struct answer answer;
    char *out, *err;
};

struct worker {
    pid_t pid; /* 0: none */
    int fd;
    int job; /* index it works on, or -1 */
};

struct pool {
    struct invocation *inv;
    const struct vec_str *paths;
    const struct batch *batch;
    vec (struct worker) workers;
    struct result results[AHEAD];
    size_t next_job, next_print;
    size_t printed; /* notebooks that printed a result */
    size_t failed;
    enum error_kind kind; /* of the failures so far */
};

/* ---- bytes over sockets ----------------------------------------------------------------------------------------- */

static bool
send_all (int fd, const void *data, size_t len)
{
    for (const char *p = data; len > 0;) {
        ssize_t n = send (fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t) n;
    }
    return true;
}

static bool
receive_all (int fd, void *data, size_t len)
{
    for (char *p = data; len > 0;) {
        ssize_t n = read (fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t) n;
    }
    return true;
}

/* ---- the work --------------------------------------------------------------------------------------------------- */

static void
print_error (FILE *f, bool color, const struct error *err)
{
    if (err->text[0])
        fprintf (f, "%schard:%s %s\n", color ? "\033[1;31m" : "", color ? "\033[0m" : "", err->text);
}

/* One notebook, its output caught in memory; `r->out` and `r->err` are malloc'ed. */
static void
work_on (const struct pool *pool, size_t job, struct result *r)
{
    struct invocation inv = *pool->inv;
    inv.arena = arena_create ();
    inv.out = open_memstream (&r->out, &r->answer.out_len);
    inv.err = open_memstream (&r->err, &r->answer.err_len);
    struct error err = { 0 };
    r->answer.status = pool->batch->work (&inv, pool->paths->items[job], pool->batch->data, &err);
    r->answer.kind = r->answer.status == 0 ? ERROR_NONE : err.kind ? err.kind : ERROR_NOTEBOOK;
    if (r->answer.status != 0)
        print_error (inv.err, inv.color_err, &err);
    fclose (inv.out);
    fclose (inv.err);
    arena_destroy (inv.arena);
    r->there = true;
}

static void
result_free (struct result *r)
{
    free (r->out);
    free (r->err);
    *r = (struct result){ 0 };
}

static void
worker_main (const struct pool *pool, int parent)
{
    size_t job;
    while (receive_all (parent, &job, sizeof job)) {
        struct result r = { 0 };
        work_on (pool, job, &r);
        bool sent = send_all (parent, &r.answer, sizeof r.answer) && send_all (parent, r.out, r.answer.out_len)
                    && send_all (parent, r.err, r.answer.err_len);
        result_free (&r);
        if (!sent)
            break;
    }
    _exit (0);
}

/* ---- workers ---------------------------------------------------------------------------------------------------- */

/* A worker must not hold the others' sockets, or they would not end with this process. */
static void
close_inherited (const struct pool *pool)
{
    vec_foreach (w, &pool->workers)
        if (w->pid)
            close (w->fd);
}

static int
worker_start (struct pool *pool, struct worker *w, struct error *err)
{
    int pair[2];
    if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno (err, "socketpair");
    fflush (NULL);
    pid_t pid = fork ();
    if (pid == 0) {
        close_inherited (pool);
        close (pair[0]);
        worker_main (pool, pair[1]);
    }
    if (pid < 0) {
        error_errno (err, "fork");
        close (pair[0]);
    }
    close (pair[1]);
    *w = (struct worker){ pid > 0 ? pid : 0, pair[0], -1 };
    return pid < 0 ? -1 : 0;
}

/* Ends it (it goes when its socket does) and returns its wait status. */
static int
worker_stop (struct worker *w)
{
    int status = 0;
    close (w->fd);
    while (waitpid (w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    w->pid = 0;
    return status;
}

/* Gives an idle worker the next notebook, unless results are too far ahead. Returns whether it did. */
static bool
worker_feed (struct pool *pool, struct worker *w)
{
    if (!w->pid || w->job >= 0 || pool->next_job >= pool->paths->len || pool->next_job >= pool->next_print + AHEAD)
        return false;
    w->job = (int) pool->next_job++;
    size_t job = (size_t) w->job;
    send_all (w->fd, &job, sizeof job); /* a worker that is gone shows when it is read from */
    return true;
}

static void
say_how_it_ended (const char *path, int status, struct error *err)
{
    if (WIFSIGNALED (status))
        error_set (err, ERROR_ENVIRONMENT, "%s: the process that worked on it was ended by signal %d (%s)", path,
                   WTERMSIG (status), strsignal (WTERMSIG (status)));
    else
        error_set (err, ERROR_ENVIRONMENT, "%s: the process that worked on it ended with status %d", path,
                   WEXITSTATUS (status));
}

/* What to say of a notebook whose worker ended in the middle of it. */
static void
lost (const struct pool *pool, size_t job, int status, struct result *r)
{
    struct invocation inv = *pool->inv;
    struct error err = { 0 };
    say_how_it_ended (pool->paths->items[job], status, &err);
    inv.out = open_memstream (&r->out, &r->answer.out_len);
    inv.err = open_memstream (&r->err, &r->answer.err_len);
    if (pool->batch->lost)
        pool->batch->lost (&inv, pool->paths->items[job], &err);
    print_error (inv.err, inv.color_err, &err);
    fclose (inv.out);
    fclose (inv.err);
    r->answer.status = -1;
    r->answer.kind = err.kind;
    r->there = true;
}

/* Takes what a worker has to tell; a worker that crashed is followed by another. */
static int
worker_collect (struct pool *pool, struct worker *w, struct error *err)
{
    struct result r = { 0 };
    bool whole = receive_all (w->fd, &r.answer, sizeof r.answer);
    if (whole) {
        r.out = xmalloc (r.answer.out_len + 1);
        r.err = xmalloc (r.answer.err_len + 1);
        whole = receive_all (w->fd, r.out, r.answer.out_len) && receive_all (w->fd, r.err, r.answer.err_len);
    }
    size_t job = (size_t) w->job;
    w->job = -1;
    r.there = true;
    if (!whole) {
        result_free (&r);
        lost (pool, job, worker_stop (w), &r);
    }
    pool->results[job % AHEAD] = r;
    return whole ? 0 : worker_start (pool, w, err);
}

/* ---- in order --------------------------------------------------------------------------------------------------- */

static void
print_result (struct pool *pool, struct result *r)
{
    FILE *out = pool->inv->out;
    if (r->answer.out_len) {
        if (pool->printed++)
            fputs (pool->batch->separator ? pool->batch->separator : "", out);
        fwrite (r->out, 1, r->answer.out_len, out);
    }
    if (r->answer.err_len) {
        fflush (out);
        fwrite (r->err, 1, r->answer.err_len, pool->inv->err);
    }
    if (r->answer.status != 0) {
        pool->failed++;
        if (pool->kind == ERROR_NONE || r->answer.kind == ERROR_NOTEBOOK)
            pool->kind = r->answer.kind;
    }
    result_free (r);
}

static void
print_those_due (struct pool *pool)
{
    while (pool->next_print < pool->paths->len && pool->results[pool->next_print % AHEAD].there)
        print_result (pool, &pool->results[pool->next_print++ % AHEAD]);
}

static int
wait_for_news (struct pool *pool, struct error *err)
{
    struct pollfd fds[pool->workers.len];
    for (size_t i = 0; i < pool->workers.len; i++) {
        const struct worker *w = &pool->workers.items[i];
        fds[i] = (struct pollfd){ .fd = w->pid && w->job >= 0 ? w->fd : -1, .events = POLLIN };
    }
    if (poll (fds, pool->workers.len, -1) < 0)
        return errno == EINTR ? 0 : error_errno (err, "poll");
    for (size_t i = 0; i < pool->workers.len; i++)
        if (fds[i].revents && worker_collect (pool, &pool->workers.items[i], err) < 0)
            return -1;
    return 0;
}

static int
cores (void)
{
    cpu_set_t set;
    int n = sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : 1;
    return n > AHEAD / 2 ? AHEAD / 2 : n;
}

static int
run_workers (struct pool *pool, struct error *err)
{
    size_t n = (size_t) cores ();
    int status = 0;
    for (size_t i = 0; status == 0 && i < n && i < pool->paths->len; i++)
        status = worker_start (pool, vec_add (pool->inv->arena, &pool->workers), err);
    while (status == 0 && pool->next_print < pool->paths->len) {
        vec_foreach (w, &pool->workers)
            worker_feed (pool, w);
        status = wait_for_news (pool, err);
        print_those_due (pool);
    }
    vec_foreach (w, &pool->workers)
        if (w->pid)
            worker_stop (w);
    for (int i = 0; i < AHEAD; i++)
        result_free (&pool->results[i]);
    return status;
}

static void
print_summary (const struct pool *pool)
{
    size_t n = pool->paths->len;
    fflush (pool->inv->out);
    fprintf (pool->inv->err, "%zu notebooks: %zu %s", n, n - pool->failed, pool->batch->done);
    if (pool->failed)
        fprintf (pool->inv->err, ", %zu failed", pool->failed);
    fputc ('\n', pool->inv->err);
}

int
batch_run (struct invocation *inv, const struct vec_str *paths, const struct batch *batch, struct error *err)
{
    struct pool pool = { .inv = inv, .paths = paths, .batch = batch };
    fputs (batch->open ? batch->open : "", inv->out);
    if (paths->len == 1) {
        work_on (&pool, 0, &pool.results[0]);
        print_those_due (&pool);
    } else if (run_workers (&pool, err) < 0) {
        return -1;
    }
    fputs (batch->close ? batch->close : "", inv->out);
    if (paths->len > 1)
        print_summary (&pool);
    return pool.failed ? error_set (err, pool.kind, "%s", "") : 0;
}
