/* See index.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/index.h"

#include "base/cleanup.h"
#include "base/dynlib.h"
#include "base/fs.h"
#include "base/sonames.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X)                                                                                                   \
    X (sqlite3_bind_double) X (sqlite3_bind_int) X (sqlite3_bind_int64) X (sqlite3_bind_text)                          \
    X (sqlite3_busy_timeout) X (sqlite3_close) X (sqlite3_column_double) X (sqlite3_column_int)                        \
    X (sqlite3_column_int64) X (sqlite3_column_text) X (sqlite3_exec) X (sqlite3_finalize) X (sqlite3_open_v2)         \
    X (sqlite3_prepare_v2) X (sqlite3_reset) X (sqlite3_step)

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (SQLITE_SONAME, "SQLite", "for the list of runs", symbols);

#define SCHEMA_VERSION 1

struct index {
    sqlite3 *db;
    bool is_new;
};

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE runs (id TEXT PRIMARY KEY, notebook TEXT, name TEXT, commit_id TEXT, status TEXT, parameters TEXT,"
    " began REAL, seconds REAL, ran INT, cached INT, failed INT, skipped INT) WITHOUT ROWID;"
    "CREATE TABLE steps (run TEXT, notebook TEXT, step TEXT, status TEXT, seconds REAL, max_rss INT);"
    "CREATE INDEX steps_by_name ON steps (notebook, step, run);"
    "CREATE INDEX steps_by_run ON steps (run);"
    "PRAGMA user_version = 1;"
    "COMMIT;";

static int
user_version (sqlite3 *db)
{
    sqlite3_stmt *q = NULL;
    int version = -1;
    if (lib.sqlite3_prepare_v2 (db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK
        && lib.sqlite3_step (q) == SQLITE_ROW)
        version = lib.sqlite3_column_int (q, 0);
    lib.sqlite3_finalize (q);
    return version;
}

/* Opens `path`; NULL if it is no index of ours. Losing it in a crash is fine, so nothing is fsync'd. */
static sqlite3 *
open_db (const char *path, bool *is_new)
{
    sqlite3 *db = NULL;
    if (lib.sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK) {
        lib.sqlite3_busy_timeout (db, 2000);
        lib.sqlite3_exec (db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = TRUNCATE", NULL, NULL, NULL);
        int version = user_version (db);
        *is_new = version == 0;
        if (version == SCHEMA_VERSION
            || (version == 0 && lib.sqlite3_exec (db, schema, NULL, NULL, NULL) == SQLITE_OK))
            return db;
        if (user_version (db) == SCHEMA_VERSION) /* another process was quicker */
            return db;
    }
    lib.sqlite3_close (db);
    return NULL;
}

struct index *
index_open (const struct state *s, struct error *err)
{
    if (dynlib_load (&dynlib, err) < 0)
        return NULL;
    cleanup_free char *path = xasprintf ("%s/index.sqlite", s->dir);
    bool is_new = false;
    sqlite3 *db = open_db (path, &is_new);
    if (!db) { /* broken, or of another version: made again */
        fs_remove_tree (path, NULL);
        db = open_db (path, &is_new);
    }
    if (!db) {
        error_set (err, ERROR_ENVIRONMENT, "the index of runs can't be made: %s", path);
        return NULL;
    }
    struct index *ix = xcalloc (1, sizeof *ix);
    ix->db = db;
    ix->is_new = is_new;
    return ix;
}

bool
index_is_new (const struct index *ix)
{
    return ix && ix->is_new;
}

void
index_close (struct index *ix)
{
    if (!ix)
        return;
    lib.sqlite3_close (ix->db);
    free (ix);
}

static void
bind_text (sqlite3_stmt *q, int i, const char *s)
{
    if (s)
        lib.sqlite3_bind_text (q, i, s, -1, SQLITE_TRANSIENT);
}

static int
count (const struct runlog_content *log, const char *status)
{
    int n = 0;
    size_t i;
    const json_t *e;
    json_array_foreach (log->events, i, e) {
        const char *event = json_string_value (json_object_get (e, "event"));
        const char *is = json_string_value (json_object_get (e, "status"));
        n += event && is && strcmp (event, "step.end") == 0 && strcmp (is, status) == 0;
    }
    return n;
}

static const char *
text_of (const json_t *event, const char *key)
{
    return json_string_value (json_object_get (event, key));
}

/* Seconds between the first event and the last, for a run that has no end. */
static double
time_seen (const struct runlog_content *log)
{
    size_t n = json_array_size (log->events);
    const json_t *first = json_array_get (log->events, 0), *last = n ? json_array_get (log->events, n - 1) : NULL;
    return json_number_value (json_object_get (last, "time")) - json_number_value (json_object_get (first, "time"));
}

static void
insert_run (struct index *ix, const char *id, const struct runlog_content *log)
{
    const json_t *begin = runlog_first (log, "run.begin", NULL), *end = runlog_last (log, "run.end", NULL);
    cleanup_free char *params = json_dumps (json_object_get (begin, "parameters"), JSON_COMPACT);
    const char *status = end ? text_of (end, "status") : log->alive ? "running" : "interrupted";
    sqlite3_stmt *q = NULL;
    if (lib.sqlite3_prepare_v2 (ix->db, "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", -1, &q, NULL)
        != SQLITE_OK)
        return;
    const char *texts[] = { id, text_of (begin, "notebook"), text_of (begin, "name"), text_of (begin, "commit"), status,
                            params };
    for (int i = 0; i < 6; i++)
        bind_text (q, i + 1, texts[i]);
    lib.sqlite3_bind_double (q, 7, json_number_value (json_object_get (begin, "time")));
    lib.sqlite3_bind_double (q, 8, end ? json_number_value (json_object_get (end, "seconds")) : time_seen (log));
    lib.sqlite3_bind_int (q, 9, count (log, "ok"));
    lib.sqlite3_bind_int (q, 10, count (log, "cached"));
    lib.sqlite3_bind_int (q, 11, count (log, "failed") + count (log, "timeout"));
    lib.sqlite3_bind_int (q, 12, count (log, "skipped") + count (log, "canceled"));
    lib.sqlite3_step (q);
    lib.sqlite3_finalize (q);
}

/* Only steps that really ran: a cached one says nothing new about time or memory. */
static void
insert_steps (struct index *ix, const char *id, const struct runlog_content *log)
{
    const char *notebook = text_of (runlog_first (log, "run.begin", NULL), "notebook");
    sqlite3_stmt *q = NULL;
    if (lib.sqlite3_prepare_v2 (ix->db, "INSERT INTO steps VALUES (?,?,?,?,?,?)", -1, &q, NULL) != SQLITE_OK)
        return;
    size_t i;
    const json_t *e;
    json_array_foreach (log->events, i, e) {
        const char *event = text_of (e, "event");
        if (!event || strcmp (event, "step.end") != 0 || !json_object_get (e, "max_rss"))
            continue;
        bind_text (q, 1, id);
        bind_text (q, 2, notebook);
        bind_text (q, 3, text_of (e, "step"));
        bind_text (q, 4, text_of (e, "status"));
        lib.sqlite3_bind_double (q, 5, json_number_value (json_object_get (e, "seconds")));
        lib.sqlite3_bind_int64 (q, 6, json_integer_value (json_object_get (e, "max_rss")));
        lib.sqlite3_step (q);
        lib.sqlite3_reset (q);
    }
    lib.sqlite3_finalize (q);
}

static void
execute (struct index *ix, const char *sql, const char *argument)
{
    sqlite3_stmt *q = NULL;
    if (lib.sqlite3_prepare_v2 (ix->db, sql, -1, &q, NULL) == SQLITE_OK) {
        bind_text (q, 1, argument);
        lib.sqlite3_step (q);
    }
    lib.sqlite3_finalize (q);
}

void
index_put_run (struct index *ix, const char *id, const struct runlog_content *log)
{
    if (!ix)
        return;
    lib.sqlite3_exec (ix->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    execute (ix, "DELETE FROM steps WHERE run = ?", id);
    if (runlog_first (log, "run.begin", NULL)) {
        insert_run (ix, id, log);
        insert_steps (ix, id, log);
    }
    lib.sqlite3_exec (ix->db, "COMMIT", NULL, NULL, NULL);
}

static void
put_run_as_logged (struct index *ix, const char *id, const char *run_dir)
{
    struct runlog_content log;
    cleanup_free char *path = xasprintf ("%s/run.jsonl", run_dir);
    if (runlog_read (path, &log, NULL) < 0)
        return;
    index_put_run (ix, id, &log);
    runlog_content_clear (&log);
}

void
index_remove_run (struct index *ix, const char *id)
{
    if (!ix)
        return;
    execute (ix, "DELETE FROM runs WHERE id = ?", id);
    execute (ix, "DELETE FROM steps WHERE run = ?", id);
}

/* Ids of runs that the index knows; with `ended`, only those about which nothing new can come. */
static void
known_runs (struct index *ix, struct arena *a, bool ended, struct vec_str *ids)
{
    sqlite3_stmt *q = NULL;
    const char *sql = ended ? "SELECT id FROM runs WHERE status IN ('ok', 'failed', 'canceled') ORDER BY id"
                            : "SELECT id FROM runs ORDER BY id";
    if (lib.sqlite3_prepare_v2 (ix->db, sql, -1, &q, NULL) == SQLITE_OK)
        while (lib.sqlite3_step (q) == SQLITE_ROW)
            vec_push (a, ids, arena_strdup (a, (const char *) lib.sqlite3_column_text (q, 0)));
    lib.sqlite3_finalize (q);
}

static int
compare_str (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
}

static bool
sorted_has (const struct vec_str *sorted, const char *s)
{
    return sorted->len && bsearch (&s, sorted->items, sorted->len, sizeof *sorted->items, compare_str);
}

void
index_refresh (struct index *ix, const struct state *s)
{
    if (!ix)
        return;
    struct arena *a = arena_create ();
    struct vec_str there = { 0 }, ended = { 0 }, known = { 0 };
    state_list_runs (s, a, &there);
    known_runs (ix, a, true, &ended);
    vec_foreach (id, &there)
        if (!sorted_has (&ended, *id))
            put_run_as_logged (ix, *id, state_run_dir (s, a, *id));
    known_runs (ix, a, false, &known);
    vec_foreach (id, &known)
        if (!sorted_has (&there, *id))
            index_remove_run (ix, *id);
    arena_destroy (a);
}

static const char *
column (struct arena *a, sqlite3_stmt *q, int i)
{
    const char *s = (const char *) lib.sqlite3_column_text (q, i);
    return s ? arena_strdup (a, s) : NULL;
}

void
index_list (struct index *ix, struct arena *a, const char *notebook, int limit, struct index_runs *runs)
{
    sqlite3_stmt *q = NULL;
    if (!ix
        || lib.sqlite3_prepare_v2 (ix->db,
                               "SELECT id, notebook, name, commit_id, status, parameters, began, seconds, ran, cached,"
                               " failed, skipped FROM runs WHERE ?1 IS NULL OR notebook = ?1 ORDER BY id DESC LIMIT ?2",
                               -1, &q, NULL) != SQLITE_OK)
        return;
    bind_text (q, 1, notebook);
    lib.sqlite3_bind_int (q, 2, limit > 0 ? limit : -1);
    while (lib.sqlite3_step (q) == SQLITE_ROW) {
        struct index_run r = {
            .id = column (a, q, 0),
            .notebook = column (a, q, 1),
            .name = column (a, q, 2),
            .commit = column (a, q, 3),
            .status = column (a, q, 4),
            .parameters = column (a, q, 5),
            .began = lib.sqlite3_column_double (q, 6),
            .seconds = lib.sqlite3_column_double (q, 7),
            .ran = lib.sqlite3_column_int (q, 8),
            .cached = lib.sqlite3_column_int (q, 9),
            .failed = lib.sqlite3_column_int (q, 10),
            .skipped = lib.sqlite3_column_int (q, 11),
        };
        vec_push (a, runs, r);
    }
    lib.sqlite3_finalize (q);
}

json_t *
index_step_peaks (struct index *ix, const char *notebook)
{
    sqlite3_stmt *q = NULL;
    json_t *peaks = json_object ();
    if (!ix
        || lib.sqlite3_prepare_v2 (ix->db,
                               "SELECT step, max(max_rss) FROM steps WHERE notebook = ?1 AND run IN (SELECT id FROM "
                               "runs WHERE notebook = ?1 ORDER BY id DESC LIMIT 20) GROUP BY step",
                               -1, &q, NULL) != SQLITE_OK)
        return peaks;
    bind_text (q, 1, notebook);
    while (lib.sqlite3_step (q) == SQLITE_ROW)
        json_object_set_new (peaks, (const char *) lib.sqlite3_column_text (q, 0),
                             json_integer (lib.sqlite3_column_int64 (q, 1)));
    lib.sqlite3_finalize (q);
    return peaks;
}
