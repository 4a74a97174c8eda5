"""What the programs say to values that they cannot use. It needs no servers."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stopfleet import BIN  # noqa: E402

WORKER, RUN, API = (os.path.join(BIN, f"stopfleet-{name}") for name in ("worker", "run", "api"))


class WrongOptions(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="stopfleet-options-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def run_program(self, *command):
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env={"STOPFLEET_KAFKA": "127.0.0.1:1"})

    def run_command(self, *flags, directory=None):
        """stopfleet-run with flags; its command leaves a file."""
        self.ran = os.path.join(self.directory, "ran")
        return self.run_program(RUN, "--directory", directory or self.directory, *flags, "--", "/bin/touch", self.ran)

    def assert_refused(self, result, pattern):
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.args)
        self.assertRegex(result.stderr, pattern)

    def test_an_empty_value_is_refused_by_name(self):
        config = os.path.join(self.directory, "worker.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write("cluster =\n")
        for command, name in (((WORKER, "--cluster="), "--cluster"), ((WORKER, "--account="), "--account"),
                              ((WORKER, "--region="), "--region"), ((WORKER, "--state-directory", ""), "--state-directory"),
                              ((WORKER, "tasks", "--process-directory="), "--process-directory"),
                              ((WORKER, "tasks", "--region", "x y"), "--region"), ((WORKER, "--config", config), "cluster"),
                              ((RUN, "--directory=", "--", "true"), "--directory")):
            self.assert_refused(self.run_program(*command), f"{name}.*: give ")

    def test_what_no_worker_would_read_in_a_task_file(self):
        for flag in ("--task", "--name", "--family", "--group", "--started-by", "--depends-on"):
            self.assert_refused(self.run_command(flag, "x" * 256), f"flag {flag}: bad value .* up to 255 bytes")
        self.assert_refused(self.run_command("--cluster", "a b"), "flag --cluster: bad value .* up to 255 letters")
        self.assertFalse(os.path.exists(self.ran))
        self.assertEqual(os.listdir(self.directory), [])
        self.assertEqual(self.run_command("--task", "x" * 255, "--name", "x" * 255, "--group", "x" * 255).returncode, 0)
        self.assertTrue(os.path.exists(self.ran))

    def test_a_directory_that_everybody_can_write(self):
        shared = os.path.join(self.directory, "shared")
        os.mkdir(shared)
        for mode, advice in ((0o777, "chmod o-w it"), (0o1777, f"give one .* such as {shared}/stopfleet")):
            os.chmod(shared, mode)
            tasks = self.run_program(WORKER, "tasks", "--host-id", "a" * 32, "--runtime", "process", "--process-directory", shared)
            self.assertEqual((tasks.returncode, tasks.stdout), (1, ""))
            self.assertRegex(tasks.stderr, f"writable by everybody.*: {advice}")
            self.assert_refused(self.run_command(directory=shared), f"--directory: .*writable by everybody.*: {advice}")
            self.assertFalse(os.path.exists(self.ran))
            self.assertEqual(os.listdir(shared), [])
        self.assertEqual(self.run_command(directory=os.path.join(shared, "stopfleet")).returncode, 0)

    def test_a_refused_start_is_told_in_the_log_format(self):
        no_directory = os.path.join(self.directory, "a-file")
        with open(no_directory, "w", encoding="ascii"):
            pass
        for command, event, text in (
                ((WORKER, "--host-id", "a" * 32, "--state-directory", no_directory), "worker.refused", no_directory),
                ((WORKER, "--adopt", "nobody"), "worker.refused", "--adopt"),
                ((API, "--listen", "0.0.0.0:0"), "api.failed", "loopback"),
                ((API, "--replication", "1"), "api.failed", "--min-insync-replicas")):
            result = self.run_program(*command, "--log-format", "json")
            self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
            *_, last = [json.loads(line) for line in result.stderr.splitlines()]
            self.assertEqual((last["level"], last["event"]), ("error", event))
            self.assertRegex(last["time"], r"^\d{4}-\d\d-\d\dT")
            self.assertIn(text, last["message"])

    def test_a_state_directory_in_use_before_anything_is_registered(self):
        with open(os.path.join(self.directory, "lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = self.run_program(WORKER, "--host-id", "a" * 32, "--state-directory", self.directory)
        self.assert_refused(result, "worker.refused: state directory in use")
        self.assertEqual(len(result.stderr.splitlines()), 1, "Kafka was asked for")


if __name__ == "__main__":
    unittest.main(verbosity=2)
