"""What `chard compile --to argo` and `--to cron` print: valid by Argo's own schema with no field that it doesn't know,
small enough for hundreds of steps, and run here as Argo runs it (workflow.py).

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import unittest

import notebooks
from notebooks import Folder, notebook
from workflow import Workflow, replace

try:
    import yaml
except ImportError:
    raise unittest.SkipTest("PyYAML is not installed: ./bootstrap check does that") from None

PREFIX = "io.argoproj.workflow.v1alpha1."


def load_schema():
    path = os.path.join(notebooks.SHARED, "schemas", "argo", "workflow.schema.json")
    if not os.path.exists(path):
        raise unittest.SkipTest("../shared is not there")
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def unknown_fields(schema, kind, value, path=""):
    """Fields that the schema's definitions don't name; JSON schema itself lets them pass."""
    while "$ref" in kind:
        kind = schema["definitions"][kind["$ref"].rpartition("/")[2]]
    found = []
    if isinstance(value, dict) and "properties" in kind:
        for key, member in value.items():
            if key not in kind["properties"]:
                found.append(path + "." + key)
            else:
                found += unknown_fields(schema, kind["properties"][key], member, path + "." + key)
    elif isinstance(value, dict) and isinstance(kind.get("additionalProperties"), dict):
        for key, member in value.items():
            found += unknown_fields(schema, kind["additionalProperties"], member, path + "." + key)
    elif isinstance(value, list) and "items" in kind:
        for i, member in enumerate(value):
            found += unknown_fields(schema, kind["items"], member, "%s[%d]" % (path, i))
    return found


class Argo(unittest.TestCase):
    def check_schema(self, text):
        import jsonschema
        schema = load_schema()
        document = yaml.safe_load(text)
        kind = {"$ref": "#/definitions/" + PREFIX + document["kind"]}
        errors = jsonschema.Draft7Validator({**kind, "definitions": schema["definitions"]}).iter_errors(document)
        self.assertEqual([(list(e.path), e.message[:200]) for e in errors], [])
        self.assertEqual(unknown_fields(schema, kind, document), [])
        return document

    def check_documents(self, folder, cached=False):
        """`cached`: the notebook asks for it, at a schedule too."""
        found = {}
        at = ("--schedule", "5 4 * * 1-5", "--timezone", "Europe/Berlin")
        for text in [*folder.emit("argo").values(), *folder.emit("cron", *at).values()]:
            document = self.check_schema(text)
            found[document["kind"]] = document
        self.assertEqual(found["Workflow"]["spec"], found["WorkflowTemplate"]["spec"])
        [text] = [t for name, t in folder.emit("argo", *at).items() if name.endswith(".workflow.yaml")]
        self.assertEqual(yaml.safe_load(text)["spec"], found["CronWorkflow"]["spec"]["workflowSpec"])
        self.assertEqual("memoize" in text, cached)      # at a schedule it runs to see what has changed
        self.assertEqual(found["CronWorkflow"]["spec"]["schedules"], ["5 4 * * 1-5"])
        return found["Workflow"]

    def check_tricky(self, case, wanted):
        with Folder(os.path.join(notebooks.TRICKY, case + ".ipynb")) as folder:
            workflow = Workflow(folder, self.check_documents(folder)["spec"])
            workflow.run()
            self.assertIn("RESULT=" + wanted, workflow.printed)

    def check_kale(self, path):
        path = os.path.join(notebooks.KALE, path)
        with open(path, encoding="utf-8") as f:
            cached = re.search(r'"cache:enabled"|"enable_caching": true', f.read()) is not None
        with Folder(path) as folder:
            self.check_documents(folder, cached)

    def test_hundreds_of_steps_fit(self):
        source = "x%d = [x%d, %d]\n" + "# what a cell of a usual length looks like, with something in it\n" * 12
        cells = [(["step:s0"], "x0 = []")] + [(["step:s%d" % i], source % (i, i - 1, i)) for i in range(1, 300)]
        with Folder(text=notebook(*cells)) as folder:
            document = self.check_documents(folder)
            self.assertLess(len(json.dumps(document)), 1 << 20)
            for template in document["spec"]["templates"]:
                if "container" in template:
                    self.assertLess(len(json.dumps(template)), 128 << 10)
            self.assertLess(len(document["spec"]["templates"]), 10)
            self.check_sizes(document)

    def check_sizes(self, document):
        """Argo 4's custom resources take no more of each."""
        self.assertLessEqual(len(document["spec"]["templates"]), 200)
        for template in document["spec"]["templates"]:
            self.assertLessEqual(len(template.get("dag", {}).get("tasks", ())), 200)
            self.assertLessEqual(len(template.get("inputs", {}).get("parameters", ())), 500)

    def test_hundreds_of_steps_in_parts(self):
        """What goes from part to part is what went from task to task: results, guards' answers, ranges of loops."""
        cells = [(["step:load"], "base, items = [1], [1, 2]\nflag = len(base) > 0"),
                 *((["step:w%d" % i], "v%d = base[0] + %d" % (i, i)) for i in range(201)),
                 (["step:start", "when:flag"], "if flag:\n    v0 += 1000"),
                 (["step:idle", "when:v1 > 5"], "if v1 > 5:\n    print('no')"),
                 (["step:loop", "foreach:items"], "sq = []\nfor x in items:\n    sq.append(x + v0)"),
                 (["step:read"], "print('RESULT=%%s' %% [sum([%s]), sq])" % ", ".join("v%d" % i for i in range(201)))]
        with Folder(text=notebook(*cells)) as folder:
            document = self.check_documents(folder)
            self.check_sizes(document)
            tasks = {t["name"]: t for t in document["spec"]["templates"][0]["dag"]["tasks"]}
            self.assertEqual(set(tasks), {"part-1", "part-2", "part-3", "part-4"})
            self.assertEqual({tuple(tasks[p]["dependencies"]) for p in ("part-2", "part-3")}, {("part-1",)})
            if os.environ.get("CHARD_TESTS") == "all":
                workflow = Workflow(folder, document["spec"])
                workflow.run()
                self.assertEqual(notebooks.result_of(workflow.printed), notebooks.result_of(notebooks.plain([([], ""), *cells])))
                self.assertEqual(sorted(workflow.skipped), ["idle", "start-otherwise"])

    def test_schedule_is_needed(self):
        with Folder(text=notebook(([], "x = 1"))) as folder:
            run = folder.chard("compile", "--to", "cron", "-o", folder.out, folder.notebook)
            self.assertEqual(run.returncode, 2)
            self.assertIn("--schedule", run.stderr)
            for schedule in ("0 0 2 * * *", "", "5"):
                run = folder.chard("compile", "--to", "cron", "--schedule", schedule, "-o", folder.out, folder.notebook)
                self.assertEqual(run.returncode, 2, schedule)
                self.assertIn("five are wanted" if schedule else "schedule", run.stderr)
            self.assertFalse(os.path.exists(folder.out))

    def test_tags_schedule_it(self):
        cells = [(["schedule:0 6 * * 1-5", "timezone:Europe/Berlin"], "x = 1")]
        with Folder(text=notebook(*cells, metadata={"kubeflow_notebook": {"security_context": {"run_as_user": 7}}})) as folder:
            def emitted(*options):
                run = folder.chard("compile", "--to", "cron", *options, "-o", "-", folder.notebook)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.check_schema(run.stdout)
                return yaml.safe_load(run.stdout)["spec"]
            spec = emitted()
            self.assertEqual((spec["schedules"], spec["timezone"]), (["0 6 * * 1-5"], "Europe/Berlin"))
            self.assertEqual(spec["workflowSpec"]["securityContext"], {"runAsUser": 7})
            spec = emitted("--schedule", "@daily", "--timezone", "UTC")
            self.assertEqual((spec["schedules"], spec["timezone"]), (["@daily"], "UTC"))
            folder.emit("all", "--registry", "x")
            self.assertTrue(any(name.endswith(".cronworkflow.yaml") for name in os.listdir(folder.out)))

    def test_settings(self):
        tags = ["step:a", "limit:nvidia.com/gpu:1", "limit:memory:2Gi", "retry:3", "timeout:90s", "label:team:red",
                "secret:db:password:DB_PASSWORD", "volume:data:/data", "cache:disabled", "node:disk:ssd",
                "toleration:nvidia.com/gpu:NoSchedule"]
        with Folder(text=notebook((tags, "x = 1"))) as folder:
            [_, template] = self.check_documents(folder)["spec"]["templates"]
            self.assertEqual(template["container"]["resources"]["limits"], {"nvidia.com/gpu": "1", "memory": "2Gi"})
            self.assertEqual(template["retryStrategy"]["limit"], "3")
            self.assertEqual(template["activeDeadlineSeconds"], "90")
            self.assertEqual(template["metadata"]["labels"], {"team": "red"})
            self.assertEqual(template["container"]["env"], [{"name": "DB_PASSWORD", "valueFrom": {
                "secretKeyRef": {"name": "db", "key": "password"}}}])
            self.assertEqual(template["container"]["volumeMounts"], [{"name": "data", "mountPath": "/data"}])
            self.assertNotIn("memoize", template)
            self.assertEqual(template["nodeSelector"], {"disk": "ssd"})
            self.assertEqual(template["tolerations"],
                             [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}])

    def test_metrics_are_told(self):
        cells = [(["step:a"], "acc = 0.5"), (["pipeline-metrics"], "print(acc)"), (["step:b"], "print('RESULT=%s' % acc)")]
        with Folder(text=notebook(*cells)) as folder:
            workflow = Workflow(folder, self.check_documents(folder)["spec"])
            workflow.run()
            self.assertEqual(workflow.told, {"a": {"acc": 0.5}})

    def test_when(self):
        """The pod of a step whose expression is false isn't started; nothing else changes."""
        with Folder(text=notebook(*notebooks.WHEN)) as folder:
            workflow = Workflow(folder, self.check_documents(folder)["spec"])
            workflow.run()
            self.assertEqual(workflow.skipped, ["all-of-them"])
            self.assertIn("2\nRAN first [0, 0]\n", workflow.printed)
            self.assertNotIn("RAN all", workflow.printed)
            self.assertEqual(workflow.told, {"all-of-them-when": False, "first-when": True})

    def test_when_others_wait(self):
        """What takes the place of a step that isn't started hands on what the notebook has then."""
        with Folder(text=notebook(*notebooks.WHEN_READ)) as folder:
            spec = self.check_documents(folder)["spec"]
            limits = {t["name"]: (t.get("nodeSelector"), t["container"].get("resources")) for t in spec["templates"] if "container" in t}
            tasks = {t["name"]: t for template in spec["templates"] if template["name"] == "when-big" for t in template["dag"]["tasks"]}
            self.assertEqual(limits[tasks["big"]["template"]], ({"disk": "ssd"}, {"limits": {"nvidia.com/gpu": "1"}}))
            self.assertEqual(limits[tasks["big-otherwise"]["template"]], (None, None))
            for n, deploy, of_two in ((1, False, "%s-otherwise"), (3, True, "%s")):
                workflow = Workflow(folder, spec, n=n, deploy=deploy)
                workflow.run()
                plain = notebooks.plain(notebooks.WHEN_READ, n=n, deploy=deploy)
                self.assertEqual(notebooks.result_of(workflow.printed), notebooks.result_of(plain))
                self.assertEqual(workflow.printed.count("DEPLOYED"), plain.count("DEPLOYED"))
                self.assertEqual({s + "-otherwise" if deploy else s for s in ("big", "chained", "ordered")}, set(workflow.skipped))
                self.assertEqual(workflow.told[of_two % "chained"], {"acc": 0.5 if deploy else 0.25})

    def test_files(self):
        """What one pod has written the next ones find, though nothing but the documents' artifacts is between them."""
        with Folder(text=notebook(*notebooks.FILES)) as folder:
            workflow = Workflow(folder, self.check_documents(folder)["spec"], apart=True)
            workflow.run()
            self.assertEqual(notebooks.result_of(workflow.printed), "RESULT=" + notebooks.FILES_RESULT)

    def test_foreach(self):
        """The rounds of a loop are pods of their own, whose results lie in a folder of the repository."""
        with Folder(text=notebook(*notebooks.FOREACH)) as folder:
            spec = self.check_documents(folder)["spec"]
            workflow = Workflow(folder, spec)
            workflow.run()
            self.assertIn("RESULT=" + notebooks.FOREACH_RESULT, workflow.printed)
            self.assertEqual(workflow.printed.count("ROUND"), 3)
            self.assertEqual(workflow.told["fit-items"], ["0-1", "1-2", "2-3"])
            self.assertEqual(workflow.told["empty-items"], ["0-0"])
            self.assertEqual(workflow.most, {"fit-each": 2, "empty-each": None, "whole-each": None})
            accelerated = [t for t in spec["templates"] if "resources" in t.get("container", {})]
            tasks = spec["templates"][0]["dag"]["tasks"] + [t for l in spec["templates"] if l["name"].startswith("loop-")
                                                            for t in l["dag"]["tasks"]]
            self.assertEqual(len([t for t in tasks if t["template"] in {a["name"] for a in accelerated}]), 3)

    def test_exit(self):
        with Folder(text=notebook(*notebooks.EXIT)) as folder:
            spec = self.check_documents(folder)["spec"]
            templates = {t["name"]: t for t in spec["templates"]}
            self.assertEqual([t["name"] for t in templates[spec["entrypoint"]]["dag"]["tasks"]], ["data", "work"])
            [task] = templates[spec["onExit"]]["dag"]["tasks"]
            self.assertNotIn("dependencies", task)
            workflow = Workflow(folder, spec)
            workflow.known["workflow.parameters.json"] = '[{"name": "fail", "value": "true"}]'
            workflow.run_task(replace(task, workflow.known))
            self.assertIn("TOLD true", workflow.printed)

    def test_volumes(self):
        """Names that are alike once they are labels stay apart; a step's own volume goes before the pipeline's."""
        volumes = [{"name": "a.b", "mount_point": "/one", "type": "pvc"},
                   {"name": "new", "mount_point": "/new", "type": "new_pvc", "size": 1, "size_type": "Gi",
                    "volume_access_mode": "rwo", "storage_class_name": "fast"}]
        cells = [(["step:a", "volume:a-b:/one", "volume:a-b:/two"], "x = 1"), (["step:b"], "print(x)")]
        with Folder(text=notebook(*cells, metadata={"kubeflow_notebook": {"volumes": volumes}})) as folder:
            spec = self.check_documents(folder)["spec"]
            claims = {v["name"]: v["persistentVolumeClaim"]["claimName"] for v in spec["volumes"]}
            mounts = {m["mountPath"]: claims.get(m["name"]) for t in spec["templates"][1:2]
                      for m in t["container"]["volumeMounts"]}
            self.assertEqual(mounts, {"/one": "a-b", "/two": "a-b", "/new": None})
            self.assertEqual(sorted(claims.values()), ["a-b", "a.b"])
            self.assertEqual(spec["volumeClaimTemplates"], [{"metadata": {"name": "new"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
                "resources": {"requests": {"storage": "1Gi"}}}}])

    def test_what_kubernetes_would_refuse_is_told(self):
        refused = ["limit:gpu:1", "label:team:red team", "label:-x:y", "label:a/b/c:d", "label:%s:x" % ("k" * 64),
                   "label:x:%s" % ("v" * 64), "annotation:a b:c", "node:Disk.example.com/:x", "toleration:a b:NoSchedule",
                   "secret:My_Secret:k:E", "secret:s:k k:E", "secret:s:k:1E", "volume:My_Data:/data", "volume:data:data",
                   "volume:d:/d:5 GB"]
        with Folder(text=notebook((["step:a"], "x = 1"))) as folder:
            os.makedirs(os.path.join(folder.dir, "home"))       # so that Python is asked once what it has
            paths = []
            for i, tag in enumerate(refused):
                paths.append(os.path.join(folder.work, "nb%d.ipynb" % i))
                with open(paths[-1], "w", encoding="utf-8") as f:
                    f.write(notebook((["step:a", tag], "x = 1")))
            run = folder.chard("compile", "--to", "all", "-o", folder.out, *paths)
            self.assertEqual(run.returncode, 1, run.stderr)
            for i, tag in enumerate(refused):
                lines = [line for line in run.stderr.split("\n") if "nb%d.ipynb" % i in line]
                self.assertIn("step a: ", str(lines), tag)
                self.assertIn("is none that Kubernetes takes; it takes", str(lines), tag)
            self.assertEqual([n for _, _, names in os.walk(folder.out) for n in names], [])

    def test_what_kubernetes_takes_is_taken(self):
        tags = ["limit:cpu:.5", "limit:memory:1e9", "limit:ephemeral-storage:2Gi", "limit:hugepages-2Mi:4Mi",
                "limit:nvidia.com/mig-1g.5gb:1", "label:app.kubernetes.io/name:A_b.c-1", "label:empty:",
                "annotation:a.b/c:any Text: 1", "secret:a.b:k.K_-1:E.x_-1", "node:kubernetes.io/arch:amd64",
                "toleration:example.com/dedicated=ml:NoExecute"]
        with Folder(text=notebook((["step:a", *tags], "x = 1"))) as folder:
            self.check_documents(folder)

    def test_double_braces_in_annotations(self):
        """They reach the pod, unless Argo would see something of its own in them."""
        refused = ("{{workflow.name}}", "{{ =1 + 1}}", "{{{{item}}")
        with Folder(text=notebook((["step:a", "annotation:a:{{y}} $$ {{ z", "cache:disabled"], "x = 1"))) as folder:
            paths = [os.path.join(folder.work, "nb%d.ipynb" % i) for i in range(len(refused))]
            for path, text in zip(paths, refused):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(notebook((["step:a", "annotation:a:x " + text], "x = 1")))
            run = folder.chard("compile", "--to", "argo", "-o", folder.out, *paths)
            self.assertEqual(run.stderr.count("Argo takes what stands in double braces for a reference of its own"), 3, run.stderr)
            template = self.check_schema(folder.emit("argo")["nb.workflow.yaml"])["spec"]["templates"][1]
            self.assertEqual(replace(template["metadata"], {})["annotations"]["a"], "{{y}} $$ {{ z")



for case, wanted in notebooks.sample(notebooks.tricky().items()):
    setattr(Argo, "test_" + case, lambda self, case=case, wanted=wanted: self.check_tricky(case, wanted))
for path in notebooks.sample(notebooks.kale()):
    setattr(Argo, "test_" + re.sub(r"\W+", "_", path), lambda self, path=path: self.check_kale(path))
