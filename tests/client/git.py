"""What Git knows of a run's sources, and snapshots of them: real repositories of every kind that real git makes.

SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))
NOTEBOOK = """\
# %% tags=["parameters"]
rate = 2

# %% tags=["step:load"]
import helper
x = [rate, helper.k]

# %% tags=["step:sum"]
total = sum (x)
print ("total", total)

# %% tags=["pipeline-metrics"]
print (total)
"""


def setUpModule():
    if not shutil.which("git"):
        raise unittest.SkipTest("git is not installed")


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        home = self.path("home")
        os.mkdir(home)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "XDG_"))}
        # One state for all runs of a test: what ran once comes from the cache.
        self.env.update(HOME=home, CHARD_HOME=self.path("state"), PYTHONDONTWRITEBYTECODE="1")
        self.write("home/.gitconfig", "[user]\nname = A\nemail = a@example.com\n[init]\ndefaultBranch = main\n"
                   "[protocol \"file\"]\nallow = always\n")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w" if isinstance(text, str) else "wb") as f:
            f.write(text)

    def git(self, *arguments, cwd="repo", **more):
        run = subprocess.run(["git", *arguments], cwd=self.path(cwd), env=self.env, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=False, **more)
        self.assertEqual(run.returncode, 0, (arguments, run.stderr))
        return run.stdout.decode(errors="surrogateescape").strip()

    def chard(self, *arguments, cwd="repo", status=0):
        run = subprocess.run([CHARD, *arguments], cwd=self.path(cwd), env=self.env, capture_output=True, text=True,
                             timeout=300, errors="replace")
        self.assertEqual(run.returncode, status, run.stderr + run.stdout)
        return run

    def json(self, *arguments, **more):
        return json.loads(self.chard(*arguments, "--format=json", **more).stdout)

    def run_notebook(self, *arguments, notebook="train.py", cwd="repo"):
        """Runs it; what its log says of Git, with the run's name as "run"."""
        run = self.json("run", "--python", sys.executable, *arguments, notebook, cwd=cwd)["run"]
        return dict(self.json("runs", "show", run, cwd=cwd)["git"], run=run)

    def repository(self, name="repo", commit=True):
        self.write(name + "/train.py", NOTEBOOK)
        self.write(name + "/helper.py", "k = 3\n")
        self.git("init", "-q", cwd=name)
        if commit:
            self.commit(name)

    def commit(self, name="repo"):
        self.git("add", "-A", cwd=name)
        self.git("commit", "-q", "-m", "x", cwd=name)
        return self.git("rev-parse", "HEAD", cwd=name)


def changes(record):
    return {d["path"]: d["change"] for d in record["dirty"]}


class Record(Case):
    def test_clean(self):
        self.repository()
        self.git("remote", "add", "origin", "https://user:hunter2@example.com/team/project.git?token=hunter2")
        git = self.run_notebook()
        self.assertEqual({k: git[k] for k in ("repository", "branch", "remote", "url", "dirty", "dirty_count")},
                         {"repository": self.path("repo"), "branch": "main", "remote": "origin",
                          "url": "https://example.com/team/project.git", "dirty": [], "dirty_count": 0})
        self.assertEqual(git["commit"], self.git("rev-parse", "HEAD"))
        listed, = self.json("runs", "list")
        self.assertEqual(listed["commit"], git["commit"])
        self.assertIn(" %s train.py" % git["commit"][:8], re.sub(" +", " ", self.chard("runs", "list").stdout))
        shown = self.chard("runs", "show").stdout
        self.assertIn("git        %s, branch main, origin https://example.com/team/project.git\n" % self.path("repo"), shown)
        with open(self.path("state/runs", git["run"], "report.html"), encoding="utf-8") as f:
            report = f.read()
        self.assertIn("%s on main" % git["commit"][:10], report)
        self.assertIn("https://example.com/team/project.git", report)
        for folder, _, files in os.walk(self.path("state")):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(b"hunter2", f.read(), name)

    def test_every_kind_of_change(self):
        self.repository(commit=False)
        for name in "gone.txt", "staged.txt", "restored.txt", "same.txt", 'odd " \\ näme\n.txt':
            self.write("repo/" + name, "1\n")
        self.write(b"repo/".decode() + os.fsdecode(b"b\xff.txt"), "1\n")
        self.write("repo/.gitignore", "helper.py\nresult*\n")
        self.git("add", "-A")
        self.git("rm", "-q", "--cached", "train.py")
        self.git("commit", "-q", "-m", "x")
        os.remove(self.path("repo/gone.txt"))
        self.write("repo/staged.txt", "2\n")
        self.git("add", "staged.txt")
        self.write("repo/new.txt", "new\n")
        self.git("add", "new.txt")
        self.write('repo/odd " \\ näme\n.txt', "2\n")
        self.write("repo/" + os.fsdecode(b"b\xff.txt"), "2\n")
        self.write("repo/same.txt", "1\n")
        os.utime(self.path("repo/same.txt"), (1, 1))
        self.write("repo/scratch.txt", "not a source: nobody asks\n")
        before = digest(self.path("repo/.git/index"))
        git = self.run_notebook()
        self.assertEqual(changes(git), {
            "gone.txt": "deleted", "staged.txt": "modified", "new.txt": "added", 'odd " \\ näme\n.txt': "modified",
            "b\ufffd.txt": "modified", "train.py": "untracked", "helper.py": "ignored"})
        self.assertEqual(git["dirty_count"], 7)
        self.assertEqual(digest(self.path("repo/.git/index")), before)
        shown = self.chard("runs", "show").stdout
        self.assertRegex(shown, r"(?m)^changed    .* and 2 more$")
        refused = self.chard("run", "--require-clean", "train.py", status=1)
        self.assertIn("train.py (untracked)" if "train.py (untracked)" in refused.stderr else "and 2 more", refused.stderr)
        self.assertEqual(len(self.json("runs", "list")), 1)

    def test_outputs_alone_are_clean(self):
        cell = {"cell_type": "code", "metadata": {"tags": ["step:a"]}, "source": "y = 1\nprint (y)", "outputs": [],
                "execution_count": None}
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        self.write("repo/nb.ipynb", json.dumps(notebook, indent=1))
        self.git("init", "-q")
        self.commit()
        cell.update(execution_count=4, outputs=[{"output_type": "stream", "name": "stdout", "text": ["1\n"]}])
        self.write("repo/nb.ipynb", json.dumps(notebook, indent=1))
        git = self.run_notebook("--require-clean", "--snapshot", notebook="nb.ipynb")
        self.assertEqual(changes(git), {"nb.ipynb": "outputs"})
        # The snapshot has it without outputs: as it was committed.
        self.assertEqual(self.git("rev-parse", git["snapshot"] + ":nb.ipynb"), self.git("rev-parse", "HEAD:nb.ipynb"))
        cell["source"] = "y = 2"
        self.write("repo/nb.ipynb", json.dumps(notebook, indent=1))
        refused = self.chard("run", "--require-clean", "nb.ipynb", status=1)
        self.assertIn("nb.ipynb (modified)", refused.stderr)

    def test_unborn_branch(self):
        self.repository(commit=False)
        git = self.run_notebook()
        self.assertEqual((git["branch"], git["commit"], git["remote"], git["url"]), ("main", None, None, None))
        self.assertEqual(changes(git), {"train.py": "untracked", "helper.py": "untracked"})
        self.assertIn("nothing is committed yet", self.chard("run", "--require-clean", "train.py", status=1).stderr)

    def test_detached_head_and_remotes(self):
        self.repository()
        head = self.git("rev-parse", "HEAD")
        self.git("remote", "add", "origin", "git@example.com:team/project.git")
        self.git("remote", "add", "fork", "ssh://git:hunter2@example.com:22/me/project.git")
        self.git("checkout", "-q", "--detach")
        git = self.run_notebook()
        self.assertEqual((git["branch"], git["commit"]), (None, head))
        self.assertEqual((git["remote"], git["url"]), ("origin", "git@example.com:team/project.git"))
        self.assertIn(", no branch, origin git@", self.chard("runs", "show").stdout)
        # The branch's own remote goes before origin.
        self.git("checkout", "-q", "-b", "topic/ä")
        self.git("config", "branch.topic/ä.remote", "fork")
        self.git("config", "branch.topic/ä.merge", "refs/heads/topic")
        git = self.run_notebook()
        self.assertEqual((git["branch"], git["remote"], git["url"]),
                         ("topic/ä", "fork", "ssh://git@example.com:22/me/project.git"))
        for url, kept in ("https://me:hunt er2@example.com/x", "https://example.com/x"), ("ext::sh -c hunter2", "ext::"):
            self.git("config", "remote.fork.url", url)
            self.assertEqual(self.run_notebook()["url"], kept)

    def test_worktree_and_links(self):
        self.repository()
        self.git("worktree", "add", "-q", "-b", "side", self.path("side tree"))
        self.write("side tree/helper.py", "k = 4\n")
        git = self.run_notebook("--snapshot", cwd="side tree")
        self.assertEqual((git["repository"], git["branch"]), (self.path("side tree"), "side"))
        self.assertEqual(changes(git), {"helper.py": "modified"})
        # References of runs belong to all worktrees.
        self.assertEqual(self.git("rev-parse", "refs/chard/runs/" + git["run"]), git["snapshot"])
        os.symlink(self.path("repo"), self.path("link"))
        self.assertEqual(changes(self.run_notebook(notebook=self.path("link", "train.py"), cwd="home")), {})

    def test_submodule(self):
        self.repository("lib")
        self.write("repo/readme.txt", "x\n")
        self.git("init", "-q")
        self.git("submodule", "--quiet", "add", self.path("lib"), "lib")
        self.write("repo/main.py", '# %% tags=["step:a"]\nimport readme_reader\nprint (1)\n')
        self.write("repo/readme_reader.py", "")
        self.commit()
        inside = self.run_notebook(cwd="repo/lib")
        self.assertEqual((inside["repository"], inside["commit"], changes(inside)),
                         (self.path("repo/lib"), self.git("rev-parse", "HEAD", cwd="lib"), {}))
        self.assertEqual(inside["url"], self.path("lib"))
        self.assertEqual(changes(self.run_notebook(notebook="main.py")), {})
        self.write("repo/lib/helper.py", "k = 5\n")
        self.assertEqual(changes(self.run_notebook(cwd="repo/lib")), {"helper.py": "modified"})
        self.assertEqual(changes(self.run_notebook(notebook="main.py")), {"lib": "modified"})

    def test_no_repository(self):
        self.write("plain/train.py", NOTEBOOK)
        self.write("plain/helper.py", "k = 3\n")
        self.env["GIT_DIR"] = self.path("elsewhere")  # as in a hook of another repository
        git = self.run_notebook(cwd="plain")
        self.assertEqual(git["note"], "there is no Git repository around " + self.path("plain"))
        self.assertEqual(set(git), {"note", "run"})
        self.assertIn("git        there is no Git repository", self.chard("runs", "show", cwd="plain").stdout)
        for option in "--require-clean", "--snapshot", "--push=origin":
            refused = self.chard("run", option, "train.py", cwd="plain", status=1 if option == "--require-clean" else 2)
            self.assertIn("there is no Git repository around", refused.stderr)

    def test_repositories_that_can_not_be_read(self):
        self.repository()
        self.git("config", "core.repositoryformatversion", "1")
        self.git("config", "extensions.nosuchthing", "true")
        self.assertIn("nosuchthing", self.run_notebook()["note"])
        self.write("repo/.git/HEAD", "nonsense\n")
        self.assertTrue(self.run_notebook()["note"])
        shutil.rmtree(self.path("repo/.git"))
        self.write("repo/.git", "gitdir: /nowhere/at/all\n")
        self.assertTrue(self.run_notebook()["note"])

        shutil.rmtree(self.path("repo"))
        self.repository()
        self.write("repo/.git/index", "nonsense\n")
        git = self.run_notebook("--snapshot")
        self.assertEqual((git["branch"], git["dirty_count"]), ("main", None))
        self.assertIn("what has changed since the commit can't be told: ", git["note"])
        self.assertIn("can't be told", self.chard("run", "--require-clean", "train.py", status=1).stderr)
        shutil.rmtree(self.path("repo"))
        self.write("repo/train.py", NOTEBOOK)
        self.write("repo/helper.py", "k = 3\n")
        self.git("init", "-q", "--object-format=sha256")
        self.commit()
        self.assertRegex(self.run_notebook()["note"], "of a newer kind than libgit2 here can read .*objectformat")

    def test_large_file_storage(self):
        """Git LFS keeps a pointer in place of the file: what it points to is what was committed. Its filter isn't run."""
        self.write("repo/.gitattributes", "*.bin filter=lfs -text\n")
        self.repository(commit=False)
        content = b"\0weights" * 1000
        self.write("repo/model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
            hashlib.sha256(content).hexdigest(), len(content)))
        self.commit()
        self.git("config", "filter.lfs.clean", "touch %s" % self.path("filter-ran"))
        self.write("repo/model.bin", content)
        self.assertEqual(changes(self.run_notebook("--require-clean")), {})
        self.write("repo/model.bin", content + b"!")
        self.assertEqual(changes(self.run_notebook()), {"model.bin": "modified"})
        self.assertFalse(os.path.exists(self.path("filter-ran")))

    @unittest.skipIf(os.getuid(), "only root can give a repository away")
    def test_another_users_repository(self):
        self.repository()
        for folder, folders, files in os.walk(self.path("repo")):
            for name in [folder] + [os.path.join(folder, f) for f in folders + files]:
                os.chown(name, 4242, 4242)
        self.env.pop("SUDO_UID", None)
        git = self.run_notebook()
        self.assertIn("git config --global --add safe.directory " + self.path("repo"), git["note"])
        subprocess.run(["git", "config", "--global", "--add", "safe.directory", self.path("repo")], env=self.env, check=True)
        self.assertEqual(self.run_notebook()["branch"], "main")
        self.write("home/.gitconfig", "[safe]\ndirectory = *\n")
        self.assertEqual(self.run_notebook()["branch"], "main")


class Snapshot(Case):
    def test_nothing_else_is_touched(self):
        self.repository()
        self.write("repo/helper.py", "k = 30\n")
        self.write("repo/staged.txt", "x\n")
        self.git("add", "staged.txt")
        self.write("repo/.git/hooks/post-commit", "#!/bin/sh\ntouch " + self.path("hook-ran") + "\n")
        os.chmod(self.path("repo/.git/hooks/post-commit"), 0o755)

        def state():
            watched = [os.path.join(folder, f) for folder, folders, files in os.walk(self.path("repo")) for f in files
                       if "/objects/" not in folder and "/refs/chard" not in folder]
            return {p: digest(p) for p in watched}

        before = state()
        git = self.run_notebook("--snapshot")
        self.assertEqual(state(), before)
        self.assertFalse(os.path.exists(self.path("hook-ran")))
        self.assertEqual(self.git("fsck", "--strict", "--no-dangling"), "")
        self.assertEqual(self.git("rev-list", "--parents", git["snapshot"]), git["snapshot"])
        self.assertEqual(self.git("ls-tree", "-r", "--name-only", git["snapshot"]).split("\n"),
                         [".chard-run/pipeline.json", "helper.py", "train.py"])
        message = self.git("log", "-1", "--format=%an %s%n%b", git["snapshot"])
        self.assertIn("A train.py, as Chard ran it\nCommit: %s\nBranch: main\n" % git["commit"], message)
        self.assertIn("Not-committed: helper.py (modified), staged.txt (added)", message)

    def test_checkout(self):
        self.repository(commit=False)
        tool = b"#!/bin/sh\r\n\xff k = 3\n"
        self.write("repo/tools/__init__.py", "k = 3\n")
        self.write("repo/sub dir/näh.py", NOTEBOOK.replace("helper", "tool"))
        self.write("repo/sub dir/tool.py", b"k = 3  # \xc3\xa4 \r\n")
        os.chmod(self.path("repo/sub dir/tool.py"), 0o755)
        self.git("config", "core.autocrlf", "true")
        self.write("repo/sub dir/unused.bin", tool)
        git = self.run_notebook("--snapshot", notebook="sub dir/näh.py")
        run = git["run"]
        os.remove(self.path("repo/sub dir/tool.py"))
        told = self.json("runs", "checkout", run[-4:], "-o", "../then")
        self.assertEqual((told["run"], told["commit"]), (run, git["snapshot"]))
        self.assertEqual(sorted(told["files"]), [".chard-run/pipeline.json", "sub dir/näh.py", "sub dir/tool.py"])
        with open(self.path("then/sub dir/tool.py"), "rb") as f:
            self.assertEqual(f.read(), b"k = 3  # \xc3\xa4 \r\n")
        self.assertTrue(os.access(self.path("then/sub dir/tool.py"), os.X_OK))
        self.assertEqual(os.stat(self.path("then")).st_mode & 0o777, 0o777 & ~os.umask(os.umask(0o22)))
        # What was checked out is the same pipeline: it comes from the cache.
        again = self.json("run", "--python", sys.executable, "sub dir/näh.py", cwd="then")
        self.assertEqual(again["status"], "ok")
        with open(self.path("then/.chard-run/pipeline.json"), encoding="utf-8") as f:
            pipeline = json.load(f)
        self.assertEqual((pipeline["notebook"], pipeline["notebook_dir"]), ("sub dir/näh.py", "sub dir"))
        full = self.chard("runs", "checkout", run, "-o", "../then", status=2)
        self.assertIn("isn't an empty directory", full.stderr)
        os.mkdir(self.path("empty"))
        self.chard("runs", "checkout", "-o", "../empty")
        self.assertEqual(sorted(os.listdir(self.path("empty"))), [".chard-run", "sub dir"])

    def test_checkout_of_what_is_not_there(self):
        self.repository()
        self.assertIn("there are no snapshots", self.chard("runs", "checkout", "-o", "x", status=2).stderr)
        plain = self.run_notebook()["run"]
        self.assertIn("kept no snapshot", self.chard("runs", "checkout", plain, "-o", "x", status=2).stderr)
        self.assertIn("-o DIR", self.chard("runs", "checkout", plain, status=2).stderr)
        self.assertIn("there is no Git repository", self.chard("runs", "checkout", "-o", "x", cwd="home", status=2).stderr)
        self.assertEqual(os.listdir(self.path("home")), [".gitconfig"])

    def test_snapshots_of_strangers(self):
        """A tree may hold anything: what would lead out of the directory is refused, and nothing is written."""
        self.repository()
        blob = bytes.fromhex(self.git("rev-parse", "HEAD:helper.py"))
        tree = bytes.fromhex(self.git("rev-parse", "HEAD^{tree}"))
        for number, entry in enumerate([b"100644 ..\0" + blob, b"40000 ..\0" + tree, b"40000 .GIT\0" + tree,
                                        b"120000 link\0" + blob, b"160000 module\0" + blob, b"100644 a/b\0" + blob]):
            bad = self.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin",
                           input=b"100644 aaa\0" + blob + entry if number else entry)
            commit = self.git("commit-tree", "-m", "bad", bad)
            self.git("update-ref", "refs/chard/runs/2000%d" % number, commit)
            refused = self.chard("runs", "checkout", "2000%d" % number, "-o", self.path("out/deep"), status=3)
            self.assertIn("the snapshot holds", refused.stderr, entry)
            self.assertEqual(os.listdir(self.path("out")) if os.path.exists(self.path("out")) else [], [], entry)

    def test_sources_around_the_repository(self):
        """Others' notebooks may lie outside; places relative to one another stay."""
        self.write("chard.yaml", "effects: {}\n")
        self.repository()
        self.write("repo/.git/info/exclude", "*.tmp\n")
        git = self.run_notebook("--snapshot")
        self.assertEqual(changes(git), {self.path("chard.yaml"): "outside the repository"})
        self.assertEqual(self.git("ls-tree", "-r", "--name-only", git["snapshot"]).split("\n"),
                         ["chard.yaml", "repo/.chard-run/pipeline.json", "repo/helper.py", "repo/train.py"])

    def test_a_ref_that_can_not_be_made_is_told(self):
        self.repository()
        self.write("repo/.git/refs/chard", "in the way\n")
        told = self.chard("run", "--python", sys.executable, "--snapshot", "train.py", status=3)
        self.assertIn("refs/chard/runs/", told.stderr)
        self.assertIn("ok in", told.stdout)  # the run itself went well

    def test_push(self):
        self.repository()
        self.git("init", "-q", "--bare", self.path("far.git"))
        self.git("remote", "add", "far", self.path("far.git"))
        self.git("remote", "add", "dead", "http://user:hunter2@127.0.0.1:1/x.git")
        self.write("repo/.git/hooks/pre-push", "#!/bin/sh\nexit 1\n")
        os.chmod(self.path("repo/.git/hooks/pre-push"), 0o755)
        git = self.run_notebook("--push=far")
        self.assertEqual(self.git("for-each-ref", "--format=%(refname) %(objectname)", cwd="far.git"),
                         "refs/chard/runs/%s %s" % (git["run"], git["snapshot"]))  # and nothing else
        unknown = self.chard("run", "--push=nope", "train.py", status=2)
        self.assertIn("has no remote “nope”; it has: dead, far", unknown.stderr)
        failed = self.chard("run", "--python", sys.executable, "--push=dead", "train.py", status=3)
        self.assertIn("can't be pushed to dead", failed.stderr)
        self.assertNotIn("hunter2", failed.stderr + failed.stdout)
        self.write("far.git/hooks/pre-receive", "#!/bin/sh\necho not on Fridays >&2\nexit 1\n")
        os.chmod(self.path("far.git/hooks/pre-receive"), 0o755)
        self.assertIn("not on Fridays",
                      self.chard("run", "--python", sys.executable, "--push=far", "train.py", status=3).stderr)
        self.assertEqual(len(self.git("for-each-ref", "refs/chard").split("\n")), 3)  # kept here all the same


class Diff(Case):
    def test_runs(self):
        self.repository()
        a = self.run_notebook("--snapshot")["run"]
        self.write("repo/train.py", NOTEBOOK.replace("# %% tags=[\"step:load\"]", "# %%\ndef twice (v):\n    return 2 * v\n\n"
                                                     "# %% tags=[\"step:load\"]").replace("sum (x)", "twice (sum (x))"))
        self.commit()
        b = self.run_notebook("-p", "rate=5")["run"]
        d = self.json("runs", "diff", a, b)
        self.assertEqual(d["parameters"], {"rate": {"a": 2, "b": 5}})
        self.assertEqual(d["metrics"], {"sum.total": {"a": 5, "b": 16}})
        self.assertEqual([(c["change"], c.get("a", {}).get("cell"), c.get("b", {}).get("cell")) for c in d["cells"]],
                         [("added", None, 1), ("changed", 2, 3)])
        self.assertEqual(d["cells"][1]["diff"],
                         "@@ -1,2 +1,2 @@\n-total = sum (x)\n+total = twice (sum (x))\n print (\"total\", total)\n")
        self.assertEqual(self.json("runs", "diff"), d)
        self.assertEqual(self.json("runs", "diff", a), d)
        back = self.json("runs", "diff", b, a)
        self.assertEqual([c["change"] for c in back["cells"]], ["removed", "changed"])
        text = self.chard("runs", "diff", "--color=never").stdout
        self.assertIn("parameter  rate: 2 -> 5\nmetric     sum.total: 5 -> 16\n\ncell 1 (new)\n", text)
        self.assertIn("cell 2, step sum -> cell 3, step sum\n", text)
        self.assertIn("code       the same\n", self.chard("runs", "diff", a, a).stdout)
        # Another machine has the repository, but not the run.
        self.git("init", "-q", self.path("clone"))
        self.git("fetch", "-q", self.path("repo"), "refs/chard/runs/*:refs/chard/runs/*", cwd="clone")
        self.env["CHARD_HOME"] = self.path("state of the other")
        self.write("clone/train.py", NOTEBOOK.replace("print (\"total\", total)", "print (total)"))
        self.write("clone/helper.py", "k = 3  # as before\n")
        c = self.run_notebook("--snapshot", cwd="clone")["run"]
        d = self.json("runs", "diff", a, c, cwd="clone")
        self.assertEqual(([(x["change"], x["b"]["step"]) for x in d["cells"]], d["files"]), ([("changed", "sum")], []))
        self.env["CHARD_HOME"] = self.path("state of a third")     # of both the snapshots are known, and these alone
        d = self.json("runs", "diff", a, c, cwd="clone")
        self.assertEqual(([(x["change"], x["b"]["step"]) for x in d["cells"]], d["files"]), ([("changed", "sum")], ["helper.py"]))
        self.assertIn("file       helper.py differs\n", self.chard("runs", "diff", a, c, cwd="clone").stdout)

    def test_cells_are_paired_by_what_they_share(self):
        """Each case: cells before, cells after, which became which."""
        cases = [
            (["a = 1", "b = 2", "c = 3"], ["a = 1", "c = 3"], [("removed", 1, None)]),
            (["a = 1", "b = 2"], ["b = 2", "a = 1"], None),  # moved: told one way or the other, but told
            (["a = 1"], ["a = 2"], [("changed", 0, 0)]),
            (["a = 1\nx = 1", "b = 2\ny = 2"], ["n = 0", "a = 1\nx = 3", "b = 2\ny = 4"],
             [("added", None, 0), ("changed", 0, 1), ("changed", 1, 2)]),
            (["a = 1", "b = 1", "c = 1"], ["a = 1", "b = 2", "c = 2"], [("changed", 1, 1), ("changed", 2, 2)]),
        ]
        self.write("repo/x", "")
        for before, after, wanted in cases:
            runs = []
            for cells in before, after:
                self.write("repo/nb.py", "".join('# %%%% tags=["step:%s"]\n%s\n' % (c[0], c) for c in cells))
                runs.append(self.json("run", "--python", sys.executable, "nb.py")["run"])
            found = [(c["change"], c.get("a", {}).get("cell"), c.get("b", {}).get("cell"))
                     for c in self.json("runs", "diff", *runs)["cells"]]
            if wanted is None:
                self.assertTrue(found)
            else:
                self.assertEqual(found, wanted)

    def test_mistakes(self):
        self.repository()
        self.assertIn("no two runs", self.chard("runs", "diff", status=2).stderr)
        self.run_notebook()
        self.assertIn("there is no run “zzz”", self.chard("runs", "diff", "zzz", status=2).stderr)
        self.assertIn("name two runs", self.chard("runs", "diff", "a", "b", "c", status=2).stderr)
