# One value of a step's result as a file that others read: for `chard runs get`.
# SPDX-License-Identifier: Apache-2.0


def run_get(path):
    """GET of head.py; prints {"values": …} or {"file": …}."""
    import tempfile
    try:
        asked = _read_json("the request", _read_text(path))
        with tempfile.TemporaryDirectory(prefix="chard-") as work:
            if asked.get("kind") == "plain":
                told = _copy_plain(asked["from"], asked["to"])
                sys.stdout.write(json.dumps(told) + "\n")
                return 0
            result = _unpack(asked["from"], work)
            _enter_space(Space("", ()))
            sys.path[:0] = [asked["cwd"]]
            told = _get(result, asked) if asked.get("name") else {"values": _known_values(result)}
        sys.stdout.write(json.dumps(told) + "\n")
        return 0
    except Environment as e:
        _complain(e)
    except (KeyError, ValueError) as e:
        _complain("what was fetched is no step's result: %s" % e)
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
    return 3


def _unpack(place, work):
    """The result's directory; an archive (Argo's .tgz) is unpacked, and may hold nothing but files and folders below."""
    if os.path.isdir(place):
        return place
    import tarfile
    try:
        with tarfile.open(place) as archive:
            for member in archive:
                if not (member.isfile() or member.isdir()) or member.name.startswith("/") or ".." in member.name.split("/"):
                    raise Environment("the archive holds %s, which no result does" % member.name)
                archive.extract(member, work, set_attrs=False)
    except (tarfile.TarError, EOFError) as e:
        raise Environment("what was fetched is no archive: %s" % e) from e
    for folder, _, files in os.walk(work):
        if "values.json" in files:
            return folder
        if "chard.json" in files and folder == work:
            return _as_result(folder)
    raise Environment("what was fetched holds no values.json")


def _as_result(folder):
    """A file's artifact as a result that holds nothing else."""
    inside = os.path.join(folder, "files", "0")
    os.makedirs(inside)
    for name in "chard.json", "content":
        if os.path.lexists(os.path.join(folder, name)):
            os.rename(os.path.join(folder, name), os.path.join(inside, name))
    _write_json(os.path.join(folder, "values.json"), {"version": 1, "groups": [], "values": {}})
    return folder


def _copy_plain(source, target):
    part = "%s.part-%d" % (target, os.getpid())
    try:
        _copy_tree(source, part)
        os.replace(part, target)
    finally:
        if os.path.lexists(part):
            os.unlink(part)
    return {"file": target}


def _known_values(result):
    """What may be asked for, and what is known of it."""
    values = dict(_load_json(result, "values.json")["values"])
    for path in _written_files(result):
        values[path] = {"type": "file"}
    for name, kind in (("metrics.json", "metrics"), ("outputs.ipynb", "outputs")):
        if os.path.exists(os.path.join(result, name)):
            values.setdefault(kind, {"type": name})
    return values


def _written_files(result):
    """{path as the notebook writes it: where it lies} of files that a pod has put beside its values."""
    found, folder = {}, os.path.join(result, "files")
    for key in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        content = os.path.join(folder, key, "content")
        if os.path.exists(content):
            found[_load_json(os.path.join(folder, key), "chard.json")["path"]] = content
    found.pop(ALL_FILES, None)
    return found


def _get(result, asked):
    name, target = asked["name"], asked["to"]
    part = "%s.part-%d" % (target, os.getpid())
    plain = dict(_written_files(result))
    manifest = _load_json(result, "values.json")
    if name not in manifest["values"]:
        plain.setdefault("metrics", os.path.join(result, "metrics.json"))
        plain.setdefault("outputs", os.path.join(result, "outputs.ipynb"))
    try:
        if name in plain and os.path.exists(plain[name]):
            _copy_tree(plain[name], part)
        elif name in manifest["values"]:
            inputs = Inputs([{"name": name, "from": os.path.abspath(result)}])
            try:
                inputs.load()
                if name not in _space.ns:
                    raise Environment("%s had no value there" % name)
                _write_value(_space.ns[name], part, os.path.splitext(target)[1].lower())
            finally:
                inputs.close()
        else:
            raise Environment("there is no %s; there are: %s" % (name, ", ".join(_known_values(result)) or "no values"))
        os.replace(part, target)
    finally:
        if os.path.isdir(part):
            import shutil
            shutil.rmtree(part, ignore_errors=True)
        elif os.path.lexists(part):
            os.unlink(part)
    return {"file": target}


def _write_value(value, path, suffix):
    """By the file's ending: what the value's own library writes, JSON, or text; all else is a pickle."""
    methods = {".csv": ("to_csv", "write_csv"), ".parquet": ("to_parquet", "write_parquet"), ".feather": ("to_feather",)}
    try:
        for method in methods.get(suffix, ()):
            if hasattr(value, method):
                getattr(value, method)(path)
                return
        if suffix == ".npy":
            import numpy
            with open(path, "wb") as f:
                numpy.save(f, value)
        elif suffix == ".json":
            text = value.to_json() if hasattr(value, "to_json") else json.dumps(getattr(value, "tolist", lambda: value)())
            _write_text(path, text)
        elif suffix in (".txt", ".md", ".html") and isinstance(value, str):
            _write_text(path, value)
        elif suffix == ".joblib":
            import joblib
            joblib.dump(value, path)
        elif suffix in methods or suffix in (".txt", ".md", ".html"):
            raise TypeError("a %s isn't written as %s" % (type(value).__name__, suffix))
        else:
            with open(path, "wb") as f:
                pickle.dump(value, f, protocol=4)
    except OSError:
        raise
    except Exception as e:
        raise Environment("it can't be written so: %s: %s; .pkl, .json, .csv, .parquet, .npy and .joblib are known" %
                          (type(e).__name__, e)) from e


def _write_text(path, text):
    with open(path, "w", encoding="utf-8", errors="replace") as f:
        f.write(text)
