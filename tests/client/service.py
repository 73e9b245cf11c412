"""A server for the clients' tests: answers as a test says, in ways that real ones never should, and remembers what it was
asked. HTTP or HTTPS on 127.0.0.1.

SPDX-License-Identifier: Apache-2.0
"""
import datetime
import http.server
import ipaddress
import json
import os
import socket
import ssl
import threading

# What pods run; it is made by the build.
HARNESS = os.path.abspath(os.path.join(os.environ.get("CHARD_TEMPLATES", "templates"), "step.py"))


class Request:
    def __init__(self, handler, body):
        self.method, self.path, self.headers, self.body = handler.command, handler.path, handler.headers, body
        self.connection = handler.connection

    def json(self):
        return json.loads(self.body)


class Service:
    """`answer` gets each Request and gives (status, body) or (status, body, headers): a body that is neither text nor bytes
    is sent as JSON. Or it writes to request.connection itself and gives None: then the connection is closed."""

    def __init__(self, answer, context=None):
        service = self
        self.requests = []
        self.answer = answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self, body)
                service.requests.append(request)
                reply = service.answer(request)
                if reply is None:
                    self.close_connection = True
                    return
                status, body, headers = (reply + ({},))[:3]
                kind = "application/json"
                if isinstance(body, str):
                    kind, body = "text/plain", body.encode()
                elif not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass    # clients that go away are part of the tests

        self.server = Server(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if context else "http", self.port)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def in_turn(*answers):
    """Each answer once, the last one for ever. An answer may be a function of the request."""
    left = list(answers)

    def answer(request):
        one = left.pop(0) if len(left) > 1 else left[0]
        return one(request) if callable(one) else one
    return answer


def raw(*parts, hang=None):
    """Sends these bytes as they are; then waits for the event, if there is one, and closes."""
    def answer(request):
        for part in parts:
            request.connection.sendall(part)
        if hang:
            hang.wait(60)
        request.connection.shutdown(socket.SHUT_RDWR)
    return answer


def endless(request):
    """A body that never ends."""
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    block = b'{"x": "' + b"x" * (1 << 20)
    while True:
        request.connection.sendall(block)


def authority(folder, name="ca"):
    """A certificate authority; the path of its certificate, and a function that makes certificates: (certificate, key)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    now = datetime.datetime.now(datetime.timezone.utc)

    def make(subject, issuer, key, sign, extensions):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(sign, hashes.SHA256())

    def called(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    def write(path, data):
        with open(path, "wb") as f:
            f.write(data)
        return path

    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = make(called(name), called(name), ca_key, ca_key, [(x509.BasicConstraints(True, None), True)])
    pem = serialization.Encoding.PEM
    ca_path = write("%s/%s.pem" % (folder, name), ca.public_bytes(pem))

    def issue(who, address="127.0.0.1"):
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(address) if address[-1:].isalpha()
                                             else x509.IPAddress(ipaddress.ip_address(address))])
        certificate = make(called(who), ca.subject, key, ca_key, [(names, False)])
        return (write("%s/%s.pem" % (folder, who), certificate.public_bytes(pem)),
                write("%s/%s.key" % (folder, who), key.private_bytes(
                    pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())))
    return ca_path, issue


def tls(certificate, key, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
