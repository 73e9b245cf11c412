"""A workflow run here as Argo and Kubernetes run it: references replaced as Argo's controller does it, arguments expanded
as Kubernetes does it, inputs and outputs laid as the emissary lays them. A pod is a process, one after the other.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile

import notebooks


def go_quote(text):
    """As Go's strconv.Quote, without the quotes around: what Argo puts into the template's JSON."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    if re.search(r"[\x7f\x80-\x9f\u2028\u2029\ufeff\U000e0000-\U0010ffff]", quoted):
        raise AssertionError("Argo would make broken JSON of %r" % text)
    return quoted


def replace(template, known):
    """util/template of Argo: references in the template's JSON text. What looks like one and isn't is an error."""
    def one(match):
        tag = match.group(1).strip()
        if tag in known:
            return go_quote(known[tag])
        if tag == "='{{'":
            return "{{"
        digest = re.fullmatch(r"=(sprig\.trunc\(1, )?sprig\.sha256sum\((.*?)\)\)?", tag)
        if digest and digest.group(2) in known:
            return hashlib.sha256(known[digest.group(2)].encode()).hexdigest()[:1 if digest.group(1) else None]
        if re.fullmatch(r"(tasks\.[a-z0-9-]+\.outputs|inputs)\.artifacts\.[a-z0-9-]+", tag):
            return match.group(0)
        raise AssertionError("Argo can't resolve {{%s}}" % tag)
    return json.loads(re.sub(r"\{\{(.*?)\}\}", one, json.dumps(template)))


def expand(text, variables):
    """Kubernetes' expansion of $(NAME) in arguments: $$ is one $, and $(NAME) stays if there is no such variable."""
    return re.sub(r"\$\$|\$\((\w+)\)", lambda m: "$" if m.group(0) == "$$" else variables.get(m.group(1), m.group(0)), text)


class Workflow:
    """Runs the tasks of one; what they printed and left can be asked for."""

    def __init__(self, folder, spec, apart=False, **changed):
        self.apart, self.cwd = apart, None      # each pod in a directory of its own, as an image's, which holds no files
        self.folder, self.spec = folder, spec
        self.templates = {t["name"]: t for t in spec["templates"]}
        self.results, self.printed, self.memos, self.told = {}, "", {}, {}
        parameters = [dict(p, value=json.dumps(changed[p["name"]])) if p["name"] in changed else p
                      for p in spec.get("arguments", {}).get("parameters", [])]
        self.pods = tempfile.mkdtemp(dir=folder.dir)
        self.stored = {}        # key in the repository -> bytes
        self.most = {}          # loop -> how many of its pods may run at a time
        self.known = {"workflow.parameters." + p["name"]: p["value"] for p in parameters}
        self.known["workflow.name"] = "nb-x7k2"
        self.known["workflow.parameters.json"] = json.dumps(parameters, ensure_ascii=False)

    def run(self):
        self.flatten()
        for metric in replace(self.spec["metrics"], {"workflow.status": "Succeeded", "workflow.duration": "1.5"})["prometheus"]:
            assert re.fullmatch(r"[a-z_]+", metric["name"]), metric
        todo = self.templates[self.spec["entrypoint"]]["dag"]["tasks"]
        self.skipped = []
        while todo:
            ready = [t for t in todo if all(d in self.results for d in t.get("dependencies", ()))]
            assert ready, "a cycle"
            for task in ready:
                task = replace(task, self.known)
                if self.is_started(task):
                    self.run_task(task)
            todo = [t for t in todo if t not in ready]

    def flatten(self):
        """The graph of parts that a large one is, as one graph: what goes through the borders comes from where it is made."""
        parts = {t["name"]: t for t in self.templates[self.spec["entrypoint"]]["dag"]["tasks"] if t["template"].startswith("part-")}
        if not parts:
            return
        tasks = []
        for part in parts.values():
            template = self.templates[part["template"]]
            given = {"inputs.%s.%s" % (kind, a["name"]): a["from" if kind == "artifacts" else "value"]
                     for kind in ("artifacts", "parameters") for a in part.get("arguments", {}).get(kind, ())}
            for reference in given.values():
                other, kind, name = re.fullmatch(r"\{\{tasks\.(part-\d+)\.outputs\.(\w+)\.(.*)\}\}", reference).groups()
                assert other in part["dependencies"], reference
                left = self.templates[parts[other]["template"]]["outputs"][kind]
                [inside] = [o.get("from") or o["valueFrom"]["parameter"] for o in left if o["name"] == name]
                given = {k: inside if v == reference else v for k, v in given.items()}
            text = json.dumps(template["dag"]["tasks"])
            for name, inside in given.items():
                text = text.replace("{{%s}}" % name, inside)
            first = [t["name"] for other in part.get("dependencies", ()) for t in self.templates[parts[other]["template"]]["dag"]["tasks"]]
            for task in json.loads(text):
                tasks.append(dict(task, dependencies=first + task.get("dependencies", [])))
        self.templates[self.spec["entrypoint"]]["dag"]["tasks"] = tasks

    def is_started(self, task):
        what, how = re.fullmatch("(true|false) ([!=]=) true", task.get("when", "true == true")).groups()
        if (what == "true") == (how == "=="):
            return True
        self.skipped.append(task["name"])
        self.results[task["name"]] = None
        return False

    def run_task(self, task):
        arguments = task.get("arguments", {})
        known = dict(self.known)
        known.update({"inputs.parameters." + p["name"]: p["value"] for p in arguments.get("parameters", ())})
        template = self.templates[task["template"]]
        if "dag" in template:
            (self.run_loop if "withParam" in template["dag"]["tasks"][0] else self.run_choice)(task, template, known)
            return
        template = replace(template, known)
        if "memoize" in template:
            key = template["memoize"]["key"]
            assert re.fullmatch(r"[-._a-zA-Z0-9]+", key), key
            assert key not in self.memos, "%s and %s have one key" % (task["name"], self.memos[key])
            self.memos[key] = task["name"]
            name = template["memoize"]["cache"]["configMap"]["name"]
            assert re.fullmatch("chard-[-a-z0-9]+-" + key[0], name), name
        root = os.path.join(self.pods, task["name"])
        os.makedirs(root)
        given = {a["name"]: a for a in arguments.get("artifacts", ())}
        for artifact in template["inputs"].get("artifacts", ()):
            if "s3" in artifact:
                self.lay_folder(artifact, root)
            else:
                self.lay_input(artifact, given.get(artifact["name"]), root)
        container = template["container"]
        argv = [self.place(expand(a, {}), root) for a in container["command"] + container["args"]]
        argv[0] = notebooks.PYTHON
        if self.apart:
            self.cwd = os.path.join(root, "work")
            os.mkdir(self.cwd)
        env = {k: v for k, v in os.environ.items() if not k.startswith("CHARD")}
        run = subprocess.run(argv, cwd=self.cwd or self.folder.work, env=env, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, "%s: %s" % (task["name"], run.stdout + run.stderr)
        self.printed += run.stdout
        for parameter in template["outputs"].get("parameters", ()):
            with open(self.place(parameter["valueFrom"]["path"], root), encoding="utf-8") as f:
                text = f.read()
            self.told[task["name"]] = json.loads(text)
            self.known["tasks.%s.outputs.parameters.%s" % (task["name"], parameter["name"])] = text
        if "artifacts" not in template["outputs"]:
            self.results[task["name"]] = b""
            return
        [output] = template["outputs"]["artifacts"]
        if "s3" in output:
            assert output["archive"] == {"none": {}}
            self.store(output["s3"]["key"], self.place(output["path"], root))
            self.results[task["name"]] = b""
            shutil.rmtree(root)
            return
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            tar.add(self.place(output["path"], root), arcname="result")
        self.results[task["name"]] = data.getvalue()
        shutil.rmtree(root)

    def run_loop(self, task, template, known):
        """A graph of one task, repeated for each element of a parameter."""
        [each] = template["dag"]["tasks"]
        given = {a["name"]: a["from"] for a in task.get("arguments", {}).get("artifacts", ())}
        assert set(given) == {a["name"] for a in template["inputs"].get("artifacts", ())}
        self.most[task["name"]] = template.get("parallelism")
        items = json.loads(replace(each["withParam"], known))
        for i, item in enumerate(reversed(items)):      # in any order
            one = replace(each, dict(known, item=item))
            one["name"] = "%s-%d" % (task["name"], i)
            for artifact in one["arguments"].get("artifacts", ()):
                artifact["from"] = given[re.fullmatch(r"\{\{inputs\.artifacts\.(.*)\}\}", artifact["from"]).group(1)]
            self.run_task(one)
        self.results[task["name"]] = b""

    def run_choice(self, task, template, known):
        """A graph of two tasks of which one is started, and whose result is that one's."""
        given = {a["name"]: a["from"] for a in task.get("arguments", {}).get("artifacts", ())}
        assert set(given) == {a["name"] for a in template["inputs"].get("artifacts", ())}
        for one in template["dag"]["tasks"]:
            one = replace(one, known)
            for artifact in one["arguments"].get("artifacts", ()):
                artifact["from"] = given[re.fullmatch(r"\{\{inputs\.artifacts\.(.*)\}\}", artifact["from"]).group(1)]
            if self.is_started(one):
                self.run_task(one)
        [result] = template["outputs"]["artifacts"]
        yes, no = re.fullmatch(r"inputs\.parameters\.when == 'true' \? tasks\['(.*?)'\]\.outputs\.artifacts\.result "
                               r": tasks\['(.*?)'\]\.outputs\.artifacts\.result", result["fromExpression"]).groups()
        chosen = yes if known["inputs.parameters.when"] == "true" else no
        assert self.results[chosen] is not None, chosen
        self.results[task["name"]] = self.results[chosen]

    def store(self, key, path):
        for folder, _, names in os.walk(path):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    self.stored[os.path.join(key, os.path.relpath(os.path.join(folder, name), path))] = f.read()

    def lay_folder(self, artifact, root):
        """As Argo's drivers load a key that is a folder: all that lies below it."""
        key, path = artifact["s3"]["key"] + "/", self.place(artifact["path"], root)
        found = [k for k in self.stored if k.startswith(key)]
        assert found, "nothing lies at %s" % key
        for k in found:
            target = os.path.join(path, k[len(key):])
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as f:
                f.write(self.stored[k])

    def place(self, text, root):
        if text == "/chard/step.py":
            return notebooks.STARTED
        return root + text if text.startswith("/tmp/chard-") else text

    def lay_input(self, artifact, given, root):
        path = self.place(artifact["path"], root)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if "raw" in artifact:
            with open(path, "w", encoding="utf-8") as f:
                f.write(expand(artifact["raw"]["data"], {}))     # it comes in a variable of the pod's environment
            return
        producer = re.fullmatch(r"\{\{tasks\.(.*)\.outputs\.artifacts\.result\}\}", given["from"]).group(1)
        with tarfile.open(fileobj=io.BytesIO(self.results[producer])) as tar:
            tar.extractall(path + ".tar", filter="fully_trusted")
        os.rename(os.path.join(path + ".tar", "result"), path)
