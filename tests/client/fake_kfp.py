"""Kubeflow Pipelines' v2beta1 API as far as Chard uses it, with what it keeps in memory; every request and reply is held to
the published swagger where ../shared has it. Faults are a test's to put in front: see `before`.

What the swagger doesn't say was seen on a server of 2.17 with MariaDB, Argo 4.1, ML Metadata, KFP's drivers and launchers: names
that differ in case or in blanks at the end are the same; lists are filtered as the database compares; errors have a sentence
for people in their details; a parameter of another type is refused when the run is made; what a task has is in the workflow
that v1beta1 hands out, and nowhere else.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import datetime
import email.parser
import email.policy
import functools
import gzip
import json
import os
import re
import struct
import threading
import urllib.parse
import uuid

import yaml
from fake_argo import fnv
from service import Service

TOP = os.environ.get("TOP", ".")
SWAGGER = os.path.join(os.environ.get("SHARED", os.path.join(TOP, "..", "shared")), "schemas/kfp/api.v2beta1.swagger.json")


@functools.lru_cache
def mlmd_messages():
    """The messages of ml_metadata/proto/metadata_store_service.proto that are used, with all that stands beside their ids."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    field = descriptor_pb2.FieldDescriptorProto
    kinds = {"int64": field.TYPE_INT64, "string": field.TYPE_STRING}
    described = {
        "Context": {"id": (1, "int64"), "type_id": (2, "int64"), "name": (3, "string")},
        "Artifact": {"id": (1, "int64"), "type_id": (2, "int64"), "uri": (3, "string"), "name": (7, "string"),
                     "custom_properties": (5, "*Property")},
        "Property": {"key": (1, "string"), "value": (2, "Value")},      # what a map<string, Value> is on the wire
        "Value": {"int_value": (1, "int64"), "string_value": (3, "string")},
        "GetContextByTypeAndNameRequest": {"type_name": (1, "string"), "context_name": (2, "string"), "type_version": (3, "string")},
        "GetContextByTypeAndNameResponse": {"context": (1, "Context")},
        "GetArtifactsByContextRequest": {"context_id": (1, "int64")},
        "GetArtifactsByContextResponse": {"artifacts": (1, "*Artifact"), "next_page_token": (2, "string")},
    }
    file = descriptor_pb2.FileDescriptorProto(name="mlmd.proto", package="ml_metadata", syntax="proto2")
    for name, fields in described.items():
        message = file.message_type.add(name=name)
        for member, (number, kind) in fields.items():
            one = message.field.add(name=member, number=number, label=field.LABEL_REPEATED if kind[0] == "*" else field.LABEL_OPTIONAL,
                                    type=kinds.get(kind, field.TYPE_MESSAGE))
            if kind not in kinds:
                one.type_name = ".ml_metadata." + kind.lstrip("*")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName("ml_metadata." + name)) for name in described}


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def same_name(a, b):
    """As MySQL compares by default."""
    return a.rstrip(" ").casefold() == b.rstrip(" ").casefold()


class Workflow:
    """The Argo workflow that KFP makes of a run, as v1beta1 tells it."""

    PHASES = {"PENDING": "Pending", "RUNNING": "Running", "SUCCEEDED": "Succeeded", "FAILED": "Failed", "CACHED": "Succeeded"}

    def __init__(self, name):
        self.name, self.nodes, self.deadline = name, {}, None

    def add(self, path, kind, phase, **more):
        name = "%s.root.%s" % (self.name, path) if path else self.name
        id = "%s-%d" % (self.name, fnv(name)) if path else name
        self.nodes[id] = {"id": id, "name": name, "displayName": path.split(".")[-1] or name, "type": kind, "phase": phase, **more}
        return id

    def task(self, step, state, tries=0, template="system-container", message=None):
        """`tries`: those of a task with a retry policy, so far."""
        phase, more = self.PHASES.get(state, "Omitted"), {"message": message} if message else {}
        self.add(step + "-driver", "Pod", phase if phase == "Omitted" else "Succeeded", templateName="system-container-driver")
        self.add(step, "DAG", phase, templateName=template + "-executor")
        about = {"templateName": template + "-impl", **more}
        if phase == "Omitted":
            return
        if tries:
            pods = [self.add("%s.executor(%d)" % (step, i), "Pod", "Failed" if i < tries - 1 else phase, **about) for i in range(tries)]
            self.add(step + ".executor", "Retry", phase, children=pods, templateName=about["templateName"])
        else:
            self.add(step + ".executor", "Skipped" if state == "CACHED" else "Pod", "Skipped" if state == "CACHED" else phase, **about)

    def pod(self, path, template):
        return "%s-%s-%d" % (self.name, template, fnv("%s.root.%s" % (self.name, path)))

    def manifest(self):
        spec = {} if self.deadline is None else {"activeDeadlineSeconds": self.deadline}
        nodes = {"nodes": self.nodes}
        if len(self.nodes) > 6:     # as the controller keeps large workflows, and so does KFP
            nodes = {"compressedNodes": base64.b64encode(gzip.compress(json.dumps(self.nodes).encode())).decode()}
        return json.dumps({"metadata": {"name": self.name, "annotations": {"workflows.argoproj.io/pod-name-format": "v2"}}, "spec": spec,
                           "status": dict(nodes, phase="Running")})


class Swagger:
    """What may be asked, and how: unknown paths, parameters and members are errors."""

    def __init__(self):
        with open(SWAGGER, encoding="utf-8") as f:
            self.document = json.load(f)

    def check_request(self, method, path, query, body):
        template, operation = self.find(method, path)
        parameters = operation.get("parameters", [])
        known = {p["name"] for p in parameters if p["in"] == "query"}
        assert set(query) <= known, (template, set(query) - known)
        for p in parameters:
            if p["in"] == "body" and p.get("required"):
                self.check_value(body, p["schema"], template)
        return template

    def find(self, method, path):
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\{[^}]*\\}", "[^/:]+", re.escape(template))
            if method.lower() in operations and re.fullmatch(pattern, path):
                if "{" in template and path in self.document["paths"]:
                    continue
                return template, operations[method.lower()]
        raise AssertionError("no such call: %s %s" % (method, path))

    def check_value(self, value, schema, where):
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            return self.check_value(value, self.document["definitions"][name], where + " " + name)
        kind = schema.get("type", "object")
        if kind == "object":
            assert isinstance(value, dict), (where, value)
            properties = schema.get("properties")
            if properties:
                assert set(value) <= set(properties), (where, set(value) - set(properties))
                for key, member in value.items():
                    self.check_value(member, properties[key], where + "." + key)
        elif kind == "string":
            assert isinstance(value, str), (where, value)
            if "enum" in schema:
                assert value in schema["enum"], (where, value)
        elif kind == "boolean":
            assert isinstance(value, bool), (where, value)
        elif kind == "array":
            assert isinstance(value, list), (where, value)
            for member in value:
                self.check_value(member, schema["items"], where)


class FakeKfp:
    def __init__(self, multi_user=False, prefix=""):
        self.multi_user, self.prefix = multi_user, prefix
        self.swagger = Swagger()
        self.pipelines, self.versions, self.experiments, self.runs, self.documents, self.recurring = {}, {}, {}, {}, {}, {}
        self.objects = {}               # by URI, in the order in which they were made
        self.stores = {}                # by URI: where the credentials of its store are, if these are its own
        self.ui, self.logs = {}, {}     # logs by pod, of either server; None: there is no user interface
        self.workflows = {}             # by the run's id; None: the server has no v1beta1 any more
        self.before = None      # (request) -> a reply in place of the real one, or NotImplemented
        self.after = None       # (request, reply) -> the reply: the work is done by then
        self.wrong = []         # what broke the API's rules
        self.lock = threading.Lock()
        self.service = Service(self.answer)
        self.url = self.service.url + prefix
        self.requests = self.service.requests

    def close(self):
        self.service.close()

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
            inner = {"@type": "type.googleapis.com/google.rpc.Status", "code": 5, "message": str(e) if e.status < 500 else
                     "Internal Server Error"}
            reply = (e.status, {"code": 5, "message": "Failed to do it: Failed to: UserError: %s" % e, "details": [inner]})
        except AssertionError as e:
            self.wrong.append(str(e))
            reply = (400, {"error": "%s" % e, "message": "%s" % e})
        except Exception as e:  # a fault of this file: told, and not a connection without an answer
            self.wrong.append(repr(e))
            reply = (400, {"error": repr(e), "message": repr(e)})
        return self.after(request, reply) if self.after else reply

    def handle(self, request):
        url = urllib.parse.urlsplit(request.path)
        path = url.path[len(self.prefix):]
        if path.startswith("/ml_metadata.MetadataStoreService/"):
            return self.metadata_store(path.rpartition("/")[2], request)
        if path == "/artifacts/get":
            return self.object(dict(urllib.parse.parse_qsl(url.query)))
        if path.startswith("/apis/v1beta1/runs/"):
            return self.workflow(path.rpartition("/")[2])
        if path == "/k8s/pod/logs" or path.startswith("/apis/v1alpha1/"):
            return self.log(path, url.query)
        assert url.path.startswith(self.prefix + "/apis/v2beta1/"), url.path
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        form = request.headers.get("Content-Type", "").startswith("multipart/form-data")
        body = None if form or not request.body else request.json()
        template = self.swagger.check_request(request.method, path, query, body)
        if self.multi_user and "namespace" in str(self.swagger.find(request.method, path)[1].get("parameters")):
            assert query.get("namespace") == "team" or request.method == "POST" and body["namespace"] == "team"
        name = "%s %s" % (request.method, template[len("/apis/v2beta1/"):])
        parts = [urllib.parse.unquote(p) for p in path.split("/")[3:]]
        return self.calls[name](self, parts, query, request if form else body)

    def metadata_store(self, method, request):
        """ML Metadata by gRPC-web, as the user interface's server passes it on; messages by Google's own library."""
        assert request.headers["Content-Type"] == "application/grpc-web+proto"
        kind, length = struct.unpack(">BI", request.body[:5])
        assert kind == 0 and length == len(request.body) - 5
        m = mlmd_messages()
        if method == "GetContextByTypeAndName":
            asked = m["GetContextByTypeAndNameRequest"].FromString(request.body[5:])
            assert asked.type_name == "system.PipelineRun" and asked.SerializeToString() == request.body[5:]
            reply = m["GetContextByTypeAndNameResponse"]()
            if asked.context_name in self.runs:
                reply.context.id, reply.context.name = 300, asked.context_name
        else:
            assert method == "GetArtifactsByContext", method
            asked = m["GetArtifactsByContextRequest"].FromString(request.body[5:])
            assert asked.context_id == 300
            reply = m["GetArtifactsByContextResponse"]()
            for i, uri in enumerate(self.objects):
                one = reply.artifacts.add(id=1000 + i, type_id=2, uri=uri, name="n%d" % i)
                one.custom_properties.add(key="rows").value.int_value = 5
                if uri in self.stores:
                    one.custom_properties.add(key="store_session_info").value.string_value = self.stores[uri]
        data, trailer = reply.SerializeToString(), b"grpc-status:0\r\ngrpc-message:\r\n"
        return 200, (struct.pack(">BI", 0, len(data)) + data + struct.pack(">BI", 128, len(trailer)) + trailer), {
            "Content-Type": "application/grpc-web+proto"}

    def object(self, asked):
        uri = "%s://%s/%s" % (asked["source"], asked["bucket"], asked["key"])
        assert asked.pop("providerInfo", None) == self.stores.get(uri), asked
        assert set(asked) == {"source", "bucket", "key"} | ({"namespace"} if self.multi_user else set()), asked
        if uri not in self.objects:
            return 404, "No objects found at %s" % uri
        return 200, self.objects[uri], {"Content-Type": "application/octet-stream"}

    def workflow(self, run):
        if self.workflows is None:
            raise Refused(404, "Not Found")
        assert run in self.runs, run
        w = self.workflows.get(run)
        return {"run": {"id": run}, "pipeline_runtime": {"workflow_manifest": w.manifest()} if w else {}}

    def log(self, path, query):
        """The user interface's server has them (frontend/server/handlers/pod-logs.ts), and so has the API server by itself, which
        says 200 in any case (run_log_server.go). Neither is in the swagger."""
        if path == "/k8s/pod/logs":
            if self.ui is None:
                raise Refused(404, "Not Found")
            asked = dict(urllib.parse.parse_qsl(query))
            assert set(asked) == {"podname", "runid", "createdat"} | ({"podnamespace"} if self.multi_user else set()), asked
            datetime.date.fromisoformat(asked["createdat"])
            return (200, self.ui[asked["podname"]]) if asked["podname"] in self.ui else (404, "pod not found")
        run, pod = re.fullmatch("/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", path).groups()
        assert run in self.runs
        if pod not in self.logs:
            return 200, json.dumps({"error_message": "Failed to read logs", "error_details": ""})
        return 200, self.logs[pod]

    @staticmethod
    def unique(things, thing, key, *same):
        for other in things.values():
            if all(same_name(other.get(s) or "", thing.get(s) or "") for s in same):
                raise Refused(409, "Already exist error: %s" % [thing.get(s) for s in same])
        thing[key] = str(uuid.uuid4())
        things[thing[key]] = thing
        return thing

    def page(self, things, list_name, query, size=2):
        """Small pages, so that they are gone through."""
        for p in json.loads(query["filter"])["predicates"] if "filter" in query else []:
            assert p["operation"] == "EQUALS" and set(p) == {"operation", "key", "stringValue"}, p
            things = [t for t in things if same_name(t[p["key"]], p["stringValue"])]
        start = int(query.get("page_token") or 0)
        found = things[start:start + size]
        more = {"next_page_token": str(start + size)} if start + size < len(things) else {}
        return dict({list_name: found}, total_size=len(things), **more) if things else {}

    def get_health(self, parts, query, body):
        return {"commit_sha": "unknown", "tag_name": "unknown", "multi_user": self.multi_user, "pipeline_store": "database"}

    def get_pipeline(self, parts, query, body):
        for p in self.pipelines.values():
            if p["name"] == parts[2] and p.get("namespace") == query.get("namespace"):
                return p
        raise Refused(404, "Pipeline with name %s not found" % parts[2])

    def create_pipeline(self, parts, query, body):
        assert re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", body["name"]), body
        return self.unique(self.pipelines, body, "pipeline_id", "name", "namespace")

    def list_versions(self, parts, query, body):
        found = [v for v in self.versions.values() if v["pipeline_id"] == parts[1]]
        return self.page(found[::-1], "pipeline_versions", query)

    def upload_version(self, parts, query, request):
        assert query["pipelineid"] in self.pipelines
        head = ("Content-Type: %s\r\n\r\n" % request.headers["Content-Type"]).encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
        part, = form.iter_parts()
        assert part.get_param("name", header="content-disposition") == "uploadfile"
        assert part.get_filename().endswith(".yaml"), part.get_filename()
        text = part.get_payload(decode=True)
        version = self.unique(self.versions, {"name": query["name"], "display_name": query["display_name"], "pipeline_id": query[
            "pipelineid"], "description": query["description"]}, "pipeline_version_id", "pipeline_id", "name")
        self.documents[version["pipeline_version_id"]] = list(yaml.safe_load_all(text))
        return version

    def list_experiments(self, parts, query, body):
        return self.page(list(self.experiments.values()), "experiments", query)

    def create_experiment(self, parts, query, body):
        if len(body["display_name"].encode()) > 128:
            raise Refused(500, "Experiment.Name length cannot exceed 128")
        return self.unique(self.experiments, dict(body, storage_state="AVAILABLE"), "experiment_id", "display_name", "namespace")

    def create_run(self, parts, query, body):
        self.check_run(body)
        run = dict(body, run_id=str(uuid.uuid4()), state="PENDING")
        self.runs[run["run_id"]] = run
        return run

    def list_runs(self, parts, query, body):
        found = [r for r in self.runs.values() if r["experiment_id"] == query.get("experiment_id", r["experiment_id"])]
        return self.page(found[::-1], "runs", query)

    def get_run(self, parts, query, body):
        if parts[1] not in self.runs:
            raise Refused(404, "Run %s not found" % parts[1])
        return self.runs[parts[1]]

    def terminate(self, parts, query, body):
        self.get_run([None, parts[1].split(":")[0]], query, body)["state"] = "CANCELING"
        return {}

    def retry(self, parts, query, body):
        self.get_run([None, parts[1].split(":")[0]], query, body)["state"] = "RUNNING"
        return {}

    def check_run(self, body):
        """Of a run or a recurring run: the version is there, and has these parameters."""
        version = self.versions[body["pipeline_version_reference"]["pipeline_version_id"]]
        assert version["pipeline_id"] == body["pipeline_version_reference"]["pipeline_id"]
        assert body["experiment_id"] in self.experiments
        inputs = self.documents[version["pipeline_version_id"]][0]["root"].get("inputDefinitions", {}).get("parameters", {})
        kinds = {"NUMBER_INTEGER": (int, float), "NUMBER_DOUBLE": (int, float), "STRING": str, "BOOLEAN": bool, "LIST": list, "STRUCT": dict}
        for name, value in body["runtime_config"]["parameters"].items():
            if name not in inputs:
                raise Refused(400, "parameter(s) provided are not required by pipeline: %s" % name)
            if not isinstance(value, kinds[inputs[name]["parameterType"]]):
                raise Refused(400, "input parameter %s requires type %s" % (name, inputs[name]["parameterType"]))
        tasks = self.documents[version["pipeline_version_id"]][0]["root"]["dag"]["tasks"]
        if any(t + "-driver" in tasks for t in tasks):
            raise Refused(500, "Failed to validate workflow for (): duplicated nodeName")

    def create_recurring(self, parts, query, body):
        self.check_run(body)
        assert 1 <= int(body["max_concurrency"]) <= 10
        assert body["mode"] in ("ENABLE", "DISABLE")
        cron = body["trigger"]["cron_schedule"]["cron"]
        assert cron[0] == "@" or len(cron.split()) == 6, cron      # 5 fields are taken too, and mean something else
        one = dict(body, recurring_run_id=str(uuid.uuid4()), status=body.pop("mode") + "D")
        self.recurring[one["recurring_run_id"]] = one
        return one

    def list_recurring(self, parts, query, body):
        return self.page(list(self.recurring.values()), "recurringRuns", query)

    def get_recurring(self, parts):
        if parts[1].split(":")[0] not in self.recurring:
            raise Refused(404, "Recurring run %s not found" % parts[1])
        return self.recurring[parts[1].split(":")[0]]

    def enable(self, parts, query, body):
        self.get_recurring(parts)["status"] = "ENABLED"
        return {}

    def disable(self, parts, query, body):
        self.get_recurring(parts)["status"] = "DISABLED"
        return {}

    def delete_recurring(self, parts, query, body):
        del self.recurring[self.get_recurring(parts)["recurring_run_id"]]
        return {}

    calls = {
        "GET healthz": get_health, "GET pipelines/names/{name}": get_pipeline, "POST pipelines": create_pipeline,
        "GET pipelines/{pipeline_id}/versions": list_versions, "POST pipelines/upload_version": upload_version,
        "GET experiments": list_experiments, "POST experiments": create_experiment, "POST runs": create_run,
        "GET runs": list_runs, "GET runs/{run_id}": get_run, "POST runs/{run_id}:terminate": terminate,
        "POST runs/{run_id}:retry": retry, "POST recurringruns": create_recurring, "GET recurringruns": list_recurring,
        "POST recurringruns/{recurring_run_id}:enable": enable, "POST recurringruns/{recurring_run_id}:disable": disable,
        "DELETE recurringruns/{recurring_run_id}": delete_recurring,
    }
