/* One %chard line: from its words to a command that runs beside the session, and what came of it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_CALL_H
#define CHARD_KERNEL_CALL_H

#include "base/arena.h"
#include "base/loop.h"
#include "kernel/cell_parts.h"
#include "kernel/outlet.h"
#include "kernel/session.h"

struct call;
struct helper;

/* What calls are made with: of the session, not of one call. Borrowed. */
struct call_context {
    struct loop *loop;
    pid_t session;        /* the inner kernel's process: commands run in the directory that it is in; 0: in ours */
    struct session *notebook; /* what is open, for commands that want a notebook and were given none */
    const char *dir;      /* private, for the text of a notebook that isn't saved */
    struct helper *helper; /* in the inner kernel */
    struct call **background; /* where the list of calls that go on after their cell begins */
    const char *facts;    /* file with what the session saw its cells bind (engine/observed.h), or NULL */
    const char *python;   /* the inner kernel's interpreter, for commands with --python; or NULL */
};

/* Called once when the call's turn in the cell is over; `error` is the content of an error reply, or NULL. The call is
 * gone by then, or goes on in the background. */
typedef void (*call_done_fn) (void *arg, const json_t *error);

/* Starts it. What it shows goes to a copy of `outlet`. Returns NULL if it was over at once (help, a bad word, a command
 * in the background): `done` has then been called already. `metadata` is the request's. The word --background among a
 * call's words is ours: such a call goes on after its cell, and what it shows is changed in place. */
struct call *call_start (const struct call_context *context, const struct cell_part *part, const json_t *metadata,
                         const struct outlet *outlet, call_done_fn done, void *arg);

/* The same for words that are there already, from the command's name on: `env` ("NAME=value") is for the command alone,
 * or NULL. */
struct call *call_start_words (const struct call_context *context, const struct vec_str *words, const char *env,
                               const json_t *metadata, const struct outlet *outlet, call_done_fn done, void *arg);

/* Runs a command for the JSON that it prints, which nobody sees; `answered` gets NULL if there is none. NULL if it
 * couldn't be started: `answered` has then been called. With call_ask_words the notebook is the one that `metadata`
 * has, if any. */
typedef void (*call_answered_fn) (void *arg, const json_t *answer);
struct call *call_ask (const struct call_context *context, const char *text, call_answered_fn answered, void *arg);
struct call *call_ask_words (const struct call_context *context, const struct vec_str *words, const json_t *metadata,
                             call_answered_fn answered, void *arg);

/* Reads words as the command that they name would: its settings (cli/command.h), and operands. NULL if they are
 * wrong. */
const void *call_settings (struct arena *a, const struct vec_str *words, struct vec_str *operands);

/* Where such settings keep an option's value, by the option's name; it must be one of theirs. */
const void *call_setting (const struct vec_str *words, const void *settings, const char *option);

/* The directory that the session is in, where commands run; NULL if that isn't known. */
const char *call_directory (struct arena *a, const struct call_context *context);

/* Asks the calls in the background to end; how many there are. call_destroy_background ends them at once. */
int call_stop_background (const struct call_context *context);
void call_destroy_background (const struct call_context *context);

/* Adds the help of the command that the words name, or that of %chard itself. */
void call_help (const struct vec_str *words, struct strbuf *out);

/* Asks it to end; asked again, it is killed. `done` will be called. */
void call_interrupt (struct call *c);

/* Ends it at once, and nobody hears of it. NULL is fine. */
void call_destroy (struct call *c);

#endif
