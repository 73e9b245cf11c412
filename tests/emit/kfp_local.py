"""What `chard compile --to kfp` prints: read strictly by KFP's own protocol buffers, loaded by the KFP SDK, and run by
its local orchestrator with the same values as a run here. One check of the SDK's is lifted for that: its subprocess
runner refuses components that are containers.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import io
import json
import os
import re
import shutil
import unittest
import unittest.mock

import notebooks
from notebooks import Folder, notebook

try:
    import yaml
    from google.protobuf import json_format
    from kfp import components, local
    from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes_pb2
    from kfp.local import subprocess_task_handler
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils
    from kfp.pipeline_spec import pipeline_spec_pb2
except ImportError:
    raise unittest.SkipTest("kfp is not installed: ./bootstrap check does that") from None


def read_strictly(text):
    """The documents, after KFP's protocol buffers took every field of them."""
    spec, *more = yaml.safe_load_all(text)
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    for document in more:
        json_format.ParseDict(document, pipeline_spec_pb2.PlatformSpec())
        for executor in document["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
            json_format.ParseDict(executor, kubernetes_pb2.KubernetesExecutorConfig())
    return [spec, *more]


def step_specs(spec):
    """{task: what step.py is told}"""
    found = {}
    for label, executor in spec["deploymentSpec"]["executors"].items():
        args = executor["container"]["args"]
        text = "".join(b for a, b in zip(args, args[1:]) if a == "--spec")
        found[label[len("exec-"):]] = json.loads(text)
    return found


class Emitted(unittest.TestCase):
    def run_by_kfp(self, folder, text, **parameters):
        """(what the steps printed, {task: its outputs' directory})"""
        text = text.replace("/chard/step.py", notebooks.STARTED)
        subprocess_task_handler.SubprocessTaskHandler.validate_not_container_component = lambda self, command: None
        root = os.path.join(folder.dir, "root")
        shutil.rmtree(root, ignore_errors=True)
        here = os.getcwd()
        os.chdir(folder.work)
        printed = io.StringIO()
        path = os.environ["PATH"]
        os.environ["PATH"] = os.path.dirname(notebooks.PYTHON) + ":" + path
        try:
            local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root)
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                components.load_component_from_text(text)(**parameters)
        except RuntimeError as e:
            self.fail("%s\n%s" % (e, printed.getvalue()[-3000:]))
        finally:
            os.environ["PATH"] = path
            os.chdir(here)
        [run] = os.listdir(root)
        return printed.getvalue(), os.path.join(root, run)

    def compare(self, spec, here, run, again):
        """Every value that a step left is the same there and here; what two runs here don't agree on isn't counted."""
        pairs = [(o["name"], here[s["step"]], os.path.join(run, task, o["artifact"]))
                 for task, s in step_specs(spec).items() if s["step"] in here for o in s["outputs"]]
        found = notebooks.differences(pairs)
        names = {}
        for name, result, _ in pairs:
            names.setdefault(result, []).append(name)
        for _ in range(6):      # two runs may agree by chance on what is random
            if not found:
                break
            more = again()
            noise = {d[0] for d in notebooks.differences([(n, here[s], more[s]) for s in here for n in
                                                          names.get(here[s], ())])}
            found = [d for d in found if d[0] not in noise]
        self.assertEqual(found, [])


class Tricky(Emitted):
    def check(self, case, wanted):
        with Folder(os.path.join(notebooks.TRICKY, case + ".ipynb")) as folder:
            [(name, text)] = folder.emit("kfp").items()
            self.assertTrue(name.endswith(".kfp.yaml"))
            read_strictly(text)
            printed, _ = self.run_by_kfp(folder, text)
            self.assertIn("RESULT=" + wanted, printed)


class Settings(unittest.TestCase):
    def emitted(self, tags, **metadata):
        with Folder(text=notebook((["step:Fit It", *tags], "x = 1"), metadata=metadata)) as folder:
            files = folder.emit("kfp")
            return files, read_strictly(files["nb.kfp.yaml"])

    def test_what_the_executor_gets(self):
        _, [spec, platform] = self.emitted(["limit:nvidia.com/gpu:2", "limit:memory:2Gi", "limit:cpu:500m", "retry:3",
                                            "timeout:1.5h", "label:team:red", "annotation:note:a: b", "cache:disabled",
                                            "secret:db:password:DB_PASSWORD", "volume:data:/data", "node:disk:ssd",
                                            "toleration:nvidia.com/gpu:NoSchedule", "toleration:team=red"])
        container = spec["deploymentSpec"]["executors"]["exec-fit-it"]["container"]
        self.assertEqual(container["resources"], {
            "resourceCpuLimit": "500m", "resourceMemoryLimit": "2Gi",
            "accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "2"}})
        task = spec["root"]["dag"]["tasks"]["fit-it"]
        self.assertEqual(task["retryPolicy"]["maxRetryCount"], 3)
        self.assertEqual(task["cachingOptions"], {})
        wanted = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-fit-it"]
        self.assertEqual(wanted["activeDeadlineSeconds"], "5400")
        self.assertEqual(wanted["podMetadata"], {"labels": {"team": "red"}, "annotations": {
            "chard.dev/step": "Fit It", "note": "a: b"}})
        self.assertEqual(wanted["secretAsEnv"], [{
            "secretName": "db", "secretNameParameter": {"runtimeValue": {"constant": "db"}}, "optional": False,
            "keyToEnv": [{"secretKey": "password", "envVar": "DB_PASSWORD"}]}])
        self.assertEqual(wanted["pvcMount"], [{
            "constant": "data", "mountPath": "/data", "pvcNameParameter": {"runtimeValue": {"constant": "data"}}}])
        self.assertEqual(wanted["nodeSelector"], {"labels": {"disk": "ssd"}})
        self.assertEqual(wanted["tolerations"], [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
                                                 {"key": "team", "operator": "Equal", "value": "red"}])

    def test_artifacts_are_typed(self):
        cells = [(["imports"], "import own\nimport pandas as pd\nfrom sklearn.tree import DecisionTreeClassifier"),
                 (["step:a"], "df = pd.DataFrame({'x': [1]})\nmodel = DecisionTreeClassifier()\nother = [1]\nfar = own.far()"),
                 (["step:b"], "print(df, model, other, far)\n")]
        with Folder(text=notebook(*cells)) as folder:
            with open(os.path.join(folder.work, "own.py"), "w", encoding="utf-8") as f:
                f.write("import pandas\ndef far(): return pandas.Series([1])\n")
            spec = read_strictly(folder.emit("kfp")["nb.kfp.yaml"])[0]
            titles = {side: {k: a["artifactType"]["schemaTitle"] for k, a in definitions["artifacts"].items()}
                      for side, definitions in (("out", spec["components"]["comp-a"]["outputDefinitions"]),
                                                ("in", spec["components"]["comp-b"]["inputDefinitions"]))}
            wanted = {"df": "system.Dataset", "model": "system.Model", "other": "system.Artifact", "far": "system.Artifact"}
            self.assertEqual(titles["in"], wanted)
            self.assertEqual(titles["out"], dict(wanted, step_report="system.HTML"))
            folder.chard("run", "--python", notebooks.PYTHON, folder.notebook)      # sees what the text doesn't tell
            spec = read_strictly(folder.emit("kfp")["nb.kfp.yaml"])[0]
            self.assertEqual(spec["components"]["comp-a"]["outputDefinitions"]["artifacts"]["far"]["artifactType"]["schemaTitle"],
                             "system.Dataset")

    def test_a_second_accelerator_is_told(self):
        with Folder(text=notebook((["step:a", "limit:nvidia.com/gpu:1", "limit:amd.com/gpu:1"], "x = 1"))) as folder:
            run = folder.chard("compile", "--to", "kfp", "-o", folder.out, folder.notebook)
            self.assertEqual(run.returncode, 1)
            self.assertIn("limit:amd.com/gpu", run.stderr)
            self.assertFalse(os.path.exists(folder.out))

    def test_claims_that_are_to_be_made(self):
        """CreatePVC, all else as one task, DeletePVC whatever became of it; the graphs in between are told its name."""
        volumes = [{"name": "scratch.d", "mount_point": "/scratch", "type": "new_pvc", "size": 2, "size_type": "Gi",
                    "storage_class_name": "fast", "volume_access_mode": "rwo", "annotations": [{"key": "a.b/c", "value": "d"}]},
                   {"name": "z" * 63, "mount_point": "/z", "type": "new_pvc"}, {"name": "old", "mount_point": "/old", "type": "pvc"}]
        cells = [(["parameters"], "base = 3"), (["step:a"], "xs = [1, base]"),
                 (["step:b", "foreach:xs"], "y = 0\nfor x in xs:\n    y += x"), (["step:tell", "exit"], "print(base)")]
        with Folder(text=notebook(*cells, metadata={"kubeflow_notebook": {"volumes": volumes}})) as folder:
            [(_, text)] = folder.emit("kfp").items()
        spec, platform = read_strictly(text)
        components, short = spec["components"], "z" * 26     # a UUID goes before it, and 63 is the most
        tasks = spec["root"]["dag"]["tasks"]
        given = {k: v["runtimeValue"]["constant"] for k, v in tasks["create--scratch-d"]["inputs"]["parameters"].items()}
        self.assertEqual(given, {"access_modes": ["ReadWriteOnce"], "size": "2Gi", "pvc_name_suffix": "-scratch-d",
                                 "storage_class_name": "fast", "annotations": {"a.b/c": "d"}})
        self.assertEqual({k: v["parameterType"] for k, v in components["comp-create--scratch-d"]["inputDefinitions"]["parameters"].items()},
                         {"access_modes": "LIST", "size": "STRING", "pvc_name_suffix": "STRING", "storage_class_name": "STRING",
                          "annotations": "STRUCT"})
        images = {k: e["container"]["image"] for k, e in spec["deploymentSpec"]["executors"].items() if "--" in k}
        self.assertEqual(images, {"exec-create--volume": "argostub/createpvc", "exec-delete--volume": "argostub/deletepvc"})
        channels = ["pipelinechannel--create--%s-name" % c for c in ("scratch-d", short)]
        for i, claim in enumerate(("scratch-d", short)):
            self.assertEqual(set(tasks), {verb + claim for verb in ("create--", "with--", "delete--")})
            made = {"taskOutputParameter": {"producerTask": "create--" + claim, "outputParameterKey": "name"}}
            self.assertEqual(tasks["delete--" + claim]["inputs"]["parameters"], {"pvc_name": made})
            self.assertEqual((tasks["delete--" + claim]["dependentTasks"], tasks["delete--" + claim]["triggerPolicy"]),
                             (["with--" + claim], {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}))     # a hook of one task
            self.assertEqual(tasks["with--" + claim]["dependentTasks"], ["create--" + claim])
            self.assertEqual(tasks["with--" + claim]["inputs"]["parameters"], {
                channels[i]: made, **{k: {"componentInputParameter": k} for k in ("base", *channels[:i])}})
            tasks = components["comp-with--" + claim]["dag"]["tasks"]
        self.assertEqual(set(tasks), {"exit--handler", "tell"})
        mounts = {label[5:]: [m["pvcNameParameter"] for m in pod["pvcMount"]] for label, pod in
                  platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].items()}
        here = [*({"componentInputParameter": c} for c in channels), {"runtimeValue": {"constant": "old"}}]
        self.assertEqual(mounts, dict.fromkeys(("a", "b", "b-items", "b-each", "tell"), here))
        for channel in channels:
            self.assertEqual(components["comp-b-each--loop"]["inputDefinitions"]["parameters"][channel], {"parameterType": "STRING"})

    def test_claims_that_cannot_be_mounted_there(self):
        with Folder(text=notebook((["step:a", "volume:my.data:/d"], "x = 1"))) as folder:
            run = folder.chard("compile", "--to", "kfp", "-o", folder.out, folder.notebook)
            self.assertEqual(run.returncode, 1)
            self.assertIn("step a: Kubeflow Pipelines calls a pod's volume as its claim", run.stderr)


class When(Emitted):
    def test_when(self):
        """A step whose expression is false isn't started; nothing else changes."""
        with Folder(text=notebook(*notebooks.WHEN)) as folder:
            text = folder.emit("kfp")["nb.kfp.yaml"]
            spec = read_strictly(text)[0]
            printed, run = self.run_by_kfp(folder, text)
            self.assertIn("RAN first [0, 0]", printed)
            self.assertNotIn("all-of-them", os.listdir(run))
            self.compare(spec, folder.run_here(), run, folder.run_here)
            told = {}
            for task in ("all-of-them", "first"):
                one = spec["root"]["dag"]["tasks"][task]
                name = "pipelinechannel--%s-when--step_when" % task
                source = one["inputs"]["parameters"][name]["taskOutputParameter"]
                self.assertEqual(one["triggerPolicy"], {"condition": "inputs.parameter_values['%s'] == 'true'" % name})
                self.assertIn(source["producerTask"], one["dependentTasks"])
                with open(os.path.join(run, source["producerTask"], source["outputParameterKey"]), encoding="ascii") as f:
                    told[task] = f.read()
            self.assertEqual(told, {"all-of-them": "false", "first": "true"})


    def test_when_others_wait(self):
        """What takes the place of a step that isn't started hands on what the notebook has then."""
        def all_that_ran(dag_outputs_spec, io_store):
            found = {}
            for key, spec in dag_outputs_spec.artifacts.items():
                for one in spec.artifact_selectors:
                    with contextlib.suppress(ValueError):
                        found[key] = io_store.get_task_output(one.producer_subtask, one.output_artifact_key)
            return found
        with Folder(text=notebook(*notebooks.WHEN_READ)) as folder:
            text = folder.emit("kfp")["nb.kfp.yaml"]
            spec = read_strictly(text)[0]
            graph = spec["components"]["comp-big--when"]["dag"]
            self.assertEqual(sorted(graph["tasks"]), ["big", "big-otherwise"])
            self.assertEqual(graph["outputs"]["artifacts"]["fresh"], {"artifactSelectors": [
                {"producerSubtask": task, "outputArtifactKey": "fresh"} for task in graph["tasks"]]})
            limited = [label for label, e in spec["deploymentSpec"]["executors"].items() if "resources" in e["container"]]
            self.assertEqual(limited, ["exec-big"])
            # KFP's servers take a choice of artifacts, its local orchestrator takes one of parameters alone.
            with unittest.mock.patch.object(OrchestratorUtils, "get_dag_output_artifacts", all_that_ran):
                for n, deploy in ((1, False), (3, True)):
                    printed, run = self.run_by_kfp(folder, text, n=n, deploy=deploy)
                    self.assertEqual(notebooks.result_of(printed),
                                     notebooks.result_of(notebooks.plain(notebooks.WHEN_READ, n=n, deploy=deploy)))


class Foreach(Emitted):
    def test_foreach(self):
        """The rounds of a loop are tasks of their own, and leave what the notebook does."""
        with Folder(text=notebook(*notebooks.FOREACH)) as folder:
            text = folder.emit("kfp")["nb.kfp.yaml"]
            spec = read_strictly(text)[0]
            printed, run = self.run_by_kfp(folder, text)
            self.assertIn("RESULT=" + notebooks.FOREACH_RESULT, printed)
            self.compare(spec, folder.run_here(), run, folder.run_here)
            tasks = spec["root"]["dag"]["tasks"]
            self.assertEqual(tasks["fit-each"]["iteratorPolicy"], {"parallelismLimit": 2})
            self.assertEqual(tasks["fit"]["dependentTasks"][-1], "fit-each")
            accelerated = [label for label, e in spec["deploymentSpec"]["executors"].items()
                           if "resources" in e["container"]]
            self.assertEqual(accelerated, ["exec-fit", "exec-fit-each", "exec-empty-each"])
            ran = {name: len([d for d in os.listdir(run) if d.startswith(name)]) for name in ("fit-each-", "empty-each-")}
            self.assertEqual(ran, {"fit-each-": 3, "empty-each-": 1})


class Parts(Emitted):
    """A graph of more than 100 tasks is one of parts: what goes through their borders is what went from task to task."""

    CELLS = [(["parameters"], "start, text = 3, 'a{{x}}'"),
             (["step:first", "when:start > 5"], "if start > 5:\n    print('no')"),     # its part is filled before its guard's
             (["step:load"], "base, items = [start], [1, 2]\nwith open('told.txt', 'w') as f:\n    f.write('told')"),
             *((["step:w%d" % i], "v%d = base[0] + %d" % (i, i)) for i in range(97)),
             (["step:idle", "when:v1 > 5"], "if v1 > 5:\n    print('no')"),
             (["step:loop", "foreach:items"], "sq = []\nfor x in items:\n    sq.append(x + v0)"),
             (["step:read"], "print('RESULT=%%s' %% [sum([%s]), sq, text, open('told.txt').read()])" % ", ".join("v%d" % i for i in range(97)))]
    METADATA = {"kubeflow_notebook": {"volumes": [{"name": "ws", "mount_point": "/ws", "type": "new_pvc", "size": 1, "size_type": "Gi"}]}}

    @staticmethod
    def sources(spec, within, step):
        """{input: (task that makes it, what it is called there)} of a task, through the borders of parts."""
        def source(told, key):
            return told["producerTask"], told["outputArtifactKey" if "Artifact" in key else "outputParameterKey"]

        def leaves(part, name):
            outputs = spec["components"]["comp-" + part]["dag"]["outputs"]
            [one] = outputs["artifacts"][name]["artifactSelectors"] if name in outputs.get("artifacts", {}) else [
                outputs["parameters"][name]["valueFromParameter"]]
            return one["producerSubtask"], one.get("outputArtifactKey") or one["outputParameterKey"]

        def given(part, name):
            inputs = spec["components"]["comp-with--ws"]["dag"]["tasks"][part]["inputs"]
            [(key, told)] = next(kind[name] for kind in inputs.values() if name in kind).items()
            return leaves(*source(told, key)) if "taskOutput" in key else None

        task = spec["components"]["comp-" + within[step]]["dag"]["tasks"][step]
        found = {}
        for name, one in ((n, o) for kind in task["inputs"].values() for n, o in kind.items()):
            [(key, told)] = one.items()
            found[name] = source(told, key) if "taskOutput" in key else given(within[step], told)
        return {name: one for name, one in found.items() if one}

    def test_parts(self):
        with Folder(text=notebook(*self.CELLS, metadata=self.METADATA)) as folder:
            text = folder.emit("kfp")["nb.kfp.yaml"]
            spec, platform = read_strictly(text)
            components.load_component_from_text(text)
            tasks = spec["components"]["comp-with--ws"]["dag"]["tasks"]
            self.assertEqual(list(tasks), ["part--%d" % (i + 1) for i in range(len(tasks))])
            within = {t: name for name in tasks for t in spec["components"]["comp-" + name]["dag"]["tasks"]}
            self.assertEqual(len(within), sum(len(spec["components"]["comp-" + name]["dag"]["tasks"]) for name in tasks))
            self.assertEqual(self.sources(spec, within, "read"), {
                **{"v%d" % i: ("w%d" % i, "v%d" % i) for i in range(97)}, "sq": ("loop", "sq"), "file_told_txt": ("load", "file_told_txt")})
            self.assertEqual(self.sources(spec, within, "idle")["pipelinechannel--idle-when--step_when"], ("idle-when", "step_when"))
            self.assertEqual(self.sources(spec, within, "loop")["step_part"], ("loop-each", "step_part"))
            self.assertEqual(within["loop"], within["loop-each"])     # KFP's servers give a part no list of artifacts
            executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
            channel = {"componentInputParameter": "pipelinechannel--create--ws-name"}
            for step in ("load", "read"):
                self.assertEqual([m["pvcNameParameter"] for m in executors["exec-" + step]["pvcMount"]], [channel])
                self.assertEqual(tasks[within[step]]["inputs"]["parameters"]["pipelinechannel--create--ws-name"], channel)


    def test_more_loops_than_workflows_hold(self):
        """As many templates as the services themselves found too many."""
        cells = [(["parameters"], "xs = [1]"), *((["step:l%d" % i, "foreach:xs"],
                                                  "s%d = []\nfor x in xs:\n    s%d.append(x + %d)" % (i, i, i)) for i in range(66)),
                 (["step:sum"], "print(%s)" % " + ".join("s%d" % i for i in range(66)))]
        with Folder(text=notebook(*cells)) as folder:
            for target, wanted in ("kfp", "Kubeflow Pipelines makes 210 templates"), ("argo", "Argo makes 201 templates"):
                run = folder.chard("compile", "--to", target, "-o", folder.out, folder.notebook)
                self.assertIn(wanted + " of 66 steps with foreach:", run.stderr)
                self.assertFalse(os.path.exists(folder.out))


class Composed(Emitted):
    def test_the_folder_of_another_notebook_is_not_there(self):
        with Folder(text=notebook((["notebook:sub/a.ipynb"], ""), (["step:end"], "print('RESULT=%s' % x)"))) as folder:
            os.mkdir(os.path.join(folder.work, "sub"))
            with open(os.path.join(folder.work, "sub", "a.ipynb"), "w", encoding="utf-8") as f:
                f.write(notebook((["step:a"], "import os\nx = [1, os.path.basename(os.getcwd())]")))
            text = folder.emit("kfp")["nb.kfp.yaml"]
            shutil.rmtree(os.path.join(folder.work, "sub"))
            self.assertIn("RESULT=[1, 'sub']", self.run_by_kfp(folder, text)[0])


class Exit(Emitted):
    def test_exit(self):
        """The step at the end runs whatever became of the others, which are one task before it."""
        with Folder(text=notebook(*notebooks.EXIT)) as folder:
            text = folder.emit("kfp")["nb.kfp.yaml"]
            tasks = read_strictly(text)[0]["root"]["dag"]["tasks"]
            self.assertEqual(tasks["tell"]["triggerPolicy"], {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"})
            self.assertEqual(set(tasks), {"tell", *tasks["tell"]["dependentTasks"]})
            self.assertRegex(self.run_by_kfp(folder, text)[0], r"(?s)WORKED 1.*TOLD false")
            with self.assertRaisesRegex(AssertionError, "(?s)ValueError: no.*TOLD true"):
                self.run_by_kfp(folder, text, fail=True)


class Metadata(Emitted):
    def test_metadata_are_short_and_whole(self):
        cells = [(["imports"], "import pandas as pd"),
                 (["step:a"], "wide = pd.DataFrame({'column %d {{$.x}}' % i: [i, None] for i in range(300)})\n"
                              "text = '{{$}} \\U0001f600\\x85' * 1000; acc = 0.5; nan = float('nan')"),
                 (["pipeline-metrics"], "print(acc)\nprint(nan)"),
                 (["step:b"], "print('RESULT=%s' % (wide.shape,), text.count('{{$}}'))")]
        with Folder(text=notebook(*cells)) as folder:
            printed, run = self.run_by_kfp(folder, folder.emit("kfp")["nb.kfp.yaml"])
            self.assertIn("RESULT=(2, 300) 1000", printed)
            with open(os.path.join(run, "a", "executor_output.json"), encoding="utf-8") as f:
                told = {k: v["artifacts"][0]["metadata"] for k, v in json.load(f)["artifacts"].items()}
            self.assertEqual(told["wide"]["shape"], [2, 300])
            self.assertTrue(told["wide"]["columns"].startswith("column 0 { {$.x}} float64, column 1"))
            for about in told.values():
                self.assertNotIn(None, about.values())
                self.assertNotIn("{{", json.dumps(about))
                self.assertNotRegex(json.dumps(about, ensure_ascii=False), "[\x7f-\x9f\U00010000-\U0010ffff]")
                self.assertLess(len(json.dumps(about)), 2000)
            metrics = [v for k, v in told.items() if "acc" in v]
            self.assertEqual(metrics, [{"acc": 0.5}])


class Kale(Emitted):
    def check_read(self, path):
        with Folder(os.path.join(notebooks.KALE, path)) as folder:
            [text] = folder.emit("kfp").values()
            read_strictly(text)
            components.load_component_from_text(text)

    def check_run(self, path):
        with Folder(os.path.join(notebooks.KALE, path)) as folder:
            here = folder.run_here()
            if here is None:
                self.skipTest("it does not run here either")
            [text] = folder.emit("kfp").values()
            spec = read_strictly(text)[0]
            _, run = self.run_by_kfp(folder, text)
            self.compare(spec, here, run, folder.run_here)


for case, wanted in notebooks.sample(notebooks.tricky().items()):
    setattr(Tricky, "test_" + case, lambda self, case=case, wanted=wanted: self.check(case, wanted))
for path in notebooks.sample(notebooks.kale()):
    name = re.sub(r"\W+", "_", path)
    setattr(Kale, "test_read_" + name, lambda self, path=path: self.check_read(path))
    setattr(Kale, "test_run_" + name, lambda self, path=path: self.check_run(path))
