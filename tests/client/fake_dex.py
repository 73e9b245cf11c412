"""What stands before a Kubeflow with users: oauth2-proxy, or the older oidc-authservice, and Dex behind it, as far as a browser
sees them. Without a session nobody gets to the service.

SPDX-License-Identifier: Apache-2.0
"""
import secrets
import urllib.parse

from service import Service

COOKIE = "oauth2_proxy_kubeflow"


class Gate:
    """`inner` answers those who have a session. Dex is another host: its cookies are none of the service's business."""

    def __init__(self, inner, user, password, old=False, approval=False):
        self.inner, self.user, self.password, self.old, self.approval = inner, user, password, old, approval
        self.sessions, self.codes, self.logins = set(), set(), 0
        self.cookie_value = None        # of the next session; None: random
        self.dex = Service(self.answer_dex)
        self.front = Service(self.answer_front)
        self.dex_url = self.dex.url.replace("127.0.0.1", "localhost") + "/dex"

    def close(self):
        self.front.close()
        self.dex.close()

    def page(self, text):
        return "<html>%s</html>" % text, {"Content-Type": "text/html"}

    def answer_front(self, request):
        url = urllib.parse.urlsplit(request.path)
        cookies = dict(c.split("=", 1) for c in request.headers.get("Cookie", "").split("; ") if c)
        assert "dex" not in cookies, cookies
        if cookies.get(COOKIE) in self.sessions:
            return (200, *self.page("Pipelines")) if url.path == "/pipeline/" else self.inner(request)
        to_dex = {"Location": "%s/auth?client_id=kubeflow&state=s%%20t" % self.dex_url}
        if url.path == "/oauth2/callback":
            code, = urllib.parse.parse_qs(url.query)["code"]
            if code not in self.codes:
                return 400, "bad code"
            session = self.cookie_value or secrets.token_urlsafe()
            self.sessions.add(session)
            return 302, "", {"Location": "/pipeline/", "Set-Cookie": "%s=%s; Path=/; HttpOnly" % (COOKIE, session)}
        if self.old or url.path == "/oauth2/start":
            return 302, "", to_dex
        text, kind = self.page("Sign in with dex")
        return (401, {}) if "json" in request.headers.get("Accept", "") and url.path != "/pipeline" else (403, text, kind)

    def answer_dex(self, request):
        url = urllib.parse.urlsplit(request.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path != "/dex/approval":
            assert query["state"] == ["s t"], request.path
        if url.path == "/dex/auth":
            return (200, *self.page("Log in with email, or with LDAP"))
        if url.path == "/dex/auth/local":
            return 302, "", {"Location": "/dex/auth/local/login?back=&state=s%20t", "Set-Cookie": "dex=1; Path=/"}
        if url.path == "/dex/auth/local/login" and request.method == "GET":
            return (200, *self.page("<form method=post>"))
        if url.path == "/dex/auth/local/login":
            self.logins += 1
            form = urllib.parse.parse_qs(request.body.decode(), strict_parsing=True)
            if form != {"login": [self.user], "password": [self.password]}:
                return (401, *self.page("Invalid email and password"))
            return self.approve() if not self.approval else (303, "", {"Location": "/dex/approval?req=r"})
        if url.path == "/dex/approval" and request.method == "GET":
            return (200, *self.page("Grant access?"))
        if url.path == "/dex/approval" and request.body == b"approval=approve":
            return self.approve()
        return 404, "not found"

    def approve(self):
        code = secrets.token_urlsafe()
        self.codes.add(code)
        return 303, "", {"Location": "%s/oauth2/callback?code=%s&state=s" % (self.front.url, code)}
