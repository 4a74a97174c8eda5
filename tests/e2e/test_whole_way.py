"""aws ecs stop-task stops a real container, through Kafka and Redis: three hosts (two Docker engines, one of plain
processes), two APIs, one cluster."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import MachineHost  # noqa: E402
from stopfleet import CLUSTER, Containers  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from server import wait_for  # noqa: E402


class WholeWay(MachineHost):
    worker_flags = ("--stop-timeout", "2s")

    @classmethod
    def open_engine(cls):
        super().open_engine()
        cls.other_docker = Containers(PrivateEngine().start())
        cls.addClassCleanup(cls.other_docker.close)

    @classmethod
    def start_workers(cls):
        super().start_workers()
        cls.fleet.worker("other-docker-host", "c" * 32, ["--runtime", "docker", "--docker-endpoint", cls.other_docker.endpoint])
        cls.process_worker = cls.fleet.process_worker(extra=cls.worker_flags)
        cls.other_api = cls.fleet.api("api-2")

    def container(self, name, *command, flags=()):
        return self.docker.run(name, "--label", f"io.stopfleet.task={name}", *flags, command=list(command))

    def test_the_cli_stops_a_container_that_obeys(self):
        fleet = self.fleet
        container = self.container("obeying", "obey", "7")
        task = fleet.task_of(self.api, "obeying")
        listed = fleet.aws(self.api, "list-tasks", "--cluster", CLUSTER)["taskArns"]
        self.assertIn(f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{task}", listed)
        answer = fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task, "--reason", "rolling node 7")["task"]
        self.assertEqual(answer["desiredStatus"], "STOPPED")
        self.assertEqual(answer["stopCode"], "UserInitiated")
        self.assertEqual(answer["stoppedReason"], "rolling node 7")
        self.assertIn("stoppingAt", answer)
        fleet.aws(self.api, "wait", "tasks-stopped", "--cluster", CLUSTER, "--tasks", task)
        # The other instance says the same.
        document = fleet.aws(self.other_api, "describe-tasks", "--cluster", CLUSTER, "--tasks", task)["tasks"][0]
        self.assertEqual(document["lastStatus"], "STOPPED")
        self.assertEqual(document["stopCode"], "UserInitiated")
        self.assertEqual(document["stoppedReason"], "rolling node 7")
        self.assertEqual(document["launchType"], "EXTERNAL")
        self.assertEqual([(c["name"], c["exitCode"], c["runtimeId"]) for c in document["containers"]], [("obeying", 7, container)])
        truth = self.docker.inspect(container)["State"]
        self.assertEqual(truth["ExitCode"], 7)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertEqual([e["type"] for e in fleet.events(task)],
                         ["TaskObserved", "StopRequested", "StopAccepted", "SignalSent", "ContainerExited", "TaskStopped"])

    def test_a_container_that_ignores_sigterm_dies_at_the_end_of_its_grace(self):
        fleet = self.fleet
        container = self.container("ignoring", "ignore")
        task = fleet.task_of(self.api, "ignoring")
        fleet.aws(self.other_api, "stop-task", "--cluster", CLUSTER, "--task", task)
        document = fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["stoppedReason"], "Task stopped by user")
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        [term] = fleet.events(task, "SignalSent")
        [kill] = fleet.events(task, "KillSent")
        grace = kill["sent_boot_ms"] - term["sent_boot_ms"]
        self.assertGreaterEqual(grace, 2000, "SIGKILL before the grace had run out")
        self.assertNotIn("maybe_repeated", term)

    def test_the_order_of_two_containers(self):
        fleet = self.fleet
        for name, depends in (("db", ()), ("web", ("--label", "io.stopfleet.depends-on=shop-db"))):
            self.docker.run(f"shop-{name}", "--label", "io.stopfleet.task=shop", *depends, command=["late", "300"])
        def both():
            document = fleet.describe(self.api, task)
            return len(document["containers"]) == 2
        task = fleet.task_of(self.api, "shop-web")
        wait_for(both, 10, "both containers in the document")
        fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task)
        fleet.wait_status(self.api, task, "STOPPED")
        steps = [(e["type"], e.get("name") or e["container_id"]) for e in fleet.events(task) if e["type"] in ("SignalSent", "ContainerExited")]
        self.assertEqual([s[0] for s in steps], ["SignalSent", "ContainerExited", "SignalSent", "ContainerExited"])
        self.assertEqual([s[1] for s in steps if s[0] == "ContainerExited"], ["shop-web", "shop-db"])

    def test_two_docker_hosts_and_one_stop(self):
        """The same name on two engines: the stop reaches the one that was named, and no other."""
        fleet = self.fleet
        here = self.container("same-name", "obey", "1")
        there = self.other_docker.run("same-name", "--label", "io.stopfleet.task=same-name", command=["obey", "2"])
        wait_for(lambda: len(self.ids_of("same-name")) == 2, 20, "both tasks in the view")
        by_host = {fleet.describe(self.api, task)["containerInstanceArn"].rsplit("/", 1)[1]: task for task in self.ids_of("same-name")}
        fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", by_host["c" * 32])
        document = fleet.wait_status(self.other_api, by_host["c" * 32], "STOPPED")
        self.assertEqual([(c["runtimeId"], c["exitCode"]) for c in document["containers"]], [(there, 2)])
        self.assertEqual(self.docker.signals(here), [])
        self.assertEqual(fleet.describe(self.api, by_host[self.host_id])["lastStatus"], "RUNNING")
        fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", by_host[self.host_id])
        self.assertEqual(fleet.wait_status(self.api, by_host[self.host_id], "STOPPED")["containers"][0]["exitCode"], 1)

    def ids_of(self, container_name):
        documents = [self.fleet.describe(self.api, task) for task in self.fleet.tasks(self.api)]
        return [d["taskArn"].rsplit("/", 1)[1] for d in documents if d and any(c["name"] == container_name for c in d["containers"])]

    def test_a_task_on_another_host(self):
        fleet = self.fleet
        fleet.run_process(self.process_worker, "plain", "trap 'exit 3' TERM; while :; do sleep 0.05; done")
        task = fleet.task_of(self.other_api, "main")
        fleet.aws(self.other_api, "stop-task", "--cluster", CLUSTER, "--task", task, "--reason", "by process")
        document = fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 3)
        self.assertTrue(document["containerInstanceArn"].endswith("/" + "b" * 32))

    def test_a_container_that_ends_by_itself_is_gone(self):
        fleet = self.fleet
        container = self.container("fleeting", "obey", "5")
        task = fleet.task_of(self.api, "fleeting")
        self.docker.signal(container, "TERM")
        document = fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["stopCode"], "EssentialContainerExited")
        self.assertEqual(document["containers"][0]["exitCode"], 5)
        # A StopTask for it is recorded and changes nothing.
        answer = fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task, "--reason", "too late")["task"]
        self.assertEqual(answer["stopCode"], "EssentialContainerExited")
        fleet.wait_events(task, "StopRequested")

    def test_boto3_and_a_second_stop_changes_nothing(self):
        fleet = self.fleet
        client = fleet.boto3(self.api)
        self.container("twice", "late", "700")
        task = fleet.task_of(self.api, "twice")
        first = client.stop_task(cluster=CLUSTER, task=task, reason="first")["task"]
        second = client.stop_task(cluster=CLUSTER, task=task, reason="second")["task"]
        self.assertEqual(second["stoppedReason"], "first")
        self.assertEqual(second["stoppingAt"], first["stoppingAt"])
        fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(len(fleet.events(task, "StopRequested")), 2)
        self.assertEqual(len(fleet.events(task, "SignalSent")), 1)
        self.assertEqual(client.describe_tasks(cluster=CLUSTER, tasks=["f" * 32])["failures"][0]["reason"], "MISSING")
        with self.assertRaises(client.exceptions.InvalidParameterException) as caught:
            client.stop_task(cluster=CLUSTER, task="a" * 32)
        self.assertIn("task was not found", str(caught.exception))
        with self.assertRaises(client.exceptions.ClusterNotFoundException):
            client.stop_task(cluster="nowhere", task="a" * 32)

    def test_force_stop_by_the_path(self):
        fleet = self.fleet
        container = self.container("forced", "ignore", flags=["--stop-timeout", "60"])
        task = fleet.task_of(self.api, "forced")
        fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task)
        fleet.wait_events(task, "SignalSent")
        status, _ = self.api.call("StopTask", {"cluster": CLUSTER, "task": task}, path="/stop-timeout/0")
        self.assertEqual(status, 200)
        document = fleet.wait_status(self.api, task, "STOPPED", seconds=10)
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        self.assertEqual(self.docker.signals(container), ["TERM"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
