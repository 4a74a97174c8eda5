"""Unruly containers (unruly_containers.py) on Podman's compatible socket, with a real Podman. The short run has those at which
Podman differs most; all of them run with STOPFLEET_ALL=yes, and each by its name."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from podman import Podman  # noqa: E402
from stopfleet import Containers  # noqa: E402
from unruly_containers import UnrulyContainers  # noqa: E402


class UnrulyPodman(UnrulyContainers, DockerHost):
    @classmethod
    def open_engine(cls):
        cls.engine = Podman().start()
        cls.docker = Containers(cls.engine)
        cls.addClassCleanup(cls.docker.close)

    # ---- where Podman differs ----

    out_of_memory_is_said = False  # by 4.3.1 with cgroups v1

    # After another signal than its own stop's Podman starts the container again (docs/limits.md).
    test_a_restart_policy_that_another_signal_than_the_images_would_not_end = None

    def test_a_zombie_as_main_process(self):
        """Podman refuses each signal, and nothing else brings one: it is stuck until it ends."""
        stuck = self.fleet.wait_events(self.zombie, "StopStuck", seconds=60)
        self.assertIn("the main process is a zombie and gets no SIGTERM", stuck[-1]["reason"])
        self.assertNotEqual(self.fleet.describe(self.api, self.zombie)["lastStatus"], "STOPPED")
        os.kill(self.docker.inspect(self.zombie_container)["State"]["Pid"], signal.SIGKILL)
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, self.zombie, "STOPPED", seconds=60)), 137)
        self.assertEqual(self.docker.signals(self.zombie_container), [])
    def test_what_cannot_be_killed(self):
        """Podman takes it for stopped once it has tried, while the process is there to be seen."""
        document = self.end_of_the_stuck("the engine finds nothing to kill, yet an inspection shows it running")
        self.assertIn(self.exit_code(document), (137, None))


def load_tests(_loader, tests, _pattern):
    short = ("test_a_zombie_as_main_process", "test_it_runs_out_of_memory_in_its_grace", "test_what_cannot_be_killed")
    return tests if os.environ.get("STOPFLEET_ALL") == "yes" else unittest.TestSuite(UnrulyPodman(name) for name in short)


if __name__ == "__main__":
    unittest.main(verbosity=2)
