"""`chard submit` to Argo Workflows, through argo-server and through the Kubernetes API, by a server that holds each request to
the published schema and loses and breaks replies where a test asks for it.

SPDX-License-Identifier: Apache-2.0
"""
import io
import json
import os
import signal
import struct
import subprocess
import sys
import tarfile
import time
import unittest

import fake_argo
from case import SubmitCase
from service import HARNESS, raw

NOTEBOOK = """\
# %% tags=["parameters"]
n = 2
stadt = "Köln"
nothing = None

# %% tags=["step:load data"]
x = [n, len (stadt), nothing]

# %% tags=["step:sum"]
print (sum (x[:2]))
"""


def setUpModule():
    if not os.path.exists(fake_argo.SCHEMA):
        raise unittest.SkipTest("../shared is not there")


class Server:
    """Through argo-server; `Kubernetes` runs the same without it."""
    kubernetes = False

    def setUp(self):
        self.use_folder()
        self.write("train.py", NOTEBOOK)
        self.argo = fake_argo.FakeArgo(self.kubernetes)
        self.addCleanup(self.argo.close)
        self.add_context()

    def add_context(self, *more):
        self.write("token", "t0ken")
        self.chard("context", "add", "lab", "--target", "argo", "--endpoint", self.argo.url, "--namespace", "team", "--token-file",
                   "token", *more)

    def tearDown(self):
        self.assertEqual(self.argo.wrong, [])
        self.assertEqual({r.headers.get("Authorization") for r in self.argo.requests} - {"Bearer t0ken"}, set())

    def lose(self, method, part):
        """The server does what it is asked, and the connection breaks before the reply: once."""
        left = [1]

        def after(request, reply):
            if left[0] and request.method == method and part in request.path:
                left[0] -= 1
                return raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")(request)
            return reply
        self.argo.after = after

    def until(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.02)

    # ---- submit

    def test_everything_is_made_once(self):
        record = self.submit("-p", "n=7", "-p", "stadt=Bad 'Aibling' – \t1")
        wf, = self.argo.workflows.values()
        template, = self.argo.templates.values()
        self.assertEqual(wf["metadata"]["name"], "train-" + record["run"])
        self.assertEqual(wf["metadata"]["labels"]["chard.dev/run"], record["run"])
        self.assertRegex(template["metadata"]["name"], "^train-[0-9a-f]{10}$")
        self.assertEqual(wf["spec"]["workflowTemplateRef"], {"name": template["metadata"]["name"]})
        keys = {json.loads(p["value"]): p["name"] for p in template["spec"]["arguments"]["parameters"]}
        sent = {p["name"]: json.loads(p["value"]) for p in wf["spec"]["arguments"]["parameters"]}
        # The notebook's text isn't ASCII, so both are JSON (and the step is told so).
        self.assertEqual(sent, {keys[2]: 7, keys["Köln"]: "Bad 'Aibling' – \t1"})
        if not self.kubernetes:
            self.assertEqual(record["link"], self.argo.url + "/workflows/team/" + wf["metadata"]["name"])
        self.submit()
        self.write("train.py", NOTEBOOK + "print (1)\n")
        self.submit()
        self.assertEqual((len(self.argo.templates), len(self.argo.workflows)), (2, 3))
        listed = json.loads(self.chard("runs", "list", "--format=json").stdout)
        self.assertEqual([r["status"] for r in listed], ["submitted"] * 3)

    def test_lost_replies_make_nothing_twice(self):
        for method, part in (("PATCH" if self.kubernetes else "POST", "templates"), ("POST", "workflows")):
            self.lose(method, part)
            self.write("train.py", NOTEBOOK + "print ('%s')\n" % part)
            self.submit()
        self.assertEqual((len(self.argo.templates), len(self.argo.workflows)), (2, 2))

    def test_a_run_that_may_have_started_is_told(self):
        def before(request):
            lost = request.method == "POST" and "/workflows" in request.path
            return raw()(request) if lost else NotImplemented       # it never arrives: nobody can know
        self.argo.before = before
        self.assertRegex(self.submit(status=3), "isn't known: look for the workflow “train-[-0-9a-f]+” there")
        self.assertEqual(len(self.argo.workflows), 0)

    def test_the_account(self):
        self.add_context("--service-account", "runner")
        self.submit()
        self.submit("--schedule", "@daily")
        wf, = self.argo.workflows.values()
        self.assertEqual(wf["spec"]["serviceAccountName"], "runner")
        self.assertEqual(self.argo.crons["train"]["spec"]["workflowSpec"]["serviceAccountName"], "runner")

    def test_what_argo_has_not(self):
        self.assertIn("--experiment is for Kubeflow Pipelines", self.submit("--experiment", "x", status=2))

    def test_a_list_that_asks(self):
        self.submit()
        self.argo.set_states("Succeeded", load_data="Succeeded", sum="Succeeded")
        self.assertEqual(json.loads(self.chard("runs", "list", "--format=json").stdout)[0]["status"], "submitted")
        self.argo.before = lambda r: (403, self.argo.error(403, "no"))
        self.assertIn("is told as it was known last, since", self.chard("runs", "list", "-r").stderr)
        self.argo.before = None
        self.assertEqual(json.loads(self.chard("runs", "list", "-r", "--format=json").stdout)[0]["status"], "ok")

    def test_refusals_are_passed_on(self):
        self.argo.before = lambda r: ((403, self.argo.error(403, "no right to do that")) if "templates" in r.path
                                      else NotImplemented)
        self.assertIn("no right to do that", self.submit(status=3))
        self.argo.before = lambda r: (200, "junk") if "templates" in r.path else NotImplemented
        self.assertIn("the answer isn't JSON", self.submit(status=3))
        self.argo.before = None
        # A name of whatever length gives names that Argo takes.
        os.rename(os.path.join(self.folder, "train.py"), os.path.join(self.folder, "x" * 90 + ".py"))
        self.chard("submit", "--image", "x:1", "--python", sys.executable, "x" * 90 + ".py")

    def test_a_controller_that_lags_behind(self):
        """The run that has failed since the controller didn't know its template yet is started again; one that has begun never is."""
        self.argo.unknown = 2
        record = self.submit()
        self.assertEqual([(n, w["status"]["phase"]) for n, w in self.argo.workflows.items()], [(record["run_id"], "Pending")])
        self.assertEqual(sum(r.method == "DELETE" for r in self.argo.requests), 2)
        [template] = self.argo.templates.values()       # what is there for long is known: nothing is waited for
        template["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
        self.argo.unknown = 1
        self.submit()
        self.assertEqual((sum(r.method == "DELETE" for r in self.argo.requests), self.argo.unknown), (2, 0))

    def test_text_that_argo_would_change(self):
        self.write("train.py", '# %% tags=["parameters"]\ns = "a"\n\n# %% tags=["step:a"]\nprint (s)\n')
        self.submit("-p", "s=Köln\n2")
        wf, = self.argo.workflows.values()
        self.assertEqual(wf["spec"]["arguments"]["parameters"][0]["value"], "Köln\n2")
        self.assertIn("Argo takes no “{{”", self.submit("-p", "s={{workflow.name}}", status=2))

    # ---- wait, cancel, retry

    def test_to_the_end(self):
        waiting = self.start("submit", "--image", "x:1", "--python", sys.executable, "--follow", "train.py")
        self.until(lambda: self.argo.workflows)
        self.argo.set_states("Running", load_data="Cached", sum="Running")
        launcher = "I1126 06:26:47.504362      38 launcher_v2.go:1230] ExecutorOutput: {\n  \"artifacts\": {"
        self.argo.logs[self.argo.pod("sum")] = "so far\nhalf\n" + launcher     # KFP's, whose logs are read alike: none of it is printed
        count = len(self.argo.requests)
        self.until(lambda: len(self.argo.requests) > count + 5)
        self.argo.before = lambda r: (400, "down")     # an outage is waited for
        count = len(self.argo.requests)
        self.until(lambda: len(self.argo.requests) > count + 1)
        self.argo.before = None
        self.argo.set_states("Succeeded", load_data="Cached", sum="Succeeded")
        self.argo.logs[self.argo.pod("sum")] += "\n  }\n}\nand \033all"
        wf, = self.argo.workflows.values()
        wf["status"]["nodes"][self.argo.node("sum")]["outputs"] = {"parameters": [{"name": "metrics", "value": '{"loss": 0.1}'}]}
        out, err = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 0, err)
        self.assertIn("load data: cached\nsum: running\n", err)
        self.assertIn("sum | and ?all\nsum: ok\n", err)
        self.assertEqual([line for line in err.split("\n") if " | " in line], ["sum | so far", "sum | half", "sum | and ?all"])
        self.assertRegex(out, "(?m)^run [0-9a-f-]+: ok$")
        listed, = json.loads(self.chard("runs", "list", "--format=json").stdout)
        self.assertEqual((listed["status"], listed["ran"], listed["cached"]), ("ok", 1, 1))
        self.assertIn("metric     loss = 0.1 (sum)\n", self.chard("runs", "show").stdout)

    def test_interrupted_clients_leave_the_run_alone(self):
        waiting = self.start("submit", "--image", "x:1", "--python", sys.executable, "--wait", "train.py")
        self.until(lambda: self.argo.workflows)
        self.argo.set_states("Running", load_data="Running")
        count = len(self.argo.requests)                # the first look is whether the run has begun
        self.until(lambda: len(self.argo.requests) > count + 3)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
        self.assertEqual(waiting.returncode, 1, err)
        self.assertRegex(err, "the run goes on: chard runs wait [0-9]")
        self.argo.set_states("Succeeded", load_data="Succeeded", sum="Succeeded")
        self.chard("runs", "wait")

    def test_cancel_and_retry(self):
        run = self.submit()["run"]
        self.argo.set_states("Running", load_data="Running")
        self.assertIn("is to be canceled: running", self.chard("runs", "cancel", run).stdout)
        wf, = self.argo.workflows.values()
        self.assertEqual(wf["spec"]["shutdown"], "Stop")
        self.argo.set_states("Failed", "Stopped with strategy 'Stop'", load_data="Failed")
        self.chard("runs", "wait", status=1)
        self.assertEqual(json.loads(self.chard("runs", "show", run, "--format=json").stdout)["status"], "canceled")
        self.assertIn("has ended: canceled", self.chard("runs", "cancel", run, status=1).stderr)
        if self.kubernetes:
            self.assertIn("argo-server can: argo retry train-%s -n team" % run, self.chard("runs", "retry", status=2).stderr)
        else:
            self.assertIn("is tried again: running", self.chard("runs", "retry", run).stdout)
            self.assertIn("has not failed: running", self.chard("runs", "retry", run, status=1).stderr)

    # ---- failures

    def test_the_error_at_its_cell_and_line(self):
        self.write("train.py", '# %% tags=["step:good"]\nprint ("fine")\n\n# %% tags=["step:bad"]\nx = 1\nprint ("so far")\n'
                               'raise ValueError ("no\\nsuch “thing”")\n')
        run = self.submit()["run"]
        self.argo.set_states("Failed", "child failed", good="Succeeded", bad="Failed")
        # What the pod printed is what the harness prints.
        pod = subprocess.run([sys.executable, HARNESS, *self.argo.arguments("bad"), "--out", "result",
                              os.path.join(self.folder, "result")], cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(pod.returncode, 1, pod.stdout)
        self.argo.logs[self.argo.pod("bad")] = pod.stdout
        told = self.chard("runs", "wait", status=1).stderr
        self.assertRegex(told, r"bad: failed\n(    \| .*\n)+  train.py, cell 1, line 3: ValueError: no\?such “thing”\n$")
        self.assertIn("    | so far\n", told)
        self.assertNotIn("chard-error", told)
        followed = self.chard("runs", "wait", "--follow", status=1).stderr      # what was seen isn't told again
        self.assertEqual((followed.count("so far"), followed.count("chard-error")), (1, 0), followed)
        shown = json.loads(self.chard("runs", "show", run, "--format=json").stdout)
        failure = shown["steps"][1]["failure"]
        self.assertEqual((failure["cell"], failure["line"], failure["message"]), (1, 3, "no\nsuch “thing”"))
        self.write("train.py", "# %%\n")
        self.assertIn("the notebook's file has changed since; chard runs checkout " + run, self.chard("runs", "show", run).stdout)
        # Logs on demand; a step that has none is told.
        self.assertIn("so far\n", self.chard("runs", "logs", run, "bad").stdout)
        self.assertIn("so far\n", self.chard("runs", "logs", "bad").stdout)
        if self.kubernetes:
            self.assertIn("not found", self.chard("runs", "logs", run, "good", status=3).stderr)
        else:       # the pod is gone: what is kept beside its results
            self.assertEqual(self.chard("runs", "logs", run, "good").stdout, "")
            self.argo.files[self.argo.node("good"), "main-logs", ""] = b"fine\nand kept"
            self.assertEqual(self.chard("runs", "logs", run, "good").stdout, "fine\nand kept")
        template, = self.argo.templates.values()
        self.assertIs(template["spec"]["archiveLogs"], True)
        self.assertIn("has no step “ugly”", self.chard("runs", "logs", run, "ugly", status=2).stderr)

    def test_a_failure_without_a_log(self):
        self.submit()
        self.argo.set_states("Failed", "child failed", load_data="Failed")
        self.argo.before = lambda r: (500, self.argo.error(500, "gone")) if r.path.split("?")[0].endswith("/log") else NotImplemented
        told = self.chard("runs", "wait", status=1).stderr
        self.assertIn("load data: failed\n  Error (exit code 1)\n", told)

    def test_rounds_and_the_end_are_steps(self):
        """What fails in a round of a loop is told of the loop's step; what runs at the end stands beside the others; of a step that
        wasn't started it doesn't matter that something took its place."""
        self.write("train.py", '# %% tags=["step:data"]\nxs = [1, 2]\n\n# %% tags=["step:fit", "foreach:xs"]\nout = []\nfor x in xs:\n'
                               '    out.append (x)\n\n# %% tags=["step:big", "when:xs"]\nif xs:\n    y = 1\n\n# %% tags=["step:use"]\n'
                               'print (y)\n\n# %% tags=["step:tell", "exit"]\nprint (1)\n')
        for parted in (False, True):    # a graph that is too large for one is one of parts, in which the tasks stand
            self.argo.workflows.clear()
            self.check_rounds_and_the_end(parted)

    def check_rounds_and_the_end(self, parted):
        run = self.submit()["run"]
        self.argo.set_states("Failed", "child failed", data="Succeeded", fit_items="Succeeded", fit_each="Failed", big_when="Succeeded", big="Succeeded",
                             use="Succeeded")
        wf, = self.argo.workflows.values()
        name, nodes = wf["metadata"]["name"], wf["status"]["nodes"]
        loop = nodes[self.argo.node("fit-each")]
        loop["type"] = "DAG"
        choice = nodes[self.argo.node("big")]
        choice["type"] = "DAG"
        at_end = {"id": name + "-9", "name": name + ".onExit", "displayName": name + ".onExit", "type": "DAG", "phase": "Succeeded"}
        nodes[at_end["id"]] = at_end
        for shown, above, phase in (("each(0:0-1)", loop, "Succeeded"), ("each(1:1-2)", loop, "Failed"), ("tell", at_end, "Succeeded"),
                                    ("big", choice, "Skipped"), ("big-otherwise", choice, "Succeeded")):
            nodes[shown] = {"id": shown, "name": "%s.%s" % (above["name"], shown), "displayName": shown, "type": "Skipped" if phase == "Skipped" else "Pod", "phase": phase,
                            "boundaryID": above["id"], "templateName": "step", "message": "Error (exit code 1)" * (phase == "Failed")}
        nodes[self.argo.node("use")]["memoizationStatus"] = {"hit": True}      # with retry: there is no try then
        nodes[self.argo.node("use")]["type"] = "Retry"
        if parted:
            part = {"id": name + "-8", "name": name + ".part-1", "displayName": "part-1", "type": "DAG", "phase": "Failed",
                    "templateName": "part-1", "boundaryID": name}
            for node in nodes.values():
                node["boundaryID"] = part["id"] if node.get("boundaryID") == name else node.get("boundaryID")
            nodes[part["id"]] = part
        self.argo.before = lambda r: (500, self.argo.error(500, "gone")) if r.path.split("?")[0].endswith("/log") else NotImplemented
        told = self.chard("runs", "wait", status=1).stderr
        self.assertIn("fit: failed\n  Error (exit code 1)\n", told)
        shown = json.loads(self.chard("runs", "show", run, "--format=json").stdout)
        self.assertEqual({s["step"]: s["status"] for s in shown["steps"]}, {"data": "ok", "fit": "failed", "tell": "ok", "big": "skipped",
                                                                            "use": "cached"})
        self.assertEqual([s["node"] for s in shown["steps"] if s["step"] == "big"], [choice["id"]])
        self.assertEqual([s["node"] for s in shown["steps"] if s["step"] == "use"], [self.argo.node("use")])
        self.argo.before = None

    # ---- results

    def test_results(self):
        self.write("train.py", '# %% tags=["step:make"]\nx = {"ä": [1, 2]}\nopen ("made.txt", "w").write ("hi")\n\n'
                               '# %% tags=["step:read"]\nprint (x, open ("made.txt").read ())\n')
        run = self.submit()["run"]
        self.argo.set_states("Succeeded", make="Succeeded", read="Succeeded")
        result = os.path.join(self.folder, "pod", "result")
        pod = subprocess.run([sys.executable, HARNESS, *self.argo.arguments("make"), "--out",
                              "result", result], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(pod.returncode, 0, pod.stdout + pod.stderr)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=0) as tar:        # as the emissary leaves it
            tar.add(result, "result")
        if self.kubernetes:
            self.assertIn("the Kubernetes API has no artifacts, argo-server has",
                          self.chard("runs", "get", run, "make.x", "-o", "x.json", status=2).stderr)
            return
        self.assertIn("whose storage it must reach", self.chard("runs", "get", run, "make.x", "-o", "x.json", status=3).stderr)
        self.argo.files[self.argo.node("make"), "result", ""] = archive.getvalue()
        self.chard("runs", "get", run, "make.x", "-o", "x.json", "--python", sys.executable)
        with open(os.path.join(self.folder, "x.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f), {"ä": [1, 2]})
        self.chard("runs", "get", "make.made.txt", "-o", "file.txt")
        with open(os.path.join(self.folder, "file.txt"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "hi")
        self.argo.archived = True
        self.assertIn("made.txt", self.chard("runs", "get", "make").stdout)
        self.argo.archived = False
        # What is cut short, leads elsewhere or is no archive leaves nothing behind.
        for bad in archive.getvalue()[:3000], b"junk", self.evil():
            self.argo.files[self.argo.node("make"), "result", ""] = bad
            self.chard("runs", "get", "make.x", "-o", "y.json", status=3)
        self.argo.after = lambda r, reply: raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nabc")(r)
        self.assertIn("the answer was cut short", self.chard("runs", "get", "make.x", "-o", "y.json", status=3).stderr)
        self.assertEqual([f for f in os.listdir(os.path.join(self.folder, ".chard")) if "fetched" in f], [])
        self.assertFalse(os.path.exists(os.path.join(self.folder, "y.json")))

    def evil(self):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            link = tarfile.TarInfo("result")
            link.type, link.linkname = tarfile.SYMTYPE, self.folder
            tar.addfile(link)
        return archive.getvalue()

    # ---- schedules

    def test_schedules(self):
        record = self.submit("--schedule", "0 2 * * mon", "--timezone", "Europe/Berlin", "-p", "n=3")
        self.assertEqual(len(record["next"]), 3)
        self.assertRegex(record["next"][0], r"^\d{4}-\d\d-\d\d 02:00 CES?T$")
        cron, = self.argo.crons.values()
        self.assertEqual((cron["metadata"]["name"], cron["spec"]["schedules"], cron["spec"]["timezone"]),
                         ("train", ["0 2 * * mon"], "Europe/Berlin"))
        self.assertEqual(cron["spec"]["workflowSpec"]["arguments"]["parameters"][0]["value"], "3")
        self.assertEqual(len(self.argo.workflows), 0)
        self.assertIn("train                    active   0 2 * * mon", self.chard("schedules", "list").stdout)
        self.assertIn("is paused", self.chard("schedules", "pause", "train").stdout)
        listed, = json.loads(self.chard("schedules", "list", "--format=json").stdout)
        self.assertEqual((listed["status"], listed["timezone"], listed["ours"]), ("paused", "Europe/Berlin", True))
        self.chard("schedules", "resume", "train")
        self.assertFalse(self.argo.crons["train"]["spec"]["suspend"])
        # Again, with other code: the same schedule runs that; what others have noted on it stays.
        self.argo.crons["train"]["metadata"]["labels"]["team"] = "a"
        self.argo.crons["train"]["status"] = {"lastScheduledTime": "2026-11-25T20:00:00Z"}
        self.lose("PATCH" if self.kubernetes else "PUT", "cron")
        self.write("train.py", NOTEBOOK + "print (1)\n")
        told = self.chard("submit", "--image", "x:1", "--python", sys.executable, "--schedule", "@daily", "train.py").stdout
        self.assertRegex(told, r"'@daily', in the server's time zone.*\n.*\nnext\n(  [-0-9]+ 00:00 UTC\n){3}$")
        self.assertEqual(self.argo.crons["train"]["spec"]["schedules"], ["@daily"])
        self.assertNotIn("timezone", self.argo.crons["train"]["spec"])
        if not self.kubernetes:      # there it is Kubernetes' own work
            self.assertEqual(self.argo.crons["train"]["metadata"]["labels"]["team"], "a")
            self.assertIn("lastScheduledTime", self.argo.crons["train"]["status"])
        self.assertEqual(len(self.argo.templates), 2)
        self.write("train.py", NOTEBOOK + "print (2)\n")
        record = self.submit("--upload")
        self.assertEqual((len(self.argo.templates), len(self.argo.workflows), len(self.argo.crons)), (3, 0, 1))
        self.assertIn(record["template"], record["link"])
        # What it has started is listed, and nothing that isn't ours.
        ours = self.argo.crons["train"]["spec"]["workflowMetadata"]["labels"]
        for name, labels in (("train-1", dict(ours, **{"workflows.argoproj.io/cron-workflow": "train"})), ("other", {})):
            self.argo.workflows[name] = {"metadata": {"name": name, "labels": labels, "creationTimestamp": "2026-11-25T20:00:00Z"},
                                         "status": {"phase": "Failed", "finishedAt": "2026-11-25T20:00:09Z"}}
        listed, = json.loads(self.chard("runs", "list", "--context", "lab", "--format=json").stdout)
        self.assertEqual({k: listed[k] for k in ("run", "notebook", "status", "seconds", "context")}, {
            "run": "train-1", "notebook": "train (schedule)", "status": "failed", "seconds": 9, "context": "lab"})
        self.chard("schedules", "delete", "train")
        self.assertEqual(self.argo.crons, {})
        self.assertIn("no schedules on lab", self.chard("schedules", "list").stderr)
        self.assertIn("there is no schedule “train”", self.chard("schedules", "pause", "train", status=2).stderr)

    def test_schedules_that_make_no_sense(self):
        self.assertIn("'0 2 * *' has 4 fields", self.submit("--schedule", "0 2 * *", status=2))
        self.assertIn("is no time zone", self.submit("--schedule", "0 2 * * *", "--timezone", "Mars", status=2))
        self.assertIn("not for a schedule", self.submit("--schedule", "0 2 * * *", "--wait", status=2))
        self.assertEqual(self.argo.requests, [])
        self.argo.things["cron-workflows"]["train"] = {"metadata": {"name": "train", "resourceVersion": "1"}, "spec": {}}
        self.assertIn("that Chard hasn't made", self.submit("--schedule", "0 2 * * *", status=2))
        self.assertEqual(self.argo.crons["train"]["spec"], {})

    def test_context_test(self):
        told = json.loads(self.chard("context", "test", "--format=json", status=0).stdout)
        self.assertEqual([c["ok"] for c in told["checks"][:2]], [True, True], told)


class Argo(Server, SubmitCase):
    pass


ALIKE = ("a_failure_without_a_log", "a_list_that_asks", "a_run_that_may_have_started_is_told", "interrupted_clients_leave_the_run_alone",
         "refusals_are_passed_on", "text_that_argo_would_change", "to_the_end")


class Kubernetes(Server, SubmitCase):
    kubernetes = True

    def setUp(self):
        """What is the same by either way is tried by both only where all is."""
        if os.environ.get("CHARD_TESTS") != "all" and self._testMethodName[len("test_"):] in ALIKE:
            self.skipTest("only with CHARD_TESTS=all")
        super().setUp()

    def add_context(self, *more):
        self.write("kube", json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "team"}}],
            "clusters": [{"name": "k", "cluster": {"server": self.argo.url}}],
            "users": [{"name": "u", "user": {"token": "t0ken"}}]}))
        self.chard("context", "add", "lab", "--target", "argo", "--kubeconfig", "kube", *more)

    def test_states_that_are_packed_otherwise(self):
        """Argo 4.1's controller may be told to pack by zstd or brotli; how the run as a whole stands is known nevertheless."""
        self.submit()
        self.argo.set_states("Running", load_data="Succeeded", sum="Running")
        self.argo.pack = lambda data: b"\x1b" + data
        shown = self.chard("runs", "show").stdout
        self.assertRegex(shown, "(?m)^status +running")
        self.assertRegex(shown, "(?m)^note +how its steps stand argo-server can tell: the states of its steps: brotli packed them")

        def zstd(data):     # RFC 8878: a frame of one segment whose length is told, and one last block as it is
            self.assertLess(len(data), 1 << 17)
            return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + struct.pack("<I", len(data) << 3 | 1)[:3] + data
        self.argo.pack = zstd
        shown = self.chard("runs", "show").stdout
        self.assertNotIn("note ", shown)
        self.assertRegex(shown, r"(?m)^  load-data +ok|^  load data +ok")

