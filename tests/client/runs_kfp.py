"""Runs on Kubeflow Pipelines and what becomes of them: `chard runs`, `chard schedules`, `--wait`, results.

SPDX-License-Identifier: Apache-2.0
"""
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time

import fake_kfp
from kfp_case import Case, NOTEBOOK, setUpModule  # noqa: F401 (unittest calls setUpModule)
from service import HARNESS


class Results(Case):
    def setUp(self):
        super().setUp()
        fake_kfp.mlmd_messages()    # made here, where a failure is seen, and not while a client waits

    def pod(self, step, outputs):
        """Runs a step as its pod would; the artifacts that it leaves, by name: a directory as the user interface packs it."""
        document, = self.kfp.documents.values()
        executors = document[0]["deploymentSpec"]["executors"]
        component = document[0]["root"]["dag"]["tasks"][step]["componentRef"]["name"]
        container = executors[document[0]["components"][component]["executorLabel"]]["container"]
        args = [a for a in container["args"]]
        spec = args[args.index("--spec") + 1]
        command = [sys.executable, HARNESS, "pod", "--spec", spec]
        for name in outputs:
            command += ["--out", name, os.path.join(self.folder, "out", name)]
        run = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        left = {}
        for name in outputs:
            path, archive = os.path.join(self.folder, "out", name), io.BytesIO()
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    left[name] = f.read()
                continue
            with tarfile.open(fileobj=archive, mode="w:gz") as tar:
                for inside in os.listdir(path):
                    tar.add(os.path.join(path, inside), inside)
            left[name] = archive.getvalue()
        return left

    def test_results(self):
        subprocess.run(["git", "init", "-q"], cwd=self.folder, env=self.env, check=True)
        self.write("train.py", '# %% tags=["step:make"]\nx = {"ä": [1, 2]}\nopen ("made.txt", "w").write ("hi")\n\n'
                               '# %% tags=["pipeline-metrics"]\nprint (x["ä"][0])\naccuracy = 0.5\nprint (accuracy)\n\n'
                               '# %% tags=["step:read"]\nprint (x, open ("made.txt").read ())\n')
        record = self.submit()
        known = {name: about["key"] for name, about in record["steps"][0]["artifacts"].items()}
        self.assertLessEqual({"x", "made.txt"}, set(known))
        self.assertIn("make.made.txt", self.chard("runs", "get", "make").stdout)
        self.assertIn("knows no artifact", self.chard("runs", "get", "make.x", "-o", "x.json", status=1).stderr)
        root = "minio://mlpipeline/v2/artifacts/train/some-run"
        self.kfp.objects.update({root + "/make/s4lt/%s" % known["x"]: b"of a try before", root + "/read/s4lt/%s" % known["x"]: b"other"})
        for name, data in self.pod("make", known.values()).items():
            self.kfp.objects[root + "/make/5alt/" + name] = data
        self.kfp.stores[root + "/make/5alt/" + known["x"]] = '{"Provider":"minio","Params":{"fromEnv":"false","secretName":"s & t"}}'
        self.chard("runs", "get", "make.x", "-o", "x.json", "--python", sys.executable)
        self.chard("runs", "get", record["run"], "make.made.txt", "-o", "file.txt")
        for name, content in ("x.json", {"ä": [1, 2]}), ("file.txt", "hi"):
            with open(os.path.join(self.folder, name), encoding="utf-8") as f:
                self.assertEqual(f.read() if content == "hi" else json.load(f), content)
        self.chard("runs", "get", "make.metrics", "-o", "metrics")
        with open(os.path.join(self.folder, "metrics"), "rb") as f:
            self.assertEqual(f.read(), self.kfp.objects[root + "/make/5alt/" + known["metrics"]])
        self.assertIn("has no zz", self.chard("runs", "get", "make.zz", "-o", "zz", status=2).stderr)
        for reply in (200, b"\0\0\0\0\xffjunk"), (200, b""), (404, "Not Found"), (200, b"\x80\0\0\0\x0egrpc-status:13"):
            self.kfp.before = lambda r, reply=reply: reply if "MetadataStore" in r.path else NotImplemented
            self.assertIn("at its user interface only", self.chard("runs", "get", "make.x", "-o", "y", status=3).stderr)
        self.compare_metrics(record["run"])

    def compare_metrics(self, there):
        """With a run here. They are asked for once, when they can be had."""
        with open(os.path.join(self.folder, "train.py"), encoding="utf-8") as f:
            other = f.read().replace("0.5", "0.25")
        self.write("train.py", other)
        here = json.loads(self.chard("run", "--python", sys.executable, "--format=json", "train.py").stdout)["run"]
        self.set_states("SUCCEEDED", make="SUCCEEDED", read="SUCCEEDED")
        diff = self.chard("runs", "diff", there, here, "--format=json")
        self.assertRegex(diff.stderr, "note: metrics of run %s aren't known: Kubeflow Pipelines hands artifacts out" % there)
        self.assertEqual(json.loads(diff.stdout)["metrics"], {"make.accuracy": {"b": 0.25}})
        self.kfp.before = None
        for _ in range(2):
            diff = self.chard("runs", "diff", there, here, "--format=json")
            self.assertEqual((json.loads(diff.stdout)["metrics"], diff.stderr), ({"make.accuracy": {"a": 0.5, "b": 0.25}}, ""))
            self.kfp.before = lambda r: (500, "nobody is asked again")
        self.assertIn("metric     accuracy = 0.5 (make)\n", self.chard("runs", "show", there).stdout)


class Schedules(Case):
    def test_schedules(self):
        record = self.submit("--schedule", "*/15 2 * * mon", "-p", "n=3")
        one, = self.kfp.recurring.values()
        self.assertEqual(record["schedule"], one["recurring_run_id"])
        self.assertEqual(record["link"], self.kfp.url + "/#/recurringrun/details/" + one["recurring_run_id"])
        self.assertRegex(record["next"][0], r"^\d{4}-\d\d-\d\d 02:00 UTC$")
        self.assertEqual(one["trigger"], {"cron_schedule": {"cron": "0 0-59/15 2 * * 1"}})
        self.assertEqual(list(one["runtime_config"]["parameters"].values())[0], 3)
        self.assertEqual(self.kfp.runs, {})
        self.submit("--schedule", "*/15 2 * * 1", "-p", "n=3")         # the same: nothing is made
        self.assertEqual([r["recurring_run_id"] for r in self.kfp.recurring.values()], [record["schedule"]])
        for i in range(3):      # of others, and pages of them
            other = dict(one, recurring_run_id="o%d" % i, description="mine", display_name="train" if i else "other")
            self.kfp.recurring["o%d" % i] = other
        # Another time: the new one takes the place of ours, though the reply is lost; those of others stay.
        self.lose("POST", "/recurringruns")
        self.submit("--schedule", "@daily")
        ours, = [r for r in self.kfp.recurring.values() if " by Chard" in r["description"]]
        self.assertNotEqual(ours["recurring_run_id"], record["schedule"])
        self.assertEqual(ours["trigger"]["cron_schedule"]["cron"], "@daily")
        self.assertEqual(len(self.kfp.recurring), 4)
        # All are told, and called by id or by a name that is one's own.
        listed = json.loads(self.chard("schedules", "list", "--format=json").stdout)
        self.assertEqual(sorted((s["name"], s["ours"]) for s in listed), [("other", False), ("train", False), ("train", False),
                                                                          ("train", True)])
        self.assertIn("several schedules on lab are called “train”", self.chard("schedules", "pause", "train", status=2).stderr)
        self.chard("schedules", "pause", ours["recurring_run_id"])
        self.assertEqual(ours["status"], "DISABLED")
        self.assertIn("paused", self.chard("schedules", "list").stdout)
        # The runs that it has started are listed among those that were started here, and nobody else's.
        known = self.submit()
        for i, (schedule, at) in enumerate(((ours["recurring_run_id"], "2030-01-01"), ("o1", "2030-01-02"), (ours["recurring_run_id"], "2030-01-03"))):
            self.kfp.runs["r%d" % i] = {"run_id": "r%d" % i, "display_name": "x-%d" % i, "experiment_id": "", "recurring_run_id": schedule,
                                        "state": "FAILED", "created_at": at + "T02:00:00Z", "finished_at": at + "T02:00:07Z"}
        listed = json.loads(self.chard("runs", "list", "--context", "lab", "--format=json").stdout)
        self.assertEqual([(r["run"], r["status"], r["seconds"]) for r in listed],
                         [("x-2", "failed", 7), ("x-0", "failed", 7), (known["run"], "submitted", 0)])
        self.assertIn("train (schedule)", self.chard("runs", "list", "--context", "lab", "-n1").stdout)
        self.assertIn("name no notebook", self.chard("runs", "list", "--context", "lab", "train.py", status=2).stderr)
        self.chard("runs", "rm", known["run"])      # as where another machine has started it
        other = json.loads(self.chard("runs", "list", "--context", "lab", "--format=json").stdout)[2]
        self.assertEqual((other["run"], other["notebook"]), (known["run"], "train"))
        self.chard("schedules", "resume", ours["recurring_run_id"])
        self.assertEqual(ours["status"], "ENABLED")
        self.chard("schedules", "delete", "other")
        self.assertNotIn("o0", self.kfp.recurring)

    def test_the_notebooks_own(self):
        """A tag schedule: is what submit does; --now and --upload do something else."""
        self.write("train.py", NOTEBOOK.replace('"step:sum"', '"step:sum", "schedule:0 6 * * 1-5"'))
        record = self.submit()
        one, = self.kfp.recurring.values()
        self.assertEqual((record["status"], one["trigger"]["cron_schedule"]["cron"]), ("scheduled", "0 0 6 * * 1-5"))
        self.assertEqual(self.kfp.runs, {})
        for option in ("--wait",), ("--sweep", "n=1,2"):
            self.assertIn("say --now", self.submit(*option, status=2))
        self.assertIn("not for --upload", self.submit("--upload", "--now", status=2))
        self.assertIn("starts none", self.submit("--upload", "-p", "n=1", status=2))
        version, = self.kfp.versions.values()
        record = self.submit("--upload")
        self.assertEqual(record["link"], "%s/#/pipelines/details/%s/version/%s" % (
            self.kfp.url, version["pipeline_id"], version["pipeline_version_id"]))
        self.assertEqual((record["status"], self.kfp.runs, len(self.kfp.recurring)), ("uploaded", {}, 1))
        self.submit("--now")
        self.assertEqual((len(self.kfp.runs), len(self.kfp.recurring)), (1, 1))

    def test_the_account(self):
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.kfp.url, "--service-account", "default-editor")
        self.submit()
        self.submit("--schedule", "@daily")
        self.assertEqual({r["service_account"] for r in [*self.kfp.runs.values(), *self.kfp.recurring.values()]}, {"default-editor"})

    def test_one_time_zone(self):
        self.submit("--schedule", "0 2 * * *", "--timezone", "UTC")
        self.assertIn("one time zone for all schedules", self.submit("--schedule", "0 2 * * *", "--timezone", "Europe/Berlin",
                                                                     status=2))
        self.assertEqual(len(self.kfp.recurring), 1)


class Wait(Case):
    def test_to_the_end(self):
        waiting = self.start("submit", "--image", "x:1", "--python", sys.executable, "--wait", "train.py")
        self.until(lambda: self.asked("GET", "/v2beta1/runs/"))
        self.set_states("RUNNING", load_data="CACHED", sum="RUNNING")
        count = len(self.asked("GET", "/v2beta1/runs/"))
        self.until(lambda: len(self.asked("GET", "/v2beta1/runs/")) > count + 1)
        # An outage is waited for.
        self.kfp.before = lambda r: (400, "down")
        count = len(self.kfp.requests)
        self.until(lambda: len(self.kfp.requests) > count + 1)
        self.kfp.before = None
        self.set_states("SUCCEEDED", load_data="CACHED", sum="SUCCEEDED")
        out, err = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 0, err)
        self.assertIn("load data: cached\nsum: running\n", err)
        self.assertIn("down; still waiting\n", err)
        self.assertIn("sum: ok\n", err)
        self.assertRegex(out, "(?m)^run [0-9a-f-]+: ok$")
        shown = json.loads(self.chard("runs", "show", "--format=json").stdout)
        self.assertEqual([(s["step"], s["status"]) for s in shown["steps"]], [("load data", "cached"), ("sum", "ok")])
        listed, = json.loads(self.chard("runs", "list", "--format=json").stdout)
        self.assertEqual((listed["status"], listed["ran"], listed["cached"]), ("ok", 1, 1))

    def until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.02)

    def test_failure(self):
        run = self.submit()["run"]
        workflow = self.set_states("FAILED", load_data="SUCCEEDED", sum="FAILED")
        workflow.task("sum", "FAILED", message="OOMKilled\n(exit code 137)")
        failed = self.chard("runs", "wait", run[-5:] if run[-5] != "-" else run, status=1)
        self.assertIn("sum: failed\n  OOMKilled?(exit code 137)\n", failed.stderr)
        volume = workflow.add("delete--ws", "Pod", "Succeeded", templateName="system-container-driver")
        self.assertIn("the volumes that run %s made went with it; submit" % run, self.chard("runs", "retry", run, status=1).stderr)
        del workflow.nodes[volume]
        self.assertIn("is tried again: running", self.chard("runs", "retry", run).stdout)
        self.assertIn("is to be canceled: running", self.chard("runs", "cancel").stdout)
        workflow = self.set_states("FAILED", sum="OMITTED")      # KFP has no other word for what was canceled
        workflow.deadline = 0
        workflow.task("load-data", "FAILED", message="Step exceeded its deadline")
        self.chard("runs", "wait", status=1)
        shown = json.loads(self.chard("runs", "show", run, "--format=json").stdout)
        self.assertEqual((shown["status"], [s["status"] for s in shown["steps"]]), ("canceled", ["canceled", "skipped"]))

    def test_what_was_never_started(self):
        """A driver that fails has no step's pod, and what comes after is left out."""
        self.submit()
        workflow = self.set_states("FAILED", load_data="OMITTED", sum="OMITTED")
        node = next(n for n in workflow.nodes.values() if n["displayName"] == "load-data-driver")
        node.update(type="Pod", phase="Error", message="driver: no")
        told = self.chard("runs", "wait", status=1).stderr
        self.assertIn("load data: failed\n  driver: no\nsum: skipped\n", told)

    def test_what_was_left_out_though_others_wait(self):
        """Such a step is a graph in which it stands beside what takes its place."""
        self.submit()
        workflow = self.set_states("SUCCEEDED", load_data="SUCCEEDED", sum="SUCCEEDED")
        workflow.task("load-data.load-data-otherwise", "SUCCEEDED")
        workflow.add("load-data.load-data-driver", "Pod", "Succeeded")
        workflow.add("load-data.load-data", "Skipped", "Skipped")
        self.assertIn("load data: skipped\n", self.chard("runs", "wait").stderr)

    def test_a_server_without_workflows(self):
        self.kfp.workflows = None
        self.submit()
        self.set_states("FAILED", load_data="SUCCEEDED", sum="FAILED")
        run, = self.kfp.runs.values()
        run["error"] = {"code": 13, "message": "step sum\nfailed"}
        told = self.chard("runs", "wait", status=1)
        self.assertIn("load data: ok\nsum: failed\n", told.stderr)
        self.assertIn(": failed: step sum?failed\n", told.stdout)
        self.assertIn("error      step sum?failed\n", self.chard("runs", "show").stdout)
        self.assertIn("knows no pod of this step", self.chard("runs", "logs", "sum", status=1).stderr)

    def test_the_error_at_its_cell_and_line(self):
        line = 'time=2026-11-25T23:44:06.124Z level=INFO msg="waiting"\nnoise\nchard-error: {"cell": 9, "type": "Fake", "message": "by the notebook"}\nso far\n' \
               'I1126 06:26:47.504362      38 launcher_v2.go:1230] ExecutorOutput: {\n  "artifacts": {\n    "x": {}\n  }\n}\n' \
               'W1125 23:44:06.519636      38 launcher_v2.go:590] no index\n\n' \
               'chard-error: {"cell": 1, "line": 2, "type": "ValueError", "message": "no"}\n'
        # Each task has a pod; with a retry policy each try has one, and with annotations its template is called otherwise.
        for there, where, tries, template in (("ui", "ui", 0, "system-container"), ("ui", "logs", 2, "retry-system-container"),
                                              (None, "logs", 3, "metadata-1-0-retry-system-container")):
            self.kfp.ui = {} if there else None
            self.kfp.runs.clear()
            self.submit()
            workflow = self.set_states("FAILED", load_data="SUCCEEDED")
            workflow.task("sum", "FAILED", tries, template)
            pod = workflow.pod("sum.executor" + ("(%d)" % (tries - 1) if tries else ""), template + "-impl")
            getattr(self.kfp, where)[pod] = line
            told = self.chard("runs", "wait", status=1).stderr
            self.assertRegex(told, "sum: failed\n    \\| noise\n    \\| chard-error: .*\n    \\| so far\n(?:    \\| \n)?  train.py, cell 1, line 2: ValueError: no\n$")
            self.kfp.logs.clear()
        self.assertEqual(self.chard("runs", "logs", "sum", status=3).stdout, "")

    def test_a_step_is_no_end_of_a_run(self):
        first = self.submit()["run"]
        self.write("train.py", '# %%%% tags=["step:%s"]\nx = 1\n\n# %%%% tags=["step:z"]\nprint (x)\n' % first[-1])
        self.submit()
        run = list(self.kfp.runs)[-1]
        workflow = self.kfp.workflows[run] = fake_kfp.Workflow("train-x7k2p")
        key = json.loads(self.chard("runs", "show", "--format=json").stdout)["steps"][0]["key"]
        workflow.task(key, "RUNNING")
        self.kfp.ui[workflow.pod(key + ".executor", "system-container-impl")] = "of the step\n"
        self.assertEqual(self.chard("runs", "logs", first[-1]).stdout, "of the step\n")

    def test_logs_of_a_cluster(self):
        """Through the Kubernetes API's proxy there is no user interface, but the Kubernetes API itself."""
        self.kfp.prefix = "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy"
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.kfp.service.url + self.kfp.prefix)
        self.submit()
        pod = self.set_states("RUNNING", load_data="RUNNING").pod("load-data.executor", "system-container-impl")
        path = "/api/v1/namespaces/kubeflow/pods/%s/log?container=main&tailLines=" % pod
        self.kfp.before = lambda r: (200, "so far\n") if r.path.startswith(path) else NotImplemented
        self.assertEqual(self.chard("runs", "logs", "load data").stdout, "so far\n")

    def test_interrupted_clients_leave_the_run_alone(self):
        waiting = self.start("submit", "--image", "x:1", "--python", sys.executable, "--wait", "train.py")
        self.until(lambda: self.asked("GET", "/v2beta1/runs/"))
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 1, err)
        self.assertRegex(err, "the run goes on: chard runs wait [0-9]")
        self.assertEqual(self.asked("POST", ":terminate"), [])
        self.set_states("SUCCEEDED")
        self.chard("runs", "wait")      # and takes it up again

    def test_runs_that_are_gone(self):
        run = self.submit()["run"]
        self.kfp.runs.clear()
        self.assertIn("as it was known last, since", self.chard("runs", "show", run).stderr)
        self.assertIn("there is nothing of that name (HTTP 404)", self.chard("runs", "cancel", run, status=3).stderr)
        self.assertIn("there is no run “nope”", self.chard("runs", "wait", "nope", status=2).stderr)
        self.assertIn("run %s is on " % run, self.chard("runs", "report", status=1).stderr)
        self.assertEqual(json.loads(self.chard("runs", "rm", run, "--format=json").stdout), {"removed": [run]})
        self.assertIn("yet: chard submit NOTEBOOK starts one", self.chard("runs", "wait", status=2).stderr)
        self.assertIn("yet: chard run NOTEBOOK makes one", self.chard("runs", "report", status=2).stderr)
        self.assertEqual(self.chard("runs", "list", "--format=json").stdout, "[]\n")
