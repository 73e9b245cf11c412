"""Contexts and the HTTP beneath them: how credentials get where they belong and nowhere else, and what is told of servers
that are slow, broken, elsewhere, or want a login.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import json
import os
import stat
import threading
import time

import service
from folder import FolderCase
from service import Service, in_turn, raw

SECRET = "s3cr3t-tok3n-never-shown"
HEALTHY = {"multi_user": False, "pipeline_store": "database"}


def kfp(request):
    return (200, HEALTHY) if request.path.endswith("/healthz") else (200, {"experiments": []})


class Case(FolderCase):
    def setUp(self):
        super().setUp()
        self.env = {k: v for k, v in self.env.items() if not k.lower().endswith("_proxy")}

    def serve(self, answer, context=None):
        s = Service(answer, context)
        self.addCleanup(s.close)
        return s

    def chard(self, *arguments, status=0, **more):
        run = super().chard(*arguments, status=status, **more)
        self.assertNotIn(SECRET, run.stdout + run.stderr)
        return run

    def add(self, endpoint, *options, target="kfp", name="there", **more):
        endpoint = ["--endpoint", endpoint] if endpoint else []
        return self.chard("context", "add", name, "--target", target, *endpoint, *options, **more)

    def checks(self, status=0):
        """What the checks say: {check: text}; those that failed stand in `status` 3."""
        run = self.chard("context", "test", "--format=json", status=status)
        return {c["check"]: c["text"] for c in json.loads(run.stdout)["checks"]}

    def broken(self, answer, **more):
        """What is told of a service that answers so."""
        s = self.serve(answer, **more)
        self.add(s.url)
        began = time.monotonic()
        told = self.checks(status=3)["service"]
        self.assertIn("GET %s/apis/v2beta1/healthz: " % s.url, told)
        return told, s, time.monotonic() - began


class Contexts(Case):
    def test_life(self):
        self.assertIn("there is no context yet", self.chard("context", "list").stderr)
        self.add("http://127.0.0.1:1", "--namespace", "yes", "--registry", "r.example.com/a", "--experiment", "on: {x}")
        self.add("http://127.0.0.1:2", target="argo", name="ärgo 'x'")
        listed = json.loads(self.chard("context", "list", "--format=json").stdout)
        self.assertEqual([(c["name"], c["current"]) for c in listed], [("there", True), ("ärgo 'x'", False)])
        self.assertEqual((listed[0]["namespace"], listed[0]["experiment"]), ("yes", "on: {x}"))
        self.chard("context", "use", "ärgo 'x'")
        self.assertIn("* ärgo 'x'", self.chard("context", "list").stdout)
        self.chard("context", "remove", "ärgo 'x'")
        self.assertIn("no context is chosen", self.chard("context", "test", status=2).stderr)
        self.env["CHARD_CONTEXT"] = "there"
        self.chard("context", "test", status=3)
        for what in "use", "remove", "test":
            self.assertIn("there is no context “nope”", self.chard("context", what, "nope", status=2).stderr)

    def test_tokens_are_kept_from_others(self):
        self.add("http://127.0.0.1:1", "--token-stdin", input=SECRET + "\n")
        path = self.path(".config/chard/config.yaml")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)
        self.chard("context", "list")
        self.chard("context", "list", "--format=json")
        os.chmod(path, 0o644)
        self.assertIn("chmod 600 " + path, self.chard("context", "list", status=2).stderr)
        os.chmod(path, 0o600)
        self.chard("context", "remove", "there")
        with open(path, encoding="utf-8") as f:
            self.assertNotIn(SECRET, f.read())
        self.assertEqual(os.listdir(os.path.dirname(path)), ["config.yaml"])

    def test_mistakes(self):
        """Each is told, and nothing is written."""
        for options, told in (
                (["--endpoint", "ftp://x"], "must begin with http"), (["--endpoint", "https://u:p@h"], "no user name"),
                (["--endpoint", "https://h/?token=1"], "or query"), ([], "no endpoint"),
                (["--endpoint", "http://h", "--auth", "token"], "needs one of --token-stdin"),
                (["--endpoint", "http://h", "--auth", "none", "--token-env", "X"], "a token is for"),
                (["--endpoint", "http://h", "--token-env", "X", "--token-file", "x"], "needs one of"),
                (["--endpoint", "http://h", "--proxy", "http://u:p@h"], "the proxy must have no"),
                (["--endpoint", "http://h", "--auth", "magic"], "magic")):
            self.assertIn(told, self.chard("context", "add", "x", "--target", "kfp", *options, status=2).stderr)
        self.assertIn("no target", self.chard("context", "add", "x", "--endpoint", "http://h", status=2).stderr)
        self.assertIn("no token on standard input",
                      self.add("http://h", "--token-stdin", input="", status=2).stderr)
        self.assertFalse(os.path.exists(self.path(".config")))
        for text, told in (("contexts: [1]", "no mapping"), ("contexts: {a: {endpiont: x}}", "`endpiont` is no key"),
                           ("contexts: {a: {target: k8s}}", "one of kfp|argo"), ("contexts: {a: {target: 1}}", "no text"),
                           ("contexts: {a: 1}", "context a: it is no mapping"), ("a: [", "config.yaml"), ("\0", "config.yaml")):
            self.write(".config/chard/config.yaml", text)
            self.assertIn(told, self.chard("context", "list", status=2).stderr)
            self.chard("context", "add", "x", "--target", "kfp", "--endpoint", "http://h", status=2)
            with open(self.path(".config/chard/config.yaml"), encoding="utf-8") as f:
                self.assertEqual(f.read(), text)
        self.write(".config/chard/config.yaml", "")
        self.assertEqual(self.chard("context", "list", "--format=json").stdout, "[]\n")

    def test_what_services_say_of_themselves(self):
        several = self.serve(lambda r: (200, dict(HEALTHY, multi_user=True)) if r.path.endswith("healthz") else (200, {}))
        self.add(several.url)
        self.assertIn("--namespace", self.checks(status=3)["service"])
        self.add(several.url + "/", "--namespace", "a b")
        self.assertEqual(self.checks()["permission"], "namespace a b can be looked at")
        self.assertEqual(several.requests[-1].path, "/apis/v2beta1/experiments?page_size=1&namespace=a%20b")
        elsewhere = self.serve(lambda r: (404, "404 page not found"))
        self.add(elsewhere.url)
        self.assertIn("Kubeflow Pipelines isn't there", self.checks(status=3)["service"])
        self.add(elsewhere.url, target="argo")
        self.assertIn("isn't Argo Workflows' server", self.checks(status=3)["service"])
        forbidden = self.serve(lambda r: (200, {}) if r.path == "/api/v1/info" else (403, {
            "code": 7, "message": "workflows.argoproj.io is forbidden: User \"x\" cannot list"}))
        self.add(forbidden.url, "--namespace", "ns", target="argo")
        told = self.checks(status=3)["permission"]
        self.assertIn("/api/v1/workflows/ns: that isn't allowed with these credentials (HTTP 403): workflows.argoproj.io", told)

    def test_registry_and_builder(self):
        registry = self.serve(lambda r: (401, {}) if r.path == "/v2/" else (404, {}))
        s = self.serve(kfp)
        self.add(s.url, "--token-env", "T", "--registry", registry.url[7:] + "/team", "--builder", "in-cluster")
        self.env["T"] = SECRET
        checks = self.checks()
        self.assertIn("answers, and wants a login", checks["registry"])
        self.assertEqual(checks["builder"], "a Job in the cluster")
        self.assertNotIn("Authorization", registry.requests[0].headers)    # the service's token is none of its business
        self.env["PATH"] = "/nowhere"
        self.add(s.url, "--registry", registry.url[7:] + "1/team", "--builder", "buildah")
        checks = self.checks(status=3)
        self.assertIn("buildah isn't installed here", checks["builder"])
        self.assertIn("/v2/: ", checks["registry"])


class Credentials(Case):
    def sent(self, s):
        """The credentials of all requests, which must be alike."""
        found = {(r.headers.get("Authorization"), r.headers.get("Cookie")) for r in s.requests}
        s.requests.clear()
        self.assertEqual(len(found), 1)
        return found.pop()

    def test_tokens(self):
        s = self.serve(kfp)
        self.add(s.url)
        self.checks()
        self.assertEqual(self.sent(s), (None, None))
        self.add(s.url, "--token-stdin", input=SECRET + "\r\n")
        self.checks()
        self.assertEqual(self.sent(s), ("Bearer " + SECRET, None))
        path = self.write("token", SECRET + "1\n")
        self.add(s.url, "--token-file", path)
        self.checks()
        self.assertEqual(self.sent(s), ("Bearer " + SECRET + "1", None))
        self.write("token", SECRET + "2")    # tokens are renewed: the file is read each time
        self.checks()
        self.assertEqual(self.sent(s), ("Bearer " + SECRET + "2", None))
        self.add(s.url, "--auth", "cookie", "--token-env", "SESSION")
        self.env["SESSION"] = "authservice_session=" + SECRET
        self.checks()
        self.assertEqual(self.sent(s), (None, "authservice_session=" + SECRET))
        self.add(None, "--auth", "in-cluster")
        self.env["KF_PIPELINES_SA_TOKEN_PATH"] = path
        self.add(s.url, "--auth", "in-cluster")
        self.checks()
        self.assertEqual(self.sent(s), ("Bearer " + SECRET + "2", None))

    def test_tokens_that_are_none(self):
        s = self.serve(kfp)
        self.add(s.url, "--token-file", self.path("nowhere"))
        self.assertIn("nowhere: No such file", self.checks(status=3)["credentials"])
        for text, told in (("", "there is no token in"), ("\n \n", "there is no token in"),
                           (SECRET + "\r\nX-Evil: 1\n", "more than one line")):
            self.add(s.url, "--token-file", self.write("token", text))
            self.assertIn(told, self.checks(status=3)["credentials"])
        self.add(s.url, "--token-env", "NOT_SET")
        self.assertIn("the environment variable NOT_SET", self.checks(status=3)["credentials"])
        self.add(None, "--auth", "in-cluster", target="argo")
        self.assertIn("this is none", self.checks(status=3)["credentials"])
        self.assertEqual(s.requests, [])

    def test_not_accepted(self):
        told, s, _ = self.broken(lambda r: (401, {"error": "Unauthenticated: no identity", "code": 16}))
        self.assertIn("the credentials aren't accepted, or there are none (HTTP 401): Unauthenticated: no identity", told)
        self.assertEqual(len(s.requests), 1)

    def kubeconfig(self, server, user, **cluster):
        self.write("kube/config", json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {
                "cluster": "k", "user": "u", "namespace": "from-kube"}}],
            "clusters": [{"name": "k", "cluster": dict(cluster, server=server)}], "users": [{"name": "u", "user": user}]}))
        self.env["KUBECONFIG"] = self.path("kube/none") + ":" + self.path("kube/config")

    def test_kubeconfig(self):
        def api(request):
            ok = request.path in ("/apis/argoproj.io/v1alpha1",
                                  "/apis/argoproj.io/v1alpha1/namespaces/from-kube/workflows?limit=1")
            return (200, {"kind": "APIResourceList"}) if ok else (404, {"message": "not found"})

        ca, issue = service.authority(self.folder)
        server = self.serve(api, service.tls(*issue("server"), client_ca=ca))
        cert, key = issue("client")

        def data(path):
            with open(path, "rb") as f:
                return base64.b64encode(f.read()).decode()

        self.add(None, "--auth", "kubeconfig", target="argo")
        # Certificates as data, and as files beside the configuration; the server demands one.
        self.kubeconfig(server.url, {"client-certificate-data": data(cert), "client-key-data": data(key)},
                        **{"certificate-authority-data": data(ca)})
        self.assertEqual(self.checks()["service"], "Kubernetes, with Argo Workflows")
        self.kubeconfig(server.url, {"client-certificate": "../client.pem", "client-key": "../client.key"},
                        **{"certificate-authority": "../ca.pem"})
        self.assertEqual(self.checks()["permission"], "namespace from-kube can be looked at")
        self.kubeconfig(server.url, {}, **{"certificate-authority": "../ca.pem"})
        self.checks(status=3)
        # A certificate of another name, as behind a tunnel: only that name is taken, and the connection goes where the URL says.
        named = self.serve(api, service.tls(*issue("named", "kubernetes.default.svc"), client_ca=ca))
        for url, name, status in ((named.url, "kubernetes.default.svc", 0), (named.url, "other.svc", 3), (named.url, None, 3)):
            self.kubeconfig(url, {"client-certificate-data": data(cert), "client-key-data": data(key)},
                            **{"certificate-authority": "../ca.pem", "tls-server-name": name})
            self.checks(status=status)
        # Tokens, plugins, passwords.
        plain = self.serve(api)
        self.kubeconfig(plain.url, {"token": SECRET})
        self.checks()
        self.assertEqual(self.sent(plain), ("Bearer " + SECRET, None))
        self.write("kube/tok", SECRET + "f\n")
        self.kubeconfig(plain.url, {"tokenFile": "tok"})
        self.checks()
        self.assertEqual(self.sent(plain), ("Bearer " + SECRET + "f", None))
        self.kubeconfig(plain.url, {"username": "me", "password": SECRET})
        self.checks()
        self.assertEqual(self.sent(plain), ("Basic " + base64.b64encode(("me:" + SECRET).encode()).decode(), None))
        plugin = self.write("kube/plugin", "#!/bin/sh\ntest \"$A\" = 'b c' || exit 5\n"
                            "case $KUBERNETES_EXEC_INFO in *'\"interactive\":false'*) ;; *) exit 6 ;; esac\n"
                            "case $KUBERNETES_EXEC_INFO in *'\"cluster\":{\"server\":\"http'*) exit 7 ;; esac\n"
                            "echo '{\"kind\": \"ExecCredential\", \"status\": {\"token\": \"'$1'\"}}'\n")
        os.chmod(plugin, 0o755)
        exec_ = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "args": [SECRET + "p"],
                 "env": [{"name": "A", "value": "b c"}]}
        self.kubeconfig(plain.url, {"exec": exec_})
        self.checks()
        self.assertEqual(self.sent(plain), ("Bearer " + SECRET + "p", None))
        # What can't be.
        for user, cluster, told in (
                ({"exec": dict(exec_, env=[])}, {}, "failed with exit status 5"),
                ({"exec": dict(exec_, provideClusterInfo=True)}, {}, "failed with exit status 7"),
                ({"exec": dict(exec_, command="./nowhere")}, {}, "No such file"),
                ({"exec": dict(exec_, command="true")}, {}, "printed no ExecCredential"),
                ({"auth-provider": {"name": "gcp"}}, {}, "given up: use exec"),
                ({"client-certificate-data": "%"}, {}, "no Base64"),
                ({}, {"insecure-skip-tls-verify": True}, "Chard refuses")):
            self.kubeconfig(plain.url, user, **cluster)
            self.assertIn(told, self.checks(status=3)["credentials"])
        self.write("kube/config", "current-context: gone\n")
        self.assertIn("has no context “gone”", self.checks(status=3)["credentials"])
        self.assertEqual(plain.requests, [])
        # KFP is reached through the API server.
        through = self.serve(lambda r: kfp(r) if r.path.startswith(
            "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy/apis/v2beta1/") else (404, {}))
        self.kubeconfig(through.url, {"token": SECRET})
        self.add(None, "--auth", "kubeconfig")
        self.assertEqual(self.checks()["service"], "Kubeflow Pipelines")

    def test_offers(self):
        pages = {"": {"experiments": [{"display_name": "Default"}, {"display_name": "old", "storage_state": "ARCHIVED"}],
                      "next_page_token": "2"}, "2": {"experiments": [{"display_name": "night shift"}]}}
        claims = {"items": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                                                                    "resources": {"requests": {"storage": "5Gi"}}}}]}

        def api(request):
            path, _, query = request.path.partition("?")
            if path.endswith("/proxy/apis/v2beta1/experiments"):
                return 200, pages[query.rpartition("page_token=")[2]]
            return (200, claims) if path == "/api/v1/namespaces/from-kube/persistentvolumeclaims" else (404, {})

        server = self.serve(api)
        self.kubeconfig(server.url, {"token": SECRET})
        self.add(None, "--auth", "kubeconfig")
        offers = json.loads(self.chard("context", "offers", "--format=json").stdout)
        self.assertEqual(offers, {"context": "there", "experiments": ["Default", "night shift"], "unknown": {}, "volumes": [
            {"name": "data", "access_modes": ["ReadWriteOnce"], "size": "5Gi"}]})
        self.assertRegex(self.chard("context", "offers").stdout, r"Default\nnight shift\n(.|\n)*data +5Gi +ReadWriteOnce\n")
        self.add(None, "--auth", "kubeconfig", target="argo")
        self.assertIn("only Kubeflow Pipelines has", self.chard("context", "offers", "there").stdout)
        self.add(server.url, target="argo")
        self.assertIn("doesn't log in to Kubernetes", self.chard("context", "offers", status=3).stdout)


class Faults(Case):
    def test_tried_again_until_it_works(self):
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: application/json\r\n\r\n{\"mul"
        for trouble in ((503, "later"), (500, ""), (429, "slowly", {"Retry-After": "1"}), (502, "<html>bad gateway"),
                        raw(), raw(b"HTTP/1.1 2"), raw(cut)):
            s = self.serve(in_turn(trouble, trouble, kfp))
            self.add(s.url)
            self.assertEqual(self.checks()["service"], "Kubeflow Pipelines")
            self.assertEqual(len(s.requests), 4)

    def test_given_up(self):
        told, s, seconds = self.broken(lambda r: (503, "upstream connect error"))
        self.assertIn("doesn't answer behind its gateway; try again later (HTTP 503): upstream connect error", told)
        self.assertEqual(len(s.requests), 4)
        self.assertGreater(seconds, 0.2 + 0.4)    # it waited between them
        told, s, _ = self.broken(lambda r: (429, "", {"Retry-After": "3600"}))
        self.assertIn("asked too often", told)
        self.assertEqual(len(s.requests), 1)    # nobody waits an hour
        told, s, _ = self.broken(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"))
        self.assertIn("the answer was cut short", told)
        told, s, _ = self.broken(raw())
        self.assertIn("closed without an answer", told)
        told, s, _ = self.broken(lambda r: (400, {"error": "no", "message": "the filter is wrong\n\0", "details": []}))
        self.assertIn("the server refused it (HTTP 400): the filter is wrong", told)
        self.assertEqual(len(s.requests), 1)

    def test_garbage(self):
        told, s, _ = self.broken(raw(b"SSH-2.0-OpenSSH_9.2\r\n"))
        self.assertIn("doesn't speak HTTP", told)
        told, s, _ = self.broken(lambda r: (200, b"{\"multi_user\": fal", {}))
        self.assertIn("isn't JSON", told)
        told, s, _ = self.broken(lambda r: (200, b"\xff\xfe\x00\x01" * 1000))
        self.assertIn("isn't JSON", told)
        told, s, _ = self.broken(lambda r: (200, b"[" * 100000))
        self.assertIn("isn't JSON", told)

    def test_hanging(self):
        self.env["CHARD_TIMEOUT"] = "0.3"
        over = threading.Event()
        self.addCleanup(over.set)
        told, s, seconds = self.broken(raw(hang=over))
        self.assertIn("no answer in time", told)
        self.assertEqual(len(s.requests), 4)
        told, s, seconds = self.broken(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", hang=over))
        self.assertIn("no answer in time", told)

    def test_endless_body(self):
        told, s, _ = self.broken(service.endless)
        self.assertIn("longer than 64 MiB", told)
        self.assertEqual(len(s.requests), 1)

    def test_redirects(self):
        s = self.serve(lambda r: (302, "", {"Location": "/moved" + r.path}) if not r.path.startswith("/moved") else kfp(r))
        self.add(s.url, "--token-env", "T")
        self.env["T"] = SECRET
        self.checks()
        self.assertEqual([r.headers["Authorization"] for r in s.requests], ["Bearer " + SECRET] * 4)
        told, s, _ = self.broken(lambda r: (302, "", {"Location": r.path + "x"}))
        self.assertIn("without an end", told)
        self.assertEqual(len(s.requests), 6)
        # Elsewhere nobody goes, least of all with a token.
        other = self.serve(kfp)
        s = self.serve(lambda r: (302, "", {"Location": other.url + r.path}))
        self.add(s.url, "--token-env", "T")
        self.assertIn("leads to %s/apis/v2beta1/healthz, where Chard doesn't follow" % other.url,
                      self.checks(status=3)["service"])
        self.assertEqual(other.requests, [])

    def test_login_pages(self):
        for location in ("https://dex.example.com/dex/auth?client_id=x&state=y", "/dex/auth/local/login?back=", "/oauth2/start?rd=/",
                         "https://login.example.com/realms/x/protocol/openid-connect/auth"):
            told, s, _ = self.broken(lambda r, where=location: (302, "", {"Location": where}))
            self.assertIn("a login is wanted there: it leads to the login page", told)
            self.assertNotIn("state=", told)
            self.assertEqual(len(s.requests), 1)
        told, s, _ = self.broken(lambda r: (200, "<!DOCTYPE html><form>", {"Content-Type": "text/html; charset=utf-8"}))
        self.assertIn("a web page answers, perhaps to log in", told)

    def test_certificates(self):
        ca, issue = service.authority(self.folder)
        good = self.serve(kfp, service.tls(*issue("good")))
        self.add(good.url, "--token-env", "T")
        self.env["T"] = SECRET
        self.assertIn("its certificate isn't trusted here", self.checks(status=3)["service"])
        self.add(good.url, "--ca", ca)
        self.assertEqual(self.checks()["service"], "Kubeflow Pipelines")
        other = self.serve(kfp, service.tls(*issue("other", "127.0.0.2")))
        self.add(other.url, "--ca", ca)
        self.assertIn("certificate", self.checks(status=3)["service"])
        self.assertEqual(other.requests, [])
        self.add(good.url, "--ca", self.write("junk.pem", "no certificate\n"))
        self.checks(status=3)
        self.add(good.url, "--ca", self.path("nowhere"))
        self.assertIn("nowhere: No such file", self.checks(status=3)["credentials"])
        plain = self.serve(kfp)
        self.add(plain.url.replace("http:", "https:"))
        self.assertIn("is it https?", self.checks(status=3)["service"])

    def test_proxies(self):
        proxy = self.serve(lambda r: kfp(r) if r.path.startswith("http://kfp.invalid:8888/") else (500, ""))
        self.add("http://kfp.invalid:8888", "--proxy", proxy.url)
        self.assertEqual(self.checks()["service"], "Kubeflow Pipelines")
        self.add("http://kfp.invalid:8888")
        self.assertIn("name isn't known here", self.checks(status=3)["service"])
        self.env["http_proxy"] = proxy.url
        self.checks()
        self.env["no_proxy"] = "kfp.invalid"
        self.checks(status=3)
        self.add("http://kfp.invalid:8888", "--proxy=")    # none at all
        del self.env["no_proxy"]
        self.checks(status=3)
