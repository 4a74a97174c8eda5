"""Pre-stop commands on a real engine: the command runs in the container first, and the grace with it."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from server import wait_for  # noqa: E402


class PreStop(DockerHost):
    worker_flags = ("--stop-timeout", "2s")

    def run_hooked(self, name, *words, flags=(), command=("obey",)):
        """A task whose pre-stop command is the probe with these words, which writes what it does to a file;
        (container id, task id)."""
        os.makedirs(self.hook_directory(name), exist_ok=True)
        hook = json.dumps(["/probe", "--file", "/out/hook", *words])
        return self.run_task(name, "--volume", f"{self.hook_directory(name)}:/out", "--label", f"io.stopfleet.pre-stop={hook}",
                             *flags, command=command)

    def hook_directory(self, name):
        return os.path.join(self.directory, f"hook-{name}")

    def hook_lines(self, name):
        """[(word, number, boot ms)] of what the command wrote."""
        path = os.path.join(self.hook_directory(name), "hook")
        if not os.path.exists(path):
            return []
        with open(path, encoding="ascii") as f:
            lines = [line.split() for line in f]
        return [(line[0], int(line[2]), int(line[3].removeprefix("boot_ms="))) for line in lines]

    def wait_hook(self, name, count=1):
        return wait_for(lambda: self.hook_lines(name) if len(self.hook_lines(name)) >= count else None, 20, "the command runs")

    def term_boot_ms(self, container):
        [line] = [line for line in self.docker.docker("logs", container).splitlines() if line.startswith("signal ")]
        return int(line.split("boot_ms=")[1].split()[0])

    def types(self, task):
        kept = ("PreStopStarted", "PreStopEnded", "SignalSent", "KillSent", "ContainerExited", "TaskStopped")
        return [e["type"] for e in self.fleet.events(task) if e["type"] in kept]

    def test_the_signal_follows_the_command(self):
        container, task = self.run_hooked("follows", "exit", "0", "600")
        self.assertEqual(self.stop_and_wait(task)["containers"][0]["exitCode"], 0)
        [start, end] = self.hook_lines("follows")
        self.assertEqual((start[0], end[0]), ("start", "exit"))
        self.assertGreaterEqual(self.term_boot_ms(container), end[2])
        self.assertEqual(self.types(task), ["PreStopStarted", "PreStopEnded", "SignalSent", "ContainerExited", "TaskStopped"])
        [ended] = self.fleet.events(task, "PreStopEnded")
        self.assertEqual(ended["exit_code"], 0)

    def test_the_grace_begins_with_the_command(self):
        """The signal is ignored: SIGKILL comes a grace after the command's start, not after the signal."""
        container, task = self.run_hooked("counts", "exit", "0", "900", command=("ignore",))
        self.assertEqual(self.stop_and_wait(task)["containers"][0]["exitCode"], 137)
        [began], [sent], [kill] = [self.fleet.events(task, t) for t in ("PreStopStarted", "SignalSent", "KillSent")]
        self.assertGreaterEqual(kill["sent_boot_ms"], began["begun_boot_ms"] + 2000)
        self.assertGreaterEqual(sent["sent_boot_ms"], began["begun_boot_ms"] + 800)
        self.assertEqual(sent["deadline_unix_ms"] - sent["sent_unix_ms"], 2000 - (sent["sent_boot_ms"] - began["begun_boot_ms"]))
        self.assertEqual(self.docker.signals(container), ["TERM"])

    def test_a_command_that_outlasts_the_grace(self):
        container, task = self.run_hooked("outlasts", "ignore")
        self.assertEqual(self.stop_and_wait(task)["containers"][0]["exitCode"], 137)
        self.assertEqual(self.types(task), ["PreStopStarted", "KillSent", "ContainerExited", "TaskStopped"])
        self.assertEqual(self.docker.signals(container), [])

    def test_a_command_that_fails(self):
        container, task = self.run_hooked("fails", "exit", "3")
        self.stop_and_wait(task)
        self.assertEqual(self.fleet.events(task, "PreStopEnded")[0]["exit_code"], 3)
        self.assertEqual(self.docker.signals(container), ["TERM"])

    def test_a_command_that_is_not_there(self):
        """The image has no shell."""
        container, task = self.run_task("lacks", "--label", "io.stopfleet.pre-stop=echo done")
        self.assertEqual(self.stop_and_wait(task)["containers"][0]["exitCode"], 0)
        self.assertEqual(self.types(task), ["PreStopEnded", "SignalSent", "ContainerExited", "TaskStopped"])
        [ended] = self.fleet.events(task, "PreStopEnded")
        self.assertNotIn("exit_code", ended)
        self.assertIn("/bin/sh", ended["reason"])
        self.assertEqual(self.docker.signals(container), ["TERM"])

    def test_a_paused_container_runs_no_command(self):
        container, task = self.run_hooked("paused", "exit", "0")
        self.docker.docker("pause", container)
        self.assertEqual(self.stop_and_wait(task)["containers"][0]["exitCode"], 0)
        self.assertEqual(self.hook_lines("paused"), [])
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertIn("paused", self.fleet.events(task, "PreStopEnded")[0]["reason"])

    def test_it_ends_during_its_command(self):
        container, task = self.run_hooked("leaves", "ignore", flags=("--label", "io.stopfleet.stop-timeout=60"))
        self.stop(task)
        self.wait_hook("leaves")
        os.kill(self.docker.inspect(container)["State"]["Pid"], 15)
        self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 0)
        self.assertEqual([t for t in self.types(task) if t in ("SignalSent", "KillSent")], [])

    def test_force_during_the_command(self):
        container, task = self.run_hooked("forced", "ignore", flags=("--label", "io.stopfleet.stop-timeout=60"))
        self.stop(task)
        self.wait_hook("forced")
        self.stop(task, path="/stop-timeout/0")
        self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 137)
        self.assertEqual(self.docker.signals(container), [])

    def test_kill_9_of_the_worker_during_the_command(self):
        """The command is not run twice, and the grace goes on."""
        container, task = self.run_hooked("crash", "exit", "0", "1500", flags=("--label", "io.stopfleet.stop-timeout=30"))
        self.stop(task)
        self.wait_hook("crash")
        self.fleet.wait_events(task, "PreStopStarted")
        self.worker.kill()
        self.worker.start()
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual([line[0] for line in self.hook_lines("crash")], ["start", "exit"])
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertEqual(self.types(task), ["PreStopStarted", "PreStopEnded", "SignalSent", "ContainerExited", "TaskStopped"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
