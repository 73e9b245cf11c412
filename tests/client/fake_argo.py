"""Argo Workflows as Chard uses it, with what it keeps in memory, by either way: argo-server's API (its *.proto) or that of
Kubernetes. Every object and request is held to Argo's published JSON schema where ../shared has it; what is answered, and with
which status, is as argo-server 4.1 does it (server/). Faults are a test's to put in front: see `before`.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import copy
import gzip
import json
import os
import re
import threading
import time
import urllib.parse

from service import Service

TOP = os.environ.get("TOP", ".")
SCHEMA = os.path.join(os.environ.get("SHARED", os.path.join(TOP, "..", "shared")), "schemas/argo/workflow.schema.json")
PREFIX = "io.argoproj.workflow.v1alpha1."
KINDS = {   # by what the paths call them: kind, member of requests, longest name
    "workflows": ("Workflow", "workflow", 63), "workflow-templates": ("WorkflowTemplate", "template", 63),
    "cron-workflows": ("CronWorkflow", "cronWorkflow", 52),
}
PLURALS = {"workflows": "workflows", "workflowtemplates": "workflow-templates", "cronworkflows": "cron-workflows"}


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def fnv(text):
    """FNV-1a of 32 bits, as Go's hash/fnv: nodes and pods are called by it."""
    h = 2166136261
    for b in text.encode():
        h = (h ^ b) * 16777619 & 0xffffffff
    return h


class Schema:
    def __init__(self):
        with open(SCHEMA, encoding="utf-8") as f:
            self.document = json.load(f)

    def check(self, value, name, where=""):
        self.check_value(value, {"$ref": "#/definitions/" + PREFIX + name}, where or name)

    def check_value(self, value, schema, where):
        if "$ref" in schema:
            return self.check_value(value, self.document["definitions"][schema["$ref"].rpartition("/")[2]], where)
        kind = schema.get("type")
        types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
        if kind in types:
            assert isinstance(value, types[kind]), (where, value)
        if isinstance(value, dict) and "properties" in schema:
            assert set(value) <= set(schema["properties"]), (where, set(value) - set(schema["properties"]))
            assert set(schema.get("required", ())) <= set(value), (where, value)
            for key, member in value.items():
                self.check_value(member, schema["properties"][key], where + "." + key)
        elif isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
            for key, member in value.items():
                self.check_value(member, schema["additionalProperties"], where + "." + key)
        elif isinstance(value, list) and "items" in schema:
            for member in value:
                self.check_value(member, schema["items"], where + "[]")


class FakeArgo:
    def __init__(self, kubernetes=False, namespace="team"):
        self.kubernetes, self.namespace, self.schema = kubernetes, namespace, Schema()
        self.things = {path: {} for path in KINDS}
        self.logs = {}          # by pod
        self.unknown = 0        # so many workflows fail, since the controller doesn't know their template yet
        self.hidden = {}        # templates that argo-server's cache doesn't know yet: how often they are asked for in vain
        self.delay = 2
        self.files = {}         # of artifacts: (node, artifact, file) -> bytes
        self.pack = gzip.compress
        self.before = None      # (request) -> a reply in place of the real one, or NotImplemented
        self.archived = False   # workflows are gone, and in the archive
        self.after = None       # (request, reply) -> the reply: the work is done by then
        self.wrong = []         # what broke the API's rules
        self.version = 0
        self.lock = threading.Lock()
        self.service = Service(self.answer)
        self.url, self.requests = self.service.url, self.service.requests

    workflows = property(lambda self: self.things["workflows"])
    templates = property(lambda self: self.things["workflow-templates"])
    crons = property(lambda self: self.things["cron-workflows"])

    def close(self):
        self.service.close()

    # ---- requests

    def answer(self, request):
        if self.before:
            reply = self.before(request)
            if reply is not NotImplemented:
                return reply
        try:
            with self.lock:
                reply = self.handle(request)
                reply = reply if isinstance(reply, tuple) else (200, reply)
        except Refused as e:
            reply = e.status, self.error(e.status, str(e))
        except AssertionError as e:
            self.wrong.append("%s %s: %s" % (request.method, request.path, e))
            reply = 400, self.error(400, str(e))
        return self.after(request, reply) if self.after else reply

    def error(self, status, message):
        if self.kubernetes:
            return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": status}
        return {"code": {404: 5, 409: 6, 400: 3, 401: 16, 403: 7}.get(status, 13), "message": message}

    def handle(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=bool(url.query)))
        parts = [urllib.parse.unquote(p) for p in url.path.split("/")[1:]]
        return (self.handle_kubernetes if self.kubernetes else self.handle_server)(request, parts, query)

    def handle_server(self, request, parts, query):
        if request.path == "/api/v1/info":
            return {"managedNamespace": ""}
        if parts[0] == "artifact-files":
            return self.artifact(parts[1:])
        assert parts[:2] == ["api", "v1"] and parts[3] == self.namespace, parts
        path, name, verb = (parts[2:3] + parts[4:6] + [None, None])[:3]
        if request.method == "GET" and verb == "log":
            return self.log(name, query)
        body = request.json() if request.body else None
        if request.method == "POST" and name is None:
            self.schema.check(body, {"workflows": "WorkflowCreateRequest", "workflow-templates": "WorkflowTemplateCreateRequest",
                                     "cron-workflows": "CreateCronWorkflowRequest"}[path])
            return self.create(path, body[KINDS[path][1]])
        if request.method == "PUT" and verb:
            self.schema.check(body, KINDS[path][0] + verb.capitalize() + "Request")
            assert body == {"namespace": self.namespace, "name": name}
            return self.act(path, name, verb)
        if request.method == "PUT":
            self.schema.check(body, {"cron-workflows": "UpdateCronWorkflowRequest"}[path])
            return self.update(path, name, body[KINDS[path][1]])
        if request.method == "DELETE":
            self.get(path, name)
            del self.things[path][name]
            return {}
        assert request.method == "GET" and set(query) <= {"fields", "listOptions.limit", "listOptions.labelSelector"}, request.path
        if name is None:
            return {"metadata": {}, "items": self.selected(path, query.get("listOptions.labelSelector")) or None}
        if path == "workflow-templates" and self.hidden.get(name):
            self.hidden[name] -= 1
            raise Refused(404, 'workflowtemplate.argoproj.io "%s" not found' % name)
        return self.clean(self.get(path, name), query.get("fields"))

    def handle_kubernetes(self, request, parts, query):
        if parts[:2] == ["apis", "argoproj.io"] and len(parts) == 3:
            return {"kind": "APIResourceList"}
        if parts[:3] == ["api", "v1", "namespaces"] and parts[4] == "pods" and parts[6:] == ["log"]:
            assert query["container"] == "main" and parts[3] == self.namespace
            if parts[5] not in self.logs:
                raise Refused(404, 'pods "%s" not found' % parts[5])
            return 200, "".join(self.logs[parts[5]].splitlines(True)[-int(query["tailLines"]):])
        assert parts[:4] == ["apis", "argoproj.io", "v1alpha1", "namespaces"] and parts[4] == self.namespace, parts
        path, name = PLURALS[parts[5]], (parts[6:] or [None])[0]
        kind = request.headers.get("Content-Type")
        if request.method == "POST":
            assert kind == "application/json" and name is None
            return 201, self.create(path, request.json())
        if request.method == "PATCH" and kind == "application/apply-patch+yaml":
            assert query == {"fieldManager": "chard", "force": "true"}
            return self.apply(path, name, request.json())
        if request.method == "PATCH":
            assert kind == "application/merge-patch+json", kind
            self.get(path, name)["spec"].update(request.json()["spec"])
            return self.get(path, name)
        if request.method == "DELETE":
            self.get(path, name)
            del self.things[path][name]
            return {"kind": "Status", "status": "Success"}
        assert request.method == "GET"
        return self.packed(self.get(path, name)) if name else {"items": self.selected(path, query.get("labelSelector"))}

    def selected(self, path, selector):
        """Those whose labels are as the selector, one NAME=VALUE, says."""
        wanted = [selector.split("=")] if selector else []
        return [t for t in self.things[path].values() if all(t["metadata"].get("labels", {}).get(k) == v for k, v in wanted)]

    def packed(self, thing):
        """As the controller keeps large workflows; argo-server unpacks them."""
        status = thing.get("status", {})
        if "nodes" not in status:
            return thing
        nodes = base64.b64encode(self.pack(json.dumps(status["nodes"]).encode())).decode()
        return dict(thing, status={**{k: v for k, v in status.items() if k != "nodes"}, "compressedNodes": nodes})

    # ---- objects

    def get(self, path, name):
        if name not in self.things[path]:
            raise Refused(404, '%s.argoproj.io "%s" not found' % (KINDS[path][0].lower() + "s", name))
        return self.things[path][name]

    @staticmethod
    def clean(thing, fields):
        """util/fields: what is named, and what is below."""
        if not fields:
            return thing
        found = {}
        for field in fields.split(","):
            source, sink = thing, found
            *way, last = field.split(".")
            for part in way:
                source, sink = source.get(part, {}), sink.setdefault(part, {})
            if last in source:
                sink[last] = source[last]
        return found

    def check(self, path, thing):
        kind, _, longest = KINDS[path]
        self.schema.check(thing, kind)
        assert thing["kind"] == kind and thing["apiVersion"] == "argoproj.io/v1alpha1"
        name = thing["metadata"]["name"]
        assert re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", name) and len(name) <= longest, name
        for value in thing["metadata"].get("labels", {}).values():
            assert re.fullmatch("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", value) and len(value) <= 63, value
        spec = thing["spec"].get("workflowSpec", thing["spec"])
        if path == "workflow-templates":
            return
        template = self.templates.get(spec["workflowTemplateRef"]["name"])
        if template is None or (not self.kubernetes and self.hidden.get(spec["workflowTemplateRef"]["name"])):
            raise Refused(404 if template is None else 400, "workflow template not found")
        known = {p["name"] for p in template["spec"].get("arguments", {}).get("parameters", ())}
        for p in spec.get("arguments", {}).get("parameters", ()):
            assert p["name"] in known and isinstance(p["value"], str), p

    def store(self, path, thing):
        self.version += 1
        thing["metadata"].update(resourceVersion=str(self.version), namespace=self.namespace, uid="uid-%d" % self.version)
        thing["metadata"].setdefault("creationTimestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        self.things[path][thing["metadata"]["name"]] = thing
        return thing

    def create(self, path, thing):
        self.check(path, thing)
        name = thing["metadata"]["name"]
        if name in self.things[path]:
            raise Refused(409, '%s.argoproj.io "%s" already exists' % (KINDS[path][0].lower() + "s", name))
        if path == "workflow-templates":
            self.hidden[name] = self.delay
        if path == "workflows":
            template = thing["spec"]["workflowTemplateRef"]["name"]
            thing["status"] = {"phase": "Pending"}
            if self.unknown:        # by the controller's own cache
                self.unknown -= 1
                thing["status"] = {"phase": "Error", "message": 'workflowtemplates.argoproj.io "%s" not found' % template}
        return self.store(path, thing)

    def update(self, path, name, thing):
        self.check(path, thing)
        if thing["metadata"].get("resourceVersion") != self.get(path, name)["metadata"]["resourceVersion"]:
            raise Refused(409, "the object has been modified")
        return self.store(path, thing)

    def apply(self, path, name, thing):
        self.check(path, thing)
        assert name == thing["metadata"]["name"]
        there = self.things[path].get(name)
        if there:
            kept = {"creationTimestamp": there["metadata"]["creationTimestamp"]}
            thing = dict(copy.deepcopy(there), **dict(thing, metadata=dict(thing["metadata"], **kept)))
        return (200 if there else 201), self.store(path, thing)

    def act(self, path, name, verb):
        thing = self.get(path, name)
        phase = thing.get("status", {}).get("phase")
        if verb == "stop":
            if phase in ("Succeeded", "Failed", "Error"):
                raise Refused(500, 'cannot shutdown a completed workflow: workflow: "%s"' % name)
            thing["spec"]["shutdown"] = "Stop"
        elif verb == "retry":
            if phase not in ("Failed", "Error"):
                raise Refused(400, "Cannot retry a workflow in phase %s" % phase)
            thing["status"]["phase"] = "Running"
            thing["spec"].pop("shutdown", None)
        else:
            thing["spec"]["suspend"] = verb == "suspend"
        return thing

    def log(self, name, query):
        self.get("workflows", name)
        assert query["logOptions.container"] == "main", query
        lines = self.logs.get(query["podName"], "").splitlines()[-int(query["logOptions.tailLines"]):]
        return 200, "".join(json.dumps({"result": {"content": line, "podName": query["podName"]}}) + "\n" for line in lines)

    def artifact(self, parts):
        namespace, kind, name, node, way, artifact, *file = parts
        assert (namespace, way) == (self.namespace, "outputs"), parts
        if kind == "archived-workflows":        # by its uid
            assert name == next(iter(self.workflows.values()))["metadata"]["uid"], parts
        else:
            assert kind == "workflows", parts
            self.get("workflows", name)
            if self.archived:
                raise Refused(500, "Internal Server Error")
        if (node, artifact, "/".join(file)) not in self.files:
            raise Refused(500, "Internal Server Error")
        return 200, self.files[node, artifact, "/".join(file)], {"Content-Type": "application/octet-stream"}

    # ---- what the controller does

    def set_states(self, phase, message="", **steps):
        """The only workflow stands so; steps by their names, '_' for '-'."""
        wf, = self.workflows.values()
        name = wf["metadata"]["name"]
        template, = self.templates.values()
        dag = next(t for t in template["spec"]["templates"] if "dag" in t)["dag"]["tasks"]
        nodes = {name: {"id": name, "name": name, "displayName": name, "type": "DAG", "templateName": "pipeline", "phase": phase}}
        for key, state in steps.items():
            step = key.replace("_", "-")
            task, = [t for t in dag if t["name"] == step]
            node = "%s-%d" % (name, fnv("%s.%s" % (name, step)))
            nodes[node] = {"id": node, "name": "%s.%s" % (name, step), "displayName": step, "type": "Pod", "boundaryID": name,
                           "templateName": task["template"], "phase": state.replace("Cached", "Succeeded")}
            if state == "Cached":
                nodes[node]["memoizationStatus"] = {"hit": True, "key": "k", "cacheName": "c"}
            if state in ("Failed", "Error"):
                nodes[node]["message"] = "Error (exit code 1)"
        wf["status"] = {"phase": phase, "message": message, "nodes": nodes}

    def arguments(self, step):
        """What a step's container is told: its own command line, with nothing but the specification and the result's place."""
        template, = self.templates.values()
        templates = {t["name"]: t for t in template["spec"]["templates"]}
        task, = [t for t in templates["pipeline"]["dag"]["tasks"] if t["name"] == step]
        spec = {p["name"]: p["value"] for p in task["arguments"]["parameters"]}
        args = templates[task["template"]]["container"]["args"]
        assert args[:2] == ["--spec", "{{inputs.parameters.spec}}"], args
        return ["pod", "--spec", spec["spec"]]

    def node(self, step):
        wf, = self.workflows.values()
        node, = [n for n in wf["status"]["nodes"].values() if n["displayName"] == step]
        return node["id"]

    def pod(self, step):
        wf, = self.workflows.values()
        name = wf["metadata"]["name"]
        node, = [n for n in wf["status"]["nodes"].values() if n["displayName"] == step]
        return "%s-%s-%d" % (name, node["templateName"], fnv(node["name"]))
