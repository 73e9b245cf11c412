"""%chard in a plain ipykernel: `%load_ext chard` (installed by `chard kernel install`; `chard kernel uninstall` removes it).

    %chard run --jobs 2            the command `chard run --jobs 2` on the notebook that is open
    %%chard run                    longer settings: each line of the cell is more words of the command
    --jobs 2
    --param rate=0.1
    %chard run?                    what can be given

A command that fails is an error of its cell. With the kernel "Python 3 (Chard)" the same lines work without this module, and
show more.
SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from IPython.display import SVG, display

PROGRAM = @CHARD@
# Commands whose operand is a notebook: if none is named, the open one is meant.
ON_NOTEBOOKS = @ON_NOTEBOOKS@
# What only the kernel has.
OF_THE_KERNEL = {"load", "stop", "--background", "--from-session"}


class CommandFailed(Exception):
    """Shown as one line: what was wrong stands above it."""

    def _render_traceback_(self):
        return ["chard: %s" % self]


def find_program():
    for path in (PROGRAM, shutil.which("chard")):
        if path and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError("the program chard isn't where it was (%s) nor in PATH; `chard kernel install` mends it" % PROGRAM)


class Followed:
    """A notebook's file, which people rename and move: a descriptor goes along, as with kernel/whereabouts.h."""

    def __init__(self, path):
        self.path, self.fd = path, None

    def where(self):
        """Its path now; None if it is gone."""
        path = self.path if os.path.isfile(self.path) else self.moved()
        if path:
            if self.fd is not None:
                os.close(self.fd)
            self.path, self.fd = path, os.open(path, os.O_PATH)
        return path

    def moved(self):
        try:
            path = os.readlink("/proc/self/fd/%d" % self.fd)
            there = os.path.samestat(os.stat(path), os.fstat(self.fd))
        except (TypeError, OSError):
            return None
        return path if there and "/Trash/files/" not in path and "/.Trash" not in path else None


followed = {}  # by the path that was told


def open_notebook(shell):
    """The path of the notebook that is open, as VS Code and Jupyter tell it, or None."""
    told = [path for path in (shell.user_ns.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME"))
            if path and path.endswith((".ipynb", ".py")) and os.path.isabs(path)]
    for path in told:
        now = followed.setdefault(path, Followed(path)).where()
        if now:
            return now
    if told:
        raise CommandFailed("the notebook that was open here is gone: %s was renamed, moved or deleted; name the one you mean, "
                            "or shut the kernel down and start it anew there" % told[0])
    return None


def is_own(line):
    return line.lstrip().startswith(("%chard", "%%chard", "%load_ext chard", "%reload_ext chard"))


def write_session(shell, folder):
    """Where no notebook is open, the cells that this session ran are the notebook: its path, and the environment in which
    the command takes its text from elsewhere."""
    print("note: nobody says which notebook this is; the cells that ran here are taken for it, without tags", file=sys.stderr)
    cells = ["\n".join(line for line in cell.splitlines() if not is_own(line))
             for cell in shell.history_manager.input_hist_raw if not cell.startswith("%%chard")]
    path = os.path.join(folder, "session.py")
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join("# %%%%\n%s\n\n" % cell for cell in cells if cell.strip()))
    called = os.path.abspath("session.py")
    return called, {**os.environ, "CHARD_UNSAVED": called, "CHARD_UNSAVED_TEXT": path}


def behind_command(words):
    """What stands behind a command whose operand is a notebook; None for other commands."""
    for n in (2, 1):
        if " ".join(words[:n]) in ON_NOTEBOOKS:
            return words[n:]
    return None


def names_notebook(words):
    return any(w.endswith((".ipynb", ".py")) or os.path.isdir(w) for w in words if not w.startswith("-"))


def show_graph(program, words, env):
    """A picture, unless another form was asked for."""
    made = subprocess.run([program, *words, "--to", "svg"], capture_output=True, text=True, env=env)
    if made.returncode != 0 or "<svg" not in made.stdout:
        return False
    display(SVG(made.stdout))
    return True


def stream(program, words, env):
    """Prints what the command prints while it runs; interrupting the cell interrupts the command."""
    with subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", env=env) as command:
        try:
            for line in command.stdout:
                print(line, end="", flush=True)
        except KeyboardInterrupt:
            command.terminate()
            raise
    if command.returncode != 0:
        raise CommandFailed("%s ended with status %d" % (" ".join(words[:1]), command.returncode))


def run(shell, words):
    program = find_program()
    own = OF_THE_KERNEL & {*words[:1], *(w for w in words if w.startswith("--"))}
    if own:
        raise CommandFailed("%s is there with the kernel “Python 3 (Chard)” only: choose it for this notebook" % min(own))
    with tempfile.TemporaryDirectory() as folder:
        rest, env = behind_command(words), None
        if rest is not None and not names_notebook(rest) and not {"-h", "--help"} & set(words):
            path = open_notebook(shell)
            if not path:
                path, env = write_session(shell, folder)
            words = [*words, path]
        chosen = any(w.startswith(("--to", "--format", "--why", "-o", "--output", "-h", "--help")) for w in words)
        if words[:1] == ["graph"] and not chosen and show_graph(program, words, env):
            return
        stream(program, words or ["--help"], env)


def words_of(line, cell):
    try:
        return shlex.split(line) + shlex.split(cell or "", comments=True)
    except ValueError as e:
        raise CommandFailed("%s in %s" % (str(e).lower(), line)) from None


def ask_for_help(lines):
    """A cell that is `%chard run?` or `?%chard run`: IPython would take `run` for the object."""
    asked = re.match(r"(\?*)%%?chard(?=[\s?]|$)([^?\n]*)(\?*)\s*$", lines[0]) if len(lines) == 1 else None
    return ["%%chard%s --help" % asked[2].rstrip()] if asked and (asked[1] or asked[3]) else lines


def load_ipython_extension(shell):
    def chard(line, cell=""):
        """chard COMMAND …: `%chard` alone lists the commands, `%chard COMMAND?` tells of one."""
        run(shell, words_of(line, cell))

    with contextlib.suppress(CommandFailed):
        open_notebook(shell)
    shell.input_transformers_cleanup.append(ask_for_help)
    shell.register_magic_function(chard, "line_cell", "chard")
