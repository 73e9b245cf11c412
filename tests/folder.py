"""What tests share that call chard as a user does: a folder of their own, files written there, chard called there.

SPDX-License-Identifier: Apache-2.0
"""
import os
import subprocess
import tempfile
import unittest

CHARD = os.environ.get("CHARD", os.path.join(os.path.abspath(os.environ.get("TOP", ".")), "chard"))
# Variables by which a machine's owner tells Git, clusters and chard what to do.
SETTINGS = ("GIT_", "XDG_", "KUBE", "KF_", "DOCKER_", "CHARD_CONTEXT")


class FolderCase(unittest.TestCase):
    """`folder` is there until the test has ended; in `env` it is the home of somebody without settings."""

    def setUp(self):
        self.use_folder()

    def use_folder(self):
        folder = tempfile.TemporaryDirectory(prefix="chard-test-")
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)}
        self.env.update(HOME=self.folder, no_proxy="127.0.0.1")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        """Returns the file's path; makes its folder too."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def chard(self, *arguments, status=0, where="", **more):
        """A call that ends so; with None it may end as it likes."""
        run = subprocess.run([CHARD, *arguments], env=self.env, cwd=self.path(where), capture_output=True, text=True,
                             timeout=300, **more)
        if status is not None:
            self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run
