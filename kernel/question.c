/* See question.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/question.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

/* Senders' names begin with this and end with the question's number. */
static const char asker[] = "chard-ask-";

struct question {
    unsigned number;
    unsigned message; /* its msg_id ends with it */
    json_t *reply;    /* content, once it came */
    bool settled;     /* all that was published before and with it has come */
    question_answered_fn answered;
    void *arg;
};

void
questions_ask (struct questions *q, struct voice *v, const char *type, const json_t *content, bool settled,
               question_answered_fn answered, void *arg)
{
    char identity[32];
    struct question one = { .number = q->asked++, .message = v->author.count, .settled = settled, .answered = answered,
                            .arg = arg };
    wire_frame sender = { identity, (size_t) snprintf (identity, sizeof identity, "%s%u", asker, one.number) };
    q->all = xrealloc (q->all, (q->len + 1) * sizeof *q->all);
    q->all[q->len++] = one;
    q->silent++;
    voice_request (v, &sender, 1, NULL, type, content);
}

static void
conclude (struct questions *q, size_t i)
{
    struct question one = q->all[i];
    if (!one.reply || !one.settled)
        return;
    memmove (&q->all[i], &q->all[i + 1], (--q->len - i) * sizeof *q->all);
    one.answered (one.reply, one.arg);
    json_decref (one.reply);
}

static bool
is_ours (const wire_frame *identity, unsigned *number)
{
    char digits[12] = "";
    size_t n = sizeof asker - 1;
    if (identity->len <= n || identity->len - n >= sizeof digits || memcmp (identity->data, asker, n) != 0)
        return false;
    memcpy (digits, (const char *) identity->data + n, identity->len - n);
    return sscanf (digits, "%u", number) == 1;
}

bool
questions_take_reply (struct questions *q, const struct voice *v, const struct parcel *p)
{
    struct wire_message m;
    const char *why;
    unsigned number;
    size_t i = 0;
    if (p->len == 0 || !is_ours (&p->frames[0], &number))
        return false;
    while (i < q->len && q->all[i].number != number)
        i++;
    if (i == q->len || q->all[i].reply || !wire_read (&m, p->frames, p->len, v->author.key, &why))
        return true;
    q->all[i].reply = wire_parse (&m, WIRE_CONTENT);
    wire_clear (&m);
    conclude (q, i);
    return true;
}

void
questions_take_idle (struct questions *q, const struct wire_message *m)
{
    json_auto_t *parent = wire_parse (m, WIRE_PARENT);
    const char *id = json_string_value (json_object_get (parent, "msg_id")), *end = id ? strrchr (id, '_') : NULL;
    unsigned message;
    if (q->silent > 0)
        q->silent--;
    if (!end || sscanf (end + 1, "%u", &message) != 1)
        return;
    for (size_t i = 0; i < q->len; i++)
        if (q->all[i].message == message) {
            q->all[i].settled = true;
            conclude (q, i);
            return;
        }
}

void
questions_clear (struct questions *q)
{
    for (size_t i = 0; i < q->len; i++) {
        q->all[i].answered (NULL, q->all[i].arg);
        json_decref (q->all[i].reply);
    }
    free (q->all);
    *q = (struct questions){ 0 };
}
