"""A proxy before a real Docker engine's socket: writes down what is asked, delays answers, cuts connections.

    proxy = EngineProxy("/var/run/docker.sock").start()
    proxy.delays = itertools.cycle((2, 3))   # seconds before each answer, event streams excepted; None: at once
    proxy.refuse(r"/events")                 # open connections whose last request this is end, and new ones get no answer
    proxy.allow()
    proxy.requests                           # ["GET /containers/json?all=1", ...]
    proxy.close()
"""

import os
import re
import shutil
import socket
import tempfile
import threading

from server import wait_for

_REQUEST = re.compile(rb"^(GET|POST|DELETE|HEAD) (?:/v\d+\.\d+)?(/\S*) HTTP/1\.1\r\n")


class _Connection:
    """One of a caller, and the one to the engine for it."""

    def __init__(self, proxy, caller):
        self.proxy = proxy
        self.caller = caller
        self.engine = socket.socket(socket.AF_UNIX)
        self.path = ""
        self.answering = False

    def serve(self):
        try:
            self.engine.connect(self.proxy.target)
            threading.Thread(target=self._answers, daemon=True).start()
            while data := self.caller.recv(65536):
                self._note(data)
                self.engine.sendall(data)
        except OSError:
            pass
        self.end()

    def _note(self, data):
        match = _REQUEST.match(data)
        if match:
            self.path = match.group(2).decode()
            self.answering = False
            self.proxy.note(f"{match.group(1).decode()} {self.path}")
            if self.proxy.is_refused(self.path):
                raise OSError("refused")

    def _answers(self):
        try:
            while data := self.engine.recv(65536):
                if not self.answering and not self.path.startswith("/events"):
                    self.proxy.wait()
                self.answering = True
                self.caller.sendall(data)
        except OSError:
            pass
        self.end()

    def end(self):
        for end in (self.caller, self.engine):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class EngineProxy:
    def __init__(self, target):
        self.target = target
        self.directory = tempfile.mkdtemp(prefix="sf-", dir="/tmp")
        self.socket = os.path.join(self.directory, "proxy.sock")
        self.endpoint = f"unix://{self.socket}"
        self.requests = []
        self.delays = None
        self.closed = threading.Event()
        self._refused = None
        self._connections = []
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)

    def start(self):
        self._listener.bind(self.socket)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            connection = _Connection(self, caller)
            with self._lock:
                self._connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def note(self, request):
        with self._lock:
            self.requests.append(request)

    def wait(self):
        with self._lock:
            seconds = next(self.delays) if self.delays else 0
        self.closed.wait(seconds)

    def is_refused(self, path):
        with self._lock:
            return self._refused is not None and re.match(self._refused, path) is not None

    def refuse(self, path):
        """`path`: a pattern that the path with its query begins with."""
        with self._lock:
            self._refused = path
            cut = [c for c in self._connections if re.match(path, c.path)]
        for connection in cut:
            connection.end()

    def allow(self):
        with self._lock:
            self._refused = None

    def wait_request(self, pattern, count=1, seconds=30):
        """Until so many requests match."""
        wait_for(lambda: sum(re.match(pattern, r) is not None for r in list(self.requests)) >= count, seconds, f"{count} x {pattern}")

    def close(self):
        self.closed.set()
        self._listener.close()
        for connection in self._connections:
            connection.end()
        shutil.rmtree(self.directory, ignore_errors=True)
