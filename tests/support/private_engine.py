"""A Docker engine of a test's own: another host, and one that may be stopped and started.

It shares nothing with the machine's engine: its own socket, images, containerd and state, no network.
"""

import os
import shutil
import subprocess
import tempfile

import docker_engine
from server import Server, ServerError


class PrivateEngine(Server):
    name = "dockerd"
    start_seconds = 60
    stop_seconds = 30

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

    def start(self):
        super().start()
        docker_engine.probe_image(at=self.socket)
        return self

    def close(self):
        """Removes its containers, ends it, and takes its folder away."""
        if self.alive():
            for container in docker_engine.docker("ps", "-aq", at=self.socket).split():
                docker_engine.docker("rm", "-f", container, at=self.socket, check=False)
        self.stop()
        with open("/proc/self/mounts", encoding="utf-8") as f:
            mounted = [line.split()[1] for line in f if line.split()[1].startswith(self.directory + "/")]
        for path in sorted(mounted, reverse=True):
            subprocess.run(["umount", "-l", path], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
