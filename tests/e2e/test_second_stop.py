"""A StopTask of a task that is being stopped: it shortens, lengthens or ends the grace that runs, and changes nothing else."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

DRAINS = ("--label", "io.stopfleet.drain-delay=60s")


class SecondStop(DockerHost):
    worker_flags = ("--stop-timeout", "60s")

    def begin(self, name):
        """A task whose container ignores its stop signal, and has it."""
        container, task = self.run_task(name, command=("ignore",))
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        return container, task

    def assert_killed(self, container, task, *, signals=("TERM",)):
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.exit_code(document), 137)
        self.assertEqual(self.docker.signals(container), list(signals))

    def graces(self, task):
        """Of each StopAccepted."""
        return [[run["grace_ms"] for run in e["plan"]] for e in self.fleet.events(task, "StopAccepted")]

    def test_lengthened_and_shortened_again(self):
        """What is asked for last holds, and counts from the signal."""
        container, task = self.begin("twice-changed")
        self.stop(task, path="/stop-timeout/90")
        wait_for(lambda: self.graces(task)[-1] == [90000], 20, "the longer grace in the log")
        self.stop(task, path="/stop-timeout/2")
        self.assert_killed(container, task)
        self.assert_killed_after_its_grace(task, 2000)
        self.assertEqual(self.graces(task), [[60000], [90000], [2000]])

    def test_without_a_timeout(self):
        """It is recorded, and changes nothing."""
        container, task = self.begin("repeated")
        for _ in range(3):
            self.stop(task)
        self.stop(task, path="/stop-timeout/1")
        self.assert_killed(container, task)
        self.assertEqual(len(self.fleet.events(task, "StopRequested")), 5)
        self.assertEqual(self.graces(task), [[60000], [1000]])

    def test_shortened_by_a_signed_header(self):
        """botocore signs every header that it sends; one that is not signed is refused, and nothing is stopped by it."""
        container, task = self.begin("by-header")
        client = self.fleet.boto3(self.api)
        grace = ["2"]

        def add(request, **_):
            request.headers["X-Stopfleet-Stop-Timeout"] = grace[0]
        client.meta.events.register("before-sign.ecs.StopTask", add)
        client.stop_task(cluster=CLUSTER, task=task)
        self.assert_killed(container, task)
        self.assert_killed_after_its_grace(task, 2000)
        grace[0] = "2s"
        with self.assertRaisesRegex(client.exceptions.InvalidParameterException, "whole number of seconds from 0 to 604800, but was 2s"):
            client.stop_task(cluster=CLUSTER, task=task)
        unsigned = self.fleet.boto3(self.api)
        unsigned.meta.events.register("before-send.ecs.StopTask", add)
        with self.assertRaisesRegex(unsigned.exceptions.InvalidParameterException, "must be signed"):
            unsigned.stop_task(cluster=CLUSTER, task=task)
        self.assertEqual(len(self.fleet.events(task, "StopRequested")), 2)

    def test_ended_during_the_drain_delay(self):
        """No drain delay, no stop signal: SIGKILL."""
        container, task = self.run_task("drained", *DRAINS, command=("ignore",))
        self.stop(task)
        self.fleet.wait_events(task, "StopAccepted")
        self.stop(task, path="/stop-timeout/0")
        self.assert_killed(container, task, signals=())
        self.assertEqual(self.fleet.events(task, "SignalSent"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
