"""What the log describes, and is somebody else's by now, gets no signal of a StopTask."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import ScriptedHost  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

ARN = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{{}}"
TASK = "0123456789abcdef0123456789abcde1"


class SomebodyElses(ScriptedHost):
    worker_flags = (*ScriptedHost.worker_flags, "--adopt", "nomad")

    def killed(self, container):
        return self.engine.called("POST", rf"/containers/{container}/(kill|stop)")

    def assert_left(self, task, container, why):
        """The task is over, its container is not, and nobody signalled it."""
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        [shown] = document["containers"]
        self.assertNotIn("exitCode", shown)
        self.assertIn(why, shown["reason"])
        [gone] = self.fleet.events(task, "TaskGone")
        self.assertIn("somebody else's", gone["reason"])
        self.assertEqual(self.fleet.events(task, "StopAccepted"), [])
        self.assertEqual(self.killed(container), [])
        self.fleet.audit("check")

    def test_an_agent_comes_after_the_task(self):
        container = self.engine.add("ecs-web", labels={"com.amazonaws.ecs.task-arn": ARN.format(TASK)}, on_signal={"SIGTERM": 0})
        wait_for(lambda: self.fleet.describe(self.api, TASK), 20, "the task")
        agent = self.engine.add("ecs-agent")
        self.addCleanup(self.engine.remove, agent)
        self.assert_left(TASK, container, "the ECS agent of this engine manages it")
        report = self.fleet.run("stopfleet-worker", "tasks", "--json", "--host-id", self.host_id, "--cluster", CLUSTER,
                                "--docker-endpoint", self.endpoint())
        self.assertIn(container, [left["id"] for left in json.loads(report.stdout)["notDiscovered"]])

    def test_an_adoption_is_taken_back(self):
        """Also of a StopTask that waits for the worker: before its first list it has the container's labels."""
        container = self.engine.add("nomad-x", labels={"com.hashicorp.nomad.alloc_id": "u1"}, on_signal={"SIGTERM": 0})
        task = self.fleet.task_of(self.api, "nomad-x")
        self.worker.stop()
        at = self.worker.arguments.index("--adopt")
        adopt = self.worker.arguments[at:at + 2]
        del self.worker.arguments[at:at + 2]
        self.addCleanup(self.worker.arguments.extend, adopt)
        self.stop(task)
        self.worker.start()
        self.assert_left(task, container, "Nomad manages it")
        self.assertIn("stop.left_alone", self.worker.log_text())
