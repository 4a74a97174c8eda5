"""Test classes of one Docker host: an engine of the class's own, or the machine's, or a scripted one, and a worker."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fleet_case import FleetCase  # noqa: E402
from stopfleet import CLUSTER, Containers  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from scripted_engine import ScriptedEngine  # noqa: E402


class DockerHost(FleetCase):
    """The engine is the class's own."""

    host_id = "a" * 32
    worker_flags = ()
    live_restore = False

    @classmethod
    def open_engine(cls):
        """Starts the class's engine."""
        cls.engine = PrivateEngine(live_restore=cls.live_restore).start()
        cls.docker = Containers(cls.engine)
        cls.addClassCleanup(cls.docker.close)

    @classmethod
    def endpoint(cls):
        """Where the worker finds its engine."""
        return cls.docker.endpoint

    @classmethod
    def start_workers(cls):
        cls.worker = cls.docker_worker("docker-host", cls.host_id, *cls.worker_flags)

    @classmethod
    def docker_worker(cls, name, host_id, *flags):
        """A worker of the class's engine."""
        return cls.fleet.worker(name, host_id, ["--runtime", "docker", "--docker-endpoint", cls.endpoint(), *flags])

    def run_task(self, name, *flags, command=("obey",)):
        """A task of one container; (container id, task id)."""
        container = self.docker.run(name, "--label", f"io.stopfleet.task={name}", *flags, command=list(command))
        return container, self.fleet.task_of(self.api, name)

    def stop(self, task, *, path="/"):
        """StopTask, recorded; not waited for."""
        status, answer = self.api.call("StopTask", {"cluster": CLUSTER, "task": task, "reason": "test"}, path=path)
        self.assertEqual(status, 200, answer)

    def stop_and_wait(self, task, seconds=60):
        """The Task document once it is STOPPED."""
        self.stop(task)
        return self.fleet.wait_status(self.api, task, "STOPPED", seconds)

    def assert_killed_after_its_grace(self, task, grace_ms):
        """SIGKILL went, and not before the grace had run out on the boot-time clock."""
        [sent], [kill] = self.fleet.events(task, "SignalSent"), self.fleet.events(task, "KillSent")
        self.assertGreaterEqual(kill["sent_boot_ms"] - sent["sent_boot_ms"], grace_ms)

    def exit_code(self, document):
        """Of a task of one container."""
        [container] = document["containers"]
        return container.get("exitCode")

    def ends(self, task):
        """[(container run, exit code or None)] as the log has them."""
        return [(e["container_id"], e.get("exit_code")) for e in self.fleet.events(task, "ContainerExited")]


class MachineHost(DockerHost):
    """The same on the machine's engine, which has networks; where the worker sees everybody's containers (run.sh)."""

    @classmethod
    def open_engine(cls):
        cls.docker = Containers()
        cls.addClassCleanup(cls.docker.close)


class ScriptedHost(DockerHost):
    """The same on an engine whose answers the test writes (scripted_engine.py): for what no real engine can be made to show."""

    os_type = "linux"
    worker_flags = ("--stop-timeout", "2s", "--engine-timeout", "2s")

    @classmethod
    def open_engine(cls):
        cls.engine = ScriptedEngine(os_type=cls.os_type).start()
        cls.addClassCleanup(cls.engine.close)

    @classmethod
    def endpoint(cls):
        return cls.engine.endpoint

    def add(self, name, engine=None, seconds=20, labels=None, **more):
        """A task of one container; (container id, task id)."""
        container = (engine or self.engine).add(name, labels={"io.stopfleet.task": name, **(labels or {})}, **more)
        return container, self.fleet.task_of(self.api, name, seconds)
