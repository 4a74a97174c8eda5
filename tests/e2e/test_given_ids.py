"""Ids that containers bring with them (ECS task ARNs) and that may have been used before: the log knows it, also when the view no longer does."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import ScriptedHost  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

RETENTION = "2s"
ASKED_THE_LOG = "the log tells whether"


class GivenIds(ScriptedHost):
    worker_flags = (*ScriptedHost.worker_flags, "--retention", RETENTION)

    def tearDown(self):
        self.fleet.audit("check", "--retention", RETENTION)

    def run_ecs(self, task):
        """A container that carries the ARN of this task."""
        arn = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{task}"
        return self.engine.add(f"ecs-{task[-4:]}", labels={"com.amazonaws.ecs.task-arn": arn}, on_signal={"SIGTERM": 0})

    def discovered(self, task):
        return wait_for(lambda: self.fleet.describe(self.api, task), 20, f"{task} in the view")

    def test_an_id_that_ended_before_the_retention(self):
        """After a restart of its worker, too: its container is no task, and no StopTask of it is accepted that nobody carries out."""
        over, fresh, fresher = (f"0123456789abcdef0123456789abcd{i:02x}" for i in range(3))
        container = self.run_ecs(over)
        self.discovered(over)
        self.stop_and_wait(over)
        self.worker.stop()
        wait_for(lambda: not self.fleet.describe(self.api, over), 20, "the ended task gone from the view")
        before = len(self.worker.log_text())
        self.worker.start()
        self.engine.run(container)
        wait_for(lambda: "discovery.id_taken" in self.worker.log_text()[before:], 20, "the id is said to be taken")
        self.run_ecs(fresh)
        self.discovered(fresh)
        self.run_ecs(fresher)
        self.discovered(fresher)
        self.assertEqual(self.worker.log_text()[before:].count(ASKED_THE_LOG), 1)
        self.fleet.audit("rebuild", "--retention", RETENTION)
        status, answer = self.api.call("StopTask", {"cluster": CLUSTER, "task": over})
        self.assertEqual((status, answer["message"]), (400, "The referenced task was not found."))
        self.assertEqual([event["type"] for event in self.fleet.events(over)].count("TaskObserved"), 1)
        self.assertEqual(self.exit_code(self.stop_and_wait(fresh)), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
