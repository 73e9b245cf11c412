/* See dynlib.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/dynlib.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static int
load (struct dynlib *d, struct error *err)
{
    void *handle = dlopen (d->soname, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return error_set (err, ERROR_ENVIRONMENT, "%s is needed %s: %s; install it (./bootstrap build does)", d->name,
                          d->purpose, dlerror ());
    for (size_t i = 0; i < d->count; i++) {
        void *found = dlsym (handle, d->symbols[i].name);
        if (!found)
            return error_set (err, ERROR_ENVIRONMENT, "%s has no %s: it isn't the %s that Chard was built with",
                              d->soname, d->symbols[i].name, d->name);
        memcpy (d->symbols[i].at, &found, sizeof found);
    }
    d->loaded = true;
    return 0;
}

int
dynlib_load (struct dynlib *d, struct error *err)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock (&mutex);
    int status = d->loaded ? 0 : load (d, err);
    pthread_mutex_unlock (&mutex);
    return status;
}
