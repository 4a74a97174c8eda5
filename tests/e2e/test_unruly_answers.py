"""Stops at engines that answer strangely, late or not at all."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import ScriptedHost  # noqa: E402
from scripted_engine import hang_up, html, reply, silence, then  # noqa: E402
from server import wait_for  # noqa: E402


class Answers(ScriptedHost):
    """What POST /kill of the stop signal is answered, and what the record says then."""

    def kill_path(self, container):
        return f"/containers/{container}/kill"

    def signals_asked(self, container, engine=None):
        return [c.query["signal"] for c in (engine or self.engine).called("POST", self.kill_path(container))]

    def stopped_though(self, name, answer, code=0):
        """A container that obeys, whose first stop signal gets that answer; (container, task)."""
        container, task = self.add(name, on_signal={"SIGTERM": code})
        self.engine.answer("POST", self.kill_path(container), answer, times=1)
        self.assertEqual(self.exit_code(self.stop_and_wait(task)), code)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])
        return container, task

    def test_refused_once(self):
        """500 and a proxy's page: it was not sent, and is sent again."""
        for name, answer in (("five-hundred", reply(500, {"message": "broken"})), ("forbidden", html(403))):
            container, task = self.stopped_though(name, answer)
            self.assertEqual(self.signals_asked(container), ["SIGTERM", "SIGTERM"])
            [sent] = self.fleet.events(task, "SignalSent")
            self.assertTrue(sent["answer"].startswith("204"), sent)

    def test_nothing_to_signal(self):
        """409 and 304: it ended by itself meanwhile; 404: somebody removed it."""
        for name, status in (("conflict", 409), ("not-modified", 304)):
            container, task = self.add(name)
            self.engine.answer("POST", self.kill_path(container),
                               then(lambda c=container: self.engine.exit(c, 7), reply(status, {"message": "is not running"})), times=1)
            self.assertEqual(self.exit_code(self.stop_and_wait(task)), 7)
            self.assertEqual(self.fleet.events(task, "SignalSent"), [])
        container, task = self.add("not-found")
        self.engine.answer("POST", self.kill_path(container), then(lambda: self.engine.remove(container), reply(
            404, {"message": f"No such container: {container}"})), times=1)
        document = self.stop_and_wait(task)
        self.assertIsNone(self.exit_code(document))
        self.assertIn("ContainerVanishedError", document["containers"][0]["reason"])

    def test_sent_but_not_answered(self):
        """The connection ends, or the call hangs, after the container has got its signal: it gets no second one, also where
        the engine's time stamps are a little ahead of our clock."""
        for name, answer, ahead_ms in (("hung-up", hang_up(), 0), ("silent", silence(), 0), ("ahead", hang_up(), 800)):
            container, task = self.add(name, on_signal={"SIGTERM": None}, members={"Config": {"StopTimeout": 60}})
            self.engine.answer("POST", self.kill_path(container), then(
                lambda c=container, ms=ahead_ms: self.engine.emit(c, "kill", ahead_ms=ms, signal="15"), answer), times=1)
            self.stop(task)
            [sent] = self.fleet.wait_events(task, "SignalSent")
            self.assertEqual(sent["answer"], "history")
            self.engine.exit(container, 5)
            self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), 5)
            self.assertEqual(self.signals_asked(container), ["SIGTERM"])

    def test_an_inspect_that_hangs_at_the_deadline(self):
        """No SIGKILL without a look: it waits for one."""
        container, task = self.add("unseen", on_signal={"SIGTERM": None})
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        path = f"/containers/{container}/json"
        rule = self.engine.answer("GET", path, silence())
        [stuck] = self.fleet.wait_events(task, "StopStuck", seconds=40)
        self.assertIn("does not answer an inspection", stuck["reason"])
        self.assertEqual(self.signals_asked(container), ["SIGTERM"])
        self.engine.forget(rule)
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED", seconds=40)), 137)
        self.assert_killed_after_its_grace(task, 2000)

    def test_a_stop_event_before_the_end(self):
        """Docker 28.3 may say `stop` before `die`, and a 204 may come before the change: neither is an end."""
        container, task = self.add("early-event", on_signal={"SIGTERM": None})
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        inspects = len(self.engine.called("GET", f"/containers/{container}/json"))
        self.engine.emit(container, "die", exitCode="0")
        self.engine.emit(container, "stop")
        self.engine.wait_call("GET", f"/containers/{container}/json", inspects + 1)
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), 137)
        self.assert_killed_after_its_grace(task, 2000)

    def test_events_that_are_skipped(self):
        """The end of a container that no event tells of is found by looking."""
        container, task = self.add("unheard", on_signal={"SIGTERM": None}, members={"Config": {"StopTimeout": 3}})
        self.stop(task)
        self.fleet.wait_events(task, "SignalSent")
        self.engine.change(container, {"State": {"Status": "exited", "Running": False, "Pid": 0, "ExitCode": 9,
                                                 "FinishedAt": "2026-11-27T00:00:00Z"}}, action=None)
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), 9)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])


class Fair(ScriptedHost):
    worker_flags = ("--engine-calls", "4", "--engine-timeout", "10m", "--stop-timeout", "2s")

    def test_a_task_that_hangs_does_not_delay_another(self):
        """Its calls would hang for ten minutes, and are more than may be open at once."""
        label = {"io.stopfleet.task": "hangs"}
        hung = [self.engine.add(f"hangs-{i}", labels=label) for i in range(8)]
        task = wait_for(lambda: next((t for t in self.fleet.tasks(self.api)
                                      if len(self.fleet.describe(self.api, t)["containers"]) == 8), None), 20, "a task of eight")
        _, other = self.add("beside", on_signal={"SIGTERM": 3})
        hang = "|".join(hung)
        self.engine.answer("POST", f"/containers/({hang})/kill", silence())
        self.stop(task)
        self.engine.wait_call("POST", f"/containers/({hang})/kill", 2)
        self.engine.answer("GET", f"/containers/({hang})/json", silence())
        for container in hung:
            self.engine.emit(container, "update")
        self.assertEqual(self.exit_code(self.stop_and_wait(other)), 3)
        self.assertEqual(self.fleet.events(task, "ContainerExited"), [])
        self.assertLessEqual(len(self.engine.called("POST", f"/containers/({hang})/kill")), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
