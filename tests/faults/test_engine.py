"""A Docker engine that freezes through a deadline, or is killed and started again, with stops under way.

What a restart without live-restore does to containers (the engine's own signals) is tests/e2e's to show."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fault_fleet import ALL, FaultFleet  # noqa: E402
from fault_host import DockerFaultHost  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import Containers  # noqa: E402

PROBES = 5 if ALL else 2  # of each kind: what asks the engine for their records has to be done within the grace
GRACE_S = 6
THAW_AFTER_MS = 7000


class EngineFaults(FaultFleet):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = PrivateEngine(live_restore=True).start()
        cls.containers = Containers(cls.engine)
        cls.addClassCleanup(cls.containers.close)

    def in_mid_stop(self, fault):
        name = self.id().rsplit(".", 1)[1].replace("_", "-")
        host = DockerFaultHost(self.fleet, self.api, self.watch, name, self.containers)
        host.start()
        for number in range(PROBES):
            host.add_probes(str(number), grace_s=GRACE_S)
        host.find_tasks()
        host.stop_tasks()
        host.wait_signalled()
        fault(host)
        host.finish(90)
        self.check(host.stops)
        print(f"{name}: {len(host.stops)} stops, 0 broken promises")

    def test_frozen_through_the_deadline(self):
        def fault(host):
            signalled = max(host.signalled_boot_ms().values())  # the engine tells it: asked before
            self.engine.freeze()
            wait_for(lambda: host.now_boot_ms() > signalled + THAW_AFTER_MS, 10, "the end of the graces")
            running = [stop.name for stop in host.stops if stop.code is None and self.watch.ended_boot_ms(stop.pid)]
            self.engine.thaw()
            self.assertEqual(running, [], "killed without an engine")

        self.in_mid_stop(fault)

    def test_killed_and_started_again(self):
        def fault(_):
            self.engine.kill()
            # What it began itself ends with it, but the containers.
            self.engine.start()

        self.in_mid_stop(fault)


if __name__ == "__main__":
    unittest.main()
