"""Engines that are killed, restarted or frozen in the middle of a stop."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from server import wait_for  # noqa: E402


class EngineAway(DockerHost):
    """The containers live on without their engine (live-restore), unless a test says otherwise."""

    live_restore = True
    worker_flags = ("--engine-timeout", "3s")

    def begin(self, name, grace_s, *command):
        """A task whose stop has sent its signal; (container, task)."""
        container, task = self.run_task(name, "--stop-timeout", str(grace_s), command=command)
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        return container, task

    def pass_deadline(self, task, grace_ms):
        [sent] = self.fleet.events(task, "SignalSent")
        deadline_ms = sent["sent_boot_ms"] + grace_ms
        wait_for(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) * 1000 > deadline_ms, 30, "the deadline")
        self.assertEqual(self.fleet.events(task, "KillSent"), [])
        self.assertNotEqual(self.fleet.describe(self.api, task)["lastStatus"], "STOPPED")

    def assert_one_signal_and_killed(self, container, task, grace_ms):
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), 137)
        self.assert_killed_after_its_grace(task, grace_ms)
        self.assertEqual(self.docker.signals(container), ["TERM"])

    def assert_obeyed(self, container, task, code, signals):
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), code)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])
        self.assertEqual(self.docker.signals(container), signals)

    def test_dockerd_killed_in_mid_grace(self):
        """One deadline passes without an engine, one after it is back; one container ends while nobody looks."""
        later, later_task = self.begin("later", 20, "ignore")
        obeyed, obeyed_task = self.begin("obeyed", 600, "late", "4000", "9")
        passed, passed_task = self.begin("passed", 5, "ignore")
        self.engine.kill()
        self.pass_deadline(passed_task, 5000)
        self.engine.start()
        self.assert_one_signal_and_killed(passed, passed_task, 5000)
        self.assert_obeyed(obeyed, obeyed_task, 9, ["TERM"])
        self.assert_one_signal_and_killed(later, later_task, 20000)

    def test_dockerd_frozen_through_a_deadline(self):
        obeyed, obeyed_task = self.begin("frozen-obeyed", 600, "late", "4000", "8")
        passed, passed_task = self.begin("frozen-passed", 5, "ignore")
        self.engine.freeze()
        try:
            self.pass_deadline(passed_task, 5000)
        finally:
            self.engine.thaw()
        self.assert_one_signal_and_killed(passed, passed_task, 5000)
        self.assert_obeyed(obeyed, obeyed_task, 8, ["TERM"])

    def test_dockerd_restarted_without_live_restore(self):
        """As it goes down it stops its containers itself, with a signal that is not ours."""
        self.engine.live_restore = False
        self.addCleanup(setattr, self.engine, "live_restore", True)
        self.engine.restart()
        obedient, obedient_task = self.begin("down-obedient", 600, "late", "6000", "5")
        stubborn, stubborn_task = self.begin("down-stubborn", 5, "ignore")
        self.engine.restart()
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, stubborn_task, "STOPPED")), 137)
        self.assertEqual(self.docker.signals(stubborn), ["TERM", "TERM"])
        self.assert_obeyed(obedient, obedient_task, 5, ["TERM", "TERM"])
        for task in (stubborn_task, obedient_task):
            self.assertEqual(len(self.fleet.events(task, "SignalSent")), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
