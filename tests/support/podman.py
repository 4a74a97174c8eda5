"""A Podman of a test's own, behind its Docker-compatible socket: its own images, containers and state, no network.

Every call to the engine is served by `podman system service`; each container has a conmon of its own, which outlives it.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile

import docker_engine
from server import Server, ServerError, wait_for

# runc, as beside Docker; cgroups by files, since no systemd runs here; limits that a container of a machine with capped ones
# may have.
_CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Podman(Server):
    name = "podman"
    start_seconds = 60
    stop_seconds = 20
    probe = "localhost/" + docker_engine.PROBE  # a short name would be looked up in a registry

    def __init__(self):
        if os.geteuid() != 0:
            raise ServerError("only root can start a Podman whose containers are in cgroups: run this as root")
        if shutil.which("podman") is None:
            raise ServerError("no podman here: deploy/packages/install.sh test")
        # Sockets have short names: not below a test's own folder.
        super().__init__(tempfile.mkdtemp(prefix="sf-", dir="/tmp"))
        self.cwd = self.directory  # conmon leaves a file `oom` there
        self.socket = os.path.join(self.directory, "podman.sock")
        self.configuration = os.path.join(self.directory, "containers.conf")
        with open(self.configuration, "w", encoding="ascii") as f:
            f.write(_CONFIGURATION + f'tmp_dir = "{self.directory}/tmp"\n')

    def command(self, *words):
        return ["podman", "--root", os.path.join(self.directory, "root"), "--runroot", os.path.join(self.directory, "run"), *words]

    def argv(self):
        return self.command("system", "service", "--time", "0", f"unix://{self.socket}")

    def environment(self):
        return {**os.environ, "CONTAINERS_CONF": self.configuration}

    def podman(self, *words, timeout=60, check=True):
        """Runs podman itself on the same containers; its standard output, stripped."""
        result = subprocess.run(self.command(*words), env=self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)
        if check and result.returncode != 0:
            raise ServerError(f"podman {' '.join(words)}: {result.stderr.strip()}")
        return result.stdout.strip()

    def is_ready(self):
        return docker_engine.answers(at=self.socket)

    def start(self):
        super().start()
        self.import_probe()
        return self

    def import_probe(self):
        """The compatible API takes no archive and no name at once: podman's own command does."""
        archive = os.path.join(self.directory, "probe.tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(docker_engine.probe_program(), "probe")
        self.podman("import", "--change", 'ENTRYPOINT ["/probe"]', "--change", 'CMD ["obey"]', archive, self.probe)

    def close(self):
        """Removes its containers, ends it, and takes its folder away."""
        self.podman("rm", "--all", "--force", "--time", "0", check=False)
        self.stop()
        with open("/proc/self/mounts", encoding="utf-8") as f:
            mounted = [line.split()[1] for line in f if line.split()[1].startswith(self.directory + "/")]
        for path in sorted(mounted, reverse=True):
            subprocess.run(["umount", "-l", path], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
