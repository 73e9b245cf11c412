"""`chard ci`: what it writes is valid by the published schemas, and its shell lines do what they should in a clone of the
repository, with variables as the forge gives them.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import subprocess
import sys
import unittest

from folder import CHARD, FolderCase

TOP = os.path.abspath(os.environ.get("TOP", "."))
sys.path.insert(0, os.path.join(TOP, "tests", "client"))

try:
    import fake_kfp
    import yaml
    from service import Service
except ImportError:
    raise unittest.SkipTest("PyYAML is not installed: ./bootstrap check does that") from None

TOKEN = "s3cret-t0ken"
NOTEBOOK = '# %% tags=["step:a"]\nx = 1\n'
WILD = "a b's ${{ x }} $HOME.py"
FORGES = {"github": ".github/workflows/chard.yml", "gitlab": ".gitlab-ci.yml"}


class Case(FolderCase):
    def setUp(self):
        super().setUp()
        self.env["HOME"] = self.path("home")
        os.makedirs(self.path("home"))
        self.write("repo/sub/train.py", NOTEBOOK)
        self.write("repo/sub/requirements.txt", "# none\n")
        self.write("repo/" + WILD, NOTEBOOK)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments):
        subprocess.run(["git", *arguments], cwd=self.path("repo"), env=self.env, check=True)

    def chard(self, *arguments, status=0, where="repo"):
        run = super().chard(*arguments, status=status, where=where)
        return run.stdout if status == 0 else run.stderr

    def document(self, forge, *options):
        text = self.chard("ci", forge, "-o", "-", *options, "sub", WILD)
        return yaml.safe_load(text)


class Files(Case):
    def test_schemas(self):
        try:
            import check_jsonschema  # noqa: F401
        except ImportError:
            self.skipTest("check-jsonschema is not installed: ./bootstrap check does that")
        for forge, schema in (("github", "github-workflows"), ("gitlab", "gitlab-ci")):
            for options in ([], ["--wait", "--branch", "release/1", "--image", "x/y:1"], ["--setup", "make: it"]):
                path = self.write(forge + ".yml", self.chard("ci", forge, "-o", "-", *options, "sub", WILD))
                run = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor." + schema, path],
                                     capture_output=True, text=True)
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_file_that_is_there(self):
        for forge, path in FORGES.items():
            self.chard("ci", forge, "train.py", where="repo/sub")
            self.chard("ci", forge, "sub/train.py")      # the same again
            self.assertIn("says something else: --force", self.chard("ci", forge, "--wait", "sub/train.py", status=2))
            with open(self.path("repo", path), encoding="utf-8") as f:
                self.assertNotIn("--wait", f.read())
            self.chard("ci", forge, "--wait", "--force", "sub/train.py")
            with open(self.path("repo", path), encoding="utf-8") as f:
                self.assertIn("--wait", f.read())

    def test_mistakes(self):
        self.write("elsewhere.py", NOTEBOOK)
        for arguments, status, told in (([], 2, "name a notebook"), (["nope.py"], 3, "nope.py"),
                                        (["../elsewhere.py"], 2, "lies outside the repository"),
                                        (["--branch", "a'b", "sub"], 2, "--branch"),
                                        (["--context", "nope", "sub"], 2, "no context “nope”")):
            self.assertIn(told, self.chard("ci", "github", *arguments, status=status))
        self.assertFalse(os.path.exists(self.path("repo/.github")))

    def test_contexts(self):
        """What a context says stands in the file, but for what is secret."""
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", "https://example.com/p", "--namespace", "team$1",
                   "--registry", "example.com/r", "--builder", "podman", "--auth", "cookie", "--token-file",
                   self.write("token", TOKEN))
        github, gitlab = self.document("github", "--context", "lab"), self.document("gitlab", "--context", "lab")
        env = github["jobs"]["submit"]["env"]
        self.assertEqual((env["CHARD_ENDPOINT"], env["CHARD_NAMESPACE"], env["CHARD_TOKEN"]),
                         ("https://example.com/p", "team$1", "${{ secrets.CHARD_TOKEN }}"))
        self.assertEqual(gitlab["chard submit"]["variables"]["CHARD_NAMESPACE"], "team$$1")
        for text in json.dumps(github), json.dumps(gitlab):
            self.assertIn("| podman login", text)
            self.assertIn("--auth cookie --token-env CHARD_TOKEN", text)
            self.assertNotIn(TOKEN, text)
        self.chard("context", "add", "d", "--target", "kfp", "--endpoint", "https://example.com/p", "--username", "me@x",
                   "--token-env", "P")
        document = self.document("github", "--context", "d")
        self.assertEqual(document["jobs"]["submit"]["env"]["CHARD_USERNAME"], "me@x")
        self.assertIn("--auth dex --token-env CHARD_TOKEN", json.dumps(document))
        pem = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"
        self.chard("context", "add", "k", "--target", "argo", "--kubeconfig", self.write("kube", TOKEN), "--builder", "in-cluster",
                   "--registry", "example.com/r", "--kube-context", "prod", "--proxy", "http://proxy:3128", "--ca", self.write("ca", pem))
        document = self.document("gitlab", "--context", "k")
        variables = document["chard submit"]["variables"]
        self.assertEqual((variables["CHARD_KUBE_CONTEXT"], variables["CHARD_PROXY"], variables["CHARD_CA"]),
                         ("prod", "http://proxy:3128", pem))
        text = json.dumps(document)
        self.assertIn("--target argo", text)
        self.assertIn("$CHARD_KUBECONFIG", text)
        self.assertNotIn(" login ", text)


@unittest.skipUnless(os.path.exists(fake_kfp.SWAGGER), "../shared is not there")
@unittest.skipUnless(os.environ.get("CHARD_TESTS") == "all", "only with CHARD_TESTS=all")
class Jobs(Case):
    """The jobs, in a clone."""

    def setUp(self):
        super().setUp()
        self.kfp = fake_kfp.FakeKfp()
        self.addCleanup(self.kfp.close)
        self.registry = Service(lambda r: (200, b"", {"Docker-Content-Digest": "sha256:" + "a" * 64}))
        self.addCleanup(self.registry.close)
        os.chmod(self.write("bin/buildah", '#!/bin/sh\n{ echo "$*"; cat; } >> "%s"\n' % self.path("login")), 0o755)
        os.symlink(CHARD, self.path("bin/chard"))
        self.env["PATH"] = self.path("bin") + ":" + self.env["PATH"]

    def script(self, forge, options, known):
        """The submitting job's lines and environment, as the forge gives them to a shell."""
        document = self.document(forge, *options)
        if forge == "gitlab":
            job = document["chard submit"]
            variables = {k: re.sub(r"\$\$|\$(\w+)", lambda m: known[m.group(1)] if m.group(1) else "$", v)
                         for k, v in job["variables"].items()}
            return "\n".join(document["chard check"]["script"] + job["script"]), {**known, **variables}
        job = document["jobs"]["submit"]

        def expression(match):
            text = match.group(1).strip()
            return text[1:-1] if text[0] == "'" else known[text]

        def fill(text):
            return re.sub(r"\$\{\{((?:'[^']*'|[^'])*?)\}\}", expression, text)
        run = document["jobs"]["check"]["steps"][-1]["run"] + job["steps"][-1]["run"]
        return fill(run), {k: fill(v) for k, v in job["env"].items()}

    def run_jobs(self, forge, options, known):
        script, env = self.script(forge, options, known)
        self.chard("ci", forge, "--force", *options, "sub", WILD)
        self.git("add", ".")
        self.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", forge)
        subprocess.run(["git", "clone", "-q", "--depth", "1", "file://" + self.path("repo"), self.path("clone " + forge)],
                       env=self.env, check=True)
        run = subprocess.run(["sh", "-ec", script], cwd=self.path("clone " + forge), env={**self.env, **env}, text=True,
                             capture_output=True, timeout=300)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertNotIn(TOKEN, run.stdout + run.stderr)

    def judge(self, count):
        self.assertEqual(len(self.kfp.runs), count)
        self.assertEqual({r.headers.get("Authorization") for r in self.kfp.requests}, {"Bearer " + TOKEN})
        self.assertEqual({p["name"] for p in self.kfp.pipelines.values()}, {"train", "a-b-s-x-home"})
        with open(self.path("login"), encoding="utf-8") as f:
            self.assertIn("login --username bot --password-stdin %s\npassw0rd" % self.registry.url[7:], f.read())
        self.assertEqual(self.kfp.wrong, [])

    def test_github(self):
        image = self.registry.url[7:] + "/Team"
        self.run_jobs("github", [], {
            "vars.CHARD_ENDPOINT": self.kfp.url, "vars.CHARD_NAMESPACE": "", "vars.CHARD_EXPERIMENT": "",
            "vars.CHARD_SERVICE_ACCOUNT": "default-editor", "vars.CHARD_USERNAME": "", "vars.CHARD_CONNECTOR": "", "vars.CHARD_PROXY": "", "vars.CHARD_CA": "",
            "vars.CHARD_KUBE_CONTEXT": "",
            "secrets.CHARD_TOKEN": TOKEN, "vars.CHARD_REGISTRY || format('ghcr.io/{0}', github.repository)": image,
            "secrets.REGISTRY_USER || github.actor": "bot",
            "secrets.REGISTRY_PASSWORD || secrets.GITHUB_TOKEN": "passw0rd"})
        self.judge(2)
        self.assertEqual({run["service_account"] for run in self.kfp.runs.values()}, {"default-editor"})
        self.assertIn("/v2/team/train/manifests/", self.registry.requests[0].path + self.registry.requests[1].path)

    def test_the_way_there(self):
        """Certificates, a proxy and a kubeconfig's context reach the job's own context as they should."""
        pem = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----"
        self.chard("context", "add", "k", "--target", "argo", "--kubeconfig", self.write("kube", TOKEN), "--kube-context", "prod x",
                   "--proxy", "http://proxy:3128", "--ca", self.write("ca", pem), "--registry", "example.com/r")
        document = self.document("gitlab", "--context", "k")["chard submit"]
        lines = [x for x in document["script"] if "chard submit" not in x and "pip" not in x and "venv" not in x]
        subprocess.run(["sh", "-ec", "\n".join(lines)], check=True, cwd=self.path("repo"), env={
            **self.env, **document["variables"], "CHARD_KUBECONFIG": "{}", "REGISTRY_PASSWORD": ""})
        with open(self.path("home/.config/chard/config.yaml"), encoding="utf-8") as f:
            context = yaml.safe_load(f)["contexts"]["ci"]
        self.assertEqual((context["kube_context"], context["proxy"], context["kubeconfig"]),
                         ("prod x", "http://proxy:3128", self.path("home/chard-kubeconfig")))
        with open(context["ca"], encoding="utf-8") as f:
            self.assertEqual(f.read().strip(), pem)

    def test_gitlab(self):
        self.run_jobs("gitlab", ["--branch", "main"], {
            "CHARD_ENDPOINT": self.kfp.url, "CHARD_TOKEN": TOKEN, "CHARD_EXPERIMENT": "Nightly runs",
            "CI_REGISTRY_IMAGE": self.registry.url[7:] + "/team", "CI_REGISTRY_USER": "bot", "CI_REGISTRY_PASSWORD": "passw0rd"})
        self.judge(2)
        self.assertEqual([e["display_name"] for e in self.kfp.experiments.values()], ["Nightly runs"])


if __name__ == "__main__":
    unittest.main()
