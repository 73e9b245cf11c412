"""Completion as shells do it: the scripts that `chard completion` prints, in real bash, zsh and fish.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pty
import select
import shutil
import subprocess
import tempfile
import time
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))

# A line up to the cursor, and words that must and must not be offered. Files: a.ipynb, b.py, c.txt, sub/.
LINES = [
    ("chard gr", {"graph"}, {"check"}),
    ("chard runs s", {"show"}, {"list"}),
    ("chard graph --to ", {"text", "dot", "svg", "mermaid", "json"}, {"kfp"}),
    ("chard compile --stop-after ", {"syntax", "flow", "link"}, set()),
    ("chard check --color ", {"auto", "always", "never"}, set()),
    ("chard completion ", {"bash", "zsh", "fish"}, set()),
    ("chard check ", {"a.ipynb", "sub/"}, {"c.txt"}),
]


def script(shell):
    return subprocess.run([CHARD, "completion", shell], capture_output=True, text=True, check=True).stdout


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(os.path.join(self.folder, "files"))
        os.mkdir(os.path.join(self.folder, "files", "sub"))
        for name in "a.ipynb", "b.py", "c.txt":
            open(os.path.join(self.folder, "files", name), "w").close()
        os.symlink(CHARD, os.path.join(self.folder, "chard"))
        self.environment = dict(os.environ, PATH=self.folder + ":" + os.environ["PATH"], HOME=self.folder,
                                ZDOTDIR=self.folder, TERM="dumb", LC_ALL="C.UTF-8")

    def run_shell(self, *arguments):
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60, env=self.environment,
                              cwd=os.path.join(self.folder, "files"))

    def offered(self, line, found, wanted, unwanted):
        with self.subTest(line):
            found = {w.rstrip("/") for w in found}
            self.assertLessEqual({w.rstrip("/") for w in wanted}, found)
            self.assertFalse(found & unwanted)

    @unittest.skipUnless(shutil.which("bash"), "bash is not installed")
    def test_bash(self):
        harness = """
            COMP_WORDS=($LINE); [[ $LINE == *' ' ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$LINE COMP_POINT=${#LINE}
            [[ $(complete -p chard) =~ -F\\ ([^ ]+) ]] && ${BASH_REMATCH[1]} chard "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
            printf '%s\\n' "${COMPREPLY[@]}" """
        for line, wanted, unwanted in LINES:
            run = self.run_shell("bash", "--norc", "-c", "LINE='%s'\n%s\n%s" % (line, script("bash"), harness))
            self.assertEqual(run.stderr, "")
            self.offered(line, set(run.stdout.split("\n")), wanted, unwanted)

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        with open(os.path.join(self.folder, "chard.fish"), "w", encoding="utf-8") as f:
            f.write(script("fish"))
        for line, wanted, unwanted in LINES:
            run = self.run_shell("fish", "--no-config", "-c", "source ../chard.fish; complete -C '%s'" % line)
            self.assertEqual(run.stderr, "")
            self.offered(line, {row.split("\t")[0] for row in run.stdout.split("\n")}, wanted,
                         unwanted - {"c.txt"})  # fish offers other files too, last

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        with open(os.path.join(self.folder, "_chard"), "w", encoding="utf-8") as f:
            f.write(script("zsh"))
        for line, wanted, unwanted in LINES:
            shown = self.type_in_zsh(line)
            words = set(shown.replace("\x07", " ").split())
            self.offered(line, words, wanted, unwanted)

    def type_in_zsh(self, line):
        """What zsh shows when TAB is pressed behind `line`; the end is marked by a command typed afterwards."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(os.path.join(self.folder, "files"))
            os.execvpe("zsh", ["zsh", "-f", "-i"], self.environment)
        try:
            ready = "fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=0; stty cols 200; PS1='REA''DY> '\n"
            os.write(terminal, (ready % self.folder).encode())
            self.read_until(terminal, "READY> ")
            os.write(terminal, (line + "\t\t\x01: \x05 DO''NE\n").encode())
            return self.read_until(terminal, "DO''NE")
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def read_until(self, terminal, mark):
        text, end = "", time.monotonic() + 60
        while mark not in text:
            self.assertTrue(select.select([terminal], [], [], max(0, end - time.monotonic()))[0], text)
            text += os.read(terminal, 65536).decode(errors="replace")
        return text


if __name__ == "__main__":
    unittest.main()
