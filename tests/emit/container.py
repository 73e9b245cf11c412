"""What `chard compile --to container` writes: Containerfiles, their contexts, requirements in the environment's versions,
and Jobs that build them in a cluster.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import json
import os
import re
import subprocess
import unittest
import zipfile

import notebooks
from notebooks import Folder, notebook

try:
    import yaml
except ImportError:
    raise unittest.SkipTest("PyYAML is not installed: ./bootstrap check does that") from None

CELLS = [
    (["imports"], "import json\nimport numpy as np\nimport sklearn.tree\nimport helper\n"),
    (["step:load"], "import csv\nrows = list(csv.reader(open('data/rows.csv')))\nx = np.array(rows, float)"),
    (["step:fit"], "model = helper.fit(x), sklearn.tree.DecisionTreeClassifier()"),
    (["step:tell"], "!pip install tabulate\nprint(model)"),
]



class Container(unittest.TestCase):
    def folder(self, *cells):
        folder = Folder(text=notebook(*(cells or CELLS)))
        os.makedirs(os.path.join(folder.work, "data"))
        for name, text in (("data/rows.csv", "1,2\n3,4\n"), ("helper.py", "import tools\nfit = tools.fit\n"),
                           
                           ("tools/__init__.py", "from pandas import DataFrame\nfit = len\n"), ("unused.py", "x = 1\n")):
            os.makedirs(os.path.dirname(os.path.join(folder.work, name)), exist_ok=True)
            with open(os.path.join(folder.work, name), "w") as f:
                f.write(text)
        return folder

    def emit(self, folder, *options):
        return folder.emit("container", "--python", notebooks.PYTHON, *options)

    def reference(self, files):
        """What the images are called, in the order of their Jobs."""
        [name] = [f for f in files if f.endswith(".build.yaml")]
        jobs = [d for d in yaml.safe_load_all(files[name]) if d["kind"] == "Job"]
        outputs = [j["spec"]["template"]["spec"]["containers"][0]["args"][-1] for j in jobs]
        return [re.fullmatch(r'type=image,"?name=([^,"]*)(,[^,"]*")?,push=true', o).group(1) for o in outputs]

    def test_context_holds_what_the_steps_need(self):
        with self.folder() as folder:
            files = self.emit(folder)
            self.assertEqual(sorted(f for f in files if f.startswith("context")), [
                "context/nb/requirements.txt", "context/nb/step.py", "context/nb/work/data/rows.csv",
                "context/nb/work/helper.py", "context/nb/work/tools/__init__.py"])
            self.assertEqual(files["context/nb/work/data/rows.csv"], "1,2\n3,4\n")
            with open(notebooks.HARNESS, encoding="utf-8") as f:
                self.assertEqual(files["context/nb/step.py"], f.read())
            self.assertEqual(files[".dockerignore"], "*\n!context\n")

    def test_the_context_alone_runs_the_steps(self):
        with self.folder() as folder:
            files = self.emit(folder)
            folder.emit("kfp")
            with open(os.path.join(folder.out, "nb.kfp.yaml"), encoding="utf-8") as f:
                spec = next(yaml.safe_load_all(f))
            args = spec["deploymentSpec"]["executors"]["exec-load"]["container"]["args"]
            place = os.path.join(folder.dir, "x")
            run = subprocess.run([notebooks.PYTHON, os.path.join(folder.out, "context/nb/step.py"), "pod", "--spec",
                                  args[args.index("--spec") + 1], "--out", "x", place,
                                  "--out", "step_report", os.path.join(folder.dir, "report.html")],
                                 cwd=os.path.join(folder.out, "context/nb/work"), capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            with open(os.path.join(place, "values.json"), encoding="utf-8") as f:
                self.assertEqual(json.load(f)["values"]["x"]["shape"], [2, 2])
            self.assertTrue(files)

    def test_requirements_are_the_environments(self):
        with self.folder() as folder:
            lines = self.emit(folder)["context/nb/requirements.txt"].split("\n")
            self.assertEqual(lines.pop(), "")
            self.assertEqual(lines, sorted(lines))
            code = "import sys; from importlib import metadata; print(*(metadata.version(n) for n in sys.argv[1:]))"
            names = ["numpy", "scikit-learn", "scipy", "joblib", "pandas"]
            versions = subprocess.run([notebooks.PYTHON, "-c", code, *names], capture_output=True, text=True).stdout.split()
            for name, version in zip(names, versions):
                self.assertIn("%s==%s" % (name, version), lines)
            self.assertEqual(len([line for line in lines if line.split("==")[0] == "tabulate"]), 1)
            self.assertFalse({"json", "csv", "helper", "tools", "matplotlib"} & {line.split("==")[0] for line in lines})

    def wheels(self, folder):
        """A folder of wheels for pip to find, and the digest of each."""
        place, digests = os.path.join(folder.dir, "wheels"), {}
        os.makedirs(place)
        for name, version, needs in (("alpha", "1.0", "beta>=1"), ("beta", "1.5", ""), ("beta", "2.0", "")):
            path = os.path.join(place, "%s-%s-py3-none-any.whl" % (name, version))
            about = "%s-%s.dist-info/" % (name, version)
            with zipfile.ZipFile(path, "w") as wheel:
                wheel.writestr(name + ".py", "x = 1\n")
                wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s" % (
                    name, version, "Requires-Dist: %s\n" % needs if needs else ""))
                wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
                wheel.writestr(about + "RECORD", "")
            with open(path, "rb") as f:
                digests[name, version] = hashlib.sha256(f.read()).hexdigest()
        os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=place)
        self.addCleanup(lambda: [os.environ.pop(k) for k in ("PIP_NO_INDEX", "PIP_FIND_LINKS")])
        return digests

    def test_hashes_of_pip(self):
        """pip says which files it takes; it takes them from such lines, and no others."""
        with self.folder((["step:a"], "!pip install alpha 'beta<2'\nx = 1")) as folder:
            digests = self.wheels(folder)
            files = self.emit(folder, "--hashes")
            self.assertEqual(files["context/nb/requirements.txt"], "".join(
                "%s==%s --hash=sha256:%s\n" % (n, v, digests[n, v]) for n, v in (("alpha", "1.0"), ("beta", "1.5"))))
            self.assertIn("pip install --no-cache-dir --disable-pip-version-check --require-hashes -r", files["Containerfile"])
            pip = [notebooks.PYTHON, "-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes", "-r",
                   os.path.join(folder.out, "context/nb/requirements.txt"), "--target"]
            run = subprocess.run([*pip, os.path.join(folder.dir, "good")], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            with zipfile.ZipFile(os.path.join(folder.dir, "wheels", "beta-1.5-py3-none-any.whl"), "a") as wheel:
                wheel.writestr("worm.py", "")
            run = subprocess.run([*pip, os.path.join(folder.dir, "bad")], capture_output=True, text=True)
            self.assertIn("THESE PACKAGES DO NOT MATCH THE HASHES", run.stderr)

    def test_hashes_that_pip_cannot_tell(self):
        with self.folder((["step:a"], "!pip install nowhere-to-be-found\nx = 1")) as folder:
            self.wheels(folder)
            run = folder.chard("compile", "--to", "all", "--hashes", "--python", notebooks.PYTHON, "-o", folder.out,
                               folder.notebook)
            self.assertEqual(run.returncode, 3)
            self.assertIn("No matching distribution found for nowhere-to-be-found", run.stderr)
            self.assertIn("pip could not find out digests", run.stderr)
            self.assertFalse(os.path.exists(folder.out))

    def test_hashes_of_a_lock_file(self):
        """Taken from requirements.txt where it has all; a version that isn't the environment's counts for nothing."""
        one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
        lock = "# made by pip-compile\nAlpha==1.0 \\\n    --hash=%s \\\n    --hash=%s  # via me\nbeta==1.5 --hash=%s\n"
        for text, hashed in ((lock % (one, two, one), True), (lock.partition("beta")[0] % (one, two), False),
                             (lock.replace("1.5", "2.0") % (one, two, one), False)):
            with self.folder((["step:a"], "!pip install alpha==1.0 beta==1.5\nx = 1")) as folder:
                with open(os.path.join(folder.work, "requirements.txt"), "w") as f:
                    f.write(text)
                lines = self.emit(folder)["context/nb/requirements.txt"]
                self.assertEqual(lines, "alpha==1.0 --hash=%s --hash=%s\nbeta==1.5 --hash=%s\n" % (one, two, one) if hashed
                                 else "alpha==1.0\nbeta==1.5\n")

    def test_layers_are_ordered(self):
        with self.folder() as folder:
            text = self.emit(folder)["Containerfile"]
            places = [text.index(part) for part in (
                "FROM docker.io/library/python:3.", "COPY context/nb/requirements.txt", "pip install",
                "COPY context/nb/step.py /chard/step.py", "USER 1000:0", "context/nb/work/ /work/", "LABEL")]
            self.assertEqual(places, sorted(places))

    def test_a_name_says_the_content(self):
        with self.folder() as folder:
            [first] = self.reference(self.emit(folder, "--registry", "registry.example.com/team"))
            self.assertRegex(first, r"^registry\.example\.com/team/nb:[0-9a-f]{12}$")
            self.assertEqual(self.reference(self.emit(folder, "--registry", "registry.example.com/team")), [first])
            [kfp] = [t for n, t in folder.emit("kfp", "--python", notebooks.PYTHON, "--registry",
                                               "registry.example.com/team").items() if n.endswith("kfp.yaml")]
            self.assertIn('image: "%s"' % first, kfp)
            with open(os.path.join(folder.work, "tools", "__init__.py"), "a") as f:
                f.write("# changed\n")
            [second] = self.reference(self.emit(folder, "--registry", "registry.example.com/team"))
            self.assertNotEqual(second, first)

    def test_code_of_cells_is_not_in_the_image(self):
        changed = CELLS[:2] + [(["step:fit"], "model = helper.fit(x), sklearn.tree.DecisionTreeRegressor()")] + CELLS[3:]
        with self.folder() as one, self.folder(*changed) as other:
            self.assertEqual(self.reference(self.emit(one)), self.reference(self.emit(other)))

    def test_large_code_is_in_the_image(self):
        with self.folder((["step:a"], "x = 1\n" + "# a comment of some length\n" * 4000)) as folder:
            files = self.emit(folder)
            self.assertIn("COPY context/nb/steps/ /chard/steps/", files["Containerfile"])
            self.assertEqual(json.loads(files["context/nb/steps/kfp/a.json"])["step"], "a")
            kfp = folder.emit("kfp")["nb.kfp.yaml"]
            self.assertIn('"/chard/steps/kfp/a.json"', kfp)
            self.assertLess(len(kfp), 10000)

    def test_images_of_steps(self):
        with self.folder((["step:a"], "import numpy\nx = 1"),
                         (["step:b", "image:registry.example.com/gpu:1.2"], "y = x")) as folder:
            files = self.emit(folder)
            self.assertIn("FROM registry.example.com/gpu:1.2\n", files["Containerfile.nb-b"])
            self.assertIn("context/nb/requirements.txt", files)
            self.assertNotIn("context/nb-b/requirements.txt", files)
            self.assertEqual(len(self.reference(files)), 2)

    def test_an_image_that_is_none(self):
        with self.folder((["step:a", "image:x\nRUN evil"], "x = 1")) as folder:
            run = folder.chard("compile", "--to", "container", "-o", folder.out, folder.notebook)
            self.assertEqual(run.returncode, 1)
            self.assertIn("no name of an image", run.stderr)
            self.assertFalse(os.path.exists(folder.out))

    def test_imports_that_may_fail_are_not_required(self):
        """Within a try, a module that isn't there is no requirement; one of another distribution than usual is there."""
        source = "try:\n    import cupy as np\nexcept ImportError:\n    import numpy as np\nimport google.cloud.storage\nx = 1"
        with self.folder((["step:a"], source)) as folder:
            names = {line.split("==")[0] for line in self.emit(folder)["context/nb/requirements.txt"].split("\n")}
            self.assertIn("numpy", names)
            self.assertIn("google-cloud-storage", names)
            self.assertFalse({"cupy", "google"} & names)

    def test_jobs(self):
        with self.folder() as folder:
            files = self.emit(folder)
            [name] = [f for f in files if f.endswith(".build.yaml")]
            config, job = yaml.safe_load_all(files[name])
            self.assertEqual((config["apiVersion"], config["kind"]), ("v1", "ConfigMap"))
            self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
            pod = job["spec"]["template"]["spec"]
            [packed] = [v["configMap"] for v in pod["volumes"] if "configMap" in v]
            self.assertEqual(packed["name"], config["metadata"]["name"])
            laid = {i["path"]: config["data"][i["key"]] for i in packed["items"]}
            self.assertEqual(laid, {f: t for f, t in files.items() if f.startswith("context/") or f == "Containerfile"})
            mounted = {m["name"] for c in pod["containers"] + pod["initContainers"] for m in c["volumeMounts"]}
            self.assertEqual(mounted, {v["name"] for v in pod["volumes"]})

    def test_an_image_that_is_given_is_not_built(self):
        with self.folder() as folder:
            run = folder.chard("compile", "--to", "container", "--image", "mine:1", "-o", folder.out, folder.notebook)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertFalse(os.path.exists(folder.out))


if __name__ == "__main__":
    unittest.main()
