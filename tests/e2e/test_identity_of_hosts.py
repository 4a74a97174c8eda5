"""One host, one worker: a second one with the same identity is refused or takes over, and never are there two stop signals."""

import json
import os
import signal
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import test_bad_days  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import Worker  # noqa: E402

HOST = test_bad_days.HOST


class OtherMachine(Worker):
    """A worker that sees another boot id and another host name, as on another machine."""

    def __init__(self, fleet, directory, host_id, arguments, machine, boot_id=None):
        super().__init__(fleet, directory, host_id, arguments)
        self.machine = machine
        self.boot_file = os.path.join(directory, "boot_id")
        with open(self.boot_file, "w", encoding="ascii") as f:
            f.write((boot_id or "0badf00d-0000-4000-8000-000000000000") + "\n")

    def argv(self):
        script = ('mount --bind "$1" /proc/sys/kernel/random/boot_id && hostname "$2" && shift 2 && exec "$@"')
        return [shutil.which("unshare"), "--uts", "--mount", "--", "sh", "-c", script, "sh", self.boot_file, self.machine, *super().argv()]


class Identity(test_bad_days.BadDay):
    worker_flags = ("--heartbeat-interval", "2s")

    def tearDown(self):
        if not self.worker.alive():
            self.worker.start()
        super().tearDown()

    def second(self, name, machine=None, state=None):
        # Another machine has task files of its own: it would keep its own boot's time in the directory's file .boot.
        tasks = self.fleet._place(f"{name}-tasks") if machine else self.worker.tasks
        arguments = ["--runtime", "process", "--process-directory", tasks, *self.worker_flags]
        place = self.fleet._place(name)
        if machine:
            worker = OtherMachine(self.fleet, place, HOST, arguments, machine)
        else:
            worker = Worker(self.fleet, place, HOST, arguments)
        self.fleet.programs.append(worker)
        self.addCleanup(worker.stop)
        return worker

    def test_a_clone_is_told_what_to_type(self):
        self.worker.wait_log("worker.acts")
        key = f"stopfleet:hb:{HOST}"
        holder = wait_for(lambda: self.redis.call("GET", key), 15, "the heartbeat of the first").decode().split("/")[0]
        started = len(self.fleet.events(kind="WorkerStarted"))
        clone = self.second("clone", machine="the-clone")
        clone.launch()
        self.assertEqual(clone.process.wait(60), 2, clone.log_text())
        self.assertIn(f"host id {HOST} belongs to a living worker on machine {holder}, and this is machine the-clone", clone.log_text())
        self.assertIn("--host-id the-clone", clone.log_text())
        self.assertTrue(self.worker.alive())
        self.assertEqual(len(self.fleet.events(kind="WorkerStarted")), started, "the clone said that it acts")
        # What it was told to type works.
        arguments = [a if a != HOST else "the-clone" for a in clone.argv()]
        arguments = [a if a != clone.state else os.path.join(clone.directory, "own") for a in arguments]
        with open(os.path.join(clone.directory, "own.log"), "wb") as log:
            process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(lambda: b"worker.acts" in open(log.name, "rb").read(), 20, "the clone acts as itself", lambda: process.poll() is None)
        finally:
            process.terminate()
            process.wait(20)

    def test_a_second_start_on_the_same_state_directory(self):
        result = self.fleet.run("stopfleet-worker", *self.worker.arguments, "--log-format", "json", check=False)
        self.assertEqual(result.returncode, 2)
        *_, last = [json.loads(line) for line in result.stderr.splitlines()]
        self.assertEqual(last["event"], "worker.refused")
        self.assertIn(f"process {self.worker.pid} holds {self.worker.state}/lock", last["message"])

    def test_the_newest_of_two_acts_and_the_older_ends(self):
        task = self.run_probe("two-workers", "ignore", flags=["--stop-timeout", "5"])
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_events(task, "SignalSent")
        newer = self.second("newer")
        newer.start()
        self.assertEqual(self.worker.process.wait(30), 2)
        self.assertIn(f"acts for host id {HOST}: this one ends", self.worker.log_text())
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0].get("exitCode"), 137, f"older:\n{self.worker.log_text()}\nnewer:\n{newer.log_text()}")
        self.assertEqual(len(self.fleet.events(task, "TaskStopped")), 1)
        sent, [kill] = self.fleet.events(task, "SignalSent"), self.fleet.events(task, "KillSent")
        self.assertEqual(len(sent), 1, f"{sent}\nplan {self.fleet.events(task, 'StopAccepted')}\n{self.fleet.events(task, 'TaskObserved')}\n"
                         f"older:\n{self.worker.log_text()}\nnewer:\n{newer.log_text()}")
        [term] = sent
        self.assertGreaterEqual(kill["sent_boot_ms"] - term["sent_boot_ms"], 5000)
        # The newer one has no journal of the older: a second signal is never sent without being said.
        signals = self.probe_signals("two-workers")
        self.assertTrue(signals == ["TERM"] or (signals == ["TERM", "TERM"] and term.get("maybe_repeated")),
                        f"signals {signals}, log {term}\nolder:\n{self.worker.log_text()}\nnewer:\n{newer.log_text()}")
        newer.process.send_signal(signal.SIGTERM)
        self.assertEqual(newer.process.wait(15), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
