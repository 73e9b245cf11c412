"""The extension in JupyterLab and Notebook 7 as a user sees it, in Debian's Chromium: margin, diagnostics, panel, buttons.
SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "client")]
import fake_kfp  # noqa: E402
from server import CHARD, Pages, end_shared, needed  # noqa: E402
from service import Service  # noqa: E402

BRANCHES = [("import math", ["imports"]), ("base = 2", ["step:base"]), ("left = base + 1", ["step:left"]),
            ("right = math.sqrt(base * 8)", ["step:right"]), ("print('sum', left + right)", ["step:sum"])]

# Of a text and what is behind it, as WCAG 2.2 defines it.
CONTRAST = """text => {
  const canvas = document.createElement ('canvas').getContext ('2d', { willReadFrequently: true });
  const luminance = () => [...canvas.getImageData (0, 0, 1, 1).data].slice (0, 3).map (c => c / 255)
    .map (c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce ((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const paint = color => { canvas.fillStyle = color; canvas.fillRect (0, 0, 1, 1); return luminance (); };
  const back = text.closest ('.chard-diagnostic'), behind = paint (getComputedStyle (back).backgroundColor);
  const front = paint (getComputedStyle (text).color);
  return (Math.max (front, behind) + .05) / (Math.min (front, behind) + .05);
}"""

tearDownModule = end_shared


def tags_in(path):
    with open(path, encoding="utf-8") as f:
        return [cell["metadata"].get("tags", []) for cell in json.load(f)["cells"]]


def labels(page, count):
    page.wait_for_function("n => document.querySelectorAll('.chard-step-name').length === n", arg=count)
    return page.locator(".chard-step-name").all_inner_texts()


class Submitting(Pages):
    """The notebook goes to a Kubeflow Pipelines that isn't one, by a click."""

    def add_context(self, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        subprocess.run([CHARD, "context", "add", *arguments], check=True, env={**environment, "HOME": self.server.home},
                       stdout=subprocess.DEVNULL)

    def see_submit(self, name, path):
        if not os.path.exists(fake_kfp.SWAGGER):
            self.skipTest("../shared is not there")
        kfp = fake_kfp.FakeKfp(False, "/pipeline")
        self.addCleanup(kfp.close)
        registry = Service(lambda request: (200, b"", {"Docker-Content-Digest": "sha256:" + "0" * 64}))  # has any image
        self.addCleanup(registry.close)
        self.add_context("lab", "--target", "kfp", "--endpoint", kfp.url, "--registry",
                         registry.url.removeprefix("http://") + "/team")
        self.server.write(name, BRANCHES)
        page = self.open(name, path)
        labels(page, 4)
        page.get_by_role("button", name="Submit…").click()
        page.locator(".chard-result", has_text="is submitted to lab").wait_for()
        run, = kfp.runs.values()
        link = page.locator(".chard-result a", has_text="/#/runs/details/")
        self.assertEqual(link.get_attribute("href"), "%s/#/runs/details/%s" % (kfp.url, run["run_id"]))
        self.assertEqual(kfp.wrong, [])
        self.keep(page, "submitted")
        return page, kfp


@needed
class Lab(Submitting):
    def lab(self, name, cells):
        path = self.server.write(name, cells)
        return self.open(name, "lab/tree/%s"), path

    def save(self, page):
        page.keyboard.press("Control+s")
        page.wait_for_function("() => !document.querySelector('.jp-Document .jp-mod-dirty, .lm-mod-current.jp-mod-dirty')")

    def test_each_cell_shows_its_step(self):
        page, path = self.lab("branches.ipynb", BRANCHES)
        told = subprocess.run([CHARD, "graph", "--format=json", path], capture_output=True, text=True, check=True)
        names = [step["name"] for step in json.loads(told.stdout)["steps"]]
        self.assertEqual(labels(page, 4), names)
        self.assertIn("4 steps", page.locator(".chard-status").inner_text(timeout=60000) or page.content())

    def test_an_inferred_step_is_accepted_with_a_click(self):
        page, path = self.lab("untagged.ipynb", ["rows = list(range(9))", "total = sum(rows)", "print(total)"])
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator(".jp-Cell", has_text="total = sum").click()
        guess = page.locator(".chard-guess").inner_text()
        page.get_by_role("button", name="Accept").click()
        self.save(page)
        [first, second, third] = tags_in(path)
        self.assertEqual((first, third), ([], []))
        self.assertRegex(guess, "step " + second[0].removeprefix("step:"))

    def test_the_panel_edits_tags_and_leaves_others_alone(self):
        cells = [BRANCHES[1], ("left = base + 1", ["hide-input", "block:left", "limit:memory:1Gi"]), BRANCHES[4]]
        page, path = self.lab("edit.ipynb", cells)
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator(".jp-Cell", has_text="left = base").click()
        page.get_by_label("Step name").fill("links")
        page.get_by_label("Step name").press("Enter")
        page.get_by_label("Retries").fill("2")
        page.get_by_label("Retries").press("Enter")
        self.save(page)
        self.assertEqual(tags_in(path)[1], ["hide-input", "limit:memory:1Gi", "block:links", "retry:2"])

    def test_the_panel_has_notebooks_schedules_and_a_way_back(self):
        cells = ["x = 1", ("y = 2", ["hide-input", "step:other", "retry:2"])]
        page, path = self.lab("panel.ipynb", cells)
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator(".jp-Cell", has_text="x = 1").click()
        page.locator(".chard-cell select").first.select_option("Notebook")
        page.get_by_label("Name", exact=True).fill("other")
        page.get_by_label("Name", exact=True).press("Enter")
        page.get_by_label("Notebook path").fill("sub/other.ipynb")
        page.get_by_label("Notebook path").press("Enter")
        page.locator(".jp-Cell", has_text="y = 2").click()
        page.get_by_role("button", name="Clear", exact=True).click()
        page.locator("summary", has_text="Schedule, clusters and files").click()
        page.get_by_label("Schedule", exact=True).fill("0 6 * * 1-5")
        page.get_by_label("Schedule", exact=True).press("Enter")
        page.get_by_role("button", name="Schedule", exact=True).wait_for()
        self.save(page)
        self.assertEqual(tags_in(path), [["notebook:other"], ["hide-input", "schedule:0 6 * * 1-5"]])
        with open(path, encoding="utf-8") as f:
            notebook = json.load(f)
        self.assertEqual(notebook["cells"][0]["metadata"]["notebook_path"], "sub/other.ipynb")

    def test_submit_upload_and_schedule_by_clicks(self):
        page, kfp = self.see_submit("submit.ipynb", "lab/tree/%s")
        page.locator("summary", has_text="Schedule, clusters and files").evaluate(
            "summary => { summary.click(); summary.parentNode.querySelector ('input').value = 'typed'; }")
        page.get_by_label("Context").select_option("lab")   # comes from the kernel, a while later
        self.assertEqual(page.get_by_label("Schedule", exact=True).input_value(), "typed")
        page.get_by_role("button", name="Upload", exact=True).click()
        page.locator(".chard-result", has_text="nothing was started").wait_for()
        page.get_by_label("Schedule", exact=True).fill("@daily")
        page.get_by_label("Schedule", exact=True).press("Enter")
        page.get_by_role("button", name="Schedule", exact=True).click()
        page.locator(".chard-result", has_text="is scheduled on lab: '@daily'").wait_for()
        self.keep(page, "scheduled")
        page.get_by_role("button", name="Test", exact=True).click()
        page.locator(".chard-result h3", has_text="%chard context test lab").wait_for()
        self.assertEqual((len(kfp.runs), len(kfp.recurring), len(kfp.pipelines)), (1, 1, 1))
        page.locator("summary", has_text="Pipeline").first.click()
        page.get_by_label("Experiment").focus()
        page.locator("datalist option[value=Default]").wait_for(state="attached")

    def test_volumes_of_the_cluster(self):
        claims = {"items": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]}
        cluster = Service(lambda request: (200, claims))
        self.addCleanup(cluster.close)
        kube = os.path.join(self.server.home, "kubeconfig")
        with open(kube, "w", encoding="utf-8") as f:
            json.dump({"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "namespace": "me"}}],
                       "clusters": [{"name": "k", "cluster": {"server": cluster.url}}]}, f)
        self.add_context("lab", "--target", "kfp", "--endpoint", cluster.url)  # the first is the current one
        self.add_context("cluster", "--target", "argo", "--kubeconfig", kube)
        page, path = self.lab("volumes.ipynb", BRANCHES)
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator("summary", has_text="Schedule, clusters and files").click()
        page.get_by_label("Context").select_option("cluster")
        page.locator("summary", has_text="Pipeline").first.click()
        page.get_by_label("Add a volume").focus()
        page.locator("datalist option[label=ReadWriteOnce]").wait_for(state="attached")
        page.get_by_label("Add a volume").fill("data")
        page.get_by_label("Add a volume").press("Enter")
        page.locator(".chard-pipeline .chard-diagnostic", has_text="volume data is ReadWriteOnce").wait_for()
        page.get_by_placeholder("NAME:/mnt/data:5Gi").fill("data:/mnt/data:RWO")
        page.get_by_placeholder("NAME:/mnt/data:5Gi").press("Tab")  # now the notebook says so, and the compiler sees it
        page.locator(".chard-whole .chard-diagnostic", has_text="steps left and right may run at once").wait_for()
        self.keep(page, "volumes")

    def see_in_the_dark(self, page, found):
        """It can be read with either theme; in a narrow window it begins where the cell does."""
        page.set_viewport_size({"width": 750, "height": 950})
        self.assertLess(abs(found.bounding_box()["x"] - page.locator(".jp-InputArea-editor").first.bounding_box()["x"]), 9)
        page.set_viewport_size({"width": 1500, "height": 950})
        for theme in "Dark", "Light":
            page.get_by_role("menuitem", name="Settings", exact=True).click()
            page.get_by_text("Theme", exact=True).hover()
            page.get_by_text("JupyterLab " + theme, exact=True).click()
            page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str(theme == "Light").lower())
            self.keep(page, "diagnostics-" + theme)
            for part in found, found.locator(".chard-hint"):
                self.assertGreater(part.evaluate(CONTRAST), 4.5, theme)  # WCAG 2.2, 1.4.3

    def test_diagnostics_stand_at_their_cells(self):
        page, _ = self.lab("wrong.ipynb", ["a = 1", "print(nowhere)"])
        found = page.locator(".jp-Cell", has_text="print(nowhere)").locator(".chard-diagnostic")
        self.assertRegex(found.inner_text(), r"line 1:7\s+.*nowhere")
        self.assertEqual(page.locator(".chard-diagnostic").count(), 1)
        self.see_in_the_dark(page, found)
        page.locator(".jp-Cell", has_text="a = 1").locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(" =")  # an error, with which there is no graph
        page.locator(".jp-Cell", has_text="a = 1 =").locator(".chard-diagnostic.chard-error").wait_for()
        self.assertIn("0 steps, 1 error", page.locator(".chard-status").inner_text())

    def test_a_section_stays_open_while_the_notebook_changes(self):
        page, path = self.lab("open.ipynb", BRANCHES)
        labels(page, 4)
        page.get_by_role("tab", name="Chard", exact=True).click()
        page.locator("summary", has_text="Pipeline").first.click()
        page.get_by_label("User id").fill("65534")
        page.get_by_label("User id").press("Enter")
        page.locator(".jp-Cell", has_text="base = 2").locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("\nleaf = (")
        page.locator(".chard-error").wait_for()
        page.get_by_placeholder("NAME:/mnt/data:5Gi").fill("data:/mnt/data:5Gi:RWX:env")
        page.get_by_placeholder("NAME:/mnt/data:5Gi").press("Tab")
        self.keep(page, "panel")
        self.save(page)
        with open(path, encoding="utf-8") as f:
            said = json.load(f)["metadata"]["kubeflow_notebook"]
        self.assertEqual(said, {"security_context": {"run_as_user": 65534}, "volumes": [
            {"type": "new_pvc", "name": "data", "mount_point": "/mnt/data", "size": "5Gi", "volume_access_mode": "ReadWriteMany",
             "expose_as_env_var": True}]})

    def test_a_button_runs_the_notebook_as_it_stands(self):
        go = os.path.join(self.server.root, "went")
        page, path = self.lab("run.ipynb", BRANCHES + [("import os, time\nwhile not os.path.exists('went'):\n    time.sleep(.1)", ["skip"])])
        labels(page, 4)
        page.locator(".jp-Cell", has_text="import os").locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.locator(".jp-Cell .jp-InputPrompt", has_text="[*]").wait_for()
        page.get_by_role("button", name="Check", exact=True).click()  # who cancels it leaves the cell alone
        page.get_by_text("waits until no cell runs").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.locator(".chard-result", has_text="was canceled").wait_for()
        page.locator(".jp-Cell", has_text="base = 2").locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("0")  # base = 20, and not saved
        page.get_by_role("button", name="Run as pipeline").click()
        page.get_by_text("waits until no cell runs").wait_for()
        self.keep(page, "waits")
        self.assertEqual(page.locator(".jp-Cell .jp-OutputArea-output").count(), 0)
        with open(go, "w", encoding="utf-8"):
            pass
        page.wait_for_selector(".chard-result button", state="detached")
        log = subprocess.run([CHARD, "runs", "logs", "latest", "sum"], cwd=os.path.dirname(path), capture_output=True,
                             text=True)
        self.assertEqual(log.stdout, "sum %s\n" % (21 + 160 ** .5), log.stderr)

    def test_a_cell_means_the_notebook_on_the_screen_whatever_it_is_called(self):
        page, path = self.lab("first.ipynb", BRANCHES[1:3] + ["%chard run --no-cache"])
        labels(page, 2)
        page.get_by_role("menuitem", name="File", exact=True).click()
        page.get_by_text("Rename Notebook…").click()
        page.locator(".jp-Dialog input").fill("second.ipynb")
        page.locator(".jp-Dialog .jp-mod-accept").click()
        page.get_by_role("tab", name="second.ipynb").first.wait_for()
        page.locator(".jp-Cell", has_text="left = base").locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type("\nprint('left is', left)")  # and not saved
        page.locator(".jp-Cell", has_text="%chard run").locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.locator(".jp-OutputArea-output", has_text="second.ipynb · ok, 2 of 2 steps").wait_for()
        log = subprocess.run([CHARD, "runs", "logs", "latest", "left"], cwd=os.path.dirname(path), capture_output=True,
                             text=True)
        self.assertEqual(log.stdout, "left is 3\n", log.stderr)


@needed
class Notebook7(Submitting):
    def test_submit(self):
        self.see_submit("seven-submit.ipynb", "notebooks/%s")

    def test_the_same_in_notebook(self):
        self.server.write("seven.ipynb", BRANCHES)
        page = self.open("seven.ipynb", "notebooks/%s")
        self.assertEqual(labels(page, 4), ["base", "left", "right", "sum"])
        page.get_by_role("button", name="Check", exact=True).click()
        page.wait_for_selector(".chard-result h3:has-text('%chard check')")
        page.set_viewport_size({"width": 1200, "height": 950})  # the panel fits into what it is given
        page.wait_for_function("() => document.querySelector('.chard-panel select').getBoundingClientRect().right < innerWidth")
