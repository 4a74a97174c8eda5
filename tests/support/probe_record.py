"""What the probe program (probe.c) wrote of itself: the one witness of a stop that is not Stopfleet's."""

import select
import threading
import time

from server import ServerError

try:
    from os import pidfd_open
except ImportError:
    pidfd_open = None


class Line:
    """One line: what happened ("start", "signal", "exit"), its name ("TERM"), and when by the boot clock."""

    def __init__(self, text):
        self.what, self.name, self.number, *rest = text.split()
        times = dict(word.split("=", 1) for word in rest)
        self.boot_ms = int(times["boot_ms"])
        self.pid = int(times["pid"])


def lines(text):
    """The record's lines, without one that is still being written."""
    return [Line(line) for line in text.splitlines(keepends=True)
            if line.endswith("\n") and line.split(" ", 1)[0] in ("start", "signal", "exit")]


def signals(text):
    """The signals that it got, in order."""
    return [line for line in lines(text) if line.what == "signal"]


class EndWatch:
    """Notes by the boot clock when processes end, told by the kernel (pidfd)."""

    def __init__(self):
        if pidfd_open is None:
            raise ServerError("no os.pidfd_open: this needs Python 3.9 and Linux 5.3")
        self._poll = select.epoll()
        self._ended = {}
        self._pids = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def add(self, pid):
        descriptor = pidfd_open(pid)
        with self._lock:
            self._pids[descriptor] = pid
        self._poll.register(descriptor, select.EPOLLIN)

    def ended_boot_ms(self, pid):
        """None while it runs."""
        with self._lock:
            return self._ended.get(pid)

    def _watch(self):
        while True:
            for descriptor, _ in self._poll.poll():
                now = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000
                self._poll.unregister(descriptor)
                with self._lock:
                    self._ended[self._pids.pop(descriptor)] = now
