/* What runs pipelines elsewhere, whatever it is: a row of functions each, in the table of targets (cli/target.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_SERVICE_H
#define CHARD_CLIENT_SERVICE_H

#include "client/auth.h"

#include <stdio.h>

/* A pipeline to be run. */
struct submission {
    const char *id;          /* of the run, as this machine knows it: letters, digits and '-' */
    const char *name;        /* of the pipeline: a DNS label */
    const char *version;     /* names the document's content: the same content is sent once */
    const char *description; /* of the version */
    const char *document;    /* as the target's emitter made it */
    size_t len;
    const char *experiment;  /* name of the group of runs that it belongs to */
    const char *run;         /* name of the run, used for no other: by it a run whose reply was lost is found again */
    const json_t *parameters; /* {name: value}, as the document calls them */
    const char *service_account; /* Kubernetes' account that steps run as, or NULL */
    const char *schedule, *timezone; /* of service->schedule: five checked cron fields; an IANA name, or NULL */
};

enum schedule_change {
    SCHEDULE_PAUSE,
    SCHEDULE_RESUME,
    SCHEDULE_DELETE,
};

struct service {
    const char *document; /* how the name of the file ends, of those that the emitter makes, that is sent */

    /* Starts a run and puts what names it there into `record` ("run_id", "link", …). On failure it wasn't started, or
     * the error says that it may have been: a run is never started twice. */
    int (*submit) (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record,
                   struct error *err);

    /* Only brings it there, and puts what names it into `record` ("link", …). */
    int (*upload) (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record,
                   struct error *err);

    /* How the run in `record` stands: {"status": "submitted|running|ok|failed|canceled", "error": text or null,
     * "steps": [{"step", "status": "waiting|running|ok|cached|failed|canceled|skipped", "error", "pod", "node"}]},
     * where pod and node are what the service calls what ran last, or null, with the step's "metrics" {name: value}
     * where the service has them at hand. "steps_note" tells people why steps aren't known, if so. A "uid" is kept in
     * the record. A step that is repeated is told once each time. The caller owns it; NULL on failure. */
    json_t *(*status) (struct arena *a, const struct auth *auth, const json_t *record, struct error *err);

    int (*cancel) (struct arena *a, const struct auth *auth, const json_t *record, struct error *err);
    int (*retry) (struct arena *a, const struct auth *auth, const json_t *record, struct error *err);

    /* Adds the end, some `lines` at least, of what a step printed, one of the record's. */
    int (*log) (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step, int lines,
                struct strbuf *out, struct error *err);

    /* Fetches an artifact of a step, one of the record's, into the open file `to`; a directory becomes a .tar.gz.
     * `artifact` is what the document calls it; a service whose artifacts are `whole` has one only, the step's
     * result. */
    int (*fetch) (struct arena *a, const struct auth *auth, const json_t *record, const json_t *step,
                  const char *artifact, FILE *to, struct error *err);
    bool whole;

    /* Runs it at s->schedule instead of now; one that is there of that pipeline's name gives way. What names it goes
     * into `record` ("schedule", "link", …). */
    int (*schedule) (struct arena *a, const struct auth *auth, const struct submission *s, json_t *record,
                     struct error *err);

    /* All schedules: [{"name", "id", "schedule", "timezone", "status": "active|paused", "last", "ours": bool}]; what
     * isn't known is null. The caller owns it. */
    json_t *(*schedules) (struct arena *a, const struct auth *auth, struct error *err);

    /* Of one of these. */
    int (*change_schedule) (struct arena *a, const struct auth *auth, const char *id, enum schedule_change change,
                            struct error *err);

    /* The last `limit` runs there (0: all) that are Chard's, by whatever they were started, the newest first:
     * [{"run_id", "name", "pipeline", "status" as a run's, "began" (seconds since 1970), "seconds", "schedule": what
     * started it, or null, "link"?}]. The caller owns it. */
    json_t *(*runs) (struct arena *a, const struct auth *auth, int limit, struct error *err);
};

extern const struct service service_argo, service_kfp;

#endif
