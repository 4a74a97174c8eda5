"""Unruly containers (unruly_containers.py) on a real Docker engine."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from server import wait_for  # noqa: E402
from unruly_containers import UnrulyContainers  # noqa: E402


class Unruly(UnrulyContainers, DockerHost):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Its back-off doubles while the other tests run.
        cls.restarting = cls.docker.run("back-off", "--restart", "always", "--label", "io.stopfleet.task=back-off",
                                        command=("exit", "3", "200"))

    def test_in_restart_back_off(self):
        task = self.fleet.task_of(self.api, "back-off")

        def waits():
            container = self.docker.inspect(self.restarting)
            return container if container["State"]["Restarting"] and container["RestartCount"] >= 6 else None
        before = wait_for(waits, 60, "a back-off of more than six seconds")
        document = self.stop_and_wait(task)
        after = self.docker.inspect(self.restarting)
        self.assertEqual((after["State"]["Status"], after["RestartCount"]), ("exited", before["RestartCount"]))
        self.assertEqual((self.exit_code(document), self.docker.signals(self.restarting)), (3, []))
        self.assertEqual(self.fleet.events(task, "KillSent"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
