"""The table of library effects against the libraries themselves: calls are made, and what they changed is seen by
fingerprints. Sweeps call every public method of a class without arguments, and a list of cases those that need some.
What isn't installed is skipped.

SPDX-License-Identifier: Apache-2.0
"""
import importlib
import os
import pickle
import unittest
import warnings

TABLE = os.path.join(os.environ.get("TOP", "."), "compiler", "effects.txt")


def read_table():
    table = {}
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if words and not words[0].startswith("#"):
                table[words[0]] = set(words[1:])
    return table


EFFECTS = read_table()


def method_effect(cls, name):
    """As library_method looks it up."""
    prefix = "." + name.rsplit("_", 1)[0] + "_*"
    for key in (cls + "." + name, cls + prefix, cls + ".*", "." + name, prefix):
        if key in EFFECTS:
            return EFFECTS[key]
    return set()


def function_effect(path):
    """As library_function does."""
    if path in EFFECTS:
        return EFFECTS[path]
    parts = path.split(".")
    for n in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:n]) + ".*" in EFFECTS:
            return EFFECTS[".".join(parts[:n]) + ".*"]
    return set()


def changes_receiver(effect):
    return bool(effect & {"mutates", "mutates-deep", "acts"})


def module(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(name + " is not installed")


class Truth(unittest.TestCase):
    def sweep(self, cls, make, leave_out=()):
        """Each public method, called without arguments: what changes its receiver must be told so, and nothing else
        that returns must be a view unless it is told to be one."""
        wrong = []
        for name in sorted(n for n in dir(make()) if not n.startswith("_") and n not in leave_out):
            value = make()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    method = getattr(value, name)
                    before = pickle.dumps(value)
                    if not callable(method):
                        continue
                    method()
                except Exception:  # needs arguments, or isn't for this value
                    continue
            if pickle.dumps(value) != before and not changes_receiver(method_effect(cls, name)):
                wrong.append(name)
        self.assertEqual(wrong, [], "methods of %s that change their receiver, unknown to the table" % cls)

    def run_cases(self, space, cases):
        """(key of the table, what it is called on, the call): the receiver or argument 0 must change as is told."""
        for key, subject, call in cases:
            with self.subTest(call):
                names = {k: (v() if callable(v) and k.startswith("new_") else v) for k, v in space.items()}
                value = names[subject] if subject in names else eval(subject, names)
                names["x"] = value
                before = pickle.dumps(value)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    eval(call, names)
                changed = pickle.dumps(value) != before
                function = call.startswith(key.split(".")[-1] + "(") or ".".join(key.split(".")[1:]) + "(" in call \
                    and not call.startswith("x.")
                effect = function_effect(key) if function else method_effect(*key.rsplit(".", 1))
                told = bool(effect & {"mutates=0"}) if function else changes_receiver(effect)
                self.assertEqual(told, changed, "%s: the table says %s" % (key, " ".join(sorted(effect)) or "nothing"))


class Builtins(Truth):
    def test_list_and_dict_and_set(self):
        self.run_cases({}, [
            ("list." + call.split("(")[0][2:], subject, call) for subject, call in [
                ("[3, 1, 2]", "x.append(1)"), ("[3, 1, 2]", "x.extend([1])"), ("[3, 1, 2]", "x.insert(0, 9)"),
                ("[3, 1, 2]", "x.remove(3)"), ("[3, 1, 2]", "x.pop()"), ("[3, 1, 2]", "x.clear()"),
                ("[3, 1, 2]", "x.reverse()"), ("[3, 1, 2]", "x.sort()"), ("[3, 1, 2]", "x.copy()"),
                ("[3, 1, 2]", "x.index(1)"), ("[3, 1, 2]", "x.count(1)"), ("{'a': 1}", "x.update(b=2)"),
                ("{'a': 1}", "x.setdefault('b', 2)"), ("{'a': 1}", "x.pop('a')"), ("{'a': 1}", "x.popitem()"),
                ("{'a': 1}", "x.get('a')"), ("{'a': 1}", "x.items()"), ("{'a': 1}", "x.keys()"),
                ("{'a': 1}", "x.values()"), ("{1, 2}", "x.discard(1)"), ("{1, 2}", "x.remove(1)"),
                ("{1, 2}", "x.union({3})"), ("{1, 2}", "x.difference({1})"), ("{1, 2}", "x.issubset({1})"),
                ("{1, 2}", "x.difference_update({1})"), ("{1, 2}", "x.intersection_update({1})"),
                ("{1, 2}", "x.symmetric_difference_update({1})"), ("bytearray(b'ab')", "x.append(1)"),
            ]] + [("set.add", "{1, 2}", "x.add(3)")])

    def test_modules(self):
        import bisect
        import collections
        import heapq
        import random
        space = {"heapq": heapq, "random": random, "bisect": bisect, "collections": collections}
        self.run_cases(space, [
            ("heapq.heappush", "[2, 3]", "heapq.heappush(x, 1)"), ("heapq.heappop", "[2, 3]", "heapq.heappop(x)"),
            ("heapq.heapify", "[3, 2, 1]", "heapq.heapify(x)"), ("heapq.nlargest", "[3, 2]", "heapq.nlargest(1, x)"),
            ("bisect.insort", "[1, 3]", "bisect.insort(x, 2)"), ("bisect.bisect", "[1, 3]", "bisect.bisect(x, 2)"),
            ("random.shuffle", "list(range(50))", "random.shuffle(x)"),
            ("random.sample", "list(range(50))", "random.sample(x, 3)"),
            ("collections.deque.rotate", "collections.deque([1, 2, 3])", "x.rotate(1)"),
            ("collections.deque.appendleft", "collections.deque([1, 2, 3])", "x.appendleft(1)"),
            ("dict.subtract", "collections.Counter('aab')", "x.subtract('a')"),
            ("dict.most_common", "collections.Counter('aab')", "x.most_common(1)"),
            ("dict.move_to_end", "collections.OrderedDict(a=1, b=2)", "x.move_to_end('a')"),
        ])


class Numpy(Truth):
    def test_every_method_of_arrays(self):
        np = module("numpy")
        self.sweep("numpy.ndarray", lambda: np.array([[3.0, 1.0], [2.0, 5.0]]))

    def test_views_are_told(self):
        np = module("numpy")
        wrong = []
        calls = {"reshape": (4,), "astype": (float,), "view": (), "take": ([0],), "repeat": (2,), "swapaxes": (0, 1),
                 "ravel": (), "flatten": (), "transpose": (), "squeeze": (), "diagonal": (), "copy": (), "round": (),
                 "clip": (0, 1), "cumsum": (), "dot": (np.eye(2),), "sum": (0,), "compress": ([True],)}
        for name, arguments in calls.items():
            a = np.array([[3.0, 1.0], [2.0, 5.0]])
            shares = np.shares_memory(a, getattr(a, name)(*arguments))
            if shares != ("returns-view" in method_effect("numpy.ndarray", name)):
                wrong.append(name)
        functions = {"asarray": (), "ascontiguousarray": (), "ravel": (), "reshape": ((4,),), "transpose": (),
                     "squeeze": (), "expand_dims": (0,), "atleast_1d": (), "atleast_2d": (), "atleast_3d": (),
                     "swapaxes": (0, 1), "moveaxis": (0, 1), "broadcast_to": ((2, 2, 2),), "flip": (), "fliplr": (),
                     "flipud": (), "rot90": (), "diagonal": (), "diag": (), "real": (), "array": (), "copy": (),
                     "sort": (), "where": (1, 2), "concatenate": (), "stack": (), "tile": (2,), "abs": (), "sqrt": (),
                     "round": (), "unique": (), "roll": (1,), "cumsum": (), "triu": (), "nan_to_num": (), "log": ()}
        for name, arguments in functions.items():
            a = np.array([[3.0, 1.0], [2.0, 5.0]])
            first = (a > 0) if name == "where" else [a, a] if name in ("concatenate", "stack") else a
            result = getattr(np, name)(first, *arguments)
            if np.shares_memory(a, result) != ("returns-view" in function_effect("numpy." + name)):
                wrong.append("np." + name)
        self.assertEqual(wrong, [], "views that aren't told, or told wrongly")

    def test_functions_that_change_their_argument(self):
        np = module("numpy")
        space = {"np": np, "new_a": lambda: np.array([3.0, 1.0, 2.0, 5.0] * 20)}
        self.run_cases(space, [("numpy." + call[3:].split("(")[0], "new_a", call) for call in [
            "np.put(x, [0], [9])", "np.place(x, x > 2, [7])", "np.putmask(x, x > 2, 0)", "np.copyto(x, 8)",
            "np.add.at(x, [0], 1)", "np.random.shuffle(x)", "np.random.permutation(x)", "np.sort(x)", "np.append(x, 1)",
            "np.insert(x, 0, 1)", "np.delete(x, 0)", "np.clip(x, 0, 1)", "np.resize(x, 9)", "np.cumsum(x)",
            "np.maximum.at(x, [0], 99)", "np.interp(2, x, x)", "np.round(x)", "np.negative(x)"]]
            + [("numpy.fill_diagonal", "np.ones((2, 2))", "np.fill_diagonal(x, 7)")])

    def test_generators_have_a_state(self):
        np = module("numpy")
        for name in ("random", "normal", "integers", "choice", "permutation", "standard_normal", "uniform"):
            generator = np.random.default_rng(1)
            before = pickle.dumps(generator)
            getattr(generator, name)(*([5] if name in ("integers", "choice", "permutation") else []))
            self.assertNotEqual(pickle.dumps(generator), before)
            self.assertIn("mutates", method_effect("numpy.random.Generator", name), name)
        for name in ("rand", "randn", "normal", "uniform", "random", "exponential", "standard_normal"):
            np.random.seed(1)
            before = pickle.dumps(np.random.get_state())
            getattr(np.random, name)()
            self.assertNotEqual(pickle.dumps(np.random.get_state()), before)
            self.assertIn("draws=numpy.random", function_effect("numpy.random." + name), name)


class Pandas(Truth):
    def frame(self):
        pd = module("pandas")
        return pd.DataFrame({"a": [3.0, None, 2.0], "b": ["x", "y", "z"]})

    def test_every_method_of_frames_and_series(self):
        pd = module("pandas")
        self.sweep("pandas.DataFrame", self.frame, leave_out=("plot", "hist", "boxplot", "to_clipboard"))
        self.sweep("pandas.Series", lambda: pd.Series([3.0, 1.0, 2.0]), leave_out=("plot", "hist", "to_clipboard"))

    def test_methods_with_arguments(self):
        pd = module("pandas")
        calls = ["drop(columns='a')", "fillna(0)", "dropna()", "rename(columns={'a': 'c'})", "sort_values('a')",
                 "reset_index()", "set_index('a')", "assign(c=1)", "pop('a')", "insert(0, 'n', 1)", "head(1)",
                 "update(pd.DataFrame({'a': [9.0, 9.0, 9.0]}))", "merge(x, on='b')", "groupby('b').sum()", "query('a > 1')",
                 "replace('x', 'q')", "astype(str)", "apply(len)", "melt()", "isetitem(0, [1, 2, 3])", "join(x, rsuffix='r')",
                 "sample(1)", "nlargest(1, 'a')", "drop_duplicates()", "set_axis(['p', 'q'], axis=1)", "to_dict()",
                 "describe()", "agg('count')", "where(x.notna(), 0)", "mask(x.isna(), 0)", "copy()",
                 "eval('a + 1')", "filter(['a'])", "iterrows()", "itertuples()", "items()", "add_prefix('p')", "stack()"]
        self.run_cases({"pd": pd, "new_df": self.frame},
                       [("pandas.DataFrame." + c.split("(")[0], "new_df", "x." + c) for c in calls])

    def test_functions_leave_their_arguments_alone(self):
        pd = module("pandas")
        calls = ["pd.concat([x, x])", "pd.merge(x, x, on='b')", "pd.get_dummies(x)", "pd.to_numeric(x.a)",
                 "pd.cut(x.a, 2)", "pd.melt(x)", "pd.crosstab(x.a, x.b)", "pd.isna(x)", "pd.factorize(x.b)",
                 "pd.pivot_table(x, values='a', index='b')"]
        self.run_cases({"pd": pd, "new_df": self.frame},
                       [("pandas." + c[3:].split("(")[0], "new_df", c) for c in calls])


class Sklearn(Truth):
    def test_estimators(self):
        module("sklearn")
        np = module("numpy")
        from sklearn.linear_model import LinearRegression, SGDClassifier
        from sklearn.preprocessing import StandardScaler
        X, y = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]]), np.array([0, 1, 1])
        space = {"X": X, "y": y, "new_fit": lambda: LinearRegression().fit(X, y),
                 "new_raw": lambda: LinearRegression(), "new_scaler": lambda: StandardScaler(),
                 "new_scaled": lambda: StandardScaler().fit(X), "new_sgd": lambda: SGDClassifier()}
        self.run_cases(space, [
            ("estimator.fit", "new_raw", "x.fit(X, y)"), ("estimator.predict", "new_fit", "x.predict(X)"),
            ("estimator.score", "new_fit", "x.score(X, y)"), ("estimator.set_params", "new_raw", "x.set_params(n_jobs=2)"),
            ("estimator.get_params", "new_raw", "x.get_params()"), ("estimator.fit_transform", "new_scaler", "x.fit_transform(X)"),
            ("estimator.transform", "new_scaled", "x.transform(X)"),
            ("estimator.inverse_transform", "new_scaled", "x.inverse_transform(X)"),
            ("estimator.partial_fit", "new_sgd", "x.partial_fit(X, y, classes=[0, 1])")])

    def test_data_is_left_alone(self):
        module("sklearn")
        np = module("numpy")
        import sklearn.model_selection
        import sklearn.preprocessing
        space = {"sklearn": sklearn, "new_X": lambda: np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]])}
        self.run_cases(space, [
            ("sklearn.model_selection.train_test_split", "new_X", "sklearn.model_selection.train_test_split(x)"),
            ("sklearn.preprocessing.scale", "new_X", "sklearn.preprocessing.scale(x)"),
            ("sklearn.preprocessing.normalize", "new_X", "sklearn.preprocessing.normalize(x)")])


class Polars(Truth):
    def test_every_method_of_frames(self):
        pl = module("polars")
        self.sweep("polars.DataFrame", lambda: pl.DataFrame({"a": [1, 2, 3]}))


class Torch(Truth):
    def test_every_method_of_tensors(self):
        torch = module("torch")
        self.sweep("torch.Tensor", lambda: torch.tensor([[3.0, 1.0], [2.0, 5.0]]))


class Pictures(Truth):
    def test_opencv_draws_into_what_it_is_given(self):
        cv2, np = module("cv2"), module("numpy")
        space = {"cv2": cv2, "np": np, "new_im": lambda: np.zeros((20, 20, 3), np.uint8), "new_rough": lambda: np.eye(20),
                 "pts": np.array([[1, 1], [9, 1], [9, 9]], np.int32), "red": (0, 0, 255)}
        calls = ["cv2.rectangle(x, (1, 1), (5, 5), red)", "cv2.circle(x, (9, 9), 3, red)", "cv2.line(x, (1, 1), (5, 5), red)",
                 "cv2.arrowedLine(x, (1, 1), (5, 5), red)", "cv2.ellipse(x, (9, 9), (5, 3), 0, 0, 360, red)",
                 "cv2.polylines(x, [pts], True, red)", "cv2.fillPoly(x, [pts], red)", "cv2.fillConvexPoly(x, pts, red)",
                 "cv2.putText(x, 'hi', (1, 15), 0, .5, red)", "cv2.drawMarker(x, (9, 9), red)",
                 "cv2.drawContours(x, [pts.reshape(-1, 1, 2)], -1, red)", "cv2.GaussianBlur(x, (3, 3), 0)",
                 "cv2.cvtColor(x, cv2.COLOR_BGR2GRAY)", "cv2.resize(x, (5, 5))", "cv2.flip(x, 1)", "cv2.randu(x, 0, 255)",
                 "cv2.floodFill(x, None, (0, 0), red)", "cv2.blur(x, (3, 3))", "cv2.copyMakeBorder(x, 1, 1, 1, 1, 0)"]
        self.run_cases(space, [("cv2." + c[4:].split("(")[0], "new_im", c) for c in calls])
        self.run_cases(space, [("cv2." + c[4:].split("(")[0], "new_rough", c) for c in [
            "cv2.setIdentity(x, 3)", "cv2.randShuffle(x)", "cv2.GaussianBlur(x, (3, 3), 0)", "cv2.normalize(x, None)"]])

    def test_pillow(self):
        Image = module("PIL.Image")
        new = lambda: Image.linear_gradient("L").resize((20, 20)).convert("RGBA")     # noqa: E731
        self.sweep("PIL.Image.Image", new, leave_out=("show", "close"))
        calls = ["x.paste((1, 2, 3, 4), (0, 0, 5, 5))", "x.putpixel((0, 0), (9, 9, 9, 9))", "x.putalpha(7)", "x.thumbnail((9, 9))",
                 "x.alpha_composite(x.rotate(90))", "x.crop((0, 0, 5, 5))", "x.resize((5, 5))", "x.rotate(30)", "x.convert('L')",
                 "x.getpixel((1, 1))", "x.split()", "x.transpose(0)", "x.filter(__import__('PIL.ImageFilter').ImageFilter.BLUR)"]
        self.run_cases({"new_im": new}, [("PIL.Image.Image." + c[2:].split("(")[0], "new_im", c) for c in calls])


class Graphs(Truth):
    def test_networkx(self):
        nx = module("networkx")

        def new():
            graph = nx.Graph([(1, 2), (2, 3)])
            assert graph.nodes and graph.edges and graph.adj    # it keeps these views when it is first asked for them
            return graph
        space = {"nx": nx, "new_G": new}
        calls = ["nx.set_node_attributes(x, 1, 'a')", "nx.set_edge_attributes(x, 1, 'a')", "nx.add_path(x, [7, 8])",
                 "nx.add_cycle(x, [7, 8, 9])", "nx.add_star(x, [7, 8])", "nx.freeze(x)", "nx.relabel_nodes(x, {1: 5})",
                 "nx.compose(x, x)", "nx.to_dict_of_lists(x)", "nx.get_node_attributes(x, 'a')"]
        self.run_cases(space, [("networkx." + c[3:].split("(")[0], "new_G", c) for c in calls])


class Charts(Truth):
    def test_plotly_figures(self):
        go = module("plotly.graph_objects")
        calls = ["x.add_trace(x.data[0])", "x.update_layout(width=70)", "x.update_traces(name='n')", "x.update_xaxes(title='t')",
                 "x.add_hline(y=1)", "x.add_annotation(text='a')", "x.for_each_trace(lambda t: t.update(name='z'))",
                 "x.to_dict()", "x.to_json()", "x.select_traces()"]
        self.run_cases({"new_fig": lambda: go.Figure(go.Bar(x=[1], y=[2]))},
                       [("plotly.graph_objects.Figure." + c[2:].split("(")[0], "new_fig", c) for c in calls])


class Training(Truth):
    def test_lightgbm_makes_its_data_when_it_is_first_used(self):
        """Not by fingerprints: a Dataset that was used doesn't pickle."""
        lgb, np = module("lightgbm"), module("numpy")
        X = np.random.default_rng(0).random((60, 2))
        new = lambda: lgb.Dataset(X, X[:, 0] > 0.5)     # noqa: E731
        settings = {"objective": "binary", "verbose": -1, "num_threads": 1}
        for path, call in (("lightgbm.train", lambda d: lgb.train(settings, d, 1)),
                           ("lightgbm.cv", lambda d: lgb.cv(settings, d, 1, nfold=2))):
            data = new()
            call(data)
            self.assertIsNotNone(data._handle)
            self.assertIn("mutates=1", function_effect(path))
        data, valid = new(), new()
        lgb.train(settings, data, 1, valid_sets=[valid])
        self.assertIsNotNone(valid._handle)
        self.assertIn("mutates=valid_sets", function_effect("lightgbm.train"))


class Table(unittest.TestCase):
    def test_each_key_once(self):
        seen, twice = set(), []
        with open(TABLE, encoding="utf-8") as f:
            for line in f:
                key = (line.split() or ["#"])[0]
                if not key.startswith("#"):
                    twice += [key] if key in seen else []
                    seen.add(key)
        self.assertEqual(twice, [])
