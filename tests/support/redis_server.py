"""A real redis-server on a free loopback port, and the few lines of RESP that a test needs."""

import shutil
import socket

from server import Server, ServerError, free_port


class Redis(Server):
    name = "redis"
    start_seconds = 10

    def __init__(self, directory, *, port=None, persistent=False, options=(), host="127.0.0.1"):
        """persistent: its data are there after a restart or a kill. options: more of redis-server. host: where it listens."""
        super().__init__(directory)
        self.host = host
        self.port = port or free_port()
        self.persistent = persistent
        self.options = list(options)

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def argv(self):
        program = shutil.which("redis-server")
        if program is None:
            raise ServerError("no redis-server here: deploy/packages/install.sh test")
        appendonly = ["yes", "--appendfsync", "always"] if self.persistent else ["no"]
        return [program, "--bind", self.host, "--port", str(self.port), "--save", "",
                "--appendonly", *appendonly, "--dir", self.directory, *self.options]

    def is_ready(self):
        try:
            return self.call("PING") == b"PONG"
        except (OSError, ServerError):
            return False

    def call(self, *words, timeout=5.0):
        """One command on a connection of its own; the answer as bytes, int, None or list."""
        encoded = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        request = b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)
        with socket.create_connection((self.host, self.port), timeout=timeout) as s:
            s.sendall(request)
            with s.makefile("rb") as f:
                return _answer(f)


def _answer(f):
    line = f.readline()
    if not line.endswith(b"\r\n"):
        raise ServerError("redis closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if kind == b"-":
        raise ServerError(f"redis says: {rest.decode(errors='replace')}")
    if kind == b"$":
        return None if rest == b"-1" else f.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return None if rest == b"-1" else [_answer(f) for _ in range(int(rest))]
    raise ServerError(f"redis answered {line!r}")
