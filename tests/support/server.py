"""A real server process of a test: started, waited for, frozen, killed, restarted on the same port.

What a test starts dies with the test: each child has a parent-death signal, unless it is detached.
"""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "stopfleet")
SUPPORT = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(SUPPORT))

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_given_ports = set()


class ServerError(Exception):
    """A server that could not be started or did not become ready; the text says why."""


def free_port():
    """A free loopback port below the kernel's ephemeral range, so that no client's own end takes it
    while its server is down."""
    while True:
        port = random.randrange(12000, 32000)
        if port in _given_ports:
            continue
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def wait_for(condition, seconds, what, alive=None):
    """The condition's first true value. ServerError after so many seconds, or when alive() is not."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if alive is not None and not alive():
            raise ServerError(f"{what}: the process ended")
        if time.monotonic() > deadline:
            raise ServerError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def accepts(host, port, seconds=1.0):
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def spawn(argv, log, *, env=None, cwd=None, detached=False, stdin=subprocess.DEVNULL):
    """Starts a program in its own session, output appended to the file `log`."""

    def die_with_parent():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    with open(log, "ab") as out:
        return subprocess.Popen(
            argv, stdin=stdin, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd,
            start_new_session=True, preexec_fn=None if detached else die_with_parent)


def process_start_ticks(pid):
    """When the process was started, in the kernel's ticks: with the pid it names one process. None
    if it is not there, or has ended and only waits for its parent."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


class Server:
    """One server process. Subclasses give argv() and is_ready()."""

    name = "server"
    start_seconds = 30
    stop_seconds = 10

    def __init__(self, directory):
        self.directory = os.path.abspath(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.log = os.path.join(self.directory, f"{self.name}.log")
        self.process = None
        self.detached = False
        self.cwd = None  # where it runs; None: where the test does

    def argv(self):
        raise NotImplementedError

    def environment(self):
        return None

    def is_ready(self):
        raise NotImplementedError

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def launch(self):
        """Starts it and does not wait."""
        if self.alive():
            raise ServerError(f"{self.name} is running already")
        self.process = spawn(self.argv(), self.log, env=self.environment(), cwd=self.cwd, detached=self.detached)
        return self

    def wait_ready(self):
        try:
            wait_for(self.is_ready, self.start_seconds, f"{self.name} ready", self.alive)
        except ServerError as e:
            tail = self.log_text()[-2000:]
            self.kill()
            raise ServerError(f"{e}; the end of {self.log}:\n{tail}") from None
        return self

    def start(self):
        return self.launch().wait_ready()

    def stop(self):
        """SIGTERM, then SIGKILL if it must be."""
        if self.alive():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()

    def freeze(self):
        """SIGSTOP: it accepts connections and never answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        """Stops what is left of it and starts it again on the same port."""
        self.stop()
        return self.start()

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
