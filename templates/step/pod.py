# A step in a pod: what KFP's launcher and Argo's emissary lay out is brought into the shape that run_step knows, and
# what it leaves into the places where they look for it.
# SPDX-License-Identifier: Apache-2.0


def run_pod(arguments):
    import shutil
    import tempfile
    work, began, status = None, time.perf_counter(), 3
    try:
        pod = _Pod(arguments)
        work = tempfile.mkdtemp(prefix="chard-")
        spec = pod.specification(work)
        pod.fetch_files()
        _enter_space(Space(spec["step"], spec["definitions"]))
        _enter(spec)
        with _Output(spec["result"]) as output:
            status = _run_in(spec, output, began)
        if status == 0:
            pod.deliver(spec["result"], spec["cwd"])
        else:
            _tell_failure(_load_json(spec["result"], "result.json").get("error") or {})
    except Environment as e:
        status = _pod_failed(str(e))
    except KeyError as e:
        status = _pod_failed("the step's specification lacks %s" % e)
    except OSError as e:
        status = _pod_failed("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
    finally:
        if work:
            shutil.rmtree(work, ignore_errors=True)
    return status


def _pod_failed(message):
    _complain(message)
    _tell_failure({"type": "Environment", "message": message})
    return 3


def _tell_failure(error):
    """The last line of the log, for `chard runs`: what failed at which cell and line, as JSON."""
    told = {k: error[k] for k in ("notebook", "cell", "line", "type", "message", "hint") if error.get(k) is not None}
    for key in ("type", "message", "hint"):
        if key in told:
            told[key] = str(told[key])[:1000]
    try:
        os.write(2, b"\nchard-error: %s\n" % json.dumps(told).encode())
    except OSError:
        pass


class _Pod:
    def __init__(self, arguments):
        self.inputs, self.outputs, self.parameters, self.executor = {}, {}, {}, {}
        self.rounds, self.parts = None, None
        spec, rest = "", list(arguments)
        while rest:
            option, value = rest.pop(0), rest.pop(0) if rest else None
            if value is None:
                raise Environment("step.py pod: %s takes a value" % option)
            if option == "--spec":
                spec += value
            elif option == "--spec-file":
                spec = _read_text(value)
            elif option == "--parameters":
                self.parameters = {p["name"]: p.get("value") for p in _read_json("the parameters", _read_text(value))}
            elif option == "--rounds":
                self.rounds = [int(n) for n in value.split("-")]
            elif option == "--parts":
                self.parts = [os.path.join(value, name) for name in sorted(os.listdir(value))]
            elif option == "--executor-input":
                self.executor = _read_json("KFP's executor input", value)
                self.parameters = (self.executor.get("inputs") or {}).get("parameterValues") or {}
            elif option in ("--in", "--out") and rest:
                (self.inputs if option == "--in" else self.outputs)[value] = os.path.abspath(rest.pop(0))
            else:
                raise Environment("step.py pod does not know %s" % option)
        self.spec = _read_json("the step's specification", spec)
        if not isinstance(self.spec, dict) or self.spec.get("version") != 1:
            raise Environment("the step's specification is not of version 1")

    def specification(self, work):
        """The same as run_step gets from the engine."""
        spec = dict(self.spec, cwd=os.getcwd(), result=os.path.join(work, "result"))
        spec.setdefault("definitions", [])
        if "loop" in spec:
            spec["loop"] = dict(spec["loop"], range=self.rounds, parts=self._find_parts())
        first = {}      # the same group of values from the same producer is read once, so that what it shares stays shared
        spec["inputs"] = []
        for item in self.spec.get("inputs") or []:
            place = self.inputs.get(item["artifact"])
            if place is None:
                if item.get("optional"):
                    continue
                raise Environment("there is no artifact for %s" % item["name"])
            manifest = _load_json(place, "values.json")
            for group in manifest["groups"]:
                if item["name"] in group["names"]:
                    place = first.setdefault((manifest["step"], group["sha256"], tuple(group["names"])), place)
            spec["inputs"].append(dict(item, **{"from": os.path.abspath(place)}))
        spec["parameters"] = {
            name: _pod_parameter(name, p, self.parameters.get(p.get("key", name), _absent))
            for name, p in (self.spec.get("parameters") or {}).items()}
        return spec

    def _find_parts(self):
        """Where lies what rounds of a loop did: KFP's launcher lays lists of artifacts by their addresses."""
        key = (self.spec.get("artifacts") or {}).get("parts")
        lists = (self.executor.get("inputs") or {}).get("artifacts") or {}
        if self.parts is not None or key not in lists:
            return self.parts
        return [a.get("customPath") or re.sub(r"^(gs|minio|s3)://", lambda m: "/%s/" % {"gs": "gcs"}.get(m[1], m[1]), a["uri"])
                for a in lists[key].get("artifacts") or []]

    def _copy_written(self, cwd, target):
        """All that has been written below the notebook's directory since the step began; how many bytes."""
        import stat
        size, device = 0, os.lstat(cwd).st_dev
        for folder, folders, names in os.walk(cwd):
            folders[:] = [f for f in folders if f not in (".chard", "__pycache__", ".ipynb_checkpoints")
                          and not (folder == "/" and f in SYSTEM_FOLDERS)
                          and os.lstat(os.path.join(folder, f)).st_dev == device]
            for path in (os.path.join(folder, name) for name in names):
                about = os.lstat(path)
                if stat.S_ISREG(about.st_mode) and about.st_ctime_ns >= self.began:
                    _copy_tree(path, os.path.join(target, os.path.relpath(path, cwd)))
                    size += about.st_size
        return size

    def fetch_files(self):
        """Files that steps before this one wrote, at their places in the notebook's directory."""
        for item in (self.spec.get("files") or {}).get("in") or []:
            place = os.path.join(self.inputs.get(item["artifact"], ""), item.get("inside", ""))
            content = os.path.join(place, "content")
            if os.path.lexists(content):
                _copy_tree(content, "." if item["path"] == ALL_FILES else item["path"])
            elif os.path.exists(place) and _load_json(place, "chard.json").get("folder"):
                os.makedirs(os.path.dirname(item["path"]), exist_ok=True)
        self.began = time.time_ns() - 20_000_000        # the clock of file systems is coarser

    def deliver(self, result, cwd):
        metadata = {}
        values = _load_json(result, "values.json")["values"]
        for item in self.spec.get("outputs") or []:
            if "artifact" in item:
                _split_bundle(result, item["name"], self._place(item["artifact"]))
                metadata[item["artifact"]] = _plain_json(values.get(item["name"]) or {"unbound": True})
        for item in (self.spec.get("files") or {}).get("out") or []:
            place = os.path.join(self._place(item["artifact"]), item.get("inside", ""))
            os.makedirs(place, exist_ok=True)
            folder = os.path.dirname(item["path"])
            _write_json(os.path.join(place, "chard.json"),
                        {"path": item["path"], "folder": bool(folder) and os.path.isdir(os.path.join(cwd, folder))})
            if item["path"] == ALL_FILES:
                metadata[item["artifact"]] = {"bytes": self._copy_written(cwd, os.path.join(place, "content"))}
                continue
            source = os.path.join(cwd, item["path"])
            metadata[item["artifact"]] = {"path": item["path"], "bytes": _bytes_of(source)}
            if os.path.lexists(source):
                _copy_tree(source, os.path.join(place, "content"))
        special = self.spec.get("artifacts") or {}
        if "when" in special:
            with open(self._place(special["when"]), "w", encoding="ascii") as f:
                f.write("true" if _space.ns["__chard_when__"] else "false")
        if "ranges" in special:
            _write_json(self._place(special["ranges"]), _ranges(len(_space.ns["__chard_items__"])))
        if "part" in special:
            _copy_tree(os.path.join(result, "part"), self._place(special["part"]))
            metadata[special["part"]] = {"rounds": "%d-%d" % tuple(self.rounds)}
        if "metrics" in special:
            metrics = _load_json(result, "metrics.json")
            metadata[special["metrics"]] = {k: v for k, v in metrics.items() if v is not None}
            _write_json(self._place(special["metrics"]), metrics)
        if "report" in special:
            page = _report_page(self.spec, _load_json(result, "outputs.ipynb"), _load_json(result, "result.json"))
            with open(self._place(special["report"]), "w", encoding="utf-8", errors="replace") as f:
                f.write(page)
            metadata[special["report"]] = {"bytes": len(page.encode(errors="replace"))}
        if "result" in special:
            import shutil
            shutil.copytree(result, self._place(special["result"]), copy_function=_link_or_copy, dirs_exist_ok=True)
        self._tell_executor(metadata)

    def _place(self, artifact):
        place = self.outputs.get(artifact)
        if place is None:
            raise Environment("there is no place for the artifact %s" % artifact)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        return place

    def _tell_executor(self, metadata):
        """KFP's launcher reads metadata of artifacts from a file (pipeline_spec.proto, ExecutorOutput); null it refuses."""
        outputs = self.executor.get("outputs") or {}
        if not outputs.get("outputFile"):
            return
        told = {}
        for artifact, more in metadata.items():
            more = _metadata_for_kfp(more)
            known = ((outputs.get("artifacts") or {}).get(artifact) or {}).get("artifacts") or [{}]
            told[artifact] = {"artifacts": [dict(known[0], metadata=dict(known[0].get("metadata") or {}, **more))]}
        os.makedirs(os.path.dirname(os.path.abspath(outputs["outputFile"])), exist_ok=True)
        _write_json(outputs["outputFile"], {"artifacts": told})


SYSTEM_FOLDERS = "bin boot chard dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var".split()
ALL_FILES = "*"             # in place of a path (compiler/pipeline.h)
METADATA_TEXT = 500         # characters of one entry: KFP hands all of them to each reader in one argument of its command


# What KFP's databases can't hold (beyond U+FFFF: the run is said to go on for ever), or readers of its documents refuse.
_LETHAL_FOR_KFP = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]")


def _text_for_kfp(text):
    return _LETHAL_FOR_KFP.sub("\ufffd", text.replace("{{", "{ {"))


def _metadata_for_kfp(about):
    """Short, without null, which KFP's launcher refuses, and without what it would take for placeholders or can't keep."""
    about = dict(about)
    types = about.pop("dtypes", None)
    if types and len(types) == len(about.get("columns", ())):
        about["columns"] = ["%s %s" % pair for pair in zip(about["columns"], types)]
    told = {}
    for key, value in about.items():
        if isinstance(value, list) and any(isinstance(v, str) for v in value):
            value = ", ".join(map(str, value))
        if isinstance(value, str):
            value = _text_for_kfp(value)
            value = value if len(value) <= METADATA_TEXT else value[:METADATA_TEXT - 1] + "…"
        if value is not None:
            told[_text_for_kfp(key)] = value
    return told


def _read_text(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except (OSError, ValueError) as e:
        raise Environment("%s: %s" % (path, e)) from e


def _read_json(what, text):
    try:
        return json.loads(text)
    except ValueError as e:
        raise Environment("%s is not JSON: %s" % (what, e)) from e


def _copy_tree(source, target):
    import shutil
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _bytes_of(path):
    """Of a file, or of all files below a folder; None: it isn't there."""
    if not os.path.isdir(path):
        return os.path.getsize(path) if os.path.exists(path) else None
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sum(os.path.getsize(p) for p in paths if os.path.exists(p))


def _link_or_copy(source, target):
    import shutil
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def _pod_parameter(name, about, value):
    """A parameter's value as the notebook would have it. Argo hands over text; KFP JSON, in which all numbers are
    doubles."""
    kind, default = about["type"], about.get("default")
    if value is _absent:
        return default
    try:
        if kind == "str":
            return _text_parameter(value, about.get("json"))
        if kind == "none" and isinstance(value, str):
            return _literal_or_text(value)
        if isinstance(value, str):
            value = _literal(value)
        if kind == "int" and not isinstance(value, bool) and value == int(value):
            return int(value)
        if kind == "float" and not isinstance(value, bool):
            return float(value)
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "none" or isinstance(value, {"list": list, "dict": dict}[kind]):
            value = _whole_numbers(value)
            same = json.dumps(value, sort_keys=True) == json.dumps(_whole_numbers(default), sort_keys=True)
            return default if same else value
    except (KeyError, TypeError, ValueError, SyntaxError):
        pass
    raise Environment("parameter %s takes a value of type %s, not %s" % (name, kind, _short(value, 80)))


def _text_parameter(value, as_json):
    if as_json:
        try:
            value = json.loads(value)
        except ValueError:
            pass
    return value if isinstance(value, str) else json.dumps(value)


def _literal(text):
    """JSON or a Python literal."""
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text.strip())


def _literal_or_text(text):
    """The value of a parameter whose default is None, and so tells no type."""
    try:
        return _literal(text) if text else None
    except (TypeError, ValueError, SyntaxError):
        return text


def _whole_numbers(value):
    """Numbers without a fraction as integers: KFP has but one kind of number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(v) for v in value]
    if isinstance(value, dict):
        return {k: _whole_numbers(v) for k, v in value.items()}
    return value


def _split_bundle(result, name, target):
    """Writes a bundle that holds the group of `name` alone; a name that is unbound gets one without groups."""
    manifest = _load_json(result, "values.json")
    os.makedirs(target, exist_ok=True)
    groups = [g for g in manifest["groups"] if name in g["names"]]
    names = {n for g in groups for n in g["names"]}
    part = dict(manifest, groups=groups, unbound=[n for n in manifest.get("unbound", ()) if n == name])
    for key in ("values", "extras"):
        if key in manifest:
            part[key] = {n: v for n, v in manifest[key].items() if n in names}
    source, sink = os.path.join(result, "values.bin"), os.path.join(target, "values.bin")
    if len(groups) == len(manifest["groups"]):
        _remove(sink)
        _link_or_copy(source, sink)
    else:
        _copy_spans(source, sink, part)
    _write_json(os.path.join(target, "values.json"), part)


def _copy_spans(source, sink, manifest):
    """Copies the bytes that the manifest speaks of, and makes it speak of their new places."""
    end, spans = 0, []

    def move(span, aligned):
        nonlocal end
        if aligned:
            end = (end + PAGE - 1) // PAGE * PAGE
        spans.append((span[0], span[1], end))
        end += span[1]
        return [spans[-1][2], span[1]]
    manifest["groups"] = [dict(g, pickle=move(g["pickle"], False), buffers=[move(b, True) for b in g["buffers"]])
                          for g in manifest["groups"]]
    if "definitions" in manifest:
        manifest["definitions"] = {n: {"pickle": move(d["pickle"], False)} for n, d in manifest["definitions"].items()}
    with open(source, "rb") as f, open(sink, "wb") as out:
        for start, length, place in spans:
            f.seek(start)
            out.seek(place)
            while length > 0:
                data = f.read(min(length, 16 << 20))
                if not data:
                    raise Environment("%s is shorter than its values.json says" % source)
                out.write(data)
                length -= len(data)
