"""Images: built with the real buildah on a base made of this machine's own Python, pushed to Debian's docker-registry on
127.0.0.1 behind a login, pulled by digest and run as a pod is; and what may go wrong on the way, by builders and registries
that do.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import crypt
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import time
import unittest
import urllib.request
import zipfile

import fake_kfp
import yaml
from folder import CHARD, FolderCase
from service import Service

SYSTEM_PYTHON = "/usr/bin/python3"
PASSWORD = "a-Passw0rd-0f-the-registry"
CELLS = [("parameters", "n = 2"),
         ("step:load data", "!pip install probe-package==1.0\nimport helper\nimport probe_package\n"
                            "x = [n, helper.two, probe_package.three]"),
         ("step:sum", "print (sum (x))")]


def setUpModule():
    if not os.path.exists(fake_kfp.SWAGGER):
        raise unittest.SkipTest("../shared is not there")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Case(FolderCase):
    def setUp(self):
        super().setUp()
        self.env = {k: v for k, v in self.env.items() if not k.startswith("CHARD_") or k == "CHARD_TEMPLATES"}
        self.env["HOME"] = self.path("home")
        os.makedirs(self.path("home"))
        self.base = "example.com/base:1"
        self.write("nb/helper.py", "two = 2\n")
        self.kfp = fake_kfp.FakeKfp()
        self.addCleanup(self.kfp.close)

    def run_program(self, *argv, status=0, **more):
        run = subprocess.run(argv, env=self.env, cwd=self.path("nb"), capture_output=True, text=True, timeout=300, **more)
        self.assertEqual(run.returncode, status, "%s\n%s" % (argv, run.stdout + run.stderr))
        return run

    def chard(self, *arguments, status=0):
        return self.run_program(CHARD, *arguments, status=status)

    def commit(self):
        for command in (["init", "-q"], ["remote", "add", "origin", "https://me:secret@example.com/train.git"], ["add", "."],
                        ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "x"]):
            self.run_program(shutil.which("git"), *command)
        return self.run_program(shutil.which("git"), "rev-parse", "HEAD").stdout.strip()

    def use(self, registry, *options):
        self.chard("context", "add", "lab", "--target", "kfp", "--endpoint", self.kfp.url, "--registry", registry, *options)

    def submit(self, *options, status=0):
        return self.chard("submit", "--python", SYSTEM_PYTHON, *options, "train.ipynb", status=status).stderr

    def notebook(self, source=None):
        cells = [{"cell_type": "code", "id": "c%d" % i, "metadata": {"tags": [tag]}, "outputs": [], "execution_count": None,
                  "source": text} for i, (tag, text) in enumerate(CELLS)]
        if source:
            cells[1]["source"] = cells[1]["source"].rpartition("\n")[0] + "\n" + source
        return json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells,
                           "metadata": {"kubeflow_notebook": {"docker_image": self.base}}})

    def text(self):
        return yaml.dump(list(self.kfp.documents.values()), width=1000)


# ---- real parts ---------------------------------------------------------------------------------------------------------


def libraries(*programs):
    """What the dynamic linker loads for them."""
    out = subprocess.run(["ldd", *programs], capture_output=True, text=True).stdout
    return set(re.findall(r"(/\S+) \(0x", out))


def base_files():
    """Enough of this machine for RUN lines, Python and pip: {path in the image: path here}."""
    names = ["/bin/sh", "/bin/mkdir", "/bin/chown", "/bin/chmod", os.path.realpath(SYSTEM_PYTHON)]
    files = {n: os.path.realpath(n) for n in names}
    files[SYSTEM_PYTHON] = os.path.realpath(SYSTEM_PYTHON)
    version = re.search(r"python(3\.\d+)$", files[SYSTEM_PYTHON]).group(1)
    for top in ("/usr/lib/python" + version, "/usr/lib/python3/dist-packages/pip"):
        for folder, folders, here in os.walk(top):
            folders[:] = [f for f in folders if f not in ("__pycache__", "test", "idlelib", "lib2to3", "turtledemo", "tkinter")
                          and not f.startswith("config-")]
            files.update({os.path.join(folder, f): os.path.join(folder, f) for f in here})
    shared = [f for f in files.values() if f.endswith(".so") or f in map(os.path.realpath, names)]
    files.update({f: os.path.realpath(f) for f in libraries(*shared)})
    return files


def a_wheel(path):
    about = "probe_package-1.0.dist-info/"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("probe_package.py", "three = 3\n")
        wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: probe-package\nVersion: 1.0\n")
        wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(about + "RECORD", "")
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@unittest.skipUnless(os.environ.get("CHARD_TESTS") == "all", "only with CHARD_TESTS=all")
class Real(Case):
    def setUp(self):
        for program in ("buildah", "docker-registry"):
            if not shutil.which(program):
                self.skipTest("%s is not installed: ./bootstrap check does that" % program)
        super().setUp()
        self.env.update(BUILDAH_ISOLATION="chroot", CONTAINERS_STORAGE_CONF=self.path("storage.conf"),
                        XDG_RUNTIME_DIR=self.path("home"), TMPDIR=self.path("home"))
        self.scratch = self.find_storage()
        self.registry = "127.0.0.1:%d" % free_port()
        self.start_registry()
        self.buildah("login", "--tls-verify=false", "--username", "me", "--password-stdin", self.registry, input=PASSWORD)

    def use_storage(self, name):
        self.write("storage.conf", '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' %
                   (self.driver, self.path(name), self.path(name + " run")))
        self.addCleanup(subprocess.run, ["umount", "-q", self.path(name, "overlay")])   # buildah leaves it mounted

    def find_storage(self):
        """An empty container, in the quickest storage that works here."""
        for self.driver in ("overlay", "vfs"):
            self.use_storage(self.driver)
            can = subprocess.run(["buildah", "from", "scratch"], env=self.env, capture_output=True, text=True)
            if can.returncode == 0:
                return can.stdout.strip()
        self.skipTest("buildah can't work here: " + can.stderr.strip())

    def start_registry(self):
        self.write("htpasswd", "me:%s\n" % crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))
        config = self.write("registry.yml", json.dumps({
            "version": 0.1, "log": {"level": "error"}, "http": {"addr": self.registry},
            "storage": {"filesystem": {"rootdirectory": self.path("registry")}},
            "auth": {"htpasswd": {"realm": "here", "path": self.path("htpasswd")}}}))
        server = subprocess.Popen(["docker-registry", "serve", config], env=self.env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (server.kill(), server.wait()))
        for _ in range(600):
            try:
                return socket.create_connection(self.registry.split(":"), 1).close()
            except OSError:
                time.sleep(0.1)
        self.fail("the registry does not start")

    def buildah(self, *arguments, **more):
        return self.run_program("buildah", *arguments, **more).stdout.strip()

    def make_base(self):
        """What an official Python image has, and an index of packages that holds one wheel."""
        os.makedirs(self.path("base/wheels"))
        digest = a_wheel(self.path("base/wheels/probe_package-1.0-py3-none-any.whl"))
        self.write("base/pip.conf", "[global]\nno-index = true\nfind-links = /wheels\n")
        with tarfile.open(self.path("base.tar"), "w", dereference=True) as tar:
            for inside, here in sorted(base_files().items()):
                tar.add(here, inside, recursive=False)
            tar.add(self.path("base/wheels"), "/wheels")
            tar.add(self.path("base/pip.conf"), "/etc/pip.conf")
            for name in ("/tmp", "/dev", "/proc", "/sys", "/run", "/root", "/usr/local/lib"):
                directory = tarfile.TarInfo(name)
                directory.type, directory.mode = tarfile.DIRTYPE, 0o1777 if name == "/tmp" else 0o755
                tar.addfile(directory)
        self.buildah("add", self.scratch, self.path("base.tar"), "/")
        self.buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", self.scratch)
        self.buildah("commit", self.scratch, self.registry + "/base:1")
        self.buildah("push", "--tls-verify=false", self.registry + "/base:1")
        return digest

    def ask(self, path, method="GET"):
        request = urllib.request.Request("http://%s/v2/%s" % (self.registry, path), method=method, headers={
            "Authorization": "Basic " + base64.b64encode(b"me:" + PASSWORD.encode()).decode(),
            "Accept": "application/vnd.oci.image.manifest.v1+json"})
        with urllib.request.urlopen(request) as reply:
            return reply.headers, json.loads(reply.read() or "null")

    def step(self, container, document, name, **artifacts):
        """Runs a step's command as KFP's launcher does, in a container of the image; what it printed."""
        spec = document["deploymentSpec"]["executors"]["exec-" + name]["container"]
        inside = "/tmp/" + name
        message = {"inputs": {"parameterValues": {"n": 4}, "artifacts": {
            k: {"artifacts": [{"name": k, "uri": v, "metadata": {}}]} for k, v in artifacts.items()}},
            "outputs": {"artifacts": {k: {"artifacts": [{"name": k, "uri": inside + "/" + k}]} for k in ("x", "step_report")},
                        "outputFile": inside + "/output.json"}}

        def fill(text):
            text = re.sub(r"\{\{\$\.outputs\.artifacts\['(\w+)'\]\.path\}\}", inside + r"/\1", text)
            text = re.sub(r"\{\{\$\.inputs\.artifacts\['(\w+)'\]\.path\}\}", lambda m: artifacts[m.group(1)], text)
            return text.replace("{{$}}", json.dumps(message))
        self.buildah("run", container, "--", "mkdir", inside)
        return self.buildah("run", container, "--", *map(fill, spec["command"] + spec["args"]))

    def test_from_a_notebook_to_a_pod(self):
        digest = self.make_base()
        base, _ = self.ask("base/manifests/1", "HEAD")
        self.base = self.registry + "/base:1"
        self.write("nb/requirements.txt", "probe-package==1.0 --hash=sha256:%s\n" % digest)
        self.write("nb/train.ipynb", self.notebook())
        commit = self.commit()
        self.use(self.registry + "/team")
        told = self.submit("-p", "n=4")
        self.assertIn("isn't in the registry yet; buildah builds it", told)
        reference, name = re.search(r"image: (%s/team/train@(sha256:\w+))" % self.registry, self.text()).groups()
        # What was pushed is what the pipeline says, under the names of its content and of its commit.
        headers, manifest = self.ask("team/train/manifests/" + name)
        self.assertEqual(headers["Docker-Content-Digest"], name)
        content, = re.findall(r"team/train:(\w{12}): built and pushed", told)
        _, tags = self.ask("team/train/tags/list")
        self.assertEqual(sorted(tags["tags"]), sorted([content, "%s-%s" % (commit[:12], content)]))
        labels = self.ask("team/train/blobs/" + manifest["config"]["digest"])[1]["config"]["Labels"]
        self.assertEqual({k.rpartition("image.")[2]: v for k, v in labels.items() if k.startswith("org.opencontainers.")}, {
            "title": "train", "version": content, "revision": commit, "source": "https://example.com/train.git",
            "base.name": self.registry + "/base:1", "base.digest": base["Docker-Content-Digest"]})
        # The same again, and other code in a cell: nothing is built. A module: its layer alone is new.
        self.assertNotIn("buildah", self.submit())
        self.write("nb/train.ipynb", self.notebook("x = [n, helper.two, probe_package.three, 0]"))
        self.assertNotIn("buildah", self.submit())
        self.write("nb/helper.py", "two = 20\n")
        self.assertIn("buildah builds it", self.submit())
        other = self.ask("team/train/manifests/" + re.findall(r"train@(sha256:\w+)", self.text())[-1])[1]
        same = [x == y for x, y in zip(manifest["layers"], other["layers"])]
        self.assertEqual((len(manifest["layers"]), same.count(False)), (len(other["layers"]), 1), same)
        self.assertFalse(same[-1])
        # Pulled by its digest, by someone who has nothing of it, and run.
        self.use_storage("another")
        container = self.buildah("from", "--tls-verify=false", reference)
        document = list(self.kfp.documents.values())[0][0]
        self.step(container, document, "load-data")
        self.assertEqual(self.step(container, document, "sum", x="/tmp/load-data/x"), "9")
        self.assertIn("uid=1000", self.buildah("run", container, "--", "python3", "-c",
                                               "import os; print('uid=%d' % os.getuid())"))


# ---- builders and registries that don't do as they should -------------------------------------------------------------

BUILDER = """#!/bin/sh
printf '%s\\n' "$*" >> "$TOLD"
case $1 in
build) sleep "${SLOW:-0}"; echo "building it: $(head -n 1 "${FILE:-Containerfile}")"; exit "${BUILD:-0}" ;;
push) [ "${PUSH:-0}" = 0 ] && : > "$TOLD.pushed"; echo "pushing it"; exit "${PUSH:-0}" ;;
version) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;
esac
"""
DIGEST = "sha256:" + "a" * 64


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.told = self.path("told")
        self.env.update(PATH=self.path("bin") + ":/usr/bin:/bin", TOLD=self.told)
        self.registry = Service(self.answer)
        self.addCleanup(self.registry.close)
        self.host = self.registry.url[7:]
        self.base = self.host + "/base:1"
        self.write("nb/train.ipynb", self.notebook())
        self.use(self.host + "/team")

    def answer(self, request):
        there = "/base/" in request.path or os.path.exists(self.told + ".pushed")
        return (200, b"", {"Docker-Content-Digest": DIGEST}) if there else (404, {"errors": []})

    def install(self, *names, script=BUILDER):
        """These programs alone are to be found."""
        for name in names:
            os.chmod(self.write("bin/" + name, script), 0o755)
        for name in ("sh", "head", "sleep", "cat"):
            os.path.exists(self.path("bin", name)) or os.symlink(shutil.which(name), self.path("bin", name))
        self.env["PATH"] = self.path("bin")

    def commands(self):
        with open(self.told, encoding="utf-8") as f:
            return f.read().splitlines()

    def test_what_builders_are_told(self):
        self.install("buildah", "docker")
        told = self.submit()
        self.assertIn("%s/team/train@%s" % (self.host, DIGEST), self.text())
        self.assertIn("isn't in the registry yet; buildah builds it", told)
        build, push = self.commands()
        name = re.fullmatch("push --tls-verify=false (%s/team/train:[0-9a-f]{12})" % self.host, push).group(1)
        self.assertEqual(build, "build --layers --tls-verify=false --file Containerfile --tag %s ." % name)
        self.assertEqual(os.listdir(self.path("nb/.chard/images")), [])
        # What is there isn't asked for again, and the base's name is the registry's business then.
        count = len(self.registry.requests)
        self.submit()
        self.assertEqual([r.path for r in self.registry.requests[count:]], ["/v2/team/train/manifests/" + name[-12:]])
        self.assertEqual(len(self.commands()), 2)

    def test_failures_are_shown(self):
        self.install("podman")
        self.env["BUILD"] = "7"
        told = self.submit(status=3)
        self.assertIn("building it: FROM %s@%s\n" % (self.host + "/base", DIGEST), told)
        self.assertRegex(told, r"podman could not build \S+/team/train:\w+ \(exit status 7\); it says why in (/\S+/build.log)")
        self.env.update(BUILD="0", PUSH="5")
        self.assertIn("podman could not push", self.submit(status=3))
        self.env["PUSH"] = "0"
        self.install("podman", script=BUILDER.replace(': > "$TOLD.pushed"', ":"))
        self.assertIn("was pushed, but the registry doesn't have it", self.submit(status=3))
        self.assertEqual(self.kfp.requests, [])

    def test_only_one_builds(self):
        self.install("buildah")
        self.env["SLOW"] = "2"
        both = [subprocess.Popen([CHARD, "submit", "--python", SYSTEM_PYTHON, "train.ipynb"], env=self.env, cwd=self.path("nb"),
                                 stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) for _ in range(2)]
        told = [p.communicate(timeout=120)[1] for p in both]
        self.assertEqual([p.returncode for p in both], [0, 0], told)
        self.assertEqual(len([c for c in self.commands() if c.startswith("build")]), 1)

    def test_nothing_here_builds(self):
        """A client without an engine doesn't count. The Job is written, and named."""
        self.install("docker")
        told = self.submit(status=3)
        path = re.search(r"kubectl create -f (\S+/train.build.yaml) does in the cluster", told).group(1)
        with open(path, encoding="utf-8") as f:
            config, job = yaml.safe_load_all(f)
        self.assertEqual([config["kind"], job["kind"]], ["ConfigMap", "Job"])
        self.assertIn("is installed here, but no engine answers", self.add("--builder", "docker", status=3))
        self.assertIn("podman isn't installed here", self.add("--builder", "podman", status=3))
        self.assertIn("without --no-build", self.submit("--no-build", status=3))
        self.assertEqual(self.kfp.requests, [])

    def test_the_cluster_builds(self):
        """Where nothing here builds and the context reaches the Kubernetes API, its Job is started and waited for. What the API
        server of Kubernetes 1.35 answered, but for whether it is done."""
        made, states, asked = {}, [{}], []
        core, batch = "/api/v1/namespaces/team/", "/apis/batch/v1/namespaces/team/jobs"

        def before(request):
            path = request.path.split("?")[0]
            if not path.startswith((core + "configmaps/", core + "pods", batch)):
                return NotImplemented
            asked.append(request.method + " " + path)
            self.assertEqual(request.headers["Authorization"], "Bearer t0ken")
            if path == core + "pods":
                return 200, {"items": [{"metadata": {"name": "p"}}]}
            if path == core + "pods/p/log":
                return 200, "no such base\n"
            if request.method in ("PATCH", "POST"):
                document = request.json()
                key = document["kind"] + " " + document["metadata"]["name"]
                if request.method == "POST" and key in made:
                    return 409, {"kind": "Status", "message": "jobs.batch already exists", "code": 409}
                made[key] = document
                return 201, document
            name = "Job " + path.rpartition("/")[2]
            if name not in made:
                return 404, {"kind": "Status", "message": "not found", "code": 404}
            if request.method == "DELETE":
                del made[name]
                return 200, {}
            state = states.pop(0) if len(states) > 1 else states[0]
            if state.get("conditions") == [{"type": "Complete", "status": "True"}]:
                self.write("told.pushed", "")
            return 200, dict(made[name], status=state)

        self.install("docker")
        self.kfp.before = before
        self.kfp.prefix = "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy"
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {
            "cluster": "k", "user": "u", "namespace": "team"}}], "clusters": [{"name": "k", "cluster": {
                "server": self.kfp.service.url}}], "users": [{"name": "u", "user": {"token": "t0ken"}}]}
        self.chard("context", "add", "lab", "--target", "kfp", "--kubeconfig", self.write("kube", json.dumps(config)), "--registry",
                   self.host + "/team")
        states[:] = [{"active": 1}, {"conditions": [{"type": "Failed", "status": "True"}]}]
        commit = self.commit()
        told = self.submit(status=3)
        self.assertRegex(told, "the Job (build-train-[0-9a-f]{12}) builds it in the cluster\nno such base\n")
        self.assertRegex(told, "the Job build-train-[0-9a-f]{12}, which builds the image, failed")
        config, job = made.values()
        self.assertEqual((config["kind"], job["kind"]), ("ConfigMap", "Job"))
        name = job["metadata"]["name"]
        self.assertEqual(config["metadata"]["name"], name)
        self.assertRegex(job["spec"]["template"]["spec"]["containers"][0]["args"][-1],
                         r'^type=image,"name=%s/team/train:(\w{12}),%s/team/train:%s-\1",push=true$' % (self.host, self.host, commit[:12]))
        volumes = {v["name"]: v for v in job["spec"]["template"]["spec"]["volumes"]}
        self.assertEqual(volumes["packed"]["configMap"]["name"], name)
        self.assertEqual(self.kfp.runs, {})
        # Again: the failed one gives way.
        states[:] = [{"conditions": [{"type": "Failed", "status": "True"}]}, {"active": 1},
                     {"conditions": [{"type": "Complete", "status": "True"}]}]
        self.submit()
        self.assertIn("DELETE %s/%s" % (batch, name), asked)
        self.assertIn("%s/team/train@%s" % (self.host, DIGEST), self.text())
        count = len(asked)
        self.submit()       # it is there
        self.assertEqual(len(asked), count)

    def add(self, *options, status):
        self.use(self.host + "/team", *options)
        return self.submit(status=status)

    def test_a_base_that_is_not_known(self):
        self.install("buildah")
        self.base = "127.0.0.1:1/base:1"
        self.write("nb/train.ipynb", self.notebook())
        self.assertRegex(self.submit(), "note: the digest of 127.0.0.1:1/base:1 isn't known, so it goes by its name: ")

    def guard(self, kind, service=None):
        """A registry that wants a login, and its token service."""
        def answer(request):
            if request.path.startswith("/token"):
                self.assertIn("service=here&scope=repository%3Ateam%2Ftrain%3Apull", request.path + request.body.decode())
                told = request.headers.get("Authorization") or request.body.decode()
                return (200, {"token": "t0ken"}) if service in told else (401, {"errors": [{"message": "who are you"}]})
            wanted = "Bearer t0ken" if kind.startswith("Bearer") else service
            if request.headers.get("Authorization") == wanted:
                return 200, b"", {"Docker-Content-Digest": DIGEST}
            return 401, {"errors": []}, {"WWW-Authenticate": kind % self.registry.url if "%s" in kind else kind}
        self.registry.answer = answer

    def test_logins(self):
        """Each place where a login may lie; what isn't the registry's own login is nowhere."""
        basic = "Basic " + base64.b64encode(b"me:s3cret").decode()
        auths = {"auths": {self.host: {"auth": basic[6:]}}}
        bearer = 'Bearer realm="%s/token",service="here",scope="repository:team/train:pull"'
        self.install("docker-credential-safe", script="""#!/bin/sh
[ "$1" = get ] && [ "$(cat)" = "%s" ] && echo '{"Username": "me", "Secret": "s3cret"}'
""" % self.host)
        places = (
            ('Basic realm="x"', basic, ".docker/config.json", auths),
            (bearer, basic, ".config/containers/auth.json", auths),
            (bearer, basic, ".docker/config.json", {"auths": {self.host + "/team": {"auth": basic[6:]}}}),
            (bearer, "refresh_token=one-for-all", ".docker/config.json", {"auths": {self.host: {"identitytoken": "one-for-all"}}}),
            (bearer, basic, ".docker/config.json", {"credHelpers": {self.host: "safe"}}),
            (bearer, basic, ".docker/config.json", {"credsStore": "safe", "auths": {self.host: {}}}),
        )
        for kind, service, place, content in places:
            self.guard(kind, service)
            path = self.write("home/" + place, json.dumps(content))
            self.submit()
            os.remove(path)
        self.guard('Basic realm="x"', basic)
        self.assertIn("wants a login: docker login %s, or podman" % self.host, self.submit(status=3))
        self.guard(bearer, basic)
        self.assertRegex(self.submit(status=3), r"GET http://127.0.0.1:\d+/token: .*\(HTTP 401\)")
        self.guard('Bearer realm="http://example.com/token"', basic)
        self.assertIn("sends us to “http://example.com/token” for a token, which isn't https", self.submit(status=3))
        self.assertEqual({r.headers.get("Authorization") for r in self.kfp.requests}, {None})


if __name__ == "__main__":
    unittest.main()
