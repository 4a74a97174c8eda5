"""Podman's Docker-compatible socket, with a real Podman: the whole way, unruly containers, and what differs from Docker."""

import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stopfleet import CLUSTER, Containers, Fleet  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from podman import Podman  # noqa: E402
from redis_server import Redis  # noqa: E402


class PodmanSocket(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="stopfleet-e2e-")
        cls.kafka = Kafka(os.path.join(cls.directory, "kafka")).start()
        cls.redis = Redis(os.path.join(cls.directory, "redis")).start()
        cls.engine = Podman().start()
        cls.docker = Containers(cls.engine)
        cls.fleet = Fleet(cls.directory, cls.kafka, cls.redis)
        cls.fleet.make_topics()
        cls.worker = cls.fleet.worker("podman-host", "9" * 32, ["--docker-endpoint", cls.docker.endpoint, "--stop-timeout", "30s"])
        cls.api = cls.fleet.api()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.fleet.close()
        finally:
            cls.docker.close()
            cls.redis.stop()
            cls.kafka.stop()
            shutil.rmtree(cls.directory, ignore_errors=True)

    def tearDown(self):
        self.fleet.assert_view_is_fold()

    def start_task(self, name, *flags, command=("obey",)):
        container = self.docker.run(name, "--label", f"io.stopfleet.task={name}", *flags, command=list(command))
        return container, self.fleet.task_of(self.api, name)

    def stop(self, task, path="/"):
        status, answer = self.api.call("StopTask", {"cluster": CLUSTER, "task": task}, path=path)
        self.assertEqual(status, 200, answer)

    def stop_and_wait(self, task, seconds=40):
        self.stop(task)
        return self.fleet.wait_status(self.api, task, "STOPPED", seconds)

    def only(self, task, kind):
        [event] = self.fleet.events(task, kind)
        return event

    def assert_graceful(self, task, container, exit_code):
        """One stop signal, no SIGKILL, and the code of the container's own end."""
        self.assertEqual(self.fleet.describe(self.api, task)["containers"][0]["exitCode"], exit_code)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertEqual(self.fleet.events(task, "KillSent"), [])

    def assert_killed_after(self, task, grace_ms):
        sent, kill = self.only(task, "SignalSent"), self.only(task, "KillSent")
        self.assertGreaterEqual(kill["sent_boot_ms"] - sent["sent_boot_ms"], grace_ms)
        self.assertEqual(self.fleet.describe(self.api, task)["containers"][0]["exitCode"], 137)

    def test_the_whole_way(self):
        container, task = self.start_task("pod-obey", command=["obey", "7"])
        self.fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task, "--reason", "moving")
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual((document["stoppedReason"], document["containers"][0]["runtimeId"]), ("moving", container))
        self.assertTrue(document["containers"][0]["image"].endswith("stopfleet/probe:test"))
        self.assert_graceful(task, container, 7)
        self.assertEqual([e["type"] for e in self.fleet.events(task)],
                         ["TaskObserved", "StopRequested", "StopAccepted", "SignalSent", "ContainerExited", "TaskStopped"])

    def test_one_that_ignores_the_signal(self):
        container, task = self.start_task("pod-ignore", "--stop-timeout", "2", command=["ignore"])
        self.stop_and_wait(task)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assert_killed_after(task, 2000)

    def test_a_pre_stop_command_is_not_run(self):
        container, task = self.start_task("pod-hook", "--label", 'io.stopfleet.pre-stop=["/probe","exit","0"]', command=["obey", "2"])
        self.stop_and_wait(task)
        self.assert_graceful(task, container, 2)
        self.assertIn("PreStopUnsupported", self.only(task, "PreStopEnded")["reason"])

    def test_its_own_stop_signal(self):
        container, task = self.start_task("pod-int", "--stop-signal", "SIGINT", command=["obey", "3"])
        self.stop_and_wait(task)
        self.assertEqual(self.docker.signals(container), ["INT"])
        self.assertEqual(self.only(task, "SignalSent")["signal"], "SIGINT")

    def test_restart_policies(self):
        for policy in ("always", "unless-stopped", "on-failure:5"):
            with self.subTest(policy=policy):
                name = "pod-" + policy.split(":")[0]
                container, task = self.start_task(name, "--restart", policy, command=["obey", "4"])
                self.stop_and_wait(task)
                self.assertFalse(self.docker.inspect(container)["State"]["Running"])
                self.assert_graceful(task, container, 4)

    def test_a_restart_policy_and_no_obedience(self):
        container, task = self.start_task("pod-stubborn", "--restart", "always", "--stop-timeout", "2", command=["ignore"])
        self.stop_and_wait(task)
        self.assertFalse(self.docker.inspect(container)["State"]["Running"])
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assert_killed_after(task, 2000)

    def test_a_paused_one_with_a_restart_policy(self):
        container, task = self.start_task("pod-paused-always", "--restart", "always", command=["obey", "5"])
        self.docker.docker("pause", container)
        self.stop_and_wait(task)
        self.assertFalse(self.docker.inspect(container)["State"]["Running"])
        self.assert_graceful(task, container, 5)

    def test_removed_by_itself(self):
        """--rm: the exit code comes from the event, the container is not there to be asked."""
        _, task = self.start_task("pod-rm", "--rm", command=["obey", "9"])
        document = self.stop_and_wait(task)
        self.assertEqual(document["containers"][0]["exitCode"], 9)

    def test_paused(self):
        container, task = self.start_task("pod-paused", command=["obey", "5"])
        self.docker.docker("pause", container)
        self.stop_and_wait(task)
        self.assert_graceful(task, container, 5)

    def test_ended_by_itself(self):
        container, task = self.start_task("pod-ends", command=["obey", "6"])
        self.docker.signal(container, "TERM")
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual((document["stopCode"], document["containers"][0]["exitCode"]), ("EssentialContainerExited", 6))

    def test_a_grace_that_is_cut_short(self):
        container, task = self.start_task("pod-forced", "--stop-timeout", "600", command=["ignore"])
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        self.stop(task, path="/stop-timeout/0")
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertEqual(len(self.fleet.events(task, "KillSent")), 1)

    def test_worker_killed_in_mid_grace(self):
        container, task = self.start_task("pod-crash", "--stop-timeout", "3", command=["ignore"])
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        self.worker.kill()
        self.worker.start()
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assert_killed_after(task, 3000)

    def test_engine_restarted_in_mid_grace(self):
        """The service is one process beside the containers: they live on without it."""
        container, task = self.start_task("pod-service", command=["late", "2500", "8"])
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        self.engine.restart()
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assert_graceful(task, container, 8)

    def test_under_a_systemd_unit(self):
        """What systemd would start again is not discovered; adopted it is a task by its unit."""
        container = self.docker.run("pod-unit", "--label", "PODMAN_SYSTEMD_UNIT=web.service")
        self.start_task("pod-beside")
        names = {c["name"] for t in self.fleet.tasks(self.api) for c in self.fleet.describe(self.api, t)["containers"]}
        self.assertNotIn("pod-unit", names)
        result = self.fleet.run("stopfleet-worker", "tasks", "--docker-endpoint", self.docker.endpoint, "--cluster", CLUSTER)
        self.assertIn("a systemd unit manages it", result.stdout)
        result = self.fleet.run("stopfleet-worker", "tasks", "--docker-endpoint", self.docker.endpoint, "--cluster", CLUSTER, "--adopt", "systemd")
        self.assertIn("web.service", result.stdout.split("NOT DISCOVERED")[0])
        self.assertEqual(self.docker.signals(container), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
