/* `chard completion SHELL`: a completion script for bash, zsh or fish, made from the table of commands, so that it
 * never lags behind. Table of shells at the end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/option.h"

#include <jansson.h>
#include <string.h>

/* ---- what the table says, in the shape that shells ask for ------------------------------------------------------ */

static bool
takes_value (const struct option *o)
{
    return o->kind != OPTION_FLAG && o->kind != OPTION_COUNT;
}

static bool
takes_notebooks (const struct command *c)
{
    return strstr (c->operands, "NOTEBOOK") != NULL;
}

/* Whether the operands are a choice of words, "bash|zsh|fish". */
static bool
takes_words (const struct command *c)
{
    return strchr (c->operands, '|') && !takes_notebooks (c);
}

/* Whether an option's value is a file or a directory. */
static bool
is_file (const struct option *o)
{
    return o->argument
           && (strcmp (o->argument, "FILE") == 0 || strcmp (o->argument, "PATH") == 0
               || strcmp (o->argument, "DIR") == 0 || strcmp (o->argument, "DIRECTORY") == 0);
}

/* "a|b|c" with another separator. */
static void
add_words (struct strbuf *out, const char *choices, char separator)
{
    for (; *choices; choices++)
        strbuf_addc (out, *choices == '|' ? separator : *choices);
}

/* Text fit to stand between single quotes; `special` characters get a backslash. */
static void
add_quoted (struct strbuf *out, const char *s, const char *special)
{
    for (; *s; s++) {
        if (*s == '\'')
            strbuf_adds (out, "'\\'");
        else if (strchr (special, *s))
            strbuf_addc (out, '\\');
        strbuf_addc (out, *s);
    }
}

/* The first words of all commands, each once, in the table's order. */
static struct vec_str
first_words (struct arena *a)
{
    struct vec_str words = { 0 };
    for (const struct command *const *c = commands; *c; c++)
        vec_str_add_once (a, &words, arena_strndup (a, (*c)->name, strcspn ((*c)->name, " ")));
    return words;
}

/* ---- bash ------------------------------------------------------------------------------------------------------- */

static void
bash_choices (struct strbuf *out, const struct command *c, const struct option *options)
{
    for (const struct option *o = options; o && o->name; o++) {
        if (!takes_value (o))
            continue;
        strbuf_addf (out, "    \"%s:--%s\"", c->name, o->name);
        if (o->letter)
            strbuf_addf (out, "|\"%s:-%c\"", c->name, o->letter);
        strbuf_adds (out, ") ");
        if (o->choices) {
            strbuf_adds (out, "_chard_words \"");
            add_words (out, o->choices, ' ');
            strbuf_adds (out, "\"; return ;;\n");
        } else {
            strbuf_adds (out, is_file (o) ? "_chard_files; return ;;\n" : "return ;;\n");
        }
    }
}

static void
bash_names (struct strbuf *out, const struct option *options)
{
    for (const struct option *o = options; o && o->name; o++)
        strbuf_addf (out, " --%s%s", o->name, takes_value (o) ? "=" : "");
}

static void
bash_command (struct strbuf *out, const struct command *c)
{
    strbuf_addf (out, "    \"%s\")\n        case $cur in\n        -*) _chard_words \"", c->name);
    bash_names (out, c->options);
    bash_names (out, option_common_table);
    strbuf_adds (out, "\" ;;\n        *) ");
    if (takes_words (c)) {
        strbuf_adds (out, "_chard_words \"");
        add_words (out, c->operands, ' ');
        strbuf_adds (out, "\"");
    } else {
        strbuf_adds (out, takes_notebooks (c) ? "_chard_notebooks" : ":");
    }
    strbuf_adds (out, " ;;\n        esac ;;\n");
}

/* Second words of commands of two. */
static void
bash_groups (struct strbuf *out, const struct vec_str *words)
{
    vec_foreach (word, words) {
        if (command_find (*word, NULL))
            continue;
        size_t n = strlen (*word);
        strbuf_addf (out, "    \"%s\") _chard_words \"", *word);
        for (const struct command *const *c = commands; *c; c++)
            if (strncmp ((*c)->name, *word, n) == 0 && (*c)->name[n] == ' ')
                strbuf_addf (out, "%s ", (*c)->name + n + 1);
        strbuf_adds (out, "\" ;;\n");
    }
}

static void
bash_groups_pattern (struct strbuf *out, const struct vec_str *words)
{
    const char *bar = "";
    vec_foreach (word, words)
        if (!command_find (*word, NULL)) {
            strbuf_addf (out, "%s%s", bar, *word);
            bar = "|";
        }
    if (!*bar)
        strbuf_adds (out, "''");
}

static void
print_bash (struct arena *a, struct strbuf *out)
{
    struct vec_str words = first_words (a);
    strbuf_adds (out, "# bash completion of chard; made by `chard completion bash`.\n"
                      "_chard_words () {\n"
                      "    COMPREPLY=($(compgen -W \"$1\" -- \"$cur\"))\n"
                      "    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2> /dev/null\n"
                      "}\n"
                      "_chard_files () {\n"
                      "    compopt -o filenames 2> /dev/null\n"
                      "    COMPREPLY=($(IFS=$'\\n'; compgen -f -- \"$cur\"))\n"
                      "}\n"
                      "_chard_notebooks () {\n"
                      "    local IFS=$'\\n'\n"
                      "    compopt -o filenames 2> /dev/null\n"
                      "    COMPREPLY=($(compgen -d -- \"$cur\") $(compgen -f -X '!*.@(ipynb|py)' -- \"$cur\"))\n"
                      "}\n"
                      "_chard () {\n"
                      "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]} command='' i word\n"
                      "    shopt -q extglob || { shopt -s extglob; trap 'shopt -u extglob; trap - RETURN' RETURN; }\n"
                      "    # \"--name=value\" comes as three words.\n"
                      "    if [[ $cur == = ]]; then cur=''\n"
                      "    elif [[ $option == = ]]; then option=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
                      "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                      "        word=${COMP_WORDS[i]}\n"
                      "        [[ $word == -* ]] && continue\n"
                      "        if [[ -z $command ]]; then command=$word\n"
                      "        else case $command in ");
    bash_groups_pattern (out, &words);
    strbuf_adds (out, ") command=\"$command $word\"; esac; break; fi\n"
                      "    done\n"
                      "    case $command:$option in\n");
    for (const struct command *const *c = commands; *c; c++) {
        bash_choices (out, *c, (*c)->options);
        bash_choices (out, *c, option_common_table);
    }
    strbuf_adds (out, "    esac\n    case $command in\n    ''|help) _chard_words \"help --help --version");
    vec_foreach (word, &words)
        strbuf_addf (out, " %s", *word);
    strbuf_adds (out, "\" ;;\n");
    bash_groups (out, &words);
    for (const struct command *const *c = commands; *c; c++)
        bash_command (out, *c);
    strbuf_adds (out, "    esac\n}\ncomplete -F _chard chard\n");
}

/* ---- zsh -------------------------------------------------------------------------------------------------------- */

static void
zsh_options (struct strbuf *out, const struct option *options)
{
    for (const struct option *o = options; o && o->name; o++) {
        bool value = takes_value (o);
        if (o->kind == OPTION_LIST || o->kind == OPTION_COUNT)
            strbuf_adds (out, " '*'");
        else if (o->letter)
            strbuf_addf (out, " '(-%c --%s)'", o->letter, o->name);
        else
            strbuf_addc (out, ' ');
        if (o->letter)
            strbuf_addf (out, "{-%c%s,--%s%s}", o->letter, value ? "+" : "", o->name, value ? "=" : "");
        else
            strbuf_addf (out, "--%s%s", o->name, value ? "=" : "");
        strbuf_adds (out, "'[");
        add_quoted (out, o->help, "[]:");
        strbuf_adds (out, "]");
        if (value) {
            strbuf_addf (out, ":%s:", o->argument ? o->argument : "value");
            if (o->choices) {
                strbuf_adds (out, "(");
                add_words (out, o->choices, ' ');
                strbuf_adds (out, ")");
            } else if (is_file (o)) {
                strbuf_adds (out, "_files");
            }
        }
        strbuf_adds (out, "' \\\n           ");
    }
}

static void
zsh_command (struct strbuf *out, const struct command *c)
{
    strbuf_addf (out, "    '%s')\n        _arguments -s \\\n           ", c->name);
    zsh_options (out, c->options);
    zsh_options (out, option_common_table);
    if (takes_words (c)) {
        strbuf_adds (out, " '*:word:(");
        add_words (out, c->operands, ' ');
        strbuf_adds (out, ")'");
    } else if (takes_notebooks (c)) {
        strbuf_adds (out, " '*:notebook:_files -g \"*.(ipynb|py)(-.)\"'");
    } else {
        strbuf_adds (out, " '*: :'");
    }
    strbuf_adds (out, " ;;\n");
}

static void
print_zsh (struct arena *a, struct strbuf *out)
{
    struct vec_str words = first_words (a);
    strbuf_adds (out, "#compdef chard\n"
                      "# zsh completion of chard; made by `chard completion zsh`.\n"
                      "_chard () {\n"
                      "    local -a names\n"
                      "    local command=${words[2]}\n"
                      "    names=(\n");
    for (const struct command *const *c = commands; *c; c++) {
        const char *space = strchr ((*c)->name, ' ');
        if (space)
            continue;
        strbuf_addf (out, "        '%s:", (*c)->name);
        add_quoted (out, (*c)->summary, ":");
        strbuf_adds (out, "'\n");
    }
    vec_foreach (word, &words)
        if (!command_find (*word, NULL))
            strbuf_addf (out, "        '%s'\n", *word);
    strbuf_adds (out, "        'help:Show help'\n    )\n"
                      "    if (( CURRENT == 2 )); then _describe command names; return; fi\n");
    vec_foreach (word, &words) {
        if (command_find (*word, NULL))
            continue;
        size_t n = strlen (*word);
        strbuf_addf (out, "    if [[ $command == %s ]]; then\n        names=(\n", *word);
        for (const struct command *const *c = commands; *c; c++)
            if (strncmp ((*c)->name, *word, n) == 0 && (*c)->name[n] == ' ') {
                strbuf_addf (out, "            '%s:", (*c)->name + n + 1);
                add_quoted (out, (*c)->summary, ":");
                strbuf_adds (out, "'\n");
            }
        strbuf_adds (out, "        )\n        if (( CURRENT == 3 )); then _describe command names; return; fi\n"
                          "        command=\"$command ${words[3]}\"\n        shift words; (( CURRENT-- ))\n    fi\n");
    }
    strbuf_adds (out, "    shift words; (( CURRENT-- ))\n    case $command in\n    help) _describe command names ;;\n");
    for (const struct command *const *c = commands; *c; c++)
        zsh_command (out, *c);
    strbuf_adds (out, "    esac\n}\n"
                      "if [[ $funcstack[1] == _chard ]]; then _chard \"$@\"; else compdef _chard chard; fi\n");
}

/* ---- fish ------------------------------------------------------------------------------------------------------- */

static void
fish_options (struct strbuf *out, const struct command *c, const struct option *options)
{
    for (const struct option *o = options; o && o->name; o++) {
        strbuf_addf (out, "complete -c chard -n '__chard_is %s' -l %s", c->name, o->name);
        if (o->letter)
            strbuf_addf (out, " -s %c", o->letter);
        if (o->choices) {
            strbuf_adds (out, " -xa '");
            add_words (out, o->choices, ' ');
            strbuf_adds (out, "'");
        } else if (takes_value (o)) {
            strbuf_adds (out, is_file (o) ? " -rF" : " -x");
        }
        strbuf_adds (out, " -d '");
        add_quoted (out, o->help, "");
        strbuf_adds (out, "'\n");
    }
}

static void
fish_command (struct strbuf *out, const struct command *c)
{
    const char *space = strchr (c->name, ' ');
    if (space)
        strbuf_addf (out, "complete -c chard -n '__chard_is %.*s; and not __chard_is %s' -xa %s -d '",
                     (int) (space - c->name), c->name, c->name, space + 1);
    else
        strbuf_addf (out, "complete -c chard -n __chard_is -xa %s -d '", c->name);
    add_quoted (out, c->summary, "");
    strbuf_adds (out, "'\n");
    if (takes_words (c)) {
        strbuf_addf (out, "complete -c chard -n '__chard_is %s' -xa '", c->name);
        add_words (out, c->operands, ' ');
        strbuf_adds (out, "'\n");
    } else if (takes_notebooks (c)) {
        strbuf_addf (out, "complete -c chard -n '__chard_is %s' -xa '(__fish_complete_suffix .ipynb)'\n", c->name);
    }
    fish_options (out, c, c->options);
    fish_options (out, c, option_common_table);
}

static void
print_fish (struct arena *a, struct strbuf *out)
{
    (void) a;
    strbuf_adds (out, "# fish completion of chard; made by `chard completion fish`.\n"
                      "# Whether the words so far that are no options begin with the given ones (none given: there are "
                      "none).\n"
                      "function __chard_is\n"
                      "    set -l words (commandline -opc | string match -v -- '-*')\n"
                      "    set -e words[1]\n"
                      "    if test (count $argv) -eq 0\n"
                      "        test (count $words) -eq 0\n"
                      "        return\n"
                      "    end\n"
                      "    set -l n (count $argv)\n"
                      "    test (count $words) -ge $n\n"
                      "    and test \"$words[1..$n]\" = \"$argv\"\n"
                      "end\n"
                      "complete -c chard -f\n"
                      "complete -c chard -n __chard_is -l version -d 'Show the version'\n"
                      "complete -c chard -n __chard_is -xa help -d 'Show help'\n");
    for (const struct command *const *c = commands; *c; c++)
        fish_command (out, *c);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*print) (struct arena *a, struct strbuf *out);
} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    if (inv->operands.len != 1)
        return error_set (err, ERROR_USAGE, "completion: name one shell: bash, zsh or fish");
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp (shells[i].name, inv->operands.items[0]) == 0) {
            cleanup_strbuf struct strbuf text = { 0 };
            shells[i].print (inv->arena, &text);
            json_auto_t *o = inv->json ? json_pack ("{s:s, s:s}", "shell", shells[i].name, "script", strbuf_str (&text))
                                       : NULL;
            if (o)
                json_dumpf (o, inv->out, JSON_INDENT (2));
            else
                fputs (strbuf_str (&text), inv->out);
            return 0;
        }
    return error_set (err, ERROR_USAGE, "completion: there is none for '%s', only for bash, zsh and fish",
                      inv->operands.items[0]);
}

const struct command command_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "Print a completion script for a shell",
    .details = "The script completes commands, options, the options' values and notebooks. `make install` puts the "
               "scripts where the shells look for them.",
    .examples = "source <(chard completion bash)   # for this shell; into ~/.bashrc for all\n"
                "chard completion zsh > ~/.zfunc/_chard\n"
                "chard completion fish > ~/.config/fish/completions/chard.fish",
    .run = run,
};
