"""Engines behind a bad wire: every answer late, event streams that are cut, and each version of the API."""

import itertools
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost, ScriptedHost  # noqa: E402
from engine_proxy import EngineProxy  # noqa: E402
from server import wait_for  # noqa: E402


class Wire(DockerHost):
    """A real engine, seen by the worker through a proxy."""

    worker_flags = ("--engine-timeout", "30s", "--stop-timeout", "3s")

    @classmethod
    def open_engine(cls):
        super().open_engine()
        cls.proxy = EngineProxy(cls.engine.socket).start()
        cls.addClassCleanup(cls.proxy.close)

    @classmethod
    def endpoint(cls):
        return cls.proxy.endpoint

    def setUp(self):
        self.addCleanup(setattr, self.proxy, "delays", None)
        self.addCleanup(self.proxy.allow)

    def begin(self, name, *flags, command):
        """A task whose stop has sent its signal, with a grace that never ends; (container, task)."""
        container, task = self.run_task(name, "--label", "io.stopfleet.stop-timeout=600", *flags, command=command)
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        return container, task

    def assert_obeyed(self, container, task, code):
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED", seconds=60)), code)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])
        self.assertEqual(len(self.fleet.events(task, "SignalSent")), 1)
        self.assertEqual(self.docker.signals(container), ["TERM"])

    def test_every_answer_is_late(self):
        obeys, obeys_task = self.run_task("slow-obeys", command=("obey", "7"))
        ignores, ignores_task = self.run_task("slow-ignores", command=("ignore",))
        self.proxy.delays = itertools.cycle((2, 5, 2, 3))
        self.stop(obeys_task)
        self.stop(ignores_task)
        self.assert_obeyed(obeys, obeys_task, 7)
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, ignores_task, "STOPPED", seconds=90)), 137)
        self.assert_killed_after_its_grace(ignores_task, 3000)
        self.assertEqual(self.docker.signals(ignores), ["TERM"])
        for task in (obeys_task, ignores_task):
            self.assertEqual(self.fleet.events(task, "StopStuck"), [])

    def test_the_event_stream_is_cut_in_mid_grace(self):
        """One ends meanwhile, another ends and is removed: nobody can tell its exit code then, and none is made up."""
        container, task = self.begin("cut", command=("late", "1000", "9"))
        removed, removed_task = self.begin("cut-removed", "--rm", command=("late", "1000", "9"))
        self.proxy.refuse("/events")
        wait_for(lambda: not self.docker.docker("ps", "-aq", "--no-trunc", "--filter", f"id={removed}"), 30, "its removal")
        self.docker.ids.remove(removed)
        self.proxy.allow()
        self.assert_obeyed(container, task, 9)
        self.assertIn(self.exit_code(self.fleet.wait_status(self.api, removed_task, "STOPPED")), (9, None))
        self.assertEqual(self.fleet.events(removed_task, "KillSent"), [])
        self.assertTrue(any("since=" in r for r in self.proxy.requests if r.startswith("GET /events?")), self.proxy.requests)

    def test_an_event_stream_that_does_not_come_back(self):
        """The looks in the grace are enough."""
        container, task = self.begin("deaf-ended", command=("late", "1000", "8"))
        self.proxy.refuse("/events")
        self.assert_obeyed(container, task, 8)

    def test_no_call_is_held_for_a_stop(self):
        """Engines differ in what a stop's caller that goes away means; some kill at once. The worker's end means nothing to one."""
        container, task = self.begin("held", "--restart", "always", command=("ignore",))
        self.worker.kill()
        self.assertTrue(self.docker.inspect(container)["State"]["Running"])
        self.worker.start()
        self.stop(task, path="/stop-timeout/0")
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), 137)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertTrue(any(r.endswith("/kill?signal=SIGTERM") for r in self.proxy.requests))
        self.assertEqual([r for r in self.proxy.requests if "/stop" in r.split("?")[0] or "/wait" in r], [])


class Versions(ScriptedHost):
    """An engine refuses paths of a version that it does not speak (400)."""

    def speaks(self, newest, oldest, docker):
        self.engine.version.update(ApiVersion=newest, MinAPIVersion=oldest, Version=docker)

    def versions_used(self, since):
        """Of the calls since then, but those that ask for the version."""
        return {c.version for c in self.engine.calls[since:] if c.path not in ("/version", "/_ping")}

    def test_each_version_is_spoken(self):
        """The newest that both know: from Docker 1.12 to those that come after ours."""
        for newest, oldest, docker, agreed in (
                ("1.24", "1.12", "1.12.6", "1.24"), ("1.32", "1.12", "17.09", "1.32"), ("1.41", "1.12", "20.10.24", "1.41"),
                ("1.44", "1.24", "25.0.0", "1.44"), ("1.51", "1.24", "28.3.0", "1.51"), ("1.52", "1.44", "29.0.0", "1.51"),
                ("1.59", "1.51", "31.0.0", "1.51")):
            with self.subTest(engine=newest):
                self.worker.stop()
                self.speaks(newest, oldest, docker)
                since = len(self.engine.calls)
                self.worker.start()
                container, task = self.add(f"spoken-{newest}", on_signal={"SIGTERM": 3})
                self.assertEqual(self.exit_code(self.stop_and_wait(task)), 3)
                self.assertEqual([c.query for c in self.engine.called("POST", f"/containers/{container}/kill")], [{"signal": "SIGTERM"}])
                self.assertEqual(self.versions_used(since), {agreed})

    def test_the_engine_is_upgraded_in_mid_grace(self):
        """It refuses what it spoke before: another version is agreed on, and the grace runs on."""
        self.worker.stop()
        self.speaks("1.41", "1.12", "20.10.24")
        self.worker.start()
        container, task = self.add("upgraded", on_signal={"SIGTERM": None}, members={"Config": {"StopTimeout": 4}})
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        self.speaks("1.52", "1.44", "29.0.0")
        self.engine.cut_streams()
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED", seconds=60)), 137)
        self.assert_killed_after_its_grace(task, 4000)
        kills = self.engine.called("POST", f"/containers/{container}/kill")
        self.assertEqual([(c.query["signal"], c.version) for c in kills], [("SIGTERM", "1.41"), ("SIGKILL", "1.51")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
