"""The life of tasks beside the life of engine and host: dockerd restarted with and without live-restore, a host that lost
its power, in peace and in mid-grace."""

import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from stopfleet import Containers  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from server import wait_for  # noqa: E402


class EngineLife(DockerHost):
    """An engine and a worker of its own for each test."""

    hosts = 0

    @classmethod
    def open_engine(cls):
        pass

    @classmethod
    def start_workers(cls):
        pass

    def begin(self, live_restore=False):
        EngineLife.hosts += 1
        self.engine = PrivateEngine(live_restore)
        self.addCleanup(self.engine.close)
        self.docker = Containers(self.engine.start())
        name = f"host-{EngineLife.hosts}"
        self.worker = self.fleet.worker(name, f"{EngineLife.hosts:032x}", ["--docker-endpoint", self.docker.endpoint])
        self.addCleanup(self.worker.stop)

    def started_at(self, container):
        return self.docker.inspect(container)["State"]["StartedAt"]

    def wait_back(self):
        """A task that is started now is in the view: what the engine's return brought has been looked at."""
        return self.run_task(f"after-{self.id().rsplit('.', 1)[1][:40]}")

    def open_tasks_of(self, name):
        documents = [self.fleet.describe(self.api, task) for task in self.fleet.tasks(self.api)]
        return [d["taskArn"].rsplit("/", 1)[1] for d in documents if d and any(c["name"] == name for c in d["containers"])]

    def test_dockerd_restarted(self):
        """Without live-restore dockerd ends all containers, and starts again those whose policy says so."""
        self.begin()
        mortal, mortal_task = self.run_task("mortal", command=["obey", "4"])
        kept, kept_task = self.run_task("kept", "--restart", "always")
        began = self.started_at(kept)
        self.engine.restart()
        document = self.fleet.wait_status(self.api, mortal_task, "STOPPED")
        self.assertEqual((document["stopCode"], document["containers"][0]["exitCode"]), ("EssentialContainerExited", 4))
        wait_for(lambda: self.started_at(kept) != began, 20, "a restart by the engine")
        self.wait_back()
        # dockerd goes on answering for a while as it goes down: where the worker saw the end, the task is over.
        [task] = self.open_tasks_of("kept")
        if task != kept_task:
            document = self.fleet.wait_status(self.api, kept_task, "STOPPED")
            self.assertEqual(document["stopCode"], "EssentialContainerExited")
        self.docker.docker("start", mortal)
        second = self.fleet.task_of(self.api, "mortal")
        self.assertNotEqual(second, mortal_task)
        self.assertEqual(self.stop_and_wait(task)["stopCode"], "UserInitiated")
        # Once by dockerd as it went down, once by us.
        self.assertEqual(self.docker.signals(kept), ["TERM", "TERM"])
        self.assertEqual(self.docker.inspect(kept)["State"]["Status"], "exited")

    def test_dockerd_restarted_with_live_restore(self):
        """The containers live on: not one TaskObserved is written."""
        self.begin(live_restore=True)
        mortal, mortal_task = self.run_task("survivor", command=["obey", "3"])
        kept, kept_task = self.run_task("kept-alive", "--restart", "unless-stopped")
        began = {c: self.started_at(c) for c in (mortal, kept)}
        self.engine.restart()
        self.wait_back()
        for name, container, task in (("survivor", mortal, mortal_task), ("kept-alive", kept, kept_task)):
            self.assertEqual(self.started_at(container), began[container])
            self.assertEqual(self.open_tasks_of(name), [task])
            self.assertEqual(len(self.fleet.events(task, "TaskObserved")), 1)
        self.assertEqual(self.stop_and_wait(mortal_task)["containers"][0]["exitCode"], 3)
        self.stop_and_wait(kept_task)
        for container in (mortal, kept):
            self.assertEqual(self.docker.signals(container), ["TERM"])

    def reboot(self):
        """Power is cut from engine and worker, and both start as after a boot: another boot id, a boot clock of seconds."""
        self.worker.kill()
        self.engine.power_cut()
        boot_id = os.path.join(self.directory, "boot_id")
        with open(boot_id, "w", encoding="ascii") as f:
            f.write(f"{uuid.uuid4()}\n")
        with open("/proc/uptime", encoding="ascii") as f:
            offset = 5 - int(float(f.read().split()[0]))
        self.worker.wrapper = ["unshare", "--mount", "--time", "--boottime", str(offset), "--", "sh", "-c",
                               'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"', boot_id]
        self.engine.start()
        self.worker.start()

    def test_a_host_that_lost_its_power(self):
        self.begin()
        _, mortal_task = self.run_task("mortal-on-host")
        kept, kept_task = self.run_task("kept-on-host", "--restart", "unless-stopped")
        began = self.started_at(kept)
        self.reboot()
        document = self.fleet.wait_status(self.api, mortal_task, "STOPPED")
        self.assertEqual(document["stopCode"], "EssentialContainerExited")
        wait_for(lambda: self.started_at(kept) != began, 20, "a restart by the engine")
        self.fleet.wait_events(kept_task, "TaskObserved", 2)
        self.assertEqual(self.open_tasks_of("kept-on-host"), [kept_task])
        self.stop_and_wait(kept_task)
        self.assertEqual(self.docker.signals(kept), ["TERM"])

    def test_a_host_that_lost_its_power_in_mid_grace(self):
        """The graces end with the host. What the engine starts again by its policy is stopped again, with a grace of its own."""
        self.begin()
        mortal, mortal_task = self.run_task("mid-grace", "--stop-timeout", "600", command=["ignore"])
        again, again_task = self.run_task("again", "--stop-timeout", "2", "--restart", "always", command=["ignore"])
        for task in (mortal_task, again_task):
            self.stop(task)
            self.fleet.wait_events(task, "SignalSent")
        self.reboot()
        document = self.fleet.wait_status(self.api, mortal_task, "STOPPED")
        self.assertEqual(document["stopCode"], "UserInitiated")
        self.assertEqual(self.docker.signals(mortal), ["TERM"])
        self.assertEqual(self.fleet.events(mortal_task, "KillSent"), [])
        document = self.fleet.wait_status(self.api, again_task, "STOPPED", seconds=60)
        # The document is of the run that was described: how that one ended nobody saw.
        self.assertNotIn("exitCode", document["containers"][0])
        first, second = self.fleet.events(again_task, "SignalSent")
        self.assertNotEqual((first["boot_id"], first["started_at"]), (second["boot_id"], second["started_at"]))
        [kill] = self.fleet.events(again_task, "KillSent")
        self.assertEqual(kill["started_at"], second["started_at"])
        self.assertGreaterEqual(kill["sent_boot_ms"] - second["sent_boot_ms"], 2000)
        [stopped] = self.fleet.events(again_task, "TaskStopped")
        self.assertEqual({r["started_at"]: r.get("exit_code") for r in stopped["results"]},
                         {first["started_at"]: None, second["started_at"]: 137})
        self.assertFalse(self.docker.inspect(again)["State"]["Running"])
        self.assertEqual(self.docker.signals(again), ["TERM", "TERM"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
