"""`stopfleet-worker tasks` on task files: what it says, and that it changes nothing. It needs no servers."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stopfleet import BIN  # noqa: E402


class TasksCommand(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="stopfleet-tasks-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def tasks(self, *flags):
        return subprocess.run([os.path.join(BIN, "stopfleet-worker"), "tasks", "--host-id", "a" * 32, *flags],
                              capture_output=True, text=True, timeout=60)

    def tasks_in(self, directory, *flags):
        return self.tasks("--runtime", "process", "--process-directory", directory, *flags)

    def test_a_directory_that_is_not_there(self):
        path = os.path.join(self.directory, "missing", "tasks")
        result = self.tasks_in(path)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn(path, result.stderr)
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_file_in_place_of_the_directory(self):
        path = os.path.join(self.directory, "tasks")
        with open(path, "w", encoding="ascii"):
            pass
        result = self.tasks_in(path)
        self.assertEqual(result.returncode, 2)
        self.assertIn(path, result.stderr)

    def test_nothing_is_written(self):
        result = self.tasks_in(self.directory)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("TASKS: 0", result.stdout)
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_directory_that_everybody_can_write(self):
        os.chmod(self.directory, 0o777)
        result = self.tasks_in(self.directory)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f'"{self.directory}" is writable by everybody', result.stderr)

    def test_an_engine_that_is_away_is_named(self):
        for endpoint in (f"unix://{self.directory}/docker.sock", "tcp://127.0.0.1:1"):
            result = self.tasks("--docker-endpoint", endpoint)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn(endpoint, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
