"""`stopfleet-worker tasks` on task files: what it says, and that it changes nothing. It needs no servers."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stopfleet import BIN  # noqa: E402
from server import process_start_ticks  # noqa: E402


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

    def write(self, name, pid, start_time, age=0):
        path = os.path.join(self.directory, f"{name}.json")
        with open(path, "w", encoding="ascii") as f:
            json.dump({"task": name, "processes": [{"name": name, "pid": pid, "start_time": start_time}]}, f)
        written = os.stat(path).st_mtime - age
        os.utime(path, (written, written))

    def test_processes_that_are_not_there(self):
        ended = subprocess.Popen(["true"])
        ended.wait()
        mine = os.getpid()
        start = int(process_start_ticks(mine))
        self.write("gone", ended.pid, 4711)
        self.write("wrong", mine, start - 1)
        result = self.tasks_in(self.directory)
        self.assertIn("TASKS: 0", result.stdout)
        self.assertIn("NOT DISCOVERED: 2", result.stdout)
        for text in (f"there is no process {ended.pid} (start_time 4711)",
                     f"process {mine} has the start_time {start}, the file says {start - 1}"):
            self.assertIn(text, result.stdout)
            self.assertEqual(result.stderr.count(text), 1)
        for name in ("gone.json", "wrong.json"):
            self.assertIn(name, result.stderr)
        reasons = [c["reason"] for c in json.loads(self.tasks_in(self.directory, "--json").stdout)["notDiscovered"]]
        self.assertEqual(sorted("the file says" in reason for reason in reasons), [False, True])

    def put(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as f:
            f.write(text if isinstance(text, str) else json.dumps(text))

    def process(self, name, **members):
        return {"name": name, "pid": os.getpid(), "start_time": int(process_start_ticks(os.getpid())), **members}

    def test_files_of_no_use_are_listed(self):
        self.put("broken.json", "{")
        self.put("wrong.json", {"task": "x", "processes": [{"name": "a", "pid": "many", "start_time": 1}]})
        os.mkfifo(os.path.join(self.directory, "pipe.json"))
        self.put("init.json", {"task": "init", "processes": [{"name": "init", "pid": 1, "start_time": 1}]})
        listed = self.tasks_in(self.directory).stdout
        files = listed.split("TASK FILES OF NO USE: 3\n")[1].split("\n\n")[0].splitlines()
        self.assertEqual([line.split(": ")[0] for line in files], ["  broken.json", "  pipe.json", "  wrong.json"])
        self.assertIn("processes[0].pid", files[2])
        self.assertIn("NOT DISCOVERED: 1", listed)
        self.assertRegex(listed, r"  init  \S+  init\.json: process 1 is init")
        listed = json.loads(self.tasks_in(self.directory, "--json").stdout)
        self.assertEqual([f["file"] for f in listed["taskFilesOfNoUse"]], ["broken.json", "pipe.json", "wrong.json"])
        self.assertIn("processes[0].pid", listed["taskFilesOfNoUse"][2]["reason"])
        self.assertEqual([c["file"] for c in listed["notDiscovered"]], ["init.json"])

    def test_members_of_task_files_are_no_labels(self):
        self.put("other.json", {"task": "other", "cluster": "elsewhere", "processes": [self.process("app")]})
        listed = self.tasks_in(self.directory).stdout
        self.assertRegex(listed, r"  app  \S+  other\.json: its task file names another cluster")
        os.remove(os.path.join(self.directory, "other.json"))
        self.put("web.json", {"task": "web", "processes": [self.process("app", depends_on=["db"])]})
        listed += self.tasks_in(self.directory).stdout
        self.assertIn('MEMBERS OF NO USE: 1\n  app  depends_on="db": give names of other processes of the task', listed)
        for word in ("label", "LABEL", "io.stopfleet", "container"):
            self.assertNotIn(word, listed)

    def test_of_two_files_the_older_has_the_process(self):
        start = int(process_start_ticks(os.getpid()))
        for older, younger in (("a", "b"), ("b", "a")):
            self.write(older, os.getpid(), start, age=60)
            self.write(younger, os.getpid(), start)
            result = self.tasks_in(self.directory, "--json")
            listed = json.loads(result.stdout)
            self.assertEqual([t["name"] for t in listed["tasks"]], [older])
            self.assertIn(f"{younger}.json", result.stderr)
            self.assertIn(f"{older}.json", result.stderr)
            [left_out] = listed["notDiscovered"]
            self.assertEqual(left_out["name"], younger)
            self.assertTrue(left_out["id"].endswith(f"-{os.getpid()}-{start}@{younger}.json"), left_out)
            self.assertIn(f'process {os.getpid()} belongs to the task "{older}" of the file "{older}.json"', left_out["reason"])
        self.assertIn("NOT DISCOVERED: 1", self.tasks_in(self.directory).stdout)

    def test_short_ids_tell_processes_apart(self):
        other = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(lambda: (other.kill(), other.wait()))
        for name, pid in (("mine", os.getpid()), ("other", other.pid)):
            self.write(name, pid, int(process_start_ticks(pid)))
        listed = self.tasks_in(self.directory).stdout
        for pid in (os.getpid(), other.pid):
            self.assertIn(f"  {pid}-", listed)

    def test_a_reader_that_goes_ends_it_quietly(self):
        reader, gone = os.pipe()
        os.close(reader)
        words = [os.path.join(BIN, "stopfleet-worker"), "tasks", "--host-id", "a" * 32, "--runtime", "process",
                 "--process-directory", self.directory]
        with os.fdopen(gone, "wb") as gone:
            result = subprocess.run(words, stdout=gone, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, b""))

    def test_an_engine_that_is_away_is_named(self):
        for endpoint in (f"unix://{self.directory}/docker.sock", "tcp://127.0.0.1:1"):
            result = self.tasks("--docker-endpoint", endpoint)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn(endpoint, result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
