"""`chard submit` to Kubeflow Pipelines: what is made there, once whatever happens to replies.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys

from kfp_case import Case, NOTEBOOK, setUpModule  # noqa: F401 (unittest calls setUpModule)
from service import Service, raw


class Submit(Case):
    def test_everything_is_made_once(self):
        record = self.submit("-p", "n=7", "--experiment", "Ex 1")
        run, = self.kfp.runs.values()
        pipeline, = self.kfp.pipelines.values()
        version, = self.kfp.versions.values()
        experiment, = self.kfp.experiments.values()
        self.assertEqual(record["run_id"], run["run_id"])
        self.assertEqual(record["link"], self.kfp.url + "/#/runs/details/" + run["run_id"])
        self.assertEqual((pipeline["name"], experiment["display_name"]), ("train", "Ex 1"))
        self.assertEqual(run["display_name"], "train " + record["run"])
        document = self.kfp.documents[version["pipeline_version_id"]][0]
        keys = {v.get("defaultValue", v.get("parameterType")) if not isinstance(v.get("defaultValue"), list) else "list": k
                for k, v in document["root"]["inputDefinitions"]["parameters"].items()}
        sent = run["runtime_config"]["parameters"]
        self.assertEqual(sent[keys[2]], 7)
        self.assertEqual(sent[keys["list"]], ["Köln"])
        self.assertEqual(len(sent), 2)      # None is left to the default
        # The same again: the same version, another run.
        self.submit("--experiment", "Ex 1")
        self.assertEqual([len(x) for x in (self.kfp.pipelines, self.kfp.versions, self.kfp.experiments, self.kfp.runs)],
                         [1, 1, 1, 2])
        # Other code is another version; pages of lists are gone through.
        for i in range(3):
            self.write("train.py", NOTEBOOK + "print (%d)\n" % i)
            self.submit("--experiment", "Ex %d" % i)
        self.submit("--experiment", "Ex 2")
        self.assertEqual([len(x) for x in (self.kfp.pipelines, self.kfp.versions, self.kfp.experiments, self.kfp.runs)],
                         [1, 4, 3, 6])
        listed = json.loads(self.chard("runs", "list", "--format=json").stdout)
        self.assertEqual([r["status"] for r in listed], ["submitted"] * 6)
        self.assertEqual(listed[-1]["run"], record["run"])
        self.assertEqual({r["context"] for r in listed}, {"lab"})
        self.assertIn(" on lab", self.chard("runs", "list", "train.py").stdout)

    def test_values_that_kfp_would_change(self):
        """KFP 2.17 hands "$$" on as "$", "{{=1+1}}" as "2" and "[[Index]]" as a number: they travel as JSON text without such."""
        nasty = 'a $$ $(HOME) {{=1+1}} [[Index]] \\ "é"'
        values = {"s": nasty, "l": [[nasty], None], "d": {nasty: {"x": 1}}, "i": 2 ** 53 + 1, "plain": "1"}
        text = '# %% tags=["parameters"]\nnothing = None\n' + "".join("%s = %r\n" % x for x in values.items())
        self.write("train.py", text + '# %% tags=["step:a"]\nprint (s, l, d, i, plain, nothing)\n')
        self.submit("-p", 'l=[[["[[RunUUID]]", null]]]', "-p", "nothing=null")
        sent = next(iter(self.kfp.runs.values()))["runtime_config"]["parameters"]
        self.assertEqual(sent.pop("plain"), "1")
        for sent_text in sent.values():
            for trap in "$", "{{", "[[":
                self.assertNotIn(trap, sent_text)
        del values["plain"]
        self.assertEqual({k: json.loads(v) for k, v in sent.items()}, dict(values, l=[[["[[RunUUID]]", None]]]))
        self.assertIn("would change that value", self.submit("-p", "plain=$(HOME)", status=2))
        self.assertIn("would change that value", self.submit("--sweep", "plain=a,$(HOME)", status=2))
        self.assertEqual(len(self.kfp.runs), 1)     # nor is the first of them started

    def test_names_are_as_the_server_compares_them(self):
        self.submit("--experiment", "Ex")
        self.submit("--experiment", "eX ")
        self.assertEqual([e["display_name"] for e in self.kfp.experiments.values()], ["Ex"])
        self.assertEqual(len(self.kfp.runs), 2)
        self.assertIn("length cannot exceed 128", self.submit("--experiment", "x" * 129, status=3))
        experiment, = self.kfp.experiments.values()
        experiment["storage_state"] = "ARCHIVED"       # its runs start, and are hidden
        told = self.chard("submit", "--image", "x:1", "--python", sys.executable, "--experiment", "Ex", "train.py").stderr
        self.assertIn("note: the experiment “Ex” is archived there", told)
        self.assertEqual(len(self.kfp.runs), 3)

    def test_names_that_kfp_has_too(self):
        """Beside a task NAME its compiler has NAME-driver, and executor within it."""
        self.write("train.py", "".join('# %%%% tags=["step:%s"]\nx%d = %d\n' % (name, i, i) for i, name in enumerate(
            ("load", "load-driver", "executor", "root"))) + '# %% tags=["step:z"]\nprint (x0, x1, x2, x3)\n')
        steps = {s["step"]: s["key"] for s in self.submit()["steps"]}
        self.assertEqual(steps["load"], "load")
        for name in "load-driver", "executor", "root":
            self.assertRegex(steps[name], "^%s-[0-9a-f]{6}$" % name)

    def test_sources_are_kept(self):
        subprocess.run(["git", "init", "-q"], cwd=self.folder, env=self.env, check=True)
        record = self.submit()
        files = subprocess.run(["git", "ls-tree", "-r", "--name-only", "refs/chard/runs/" + record["run"]], cwd=self.folder,
                               env=self.env, check=True, capture_output=True, text=True).stdout.split("\n")
        self.assertEqual(files[:3], [".chard-run/pipeline.json", ".chard-run/train.kfp.yaml", "train.py"])
        self.assertEqual(record["git"]["snapshot"][:7], subprocess.run(
            ["git", "rev-parse", "--short=7", "refs/chard/runs/" + record["run"]], cwd=self.folder, env=self.env,
            check=True, capture_output=True, text=True).stdout.strip())
        other = self.submit("-p", "n=5")["run"]
        told = json.loads(self.chard("runs", "diff", record["run"], other, "--format=json").stdout)
        self.assertEqual((told["parameters"], told["cells"]), ({"n": {"a": 2, "b": 5}}, []))
        self.assertEqual((told["a"]["status"], told["b"]["run"]), ("submitted", other))
        self.assertEqual(json.loads(self.chard("runs", "diff", "--format=json").stdout), told)      # the last two
        self.assertIn("--require-clean", self.submit("--require-clean", status=1))
        self.assertEqual(len(self.kfp.runs), 2)
        self.assertIn("has no remote “nope”", self.submit("--push", "nope", status=2))
        self.assertEqual(len(self.kfp.runs), 2)
        # A repository that can't be written: told, and no failure.
        os.rename(os.path.join(self.folder, ".git/refs/chard"), os.path.join(self.folder, ".git/refs/was"))
        self.write(".git/refs/chard", "in the way\n")
        run = self.chard("submit", "--image", "x:1", "--python", sys.executable, "--format=json", "train.py")
        self.assertRegex(run.stderr, "note: refs/chard/runs/.*: the sources of this run aren't kept")
        self.assertNotIn("snapshot", json.loads(run.stdout)["git"])
        subprocess.run(["git", "remote", "add", "far", "."], cwd=self.folder, env=self.env, check=True)
        self.assertIn("refs/chard/runs/", self.submit("--push", "far", status=3))
        self.assertEqual(len(self.kfp.runs), 3)

    def test_without_a_repository(self):
        run = self.chard("submit", "--image", "x:1", "--python", sys.executable, "train.py")
        self.assertIn("note: there is no Git repository around", run.stderr)
        self.assertIn("is submitted to lab\n" + self.kfp.url + "/#/runs/details/", run.stdout)

    def test_mistakes_before_anything_is_sent(self):
        for arguments, status, told in ((["-p", "m=1"], 2, "m"), (["--context", "nope"], 2, "no context “nope”"),
                                        (["-p", "n=x"], 2, "n")):
            self.assertIn(told, self.submit(*arguments, status=status))
        self.write("train.py", "# %%\nprint (missing)\n")
        self.assertIn("--force", self.submit(status=1))
        self.write("train.py", "# %%\nprint (\n")
        self.assertIn("syntax", self.submit(status=1))
        self.write("train.py", NOTEBOOK)
        self.assertIn("give --image", self.chard("submit", "--python", sys.executable, "train.py", status=2).stderr)
        self.assertEqual(self.kfp.requests, [])
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".chard/remote")))

    def test_sweeps(self):
        told = self.submit("--sweep", "n=1,x", status=2)
        self.assertIn("--sweep: ", told)
        self.assertEqual(self.kfp.requests, [])
        records = self.submit("--sweep", "n=1,2", "--sweep", "städte=[],['Ulm', 'Köln']")
        self.assertEqual([r["parameters"]["n"] for r in records], [1, 1, 2, 2])
        self.assertEqual(len(self.kfp.versions), 1)
        self.assertEqual(sorted(run["run_id"] for run in self.kfp.runs.values()), sorted(r["run_id"] for r in records))
        sent = [list(run["runtime_config"]["parameters"].values()) for run in self.kfp.runs.values()]
        self.assertEqual([sorted(v, key=str) for v in sent], [[1, []], [1, ["Ulm", "Köln"]], [2, []], [2, ["Ulm", "Köln"]]])
        listed = json.loads(self.chard("runs", "list", "--format=json").stdout)
        self.assertEqual({r["run"] for r in listed}, {r["run"] for r in records})

    def test_images_are_asked_for_and_pinned(self):
        digest = "sha256:" + "a" * 64
        there = []
        registry = Service(lambda r: (200, b"", {"Docker-Content-Digest": digest}) if there else (404, {"errors": []}))
        self.addCleanup(registry.close)
        host = registry.url[7:]
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.kfp.url, "--registry", host + "/team")
        told = self.chard("submit", "--no-build", "--python", sys.executable, "train.py", status=3).stderr
        self.assertIn("isn't in the registry; without --no-build it is built", told)
        self.assertEqual(self.kfp.requests, [])
        there.append(1)
        self.chard("submit", "--python", sys.executable, "train.py")
        request = registry.requests[-1]
        self.assertEqual(request.method, "HEAD")
        self.assertRegex(request.path, "^/v2/team/train/manifests/[^/]+$")
        document = json.dumps(list(self.kfp.documents.values()))
        self.assertIn("%s/team/train@%s" % (host, digest), document)


class Namespaces(Case):
    multi_user = True

    def test_all_is_done_in_ours(self):
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.kfp.url, "--namespace", "team")
        self.submit()
        self.submit()
        self.assertEqual([x["namespace"] for x in self.kfp.pipelines.values()], ["team"])
        self.assertEqual([x["namespace"] for x in self.kfp.experiments.values()], ["team"])


class Faults(Case):
    def test_lost_replies_make_nothing_twice(self):
        for part in "/pipelines", "/pipelines/upload_version", "/experiments", "/runs":
            self.lose("POST", part)
            self.write("train.py", NOTEBOOK + "print (%r)\n" % part)
            before = len(self.kfp.runs)
            self.submit("--experiment", part)
            self.assertEqual(len(self.kfp.runs), before + 1, part)
            self.assertEqual(len(self.asked("POST", "/v2beta1/runs")), before + 1, part)
        self.assertEqual([len(x) for x in (self.kfp.pipelines, self.kfp.versions, self.kfp.experiments)], [1, 4, 4])

    def test_a_run_that_may_have_started_is_told(self):
        def before(request):
            if request.method == "POST" and request.path.endswith("/runs"):
                return raw()(request)      # it never arrives: nobody can know
            return NotImplemented
        self.kfp.before = before
        told = self.submit(status=3)
        self.assertIn("whether the run was started isn't known", told)
        self.assertRegex(told, "look for “train [0-9-]+[0-9a-f]+” there before you submit again")
        self.assertEqual(len(self.asked("POST", "/v2beta1/runs")), 1)

    def test_others_are_quicker(self):
        """Someone creates the experiment between our look and our request."""
        def before(request):
            if request.method == "POST" and request.path.endswith("/experiments") and not self.kfp.experiments:
                self.kfp.experiments["e"] = {"experiment_id": "e", "display_name": "Default"}
            return NotImplemented
        self.kfp.before = before
        self.submit()
        run, = self.kfp.runs.values()
        self.assertEqual(run["experiment_id"], "e")

    def test_a_busy_server(self):
        seen = {}

        def before(request):
            key = request.method + request.path.split("?")[0]
            seen[key] = seen.get(key, 0) + 1
            return (429, "slowly") if seen[key] == 1 else NotImplemented
        self.kfp.before = before
        self.submit()
        self.assertEqual(len(self.kfp.runs), 1)

    def test_refusals_are_passed_on(self):
        def before(request):
            if "upload_version" in request.path:
                return 400, {"error_message": "Failed to create the version", "error_details": "the spec is wrong: x"}
            return NotImplemented
        self.kfp.before = before
        self.assertIn("(HTTP 400): the spec is wrong: x", self.submit(status=3))
        self.assertEqual(len(self.kfp.runs), 0)
        self.kfp.before = lambda r: (200, {"nonsense": 1}) if "names/" in r.path else NotImplemented
        self.assertIn("the answer has no pipeline_id", self.submit(status=3))
