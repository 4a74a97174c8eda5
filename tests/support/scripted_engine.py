"""A Docker engine that a test writes the script of: for what no real engine here can be made to show.

It speaks HTTP on a unix socket and holds containers that are only JSON: nothing runs. Use a real engine
(private_engine.py) for whatever one can show.

    engine = ScriptedEngine().start()                    # or ScriptedEngine(os_type="windows")
    web = engine.add("web", labels={"io.stopfleet.task": "web"}, on_signal={"SIGTERM": None})
    engine.answer("GET", r"/containers/.*/json", html(200), times=1)   # the next inspect is a web page
    engine.exit(web, 3221225786)                         # it ends by itself: State, and the event die
    engine.wait_call("POST", r"/containers/.*/kill")     # the worker has called; its Call
    engine.close()

`engine.endpoint` is what --docker-endpoint takes. What a container does with a signal is its `on_signal`:
signal -> exit code, None (nothing happens), or a function of (engine, id); a signal that is not there ends
it with 128 + its number. Every call is kept in `engine.calls`, each event in `engine.history`. All may be
called from any thread.
"""

import http.server
import json
import os
import re
import shutil
import signal as signals
import socketserver
import tempfile
import threading
import time
import urllib.parse
from collections import namedtuple

from server import wait_for

API_VERSION = "1.41"
NEVER = "0001-01-01T00:00:00Z"
IMAGE_ID = "sha256:" + "1" * 64

# The path without its version, the query as a dict, the version "" where there was none.
Call = namedtuple("Call", "method path query body version")


# ---- answers of a script: each is a function of the request's handler ----

def reply(status=200, value=None):
    """JSON as an engine writes it."""
    return raw(json.dumps(value).encode(), status)


def raw(body, status=200, content_type="application/json", promised=None):
    """Bytes as they are. With `promised` more bytes are announced than come: the connection ends in their midst."""
    def send(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body) if promised is None else promised))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = handler.close_connection or promised is not None
    return send


def html(status=200):
    """What a proxy before the engine says."""
    return raw(b"<html><body>Welcome</body></html>", status, "text/html")


def silence():
    """No answer until the engine is closed."""
    def wait(handler):
        handler.server.engine.closed.wait()
        handler.close_connection = True
    return wait


def hang_up():
    """The connection ends without an answer."""
    def end(handler):
        handler.close_connection = True
    return end


def endless(chunk=b"[" * 65536):
    """An answer that goes on for as long as the caller reads."""
    def send(handler):
        handler.begin_chunks()
        while not handler.server.engine.closed.is_set():
            handler.chunk(chunk)
    return send


def then(first, second):
    """Does what `first` (a function without arguments) does, then answers with `second` (None: as the engine would)."""
    def run(handler):
        first()
        (second or handler.as_the_engine_would)(handler)
    return run


# ---- HTTP ----

class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def begin_chunks(self, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def as_the_engine_would(self, _handler=None):
        self.server.engine.respond(self, self.call)

    def _serve(self):
        url = urllib.parse.urlsplit(self.path)
        version, path = re.fullmatch(r"(?:/v(\d+\.\d+)(?=/))?(.*)", urllib.parse.unquote(url.path)).groups()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.call = Call(self.command, path, dict(urllib.parse.parse_qsl(url.query)), body, version or "")
        engine = self.server.engine
        try:
            (engine.take_answer(self.call) or engine.refusal_of_version(self.call.version) or self.as_the_engine_would)(self)
        except OSError:  # the caller has gone
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _serve


class _Listener(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path, engine):
        self.engine = engine
        super().__init__(path, _Handler)

    def handle_error(self, request, client_address):
        pass  # a caller that hangs up in the midst


# ---- the engine ----

def _now():
    nanos = time.time_ns()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanos // 10**9)) + f".{nanos % 10**9:09d}Z"


def _numbers(version):
    return [int(number) for number in version.split(".")]


def _merge(into, more):
    """Members of `more` over those of `into`; objects are merged, everything else is replaced."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


class ScriptedEngine:
    def __init__(self, *, os_type="linux", version=None, info=None):
        """`version` and `info`: members over those of GET /version and GET /info."""
        self.directory = tempfile.mkdtemp(prefix="sf-", dir="/tmp")
        self.socket = os.path.join(self.directory, "docker.sock")
        self.endpoint = f"unix://{self.socket}"
        self.os_type = os_type
        self.version = {"Version": "20.10.24", "ApiVersion": API_VERSION, "MinAPIVersion": "1.12" if os_type == "linux" else "1.24",
                        "Os": os_type, "Arch": "amd64", "Components": [{"Name": "Engine", "Version": "20.10.24"}], **(version or {})}
        self.info = {"ID": "SCRIPTED", "OSType": os_type, "Architecture": "x86_64", "NCPU": 4, "MemTotal": 8 << 30, **(info or {})}
        self.inspects = {}   # id -> what GET /containers/ID/json says
        self.images = {}     # id -> what GET /images/ID/json says
        self.networks = {}   # id -> what GET /networks/ID says
        self.calls = []
        self.history = []    # events, in order
        self.closed = threading.Event()
        self._streams = 0    # how often those of GET /events were cut
        self._on_signal = {}
        self._answers = []   # [method, compiled path, answer, times left or None]
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._listener = None
        self._made = 0

    # ---- its own life ----

    def start(self):
        self._listener = _Listener(self.socket, self)
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self):
        self.closed.set()
        with self._changed:
            self._changed.notify_all()
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- the script ----

    def add(self, name, *, labels=None, image="stopfleet/scripted:1", running=True, on_signal=None, members=None):
        """A container; its id. `members` are merged over its inspect, for example {"HostConfig": {"CpuShares": 2}}."""
        with self._changed:
            self._made += 1
            container = f"{self._made:064x}"
            inspect = {
                "Id": container, "Created": _now(), "Path": "/probe", "Args": [], "Name": "/" + name, "Image": IMAGE_ID,
                "RestartCount": 0, "Platform": self.os_type,
                "State": {"Status": "created", "Running": False, "Paused": False, "Restarting": False, "OOMKilled": False,
                          "Dead": False, "Pid": 0, "ExitCode": 0, "Error": "", "StartedAt": NEVER, "FinishedAt": NEVER},
                "HostConfig": {"CpuShares": 0, "NanoCpus": 0, "Memory": 0, "MemoryReservation": 0, "NetworkMode": "default",
                               "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "DeviceRequests": None},
                "Config": {"Image": image, "Env": [], "Labels": dict(labels or {})},
                "NetworkSettings": {"Ports": {}, "Networks": {}}}
            _merge(inspect, members or {})
            self.inspects[container] = inspect
            self._on_signal[container] = dict(on_signal or {})
            self.images.setdefault(inspect["Image"], {"Id": inspect["Image"], "RepoDigests": []})
            self.emit(container, "create")
            if running:
                self.run(container)
            return container

    def run(self, container):
        """It starts: a new run."""
        with self._changed:
            self.inspects[container]["State"].update(Status="running", Running=True, Pid=4000 + self._made, StartedAt=_now(),
                                                     ExitCode=0, FinishedAt=NEVER)
            self.emit(container, "start")

    def exit(self, container, code, **state):
        """It ends by itself; `state` are more members of State, such as OOMKilled."""
        with self._changed:
            self.inspects[container]["State"].update({"Status": "exited", "Running": False, "Paused": False, "Pid": 0,
                                                      "ExitCode": code, "FinishedAt": _now(), **state})
            self.emit(container, "die", exitCode=str(code))

    def change(self, container, members, action="update"):
        """Merges members over its inspect, and says so by an event (None: by none)."""
        with self._changed:
            _merge(self.inspects[container], members)
            if action:
                self.emit(container, action)

    def remove(self, container):
        with self._changed:
            inspect = self.inspects.pop(container)
            self.emit(container, "destroy", name=inspect["Name"][1:])

    def emit(self, container, action, *, ahead_ms=0, **attributes):
        """An event of a container, to every open stream of GET /events; its time stamp may be ahead of our clock."""
        nanos = time.time_ns() + ahead_ms * 10**6
        attributes.setdefault("name", self.inspects.get(container, {}).get("Name", "/")[1:])
        event = {"Type": "container", "Action": action, "status": action, "id": container, "scope": "local",
                 "Actor": {"ID": container, "Attributes": attributes}, "time": nanos // 10**9, "timeNano": nanos}
        self.emit_raw(json.dumps(event).encode() + b"\n", nanos)

    def emit_raw(self, line, nanos=None):
        """Bytes on every open stream of GET /events, as they are."""
        with self._changed:
            self.history.append((nanos or time.time_ns(), line))
            self._changed.notify_all()

    def cut_streams(self):
        """Every open stream of GET /events ends."""
        with self._changed:
            self._streams += 1
            self._changed.notify_all()

    def answer(self, method, path, what, times=None):
        """Calls of this method whose path matches as a whole get this answer, the newest rule first; so many times, or always.
        The rule: forget() takes it back."""
        with self._lock:
            rule = [method, re.compile(path), what, times]
            self._answers.insert(0, rule)
            return rule

    def forget(self, rule):
        with self._lock:
            self._answers = [kept for kept in self._answers if kept is not rule]

    def called(self, method, path):
        """The calls so far whose path matches as a whole."""
        with self._lock:
            return [call for call in self.calls if call.method == method and re.fullmatch(path, call.path)]

    def wait_call(self, method, path, count=1, seconds=20):
        """Waits for so many calls; the last one."""
        return wait_for(lambda: self.called(method, path)[count - 1:], seconds, f"{count} x {method} {path}")[-1]

    # ---- what it answers by itself ----

    def take_answer(self, call):
        with self._lock:
            self.calls.append(call)
            for rule in self._answers:
                if rule[0] == call.method and rule[1].fullmatch(call.path):
                    if rule[3] is not None:
                        rule[3] -= 1
                        if rule[3] == 0:
                            self.forget(rule)
                    return rule[2]
        return None

    def refusal_of_version(self, version):
        """What dockerd says to a path of a version that it does not speak; None: it speaks it."""
        newest, oldest = self.version["ApiVersion"], self.version["MinAPIVersion"]
        if version and _numbers(version) > _numbers(newest):
            return reply(400, {"message": f"client version {version} is too new. Maximum supported API version is {newest}"})
        if version and _numbers(version) < _numbers(oldest):
            return reply(400, {"message": f"client version {version} is too old. Minimum supported API version is {oldest}, "
                                          "please upgrade your client to a newer version"})
        return None

    def respond(self, handler, call):
        for method, pattern, respond in self._ROUTES:
            match = re.fullmatch(pattern, call.path)
            if match and method == call.method:
                respond(self, handler, call, *match.groups())
                return
        reply(404, {"message": "page not found"})(handler)

    def _say(self, handler, value, status=200):
        with self._lock:
            body = b"" if value is None else json.dumps(value).encode()
        raw(body, status)(handler)

    def _ping(self, handler, _call):
        raw(b"OK", 200, "text/plain")(handler)

    def _version(self, handler, _call):
        self._say(handler, self.version)

    def _info(self, handler, _call):
        self._say(handler, {**self.info, "SystemTime": _now()})

    def _list(self, handler, call):
        with self._lock:
            entries = [self._entry(inspect) for inspect in self.inspects.values()
                       if call.query.get("all") == "1" or inspect["State"]["Status"] in ("running", "paused", "restarting")]
        self._say(handler, entries)

    @staticmethod
    def _entry(inspect):
        state = inspect["State"]["Status"]
        return {"Id": inspect["Id"], "Names": [inspect["Name"]], "Image": inspect["Config"]["Image"], "ImageID": inspect["Image"],
                "Created": 0, "State": state, "Status": f"({inspect['State']['ExitCode']})" if state == "exited" else "Up",
                "Labels": inspect["Config"]["Labels"], "NetworkSettings": {"Networks": inspect["NetworkSettings"]["Networks"]}}

    def _known(self, handler, known, key, kind):
        with self._lock:
            value = known.get(key)
        if value is None:
            self._say(handler, {"message": f"No such {kind}: {key}"}, 404)
        return value

    def _inspect(self, handler, _call, container):
        value = self._known(handler, self.inspects, container, "container")
        if value is not None:
            self._say(handler, value)

    def _image(self, handler, _call, image):
        value = self._known(handler, self.images, image, "image")
        if value is not None:
            self._say(handler, value)

    def _network(self, handler, _call, network):
        value = self._known(handler, self.networks, network, "network")
        if value is not None:
            self._say(handler, value)

    def _runs(self, handler, container):
        inspect = self._known(handler, self.inspects, container, "container")
        if inspect is None:
            return None
        if not inspect["State"]["Running"]:
            self._say(handler, {"message": f"Cannot kill container: {container}: Container {container} is not running"}, 409)
            return None
        return inspect

    def _signal(self, container, name):
        """What the container does with it."""
        with self._changed:
            number = getattr(signals, name)
            self.emit(container, "kill", signal=str(int(number)))
            outcome = self._on_signal[container].get(name, 128 + int(number))
            if callable(outcome):
                outcome(self, container)
            elif outcome is not None:
                self.exit(container, outcome)

    def _kill(self, handler, call, container):
        if self._runs(handler, container) is not None:
            name = call.query.get("signal", "SIGKILL")
            self._signal(container, name if name.startswith("SIG") else "SIG" + name)
            self._say(handler, None, 204)

    def _stop(self, handler, call, container):
        inspect = self._known(handler, self.inspects, container, "container")
        if inspect is None:
            return
        if inspect["State"]["Running"]:
            self._signal(container, inspect["Config"].get("StopSignal") or "SIGTERM")
            end = time.monotonic() + int(call.query.get("t", "10"))
            with self._changed:
                while inspect["State"]["Running"] and time.monotonic() < end and not self.closed.is_set():
                    self._changed.wait(max(0.0, end - time.monotonic()))
            if inspect["State"]["Running"]:
                self._signal(container, "SIGKILL")
        self._say(handler, None, 204)

    def _wait(self, handler, _call, container):
        inspect = self._known(handler, self.inspects, container, "container")
        if inspect is None:
            return
        with self._changed:
            while inspect["State"]["Running"] and not self.closed.is_set():
                self._changed.wait()
        self._say(handler, {"StatusCode": inspect["State"]["ExitCode"], "Error": None})

    def _update(self, handler, call, container):
        inspect = self._known(handler, self.inspects, container, "container")
        if inspect is not None:
            self.change(container, {"HostConfig": json.loads(call.body)})
            self._say(handler, {"Warnings": None})

    def _events(self, handler, call):
        since, until = (int(float(call.query[key]) * 10**9) if key in call.query else None for key in ("since", "until"))
        with self._lock:
            sent = len(self.history) if since is None and until is None else 0
            streams = self._streams
        handler.begin_chunks()
        while not self.closed.is_set() and streams == self._streams:
            with self._changed:
                while until is None and sent == len(self.history) and not self.closed.is_set() and streams == self._streams:
                    self._changed.wait()
                fresh, sent = self.history[sent:], len(self.history)
            for nanos, line in fresh:
                if (since is None or nanos >= since) and (until is None or nanos <= until):
                    handler.chunk(line)
            if until is not None:
                break
        handler.chunk(b"")

    _ROUTES = (
        ("GET", r"/_ping", _ping), ("GET", r"/version", _version), ("GET", r"/info", _info), ("GET", r"/events", _events),
        ("GET", r"/containers/json", _list), ("GET", r"/containers/([^/]+)/json", _inspect),
        ("GET", r"/images/([^/]+)/json", _image), ("GET", r"/networks/([^/]+)", _network),
        ("POST", r"/containers/([^/]+)/kill", _kill), ("POST", r"/containers/([^/]+)/stop", _stop),
        ("POST", r"/containers/([^/]+)/wait", _wait), ("POST", r"/containers/([^/]+)/update", _update),
    )
