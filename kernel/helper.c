/* See helper.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/helper.h"

#include "base/cleanup.h"

#include <string.h>

struct helper {
    struct relay *relay;
    bool installed;
};

struct question {
    struct helper *helper;
    helper_answered_fn answered;
    void *arg;
};

/* Makes the module of its text. One expression: nothing of it stays in the user's namespace. */
static const char install[] =
    "(lambda s, m: (exec (compile (%s, '<chard_helper>', 'exec'), m.__dict__), s.modules.__setitem__ (m.__name__, m))) "
    "(__import__ ('sys'), type (__import__ ('sys')) ('chard_helper'))";

struct helper *
helper_create (struct relay *r)
{
    struct helper *h = xcalloc (1, sizeof *h);
    h->relay = r;
    return h;
}

void
helper_destroy (struct helper *h)
{
    free (h);
}

bool
helper_fits (const struct helper *h)
{
    const char *name = json_string_value (json_object_get (relay_info (h->relay), "implementation"));
    return name && strcmp (name, "ipython") == 0;
}

static void
on_reply (const json_t *content, void *arg)
{
    struct question *q = arg;
    const char *status = json_string_value (json_object_get (content, "status"));
    const json_t *shown = json_object_get (json_object_get (content, "user_expressions"), "value");
    const json_t *value = json_object_get (json_object_get (shown, "data"), "application/json");
    bool aborted = status && strcmp (status, "aborted") == 0;
    const json_t *last = json_object_get (content, "execution_count");
    if (aborted)
        q->helper->installed = false;
    if (content && q->answered)
        q->answered (q->arg, value, aborted, (int) json_integer_value (last));
    free (q);
}

static char *
python_literal (const json_t *value)
{
    return json_dumps (value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
}

void
helper_ask (struct helper *h, const char *function, const json_t *argument, helper_answered_fn answered, void *arg)
{
    json_auto_t *request = json_pack ("{s:s,s:b,s:b,s:{},s:b,s:b}", "code", "", "silent", true, "store_history", false,
                                      "user_expressions", "allow_stdin", false, "stop_on_error", true);
    if (helper_fits (h)) {
        json_auto_t *json = json_string (helper_text), *encoded = NULL;
        cleanup_free char *text = python_literal (json), *plain = python_literal (argument);
        encoded = json_string (plain);
        cleanup_free char *quoted = python_literal (encoded);
        cleanup_free char *code = xasprintf (install, text);
        cleanup_free char *call = xasprintf ("__import__ ('chard_helper').%s (__import__ ('json').loads (%s))",
                                             function, quoted);
        if (!h->installed)
            json_object_set_new (request, "code", json_string (code));
        json_object_set_new (json_object_get (request, "user_expressions"), "value", json_string (call));
        h->installed = true;
    }
    struct question *q = xcalloc (1, sizeof *q);
    *q = (struct question){ h, answered, arg };
    relay_ask (h->relay, "execute_request", request, on_reply, q);
}

void
helper_tell (struct helper *h, const char *function, const json_t *argument)
{
    helper_ask (h, function, argument, NULL, NULL);
}
