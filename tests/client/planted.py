"""A token is planted in each place where credentials may live; then everything that Chard wrote, printed, started or sent
elsewhere is searched for it.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import glob
import json
import os
import re
import subprocess
import sys
import threading
import unittest

import fake_argo
import fake_dex
import fake_kfp
from folder import CHARD, FolderCase
from service import Service

TOKEN = "pl4nted-S3cret-0123456789"
NOTEBOOK = '# %% tags=["parameters"]\nn = 1\n\n# %% tags=["step:a"]\nx = n\n\n# %% tags=["step:b"]\nprint (x)\n'


everything = unittest.skipUnless(os.environ.get("CHARD_TESTS") == "all", "only with CHARD_TESTS=all")


def setUpModule():
    if not os.path.exists(fake_kfp.SWAGGER):
        raise unittest.SkipTest("../shared is not there")


class Watcher(threading.Thread):
    """Reads the command line and environment of every process that has our mark, as often as it can."""

    def __init__(self, mark):
        super().__init__(daemon=True)
        self.mark, self.seen, self.over = mark.encode(), {}, threading.Event()

    def run(self):
        while not self.over.wait(0.002):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open("/proc/%s/environ" % pid, "rb") as f:
                        environment = f.read()
                    if self.mark not in environment:
                        continue
                    with open("/proc/%s/cmdline" % pid, "rb") as f:
                        self.seen[f.read()] = environment
                except OSError:
                    pass


class Planted(FolderCase):
    def setUp(self):
        super().setUp()
        self.env.update(HOME=self.path("home"), CHARD_SECRETS_TEST=self.folder)
        self.write("project/train.py", NOTEBOOK)
        os.makedirs(self.path("home"))
        for command in (["init", "-q"], ["remote", "add", "origin", "https://me:%s@127.0.0.1:1/x.git?token=%s" % (TOKEN, TOKEN)]):
            subprocess.run(["git", *command], cwd=self.path("project"), env=self.env, check=True)
        self.kfp = fake_kfp.FakeKfp()
        self.addCleanup(self.kfp.close)
        self.registry = Service(lambda r: (200, b"", {"Docker-Content-Digest": "sha256:" + "a" * 64}))
        self.addCleanup(self.registry.close)
        self.printed = []
        self.watcher = Watcher("CHARD_SECRETS_TEST=" + self.folder)
        self.watcher.start()

    def chard(self, *arguments, **more):
        run = subprocess.run([CHARD, *arguments], env=self.env, cwd=self.path("project"), capture_output=True, timeout=120,
                             **more)
        self.printed.append((arguments, run.stdout + run.stderr))
        return run.returncode

    def use(self, *options, endpoint=None, target="kfp", **more):
        """Everything that talks to the service, with it well and ill; all but the first must go on whatever happens."""
        address = ["--endpoint", endpoint or self.kfp.url] if endpoint != "" else []
        self.assertEqual(self.chard("context", "add", "lab", "--target", target, "--registry", self.registry.url[7:] + "/t",
                                    *address, *options, **more), 0, self.printed[-1])
        self.kfp.requests.clear()
        submit = ["submit", "-v", "--python", sys.executable, "train.py"]
        self.assertEqual(self.chard(*submit), 0, self.printed[-1])
        sent = {r.headers.get("Authorization") or r.headers.get("Cookie") or "" for r in self.kfp.requests}
        self.assertEqual(len(sent), 1, sent)
        run, = list(self.kfp.runs.values())[-1:]
        run["state"] = "RUNNING"
        for arguments in (["context", "list"], ["context", "list", "--format=json"], ["context", "test"], ["runs", "show"],
                          ["runs", "show", "--format=json"], ["runs", "cancel"], ["runs", "list"], ["runs", "logs"],
                          ["runs", "get", "a.x", "-o", "x.pkl"], [*submit, "--schedule", "@daily"], ["schedules", "list"],
                          ["schedules", "pause", "train"], ["runs", "diff"], ["ci", "github", "--context", "lab", "train.py"]):
            self.chard(*arguments)
        # Servers may tell what they were sent.
        for fault in ((401, {"message": "no: %s" % TOKEN}), (403, "you said %s, %s" % (TOKEN, next(iter(sent)))), (302, "", {"Location": "/dex/auth?x=" + TOKEN}), (500, "<html>"),
                      (200, "junk")):
            self.kfp.before = lambda r, reply=fault: reply
            for arguments in [["context", "test"], ["runs", "wait"], submit] if fault[0] == 401 else [["context", "test"]]:
                self.quickly(*arguments)
        self.kfp.before = None
        return sent.pop()

    def quickly(self, *arguments):
        """What waits for better times is ended."""
        process = subprocess.Popen([CHARD, *arguments], env=self.env, cwd=self.path("project"), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        try:
            out = process.communicate(timeout=1 if arguments[-1] == "wait" else 60)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            out = process.communicate()[0]
        self.printed.append((arguments, out))

    def search(self, *allowed_files, environment=False, foreign=True):
        """Nothing has the token but these files (and, if it was planted there, our own environment)."""
        self.watcher.over.set()
        self.watcher.join()
        forms = [TOKEN.encode(), base64.b64encode(TOKEN.encode())[:-2], base64.b64encode(b"me:" + TOKEN.encode())[:-2]]
        for arguments, text in self.printed:
            for form in forms:
                self.assertNotIn(form, text, arguments)
        self.assertTrue(any(b"submit" in c for c in self.watcher.seen))
        for command, variables in self.watcher.seen.items():
            if re.match(rb"\S*/git(-|\0)remote-http", command):     # git's own, which has addresses from its configuration
                continue
            for form in forms:
                self.assertNotIn(form, command)
                if not environment:
                    self.assertNotIn(form, variables, command)
        for folder, _, files in os.walk(self.folder):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    data = f.read()
                if path not in allowed_files:
                    for form in forms:
                        self.assertNotIn(form, data, path)
        objects = subprocess.run(["git", "cat-file", "--batch-all-objects", "--batch", "--buffer"], cwd=self.path("project"),
                                 env=self.env, capture_output=True, check=True).stdout
        self.assertIn(b"as Chard ran it", objects)
        for form in forms:
            self.assertNotIn(form, objects)
            for request in self.registry.requests if foreign else ():      # the registry is someone else
                self.assertNotIn(form, str(request.headers).encode())
            for run in self.kfp.runs.values():
                self.assertNotIn(form, json.dumps(run).encode())
            self.assertNotIn(form, json.dumps(list(self.kfp.documents.values()) + list(self.kfp.versions.values())).encode())

    config = property(lambda self: self.path("home/.config/chard/config.yaml"))
    git_config = property(lambda self: self.path("project/.git/config"))

    def test_standard_input(self):
        self.assertEqual(self.use("--token-stdin", input=TOKEN.encode()), "Bearer " + TOKEN)
        self.search(self.config, self.git_config)

    @everything
    def test_file(self):
        self.assertEqual(self.use("--token-file", self.write("tok", TOKEN)), "Bearer " + TOKEN)
        self.search(self.path("tok"), self.git_config)

    def test_environment(self):
        self.env["MY_TOKEN"] = TOKEN
        self.assertEqual(self.use("--token-env", "MY_TOKEN", "--auth", "cookie"), TOKEN)
        # Runs here have it in their steps' environment, and tell it nowhere.
        self.assertEqual(self.chard("run", "-v", "--snapshot", "--python", sys.executable, "train.py"), 0, self.printed[-1])
        self.search(self.git_config, environment=True)

    def test_proxy_of_the_environment(self):
        """One that is dead, and one that tells whom it lets through."""
        self.assertEqual(self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", "http://kfp.example.com"), 0)
        submit = ["submit", "-v", "--image", "x:1", "--python", sys.executable, "train.py"]
        telling = Service(lambda r: (407, "no: %s %s" % (r.headers["Proxy-Authorization"], TOKEN)))
        self.addCleanup(telling.close)
        for port, arguments in (1, submit), (telling.port, submit), (telling.port, ["context", "test"]):
            self.env["http_proxy"] = "http://me:%s@127.0.0.1:%d" % (TOKEN, port)
            self.assertEqual(self.chard(*arguments), 3, self.printed[-1])
        self.assertTrue(telling.requests[0].headers["Proxy-Authorization"])
        self.search(self.git_config, environment=True)

    def test_logins_at_the_registry(self):
        """As docker keeps them, or its helper; the registry's token is one too. Git has another address by a setting."""
        self.write("project/.git/config", '[remote "origin"]\nurl = https://127.0.0.1:1/x.git\n'
                   '[url "https://me:%s@127.0.0.1:1/"]\ninsteadOf = https://127.0.0.1:1/\n' % TOKEN)
        wanted = ["Basic " + base64.b64encode(b"me:" + TOKEN.encode()).decode(), "Bearer " + TOKEN]

        def answer(request):
            said = request.headers.get("Authorization")
            if request.path.startswith("/token"):
                return (200, {"token": TOKEN}) if said == wanted[0] else (401, {"message": "no: %s" % said})
            if said == wanted[bearer]:
                return 200, b"", {"Docker-Content-Digest": "sha256:" + "a" * 64}
            return 401, {}, {"WWW-Authenticate": 'Bearer realm="%s/token",service="s"' % self.registry.url if bearer else "Basic"}
        self.registry.answer = answer
        host, secret = self.registry.url[7:], self.write("kept", TOKEN)
        helper = self.write("bin/docker-credential-probe", '#!/bin/sh\nread -r t < %s || :\nprintf \'{"Username": "me", "Secret": '
                            '"%%s"}\' "$t"\n' % secret)
        os.chmod(helper, 0o755)
        self.env["PATH"] = os.path.dirname(helper) + ":" + self.env["PATH"]
        login = {"auths": {host: {"auth": base64.b64encode(b"me:" + TOKEN.encode()).decode()}}}
        self.assertEqual(self.chard("context", "add", "lab", "--target", "kfp", "--registry", host + "/t", "--endpoint", self.kfp.url), 0)
        for bearer, config in (0, login), (1, {"credHelpers": {host: "probe"}}), (2, login):
            config = self.write("home/.docker/config.json", json.dumps(config))
            wanted[0] = "nothing" if bearer == 2 else wanted[0]
            wanted.append("nothing")
            status = self.chard("submit", "-v", "--python", sys.executable, "--push", "origin", "train.py")
            self.assertEqual(status, 3, self.printed[-1])    # the remote is dead
            self.assertIn(b"can't be pushed" if bearer < 2 else b"HTTP 401", self.printed[-1][1])
            self.chard("context", "test")
        self.search(self.git_config, config, secret, foreign=False)

    def test_login_at_dex(self):
        """The password is planted, and then the session."""
        for password, session, allowed in ((TOKEN, "s1", []), ("pw", TOKEN, ["session"])):
            gate = fake_dex.Gate(self.kfp.answer, "me", password)
            self.addCleanup(gate.close)
            gate.cookie_value = session
            self.kfp.requests = gate.front.requests
            self.env["no_proxy"] = "127.0.0.1,localhost"
            self.use_dex(gate, password)
            kept = glob.glob(self.path("home/.config/chard/sessions/*"))
            self.assertEqual(len(kept), 1)
            self.search_again([self.config, self.git_config] if not allowed else [self.git_config, *kept])

    def use_dex(self, gate, password):
        self.assertEqual(self.chard("context", "add", "lab", "--target", "kfp", "--registry", self.registry.url[7:] + "/t",
                                    "--endpoint", gate.front.url, "--username", "me", "--token-stdin", input=password.encode()), 0)
        submit = ["submit", "-v", "--python", sys.executable, "train.py"]
        for arguments in (submit, ["context", "list", "--format=json"], ["context", "test"], ["runs", "show"]):
            self.assertEqual(self.chard(*arguments) in (0, 3), True, self.printed[-1])
        self.assertEqual(len(gate.sessions), 1)
        gate.sessions.clear()
        gate.password = "changed"
        self.assertEqual(self.chard(*submit), 3, self.printed[-1])
        gate.answer_front = gate.front.answer = lambda r: (302, "", {"Location": "/login?x=" + TOKEN})
        self.assertEqual(self.chard("context", "test"), 3)

    def search_again(self, allowed):
        """As `search`, with the watcher going on."""
        self.search(*allowed)
        self.watcher = Watcher("CHARD_SECRETS_TEST=" + self.folder)
        self.watcher.start()

    def test_argo(self):
        """The same through argo-server."""
        argo = fake_argo.FakeArgo()
        self.addCleanup(argo.close)
        self.kfp = argo
        argo.runs = argo.documents = argo.versions = {}
        path = self.write("tok", TOKEN)
        self.assertEqual(self.chard("context", "add", "lab", "--target", "argo", "--registry", self.registry.url[7:] + "/t",
                                    "--endpoint", argo.url, "--namespace", "team", "--token-file", path), 0, self.printed[-1])
        submit = ["submit", "-v", "--python", sys.executable, "train.py"]
        self.assertEqual(self.chard(*submit), 0, self.printed[-1])
        argo.set_states("Failed", a="Succeeded", b="Failed")
        for arguments in (["runs", "show"], ["runs", "logs"], ["runs", "get", "a.x", "-o", "x.pkl"], ["runs", "cancel"], ["runs",
                          "retry"], [*submit, "--schedule", "@daily"], ["schedules", "list"], ["schedules", "delete", "train"],
                          ["context", "test"]):
            self.chard(*arguments)
        for fault in (401, {"message": "no"}), (200, "junk"), (302, "", {"Location": "/login?x=" + TOKEN}):
            argo.before = lambda r, reply=fault: reply
            for arguments in ["context", "test"], submit, ["schedules", "list"], ["runs", "show"]:
                self.chard(*arguments)
        self.assertEqual({r.headers.get("Authorization") for r in argo.requests}, {"Bearer " + TOKEN})
        for thing in argo.things.values():
            self.assertNotIn(TOKEN, json.dumps(thing))
        self.search(path, self.git_config)

    @everything
    def test_pod(self):
        self.env["KF_PIPELINES_SA_TOKEN_PATH"] = self.write("projected", TOKEN)
        self.assertEqual(self.use("--auth", "in-cluster"), "Bearer " + TOKEN)
        self.search(self.path("projected"), self.git_config)

    def test_kubeconfig_and_its_plugin(self):
        plugin = self.write("plugin", "#!/bin/sh\nread -r t < %s\nprintf '{\"status\": {\"token\": \"%%s\"}}' \"$t\"\n" %
                            self.write("plugin's own", TOKEN + "\n").replace(" ", "\\ ").replace("'", "\\'"))
        os.chmod(plugin, 0o755)
        path = self.write("kube", json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": self.kfp.url}}],
            "users": [{"name": "u", "user": {"exec": {"command": plugin}}}]}))
        self.assertEqual(self.use("--kubeconfig", path), "Bearer " + TOKEN)
        self.search(self.path("plugin's own"), self.git_config)

    @everything
    def test_password_in_a_kubeconfig(self):
        path = self.write("kube", json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": self.kfp.url}}],
            "users": [{"name": "u", "user": {"username": "me", "password": TOKEN}}]}))
        self.assertEqual(self.use("--kubeconfig", path),
                         "Basic " + base64.b64encode(("me:" + TOKEN).encode()).decode())
        self.search(path, self.git_config)
