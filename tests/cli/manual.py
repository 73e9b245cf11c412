"""Holds the manual against the program: every command, option, tag and rule that exists is told of.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import re
import shutil
import subprocess
import unittest

TOP = os.path.abspath(os.environ.get("TOP", "."))
CHARD = os.environ.get("CHARD", os.path.join(TOP, "chard"))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def page(name):
    return read("man/" + name).replace("\\-", "-")


def chard(*arguments):
    return subprocess.run([CHARD, *arguments], capture_output=True, text=True, check=True).stdout


class Manual(unittest.TestCase):
    def told(self, page_name, words):
        self.assertTrue(words)
        text = page(page_name)
        self.assertEqual([w for w in words if w not in text], [])

    def test_commands_and_options(self):
        commands = re.findall(r"^  (\w+(?: \w+)?)  ", chard("--help"), re.M)
        self.told("chard.1", [".SS " + c for c in commands])
        options = {o for c in commands for o in re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", chard("help", *c.split()), re.M)}
        self.told("chard.1", sorted(options))

    def test_tags(self):
        table = read("compiler/tag.c").split("} keys[] = {")[1].split("};")[0]
        self.told("chard-tags.7", re.findall(r'\{ "([a-z-]+)"', table))

    def test_rules(self):
        sources = "".join(read(p) for p in glob.glob(os.path.join(TOP, "compiler/*.c")))
        rules = re.findall(r'SEVERITY_\w+,\s*"([a-z-]+)"', sources)
        self.told("chard-diagnostics.7", sorted(set(rules)))

    def test_environment(self):
        """Every variable that a source asks for is told of; these are everybody's."""
        found = set()
        for folder in "base", "doc", "compiler", "engine", "client", "cli":
            for path in glob.glob(os.path.join(TOP, folder, "**", "*.c"), recursive=True):
                found |= set(re.findall(r'getenv \("([A-Z_]+)"\)', read(path)))
        self.told("chard-pipeline.5", sorted(found - {"HOME", "PATH", "TZ"}))

    def test_pipeline_document(self):
        schema = json.loads(read("share/chard/pipeline.schema.json"))
        members = set(schema["properties"]) | set(schema["$defs"]["step"]["properties"])
        self.told("chard-pipeline.5", sorted(members))

    def test_events(self):
        header = read("engine/runlog.h").split("*/")[0]
        self.told("chard-pipeline.5", re.findall(r"^ \*     ((?:run|step)\.\w+)", header, re.M))

    def test_every_page_is_installed_and_found(self):
        pages = sorted(os.path.basename(p) for p in glob.glob(os.path.join(TOP, "man/*.[1-8]")))
        installed = re.search(r"dist_man_MANS = (.*)", read("Makefile.am")).group(1)
        for name in pages:
            self.assertIn("man/" + name, installed)
            if name != "chard.1":
                self.told("chard.1", [".BR %s (%s)" % tuple(name.rsplit(".", 1))])

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_pages_are_well_formed(self):
        for name in glob.glob(os.path.join(TOP, "man/*.[1-8]")):
            run = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", name], capture_output=True, text=True)
            self.assertEqual(run.stderr, "", name)


if __name__ == "__main__":
    unittest.main()
