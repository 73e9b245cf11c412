# A loop whose rounds may run at once (the compiler has shown it: chard-tags(7), foreach). Here they run in processes that
# are forked where the loop stands, elsewhere in pods: one tells the elements, each of the others runs some rounds and
# leaves what they did, the last does all that in order. What only shows at run time makes the loop run whole, as it
# stands: this is safe, since no process has changed anything of ours.
# SPDX-License-Identifier: Apache-2.0

MOST_PARTS = 200            # pods for one loop


class Stop(BaseException):
    """A pod has done its part."""


class RoundFailed(Exception):
    """A round raised: `told` is its error, which has been shown."""

    def __init__(self, told):
        super().__init__(told.get("message"))
        self.told = told


class Rounds:
    def __init__(self, spec, cells, inputs, work):
        self.about, self.cells, self.inputs, self.work = spec["loop"], cells, inputs, work
        self.place = _place_of(self.about)
        self.why = None             # why the loop has to run whole
        self.done = {}              # round -> what it showed
        self.last = {}              # name -> (round, value): what a round has bound
        self.deeds = {name: [] for name in self.about["gathered"]}      # [(round, deeds)]
        self.failed = None          # (round, error)

    def find(self, segment, tree):
        """Where the loop stands among the segment's statements; None: elsewhere."""
        if segment.get("replicated") or _place_of(segment) != self.place:
            return None
        for i, statement in enumerate(tree.body):
            if isinstance(statement, ast.For) and statement.lineno == self.about["line"]:
                return i
        return None

    def whole(self, why):
        self.why = self.why or why
        return Whole(why)

    def run(self, loop, file, evaluate):
        """Runs the loop, whose text has been compiled from `file`; `evaluate` runs a code object."""
        part = self.about.get("part")
        self.loop, self.file, self.evaluate = loop, file, evaluate
        if part == "join":
            self.join(self.about["parts"] or [])
            return
        if part == "rounds":
            self.items = _space.ns["__chard_items__"]
            self.leave_part(*self.about["range"])
            raise Stop()
        self.items = list(evaluate(compile(ast.Expression(loop.iter), file, "eval", self.cells.flags, dont_inherit=True)))
        if part == "items":
            _space.ns["__chard_items__"] = self.items
            raise Stop()
        processes = min(len(self.items), self.about.get("parallel") or 1000,
                        self.about.get("processes") or len(os.sched_getaffinity(0)))
        if processes < 2 or self.must_not_fork():
            self.run_whole()
        else:
            self.run_here(processes)

    def must_not_fork(self):
        threading, torch = sys.modules.get("threading"), sys.modules.get("torch")
        cuda = getattr(torch, "cuda", None)
        return (threading and threading.active_count() > 1) or (cuda is not None and cuda.is_initialized())

    def run_whole(self):
        if self.why:
            self.cells.notes.append("the loop ran whole: %s" % self.why)
        self.evaluate(compile(ast.Module([self.loop], []), self.file, "exec", self.cells.flags, dont_inherit=True))

    # ---- a part of the rounds

    def begin_part(self):
        ns = _space.ns
        self.real = {n: ns[n] for n in self.deeds if n in ns}
        if len(self.real) < len(self.deeds):
            raise self.whole("%s isn't bound" % ", ".join(n for n in self.deeds if n not in ns))
        if len({id(v) for v in self.real.values() if not _is_immutable(v)} | {n for n, v in self.real.items() if _is_immutable(v)}) \
                < len(self.real):
            raise self.whole("two of the names that it adds to mean one value")
        self.states, self.constants = _state_prints(), self.constant_prints()
        one = ast.copy_location(ast.Name("__chard_round__", ast.Load()), self.loop.iter)
        round_ = ast.fix_missing_locations(ast.For(self.loop.target, one, self.loop.body, [], None))
        ast.copy_location(round_, self.loop)
        self.code = compile(ast.Module([round_], []), self.file, "exec", self.cells.flags, dont_inherit=True)
        _recorder.clear = lambda wait=False: self.whole("it clears what is shown")

    def constant_prints(self):
        """Digests of what was made before the loop, by nobody but the step itself: no round may change it."""
        import hashlib
        came = {item["name"] for item, _, _ in self.inputs.loaded}
        known = came | set(self.about["bound"]) | set(self.deeds) | _space.definitions
        prints = {}
        for name, value in _space.ns.items():
            if name.startswith("_") or name in known or _is_immutable(value) or type(value) in (types.ModuleType, type):
                continue
            if name in ("In", "Out", "exit", "quit", "get_ipython"):
                continue
            try:
                w = _pickle_one(value, None, lambda e: None)
                prints[name] = hashlib.sha256(b"".join([bytes(c) for c in w.chunks] + [bytes(b) for b in w.buffers])).digest()
            except Exception:
                prints[name] = None
        return prints

    def run_round(self, i):
        ns = _space.ns
        for name in self.about["bound"]:
            ns.pop(name, None)
        self.gatherers = {n: Gatherer(n, v, n in self.about["tried"], self) for n, v in self.real.items()}
        ns.update(self.gatherers)
        ns["__chard_round__"] = (self.items[i],)
        count = _recorder.count
        outputs = _recorder.begin()
        _recorder.count = count
        try:
            self.evaluate(self.code)
        except Whole:
            raise
        except BaseException as e:
            if isinstance(e, NameError) and any("'%s'" % n in str(e) for n in self.about["bound"]):
                raise self.whole("a round reads what another may have bound: %s" % e) from None
            self.cells._failed(e, self.place, False)
            self.failed = i, self.cells.errors
        if self.why:
            raise Whole(self.why)
        helpers = sys.modules.get("matplotlib._pylab_helpers")
        if helpers and helpers.Gcf.get_all_fig_managers() and not self.failed:
            raise self.whole("figures are left open at a round's end, to be shown with others")
        _flush_streams()
        self.done[i] = outputs
        for name, gatherer in self.gatherers.items():
            if gatherer.deeds:
                self.deeds[name].append((i, gatherer.deeds))
        for name in self.about["kept"]:
            if name in ns:
                self.last[name] = i, ns[name]

    def end_part(self):
        """What nobody foresaw."""
        changed = [n for n in self.inputs.find_mutated([], set(self.deeds))]
        self.cells.modules.note(self.place)
        changed += [n for n, _ in self.cells.modules.changes]
        now = self.constant_prints()
        changed += [n for n, p in self.constants.items() if now.get(n) != p]
        if changed:
            raise self.whole("a round changed %s" % ", ".join(sorted(changed)))
        for name, state in _state_prints().items():
            if self.states.get(name, state) != state:
                raise self.whole("a round used the state %s" % name)

    def write_part(self, directory):
        os.makedirs(directory, exist_ok=True)
        gathered = [n for n, deeds in self.deeds.items() if deeds]
        values = [self.deeds[n] for n in gathered] + [self.last[n] for n in self.last]
        if not self.why and not self.failed:
            try:
                write_bundle(directory, gathered + list(self.last), values, self.cells.bound, self.cells.notebook)
            except Unserializable as e:
                self.why = str(e)
        _write_json(os.path.join(directory, "part.json"), {
            "of": len(self.items), "whole": self.why, "failed": self.failed, "notes": self.cells.notes,
            "rounds": [[i, [_told_output(o) for o in outputs]] for i, outputs in sorted(self.done.items())]})

    def run_part(self, take, directory):
        """Runs the rounds that `take` gives until it gives none, and leaves in `directory` what they did."""
        try:
            self.begin_part()
            for rounds in iter(take, None):
                for i in rounds:
                    if not self.failed:
                        self.run_round(i)
                if self.failed:
                    break
            else:
                self.end_part()
        except Whole as e:
            self.why = self.why or str(e)
        self.write_part(directory)

    def leave_part(self, first, end):
        todo = [range(first, end)]
        self.run_part(lambda: todo.pop() if todo else None, os.path.join(self.work, "part"))
        if self.failed:
            raise RoundFailed(self.failed[1])

    # ---- all of them

    def run_here(self, processes):
        """Processes take rounds from a pipe, so that a slow one holds up nobody."""
        size = max(1, len(self.items) // 4000 + 1)
        rounds = [range(i, min(i + size, len(self.items))) for i in range(0, len(self.items), size)]
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        os.write(ours, b"".join(k.to_bytes(4, "little") for k in range(len(rounds))))
        os.close(ours)

        def take():
            token = os.read(theirs, 4)
            return rounds[int.from_bytes(token, "little")] if token else None
        places = [os.path.join(self.work, "rounds-%d" % k) for k in range(processes)]
        children, bad = {}, None
        try:
            for place in places:
                pid = self.fork(take, theirs, place)
                children[pid] = place
            while children:
                pid, status = os.wait()
                if children.pop(pid, None) and status and not bad:
                    bad = "one of its processes ended with %s" % (
                        "signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "status %d" % os.WEXITSTATUS(status))
        finally:
            os.close(theirs)
            for pid in children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        try:
            if bad:
                self.why = bad
                self.run_whole()
            else:
                self.join(places)
        finally:
            for place in places:
                _remove(place)

    def fork(self, take, tokens, place):
        import warnings
        _flush_streams()
        parent = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            _out.owner = _err.owner = os.getpid()
            self.run_part(take, place)
            if self.failed:
                while os.read(tokens, 65536):
                    pass            # nobody need begin another
            status = 0
        except BaseException:
            _print_error()
        finally:
            _flush_streams()
            os._exit(status)

    def join(self, places):
        """Does what the rounds did, in their order."""
        parts = [_load_json(place, "part.json") for place in places]
        self.why = next((p["whole"] for p in parts if p["whole"]), None)
        shown = sorted((i, outputs) for p in parts for i, outputs in p["rounds"])
        failed = min((tuple(p["failed"]) for p in parts if p["failed"]), default=None, key=lambda f: f[0])
        if not failed and not self.why:
            self.check_all_there([i for i, _ in shown], max((p["of"] for p in parts), default=-1))
        if self.why:
            self.run_whole()
            return
        for i, outputs in shown:
            if not failed or i <= failed[0]:
                _show_again(outputs)
        if failed:
            raise RoundFailed(failed[1])
        self.cells.notes += sorted({n for p in parts for n in p["notes"]} - set(self.cells.notes))
        self.take_over([Bundle(place) for place in places])

    def check_all_there(self, rounds, wanted):
        if wanted < 0 or rounds != list(range(wanted)):
            raise Environment("the loop has %d rounds, of which %d are there" % (wanted, len(set(rounds))) if wanted >= 0
                              else "nothing is there of what the rounds of the loop did")

    def take_over(self, bundles):
        ns = _space.ns
        for name in self.about["gathered"]:
            deeds = [one for b in bundles if name in b.groups for one in b.get(name)]
            for _, done in sorted(deeds, key=lambda one: one[0]):
                ns[name] = _do_deeds(ns[name], done)
        for name in self.about["bound"]:
            if name in self.about["kept"]:
                found = [b.get(name) for b in bundles if name in b.groups]
                if found:
                    ns[name] = max(found, key=lambda one: one[0])[1]


def _ranges(count):
    """["0-1", "1-2", …]: which rounds each pod runs. There is always one, which tells that there are none."""
    parts = max(1, min(count, MOST_PARTS))
    ends = [count * k // parts for k in range(parts + 1)]
    return ["%d-%d" % pair for pair in zip(ends, ends[1:])]


def _told_output(output):
    """A cell's output as JSON: text as it was written, its carriage returns too."""
    if output["output_type"] != "stream" or isinstance(output["text"], str):
        return output
    text = output["text"]
    return dict(output, text=str(text) if text.dropped else "".join(text.parts) + text.tail)


def _show_again(outputs):
    for output in outputs:
        if output["output_type"] == "stream":
            _recorder.stream(output["name"], output["text"])
        else:
            _recorder.add(output)


# What a round may use without the text showing it, so that the next one goes on from there. Other states are set by libraries
# for themselves when they are first put to work.
_GOES_ON = ("%random", "%numpy.random", "%torch", "%cwd")


def _state_prints():
    """{hidden state: what it is now}, of those that can be told."""
    prints = {}
    for name in _GOES_ON:
        try:
            prints[name] = pickle.dumps(_states[name][0]())
        except Exception:
            pass
    return prints
