"""An image registry on loopback that takes what is pushed: with it an engine knows an image's digest.

Just the part of the registry's API that a push needs (docs.docker.com/registry/spec/api); nothing is kept.
"""

import hashlib
import http.server
import threading
import urllib.parse
import uuid


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _say(self, status, **headers):
        self.send_response(status)
        for name, value in {"Docker-Distribution-Api-Version": "registry/2.0", "Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def do_GET(self):
        self._say(200 if self.path == "/v2/" else 404)

    def do_HEAD(self):
        self._say(200 if self.path.rsplit("/", 1)[1] in self.server.blobs else 404)

    def do_POST(self):
        self._body()
        self._say(202, Location=f"{self.path.split('?')[0]}{uuid.uuid4()}", Range="0-0")

    def do_PATCH(self):
        data = self.server.uploads.get(self.path, b"") + self._body()
        self.server.uploads[self.path] = data
        self._say(202, Location=self.path, Range=f"0-{max(len(data) - 1, 0)}")

    def do_PUT(self):
        url = urllib.parse.urlsplit(self.path)
        data = self.server.uploads.pop(url.path, b"") + self._body()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        wanted = dict(urllib.parse.parse_qsl(url.query)).get("digest", digest)
        if wanted != digest:
            self._say(400)
            return
        if "/manifests/" in url.path:
            self.server.manifests.append(digest)
        self.server.blobs.add(digest)
        self._say(201, Docker_Content_Digest=digest, Location=self.path)


class Registry:
    """`address` is what image names begin with, `manifests` the digests of what was pushed, in order."""

    def __init__(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.uploads, self._server.blobs, self._server.manifests = {}, set(), []
        self._server.handle_error = lambda *_: None  # engines try TLS first
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.manifests = self._server.manifests

    def start(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self):
        self._server.shutdown()
        self._server.server_close()
