"""What the log describes, and is somebody else's by now, gets no signal of a StopTask."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import ScriptedHost  # noqa: E402
from scripted_engine import reply  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

ARN = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{{}}"
TASK = "0123456789abcdef0123456789abcde1"


class SomebodyElses(ScriptedHost):
    worker_flags = (*ScriptedHost.worker_flags, "--adopt", "nomad")

    def killed(self, container):
        return self.engine.called("POST", rf"/containers/{container}/(kill|stop)")

    def not_discovered(self):
        """{container id: reason}, as the worker's tasks command has it."""
        report = self.fleet.run("stopfleet-worker", "tasks", "--json", "--host-id", self.host_id, "--cluster", CLUSTER,
                                "--docker-endpoint", self.endpoint())
        return {left["id"]: left["reason"] for left in json.loads(report.stdout)["notDiscovered"]}

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
        self.assertIn("the ECS agent of this engine manages it", self.not_discovered()[container])

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

    def test_an_image_that_cannot_be_asked(self):
        """What it says decides whose its container is: until it can be asked the container is in no task."""
        image = "sha256:" + "a2" * 32
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web", "com.docker.compose.config-hash": "0a"}
        mine = self.engine.add("shop-web-1", labels=labels)
        task = self.fleet.task_of(self.api, "web")
        broken = self.engine.answer("GET", f"/images/{image}/json", reply(500, {"message": "broken"}))
        other = self.engine.add("shop-web-2", labels=labels, members={"Image": image})
        self.add("looked-after")
        self.assertEqual([c["runtimeId"] for c in self.fleet.describe(self.api, task)["containers"]], [mine])
        self.assertIn("the labels of its image could not be read", self.not_discovered()[other])
        self.engine.forget(broken)
        self.add("looked-again")
        wait_for(lambda: len(self.fleet.describe(self.api, task)["containers"]) == 2, 20, "the container whose image answers")
