/* Results of steps, addressed by what they depend on (engine/key.h): .chard/cache/<key>/ is a result directory as
 * step.py leaves it, with two files of ours: entry.json (who made it, when) and files.json (the files that the step
 * wrote, copied to files/). An entry is whole when it is there: it comes by rename only. After a crash of the machine
 * (another boot) its values are checked against their digests once before they are believed.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_CACHE_H
#define CHARD_ENGINE_CACHE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/vec.h"
#include "engine/digest.h"
#include "engine/state.h"

#include <jansson.h>
#include <stdint.h>


/* A finished step's result, as read from its directory. */
struct result {
    const char *dir;
    json_t *values; /* values.json */
    json_t *result; /* result.json */
    json_t *files;  /* {path: {"sha256", "stored": "files/0" or absent if it couldn't be kept}} or NULL */
};

/* Reads a result directory; -1 if it isn't whole. result_clear frees what `r` holds. */
int result_read (struct result *r, struct arena *a, const char *dir, struct error *err);
void result_clear (struct result *r);

/* Digest of one output's content ("unbound" if the step left it so); NULL if the result doesn't have it. In `a`. */
const char *result_value_digest (const struct result *r, struct arena *a, const char *name);

/* The entry of that key, checked and marked as used now; false if there is none to trust. */
bool cache_lookup (const struct state *s, struct arena *a, const char *key, struct result *found);

/* Copies the files (paths relative to `notebook_dir`) into the result directory and notes their digests. A path that
 * isn't there is passed over. */
int cache_keep_files (struct digests *d, struct arena *a, const char *result_dir, const char *notebook_dir,
                      const struct vec_str *paths, struct error *err);

/* Puts a kept file back to `notebook_dir`/`path` unless it is there with the same content. */
int cache_restore_file (struct digests *d, struct arena *a, const struct result *r, const char *notebook_dir,
                        const char *path, struct error *err);

/* Moves `result_dir` into the cache under `key` and leaves a link in its place. With `replace` it takes an older
 * entry's place, otherwise an entry that is there already stays. Returns the entry's path, in `a`, or NULL. */
char *cache_store (const struct state *s, struct arena *a, const char *key, const char *result_dir, bool replace,
                   struct error *err);

/* What cache_collect did. */
struct cache_usage {
    uint64_t bytes, freed;
    int entries, removed;
};

/* Removes the entries that were not used for longest until at most `max_bytes` are left; none if a run is going on
 * (returns 1 then). `s` must not hold a lock. */
int cache_collect (struct state *s, uint64_t max_bytes, struct cache_usage *usage, struct error *err);

/* The same after a run, where it can be had without looking at everything (.chard/cache/.size): what can't be removed
 * now, since another run is going on, is left to the next. `s` must not hold a lock. */
void cache_keep_within (struct state *s, uint64_t max_bytes);

/* Tells the cache's size of an entry of so many bytes that is about to be stored. */
void cache_size_grow (const struct state *s, struct arena *a, uint64_t bytes);

/* Bytes that the cache may take: $CHARD_CACHE_SIZE, else 10 GiB. -1 and ERROR_USAGE if that is no size. */
int cache_limit (uint64_t *bytes, struct error *err);

/* Reads "10G", "500M", "1.5GiB", "4Gi", "1024" as bytes. */
int cache_parse_size (const char *text, uint64_t *bytes, struct error *err);

#endif
