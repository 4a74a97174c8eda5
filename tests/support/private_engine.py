"""A Docker engine of a test's own: another host, and one that may be stopped and started.

It shares nothing with the machine's engine: its own socket, images, containerd and state, no network.
"""

import os
import shutil
import signal
import subprocess
import tempfile

import docker_engine
from server import Server, ServerError, wait_for


def _parent(pid):
    """The parent of a process; None if it is not there, or only waits for its parent."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            state, parent = f.read().rsplit(")", 1)[1].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


class PrivateEngine(Server):
    name = "dockerd"
    start_seconds = 60
    stop_seconds = 30
    probe = docker_engine.PROBE

    def __init__(self, live_restore=False):
        if os.geteuid() != 0:
            raise ServerError("only root can start a Docker engine: run this as root")
        # Sockets have short names: not below a test's own folder.
        super().__init__(tempfile.mkdtemp(prefix="sf-", dir="/tmp"))
        self.socket = os.path.join(self.directory, "docker.sock")
        self.live_restore = live_restore

    def argv(self):
        flags = ["--live-restore"] if self.live_restore else []
        # In a network namespace of its own: an engine without a bridge takes docker0 away, whose ever it is.
        return ["unshare", "--net", "--", docker_engine.dockerd_program(), "--host", f"unix://{self.socket}", "--data-root", os.path.join(self.directory, "data"),
                "--exec-root", os.path.join(self.directory, "exec"), "--pidfile", os.path.join(self.directory, "pid"),
                "--bridge", "none", "--iptables=false", *flags]

    def is_ready(self):
        return docker_engine.answers(at=self.socket)

    def launch(self):
        # A dockerd that was killed leaves this; where nobody reaps its containerd, the next one takes the zombie for alive.
        path = os.path.join(self.directory, "exec", "containerd", "containerd.pid")
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                pid = int(f.read() or 0)
            if _parent(pid) is None:
                os.unlink(path)
        return super().launch()

    def wait_ready(self):
        super().wait_ready()
        docker_engine.probe_image(at=self.socket)
        return self

    def _processes(self):
        """Everything that it started: containerd, the shims, and what runs in containers."""
        shims = set()
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if self.directory.encode() in f.read():
                        shims.add(pid)
            except OSError:
                pass
        return shims | {pid for pid in pids if _parent(pid) in shims}

    def power_cut(self):
        """What a host's sudden end does: every process of it is killed at once, and /run is empty."""
        own = self._processes()
        self.kill()
        for pid in own:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for(lambda: not any(_parent(pid) is not None for pid in own), 30, "the end of what the engine ran")
        self._unmount()
        shutil.rmtree(os.path.join(self.directory, "exec"), ignore_errors=True)

    def _unmount(self):
        with open("/proc/self/mounts", encoding="utf-8") as f:
            mounted = [line.split()[1] for line in f if line.split()[1].startswith(self.directory + "/")]
        for path in sorted(mounted, reverse=True):
            subprocess.run(["umount", "-l", path], check=False)

    def close(self):
        """Removes its containers, ends it, and takes its folder away."""
        if self.alive():
            for container in docker_engine.docker("ps", "-aq", at=self.socket).split():
                docker_engine.docker("rm", "-f", container, at=self.socket, check=False)
        self.stop()
        self._unmount()
        shutil.rmtree(self.directory, ignore_errors=True)
