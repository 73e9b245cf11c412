"""What random_notebooks.py makes statements of: (kind of name needed, template). In templates {it} is a name of that kind,
{other} one of a list, {new} a name that may be bound already, {number} a number, {n} one that is never the same.

SPDX-License-Identifier: Apache-2.0"""

PRELUDE = """import contextlib, copy, functools, itertools, operator, random
class Box:
    count = 0
    def __init__(self, v): self.v = v; self.seen = []
    def put(self, w): self.seen.append(w); return self
    def get(self): return self.v
    def __repr__(self): return 'Box(%r, %r)' % (self.v, self.seen)
class Tally:
    made = []
    def __init__(self, start): self._n = start; Tally.made.append(len(Tally.made))
    @property
    def n(self): return self._n
    @n.setter
    def n(self, value): self._n = value + len(Tally.made)
    @classmethod
    def reset(cls, *rest): cls.made = list(rest); return cls
    @staticmethod
    def add(where, what): where.append(what); return where
    def __iadd__(self, k): self._n += k; return self
    def __enter__(self): self._n += 1; return self
    def __exit__(self, *e): self._n += 100
    def __len__(self): return len(Tally.made)
    def __getitem__(self, i): return self._n + i
    def __call__(self, *args): self._n += 7; return self._n
    def __repr__(self): return 'Tally(%r of %r)' % (self._n, Tally.made)
class Sum(Tally):
    def __init__(self, start): super().__init__(start); self.parts = [start]
    def __iadd__(self, k): super().__iadd__(k); self.parts.append(k); return self
def counter(start):
    n = start
    def step(k=1):
        nonlocal n
        n += k
        return n
    return step
def noted(f):
    @functools.wraps(f)
    def wrapper(*args, **options):
        wrapper.calls += 1
        return f(*args, **options)
    wrapper.calls = 0
    return wrapper
def fill(target, *rest, into=None):
    target.extend(rest)
    if into is not None:
        into.append(len(target))
    return target
"""

ANY = [
    "{new} = Tally({number})", "{new} = Sum({number})", "{new} = counter({number})", "{new} = [{it}] * 2",
    "{new} = ({it}, {number})", "{new} = {{'k': {it}, 'z': [{number}]}}", "{new} = copy.copy({it})",
    "{new} = [[y := {it}], y][0]", "{new} = {it} if {number} % 3 else [{number}]", "{new} = {it} or {number}",
    "if ({new} := {it}) is not None:\n    print('some')",
    "try:\n    {new} = {it}\nfinally:\n    print({number})",
    "with contextlib.suppress(Exception):\n    {new} = {it}\n    {new}.append({number})",
    "def f_{n}(x={it}):\n    return x", "def f_{n}(*args):\n    global {new}\n    {new} = {number}\n    return args",
    "@noted\ndef f_{n}():\n    return {it}", "f_{n} = functools.partial(copy.copy, {it})",
    "def f_{n}():\n    def inner():\n        return {it}\n    return inner()",
    "f_{n} = lambda v={it}: v", "{new} = globals()['{it}']", "globals()['{new}'] = {it}", "{new} = eval('{it}')",
    "exec('{new} = {it}')", "{new} = next(iter([{it}]))", "{new} = dict(zip('ab', [{it}, {number}]))",
    "while True:\n    {new} = {it}\n    break", "{new}, *{it} = [{it}, {number}, 3]",
    "match {it}:\n    case [first, *_]:\n        {new} = first\n    case _:\n        {new} = {number}",
    "class C_{n}(Box):\n    kept = {it}\n{new} = C_{n}({number})", "print(id({it}) == id({it}), {it})",
    "{new} = [v for v in [{it}] for _ in range(2)]", "{new} = {{i: {it} for i in range(2)}}",
    "{new} = functools.reduce(lambda acc, x: acc + [x], [{it}], [])", "{new} = list(itertools.chain([{it}], [{number}]))",
]

LIST = [
    "{new} = {it}.append", "{new} = {it}.extend", "{new} = {it}.pop", "{new} = functools.partial({it}.append, {number})",
    "{new} = functools.partial(fill, {it})", "{new} = functools.partial(fill, into={it})", "fill({it}, {number}, into={other})",
    "fill(*[{it}, {number}])", "fill(**{{'target': {it}, 'into': {other}}})", "{new} = fill({it})",
    "list(map({it}.append, [{number}]))", "[{it}.append(i) for i in range(2)]", "{new} = [w := len({it}), w]",
    "def f_{n}(acc={it}):\n    acc.append({number})\n    return acc", "f_{n} = lambda: {it}.append({number})",
    "f_{n} = lambda k={it}: k.append({number}) or k", "{new} = {it}\n{new} += [{number}]", "del {it}[0]", "del {it}[1:]",
    "{it}[:] = [{number}]", "{it}[1:1] = {other}", "{it} *= 2", "{new} = {it} * 2", "{new} = {it} + {other}",
    "{it}.extend({other})", "{it}.insert(0, {number})", "{it}.reverse()", "{new} = {it}[::-1]", "{new} = {it}.copy()",
    "for i, item in enumerate({it}):\n    {new} = item", "for item in {it}:\n    if isinstance(item, list):\n        item.append({number})",
    "{new} = sum(1 for _ in {it})", "g_{n} = (item for item in {it})\n{new} = list(g_{n})", "{new} = [*{it}, {number}]",
    "Tally.add({it}, {number})", "getattr({it}, 'append')({number})", "operator.methodcaller('append', {number})({it})",
    "operator.setitem({it}, 0, {number})", "{new} = operator.itemgetter(0)({it})", "{new} = max([{it}, {other}], key=len)",
    "sorted([1], key={it}.append)", "{new} = tuple({it})", "{new} = {it}.__iadd__([{number}])",
    "try:\n    {it}.append({number})\n    1 / 0\nexcept ZeroDivisionError:\n    {it}.append(0)\nfinally:\n    {it}.append(1)",
    "{new} = [x.append({number}) or x for x in {it} if isinstance(x, list)]", "Tally.reset(*{it})",
    "def f_{n}():\n    {it}.append({number})\n    yield {it}\nfor item in f_{n}():\n    {new} = item",
    "class K_{n}:\n    items = {it}\n    def put(self): self.items.append({number}); return self\nK_{n}().put()",
    "import heapq\nheapq.heapify({it})", "random.shuffle({it})", "exec('{it}.append({number})')",
]

DICT = [
    "{new} = {it}.setdefault('n', [{number}])", "{new} = {it}.get", "{new} = {it}.pop('z', None)", "{new} = {it}.keys()\n{new} = list({new})",
    "{new} = list({it}.values())", "{new} = {it} | {{'w': {number}}}", "{it} |= {{'w': [{number}]}}", "{new} = {{**{it}}}",
    "{new} = {{k: v for k, v in {it}.items()}}", "for v in {it}.values():\n    if isinstance(v, list):\n        v.append({number})",
    "{it}.update(q={other})", "del {it}[next(iter({it}))]", "{new} = functools.partial({it}.update, w={number})",
    "{new} = {it}.copy()", "{it}['f'] = {it}.get", "{it}.clear()",
]

BOX = [
    "{new} = {it}.put", "{new} = {it}.seen.append", "setattr({it}, 'seen', {other})", "{new} = getattr({it}, 'seen')",
    "{new} = vars({it})['seen']", "{it}.__dict__['extra'] = {number}", "{new} = type({it})({number})", "{it}.__class__.count += 1",
    "{new} = [b.put({number}) for b in [{it}]]", "{new} = operator.attrgetter('seen')({it})", "del {it}.seen[:]",
    "{it}.seen += [{number}]", "{it}.other = {it}", "Box.shared = {it}.seen", "print(Box.count, {it}.count)",
    "f_{n} = functools.partial({it}.put, {number})", "{new} = {it}.put({number}).get",
    "Box.get = lambda self: [self.v, {number}]", "{it}.get = lambda: {other}",
]

TALLY = [
    "{it} += {number}", "{it}.n = {number}", "print({it}.n, len({it}), {it}[1])", "{new} = {it}()", "{it}.reset({number})",
    "{it}.made.append({number})", "with {it} as t_{n}:\n    print(t_{n}.n)", "{new} = {it}.reset", "type({it}).made.append({number})",
    "{new} = list(map({it}, [1, 2]))", "{new} = {it}.made", "Tally.n = property(lambda self: {number})", "{new} = {it}.add({other}, {number})",
]

METHOD = ["{it}({number})", "{new} = {it}", "{new} = [{it}]", "{new} = functools.partial({it}, {number})", "list(map({it}, [{number}]))",
          "{new} = {it}.__self__", "{new} = {{'f': {it}}}"]

PARTIAL = ["{it}()", "{it}({number})", "{new} = {it}", "{new} = functools.partial({it}, {number})", "{new} = {it}.args",
           "{new} = [{it}]"]

CLOSURE = ["{it}()", "{new} = {it}()", "{it}({number})", "{new} = {it}", "{new} = [{it}, {it}]", "{it}.mark = [{number}]",
           "print(getattr({it}, 'mark', 'none'))", "{new} = {it}.__closure__ and {it}.__closure__[0].cell_contents"]

ARRAY = [
    "{new} = {it}[::2]", "{it}[1:] *= 2", "{new} = {it}.view()", "{new} = {it}.flat", "{it}.flat[0] = {number}", "{new} = np.split({it}, [1])[0]",
    "{new} = {it}[None]", "{new} = memoryview({it}.ravel())\n{new} = list({new}[:1])", "np.multiply({it}, 2, {it})", "{new} = np.atleast_2d({it})",
    "{it}.T[0] = {number}", "{new} = np.squeeze({it})", "{it}.resize({it}.shape, refcheck=False)", "{new} = {it}.astype(float, copy=False)",
    "{new} = {it}.sort", "np.put({it}, [0], [{number}])", "{it}[{it} > 1] = 0", "{new} = np.where({it} > 1, {it}, 0)", "{new} = {it}.diagonal() if {it}.ndim > 1 else {it}",
    "for row in {it}:\n    row += 1", "{new} = [row for row in {it}]", "np.random.default_rng({number}).shuffle({it})", "{new} = np.array({it}, copy=False) if 0 else {it}[...]",
    "{new} = [np.sin({it}), {it}]", "f_{n} = lambda: {it}.fill({number})", "{new} = np.concatenate([{it}.ravel(), {it}.ravel()])",
]

FRAME = [
    "{new} = {it}.iloc[:1]", "{it}.iloc[0, 0] = {number}", "{new} = {it}.loc[:, {it}.columns[0]]", "{it}.at[0, {it}.columns[0]] = {number}",
    "{new} = {it}.T", "{new} = {it}.apply(lambda c: c * {number})", "for name, part in {it}.groupby({it}.columns[0]):\n    {new} = part",
    "{new} = {it}.pipe(lambda d: d)", "{it}.rename(columns=str.upper, inplace=True)", "{new} = {it}.set_index({it}.columns[0])",
    "{it}.attrs['k'] = {number}", "{it}.index = ['a', 'b'][:len({it})]", "{new} = {it}.query('index == index')", "{new} = {it}.eval('q = 1')",
    "{it}.eval('q = {number}', inplace=True)", "{new} = {it}[{it}.columns[0]].tolist()", "del {it}[{it}.columns[-1]]", "{it}[['u', 'v']] = {number}",
    "{new} = {it}.insert", "{new} = {it}.columns", "{it}.loc[len({it})] = {number}", "{new} = {it}.sum().to_dict()", "{it}.mask({it} > 3, 0, inplace=True)",
    "{new} = pd.concat([{it}, {it}])", "{new} = {it}.describe", "for i, row in {it}.iterrows():\n    {new} = row.tolist()",
]

CONSTRUCTS = [(kind, template) for kind, templates in (
    ("any", ANY), ("list", LIST), ("dict", DICT), ("box", BOX), ("tally", TALLY * 2), ("method", METHOD * 4),
    ("partial", PARTIAL * 4), ("closure", CLOSURE * 3), ("array", ARRAY), ("frame", FRAME)) for template in templates]
