"""Logging in at a Kubeflow behind Dex with user name and password: by the forms, once as long as the session lasts.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

import fake_dex
import fake_kfp

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
USER, PASSWORD = "me+you@example.com", "p4ss w&rd=ü%"


def setUpModule():
    if not os.path.exists(fake_kfp.SWAGGER):
        raise unittest.SkipTest("../shared is not there")


class Dex(unittest.TestCase):
    def start(self, **how):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "XDG_", "KUBE", "KF_", "CHARD_CONTEXT"))}
        self.env.update(HOME=self.folder, no_proxy="127.0.0.1,localhost", PASSWORD=PASSWORD)
        self.kfp = fake_kfp.FakeKfp(prefix="/pipeline")
        self.addCleanup(self.kfp.close)
        self.gate = fake_dex.Gate(self.kfp.answer, USER, PASSWORD, **how)
        self.addCleanup(self.gate.close)
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.gate.front.url + "/pipeline", "--username", USER,
                   "--token-env", "PASSWORD")

    def chard(self, *arguments, status=0):
        run = subprocess.run([CHARD, *arguments], env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run

    def session(self):
        found, = glob.glob(os.path.join(self.folder, ".config/chard/sessions/*"))
        return found

    def test_both_gates(self):
        for how in {}, {"old": True, "approval": True}:
            self.start(**how)
            self.assertIn("Kubeflow Pipelines", self.chard("context", "test").stdout)
            self.chard("context", "test")
            self.assertEqual(self.gate.logins, 1)
            self.assertEqual(stat.S_IMODE(os.stat(self.session()).st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.session())).st_mode), 0o700)

    def test_a_session_that_ends(self):
        self.start()
        self.chard("context", "test")
        self.gate.sessions.clear()
        with open(os.path.join(self.folder, "a.py"), "w", encoding="utf-8") as f:
            f.write('# %% tags=["step:a"]\nprint (1)\n')
        self.chard("submit", "--image", "x:1", "--python", sys.executable, "a.py")
        self.assertEqual((self.gate.logins, len(self.kfp.runs)), (2, 1))
        # The password has changed: that is told, asked for once, and nothing is done.
        self.gate.sessions.clear()
        self.gate.password = "other"
        told = self.chard("submit", "--image", "x:1", "--python", sys.executable, "a.py", status=3).stderr
        self.assertIn("logging in: ", told)
        self.assertIn("the login as %s isn't accepted: are user name and password right?" % USER, told)
        self.assertEqual((self.gate.logins, len(self.kfp.runs)), (3, 1))
        self.assertEqual(self.kfp.wrong, [])
        # What is forgotten, is.
        path = self.session()
        self.chard("context", "remove", "lab")
        self.assertFalse(os.path.exists(path))

    def test_no_such_page(self):
        self.start()
        for answer, told in ((lambda r: (404, "nothing"), "leads to no login page of Dex"),
                             (lambda r: (302, "", {"Location": self.gate.front.url + "/login/"}), "without an end"),
                             (lambda r: (302, "", {"Location": "ftp://127.0.0.1/login"}), "")):
            self.gate.answer_front = self.gate.front.answer = lambda r, a=answer: (401, {}) if "healthz" in r.path else a(r)
            checks = json.loads(self.chard("context", "test", "--format=json", status=3).stdout)["checks"]
            self.assertIn(told, checks[0]["text"])
            self.assertEqual(self.gate.logins, 0)

    def test_contexts_that_make_no_sense(self):
        self.start()
        self.assertIn("needs --username", self.chard("context", "add", "x", "--target", "kfp", "--endpoint", "http://h", "--auth", "dex",
                                                     "--token-env", "P", status=2).stderr)
        self.assertIn("auth dex needs one of", self.chard("context", "add", "x", "--target", "kfp", "--endpoint", "http://h",
                                                          "--username", "u", "--auth", "dex", status=2).stderr)
