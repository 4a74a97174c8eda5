"""kill -9 at every step: the worker dies at each point of common/base/fault_point.def, and the next one carries every stop to its end.

A rehearsal of each story without a death counts how often each point is passed; then the story is played once for each point
(with --all: for each of its passings), each on a host of its own, many at the same time."""

import collections
import concurrent.futures
import os
import queue
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fault_fleet import ALL, FaultFleet  # noqa: E402
from fault_host import DockerFaultHost, FaultHost  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from stopfleet import Containers  # noqa: E402
from server import ROOT, ServerError  # noqa: E402

HOSTS_AT_ONCE = 24
DOCKER_ENGINES = 3
DOCKER_PASSINGS = (1, 2, 3) if ALL else (1,)  # two stop signals, and SIGKILL to the one that ignores its own
PRE_STOP_PASSINGS = (1, 2) if ALL else (1,)  # of two tasks
PASSINGS_MAX = 40 if ALL else 1
COMMIT_SECONDS = 7  # the worker commits every 5 s


def points():
    """The names in the table that the programs are compiled from."""
    with open(os.path.join(ROOT, "common", "base", "fault_point.def"), encoding="utf-8") as f:
        return re.findall(r'^FAULT_POINT_ROW\(\w+, "([^"]+)"', f.read(), re.MULTILINE)


def live(host, **environment):
    """The worker is armed from its first start on, and is there when the StopTasks come."""
    host.start(**environment)
    host.add_probes()
    host.find_tasks()
    host.stop_tasks()


def mid_stop(host, **environment):
    """A worker was killed with stops under way; the one after it is armed."""
    live(host)
    host.wait_signalled()
    host.worker.kill()
    host.start(**environment)


def while_down(host, **environment):
    """The StopTasks come while no worker is there; the one that finds them is armed."""
    host.start()
    host.add_probes()
    host.find_tasks()
    host.worker.kill()
    host.stop_tasks(down=True)
    host.start(**environment)


def mid_command(host, **environment):
    """A worker was killed while pre-stop commands run; the one after it is armed."""
    live(host)
    host.wait_commands()
    host.worker.kill()
    host.start(**environment)


STORIES = [live, mid_stop, while_down]
PRE_STOP = "pre_stop."  # points that only a Docker host passes


class FaultPointRun(FaultFleet):
    def new_host(self, name):
        return FaultHost(self.fleet, self.api, self.watch, name)

    def play(self, story, name, environment, until=None):
        """The host after the story's end; the worker's end is orderly."""
        host = self.new_host(name)
        story(host, **environment)
        host.finish(until=lambda host: self.wait_commit(host, until))
        return host

    @staticmethod
    def wait_commit(host, until):
        end = time.monotonic() + COMMIT_SECONDS
        host.wait(lambda: time.monotonic() > end or (until and until(host)), COMMIT_SECONDS + 5, "its commit")

    def rehearse(self, story):
        """(host, how often each point is passed)"""
        log = os.path.join(self.directory, f"{story.__name__}.passings")
        host = self.play(story, f"{story.__name__}-rehearsal".replace("_", "-"), {"STOPFLEET_FAULT_POINT_LOG": log})
        with open(log, encoding="ascii") as f:
            return host, collections.Counter(f.read().split())

    def die(self, play):
        """The host, or why the story did not come to its end."""
        story, point, passing = play
        name = f"{story.__name__}-{point}-{passing}".replace("_", "-").replace(".", "-")
        try:
            return self.play(story, name, {"STOPFLEET_FAULT_POINT": f"{point}:{passing}"}, until=lambda host: host.deaths > 0)
        except ServerError as e:
            return f"{name}: {e}"

    def run_plays(self, pool, plays, hosts, must_die):
        """Plays them; all must come to their end, at each point in must_die a worker must have died, and all stops must be right."""
        began = time.monotonic()
        died, stuck = collections.Counter(), []
        for (_, point, _), host in zip(plays, pool.map(self.die, plays)):
            if isinstance(host, str):
                stuck.append(host)
            else:
                hosts.append(host)
                died[point] += host.deaths > 0
        self.assertEqual(stuck, [])
        self.assertEqual([point for point in must_die if died[point] == 0], [], "points at which no worker died")
        self.check([stop for host in hosts for stop in host.stops])
        print(f"fault points: {len(died)} points, {sum(died.values())} deaths, {sum(len(host.stops) for host in hosts)} stops, "
              f"0 broken promises, in {time.monotonic() - began:.0f} s")


class OnProcesses(FaultPointRun):
    def test_death_at_every_point(self):
        with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            rehearsals = list(pool.map(self.rehearse, STORIES))
            plays = [(story, point, passing)
                     for story, (_, passed) in zip(STORIES, rehearsals)
                     for point in points() for passing in range(1, min(passed[point], PASSINGS_MAX) + 1)]
            self.run_plays(pool, plays, [host for host, _ in rehearsals], [point for point in points() if not point.startswith(PRE_STOP)])

    def test_a_point_that_there_is_not(self):
        result = self.fleet.run("stopfleet-worker", *self.fleet.kafka_flags, "--unsafe-topics", "--host-id", "f" * 32, "--runtime", "process",
                                "--process-directory", self.directory, "--state-directory", os.path.join(self.directory, "none"),
                                check=False, environment={"STOPFLEET_FAULT_POINT": "nowhere:1"})
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("STOPFLEET_FAULT_POINT=nowhere:1", result.stderr)


class OnDocker(FaultPointRun):
    """The engine's history tells what a dead worker did: no signal is sent twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engines = queue.SimpleQueue()
        engines = [PrivateEngine().launch() for _ in range(DOCKER_ENGINES)]
        for engine in engines:
            cls.addClassCleanup(engine.close)
        for engine in engines:
            cls.engines.put(Containers(engine.wait_ready()))

    def setUp(self):
        self.local = threading.local()
        self.pre_stop = False

    def new_host(self, name):
        return DockerFaultHost(self.fleet, self.api, self.watch, name, self.local.containers, self.pre_stop)

    def play(self, story, name, environment, until=None):
        """On an engine of its own: the hosts of one follow one another."""
        self.local.containers = self.engines.get()
        try:
            return super().play(story, name, environment, until)
        finally:
            self.engines.put(self.local.containers)

    def play_all(self, plays, must_die):
        """The hosts, in the order of their plays."""
        hosts = []
        with concurrent.futures.ThreadPoolExecutor(DOCKER_ENGINES) as pool:
            self.run_plays(pool, plays, hosts, must_die)
        return hosts

    def test_death_around_engine_calls(self):
        chosen = points() if ALL else [point for point in points() if point.startswith("signal.")]
        self.play_all([(live, point, passing) for point in chosen for passing in DOCKER_PASSINGS],
                      [point for point in chosen if point.startswith("signal.")])

    def test_death_around_a_pre_stop_command(self):
        self.pre_stop = True
        chosen = [point for point in points() if point.startswith(PRE_STOP)]
        stories = {live: chosen, mid_command: ["pre_stop.over", "pre_stop.ended"],
                   while_down: chosen if ALL else ["pre_stop.intended", "pre_stop.started"]}
        plays = [(story, point, passing) for story, at in stories.items() for point in at for passing in PRE_STOP_PASSINGS]
        hosts = self.play_all(plays, chosen)
        self.assertEqual([host.name for host in hosts if host.deaths == 0], [], "stories in which no worker died")


if __name__ == "__main__":
    unittest.main()
