"""Hundreds of tasks on one host: each is observed once, whatever is restarted, emptied, renamed or lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from fleet_case import FleetCase  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402
from server import process_start_ticks, wait_for  # noqa: E402

TASKS = 300
CONTAINERS = 40
# Forks sleepers and names them, one pid a line.
SLEEPERS = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    print(pid, flush=True)
signal.pause()
"""


class Volume:
    """What the view and the log hold of them."""

    def running(self):
        """The ids of all running tasks, page by page."""
        ids, body = set(), {"cluster": CLUSTER}
        while True:
            status, answer = self.api.call("ListTasks", body)
            if status != 200:
                return set()
            ids.update(arn.rsplit("/", 1)[1] for arn in answer["taskArns"])
            if "nextToken" not in answer:
                return ids
            body["nextToken"] = answer["nextToken"]

    def wait_running(self, count):
        return wait_for(lambda: len(self.running()) == count and self.running(), 60, f"{count} running tasks in the view")

    def observed(self):
        """How many TaskObserved the log holds, by revision."""
        found = {}
        for event in self.fleet.events(kind="TaskObserved"):
            found[event["revision"]] = found.get(event["revision"], 0) + 1
        return found


class ProcessTasks(Volume, FleetCase):
    def setUp(self):
        super().setUp()
        self.worker = self.fleet.process_worker()
        self.sleepers = subprocess.Popen([sys.executable, "-c", SLEEPERS, str(2 * TASKS + 20)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.fleet.clients.append(self.sleepers)
        self.addCleanup(self.sleepers.stdout.close)
        self.pids = [int(self.sleepers.stdout.readline()) for _ in range(2 * TASKS + 20)]

    def write(self, name, count=2, pids=None):
        """A task file of so many new sleepers, or of these; the pids."""
        pids = pids or [self.pids.pop() for _ in range(count)]
        processes = [{"name": f"p{i}", "pid": pid, "start_time": process_start_ticks(pid)} for i, pid in enumerate(pids)]
        draft = os.path.join(self.worker.tasks, f".{name}")
        with open(draft, "w", encoding="ascii") as f:
            json.dump({"task": name, "processes": processes}, f)
        os.rename(draft, self.path(name))
        return pids

    def path(self, name):
        return os.path.join(self.worker.tasks, f"{name}.json")

    def test_files_appear_change_move_and_are_lost(self):
        pids = {f"task-{i}": self.write(f"task-{i}") for i in range(TASKS)}
        ids = self.wait_running(TASKS)
        self.assertEqual(self.observed(), {1: TASKS})

        with self.subTest("renamed and written again: nothing new; another process: one revision"):
            os.rename(self.path("task-0"), self.path("moved"))
            self.write("task-1", pids=pids["task-1"])
            self.write("task-2", pids=[*pids["task-2"], self.pids.pop()])
            wait_for(lambda: self.observed().get(2), 30, "the second revision")
            self.assertEqual(self.observed(), {1: TASKS, 2: 1})
            self.assertEqual(self.running(), ids)

        for number, end in enumerate((self.worker.stop, self.worker.kill), 1):
            with self.subTest("the worker starts again", end=end.__name__):
                end()
                self.worker.start()
                # The new task's observation comes from a list that held all the others.
                self.write(f"late-{number}")
                ids = self.wait_running(TASKS + number)
                self.assertEqual(self.observed(), {1: TASKS + number, 2: 1})

        with self.subTest("Redis emptied"):
            self.redis.call("FLUSHALL")
            self.fleet.audit("rebuild")
            self.write("late-3")
            ids = self.wait_running(TASKS + 3)
            self.assertEqual(self.observed(), {1: TASKS + 3, 2: 1})

        with self.subTest("inotify's queue runs over"):
            with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as f:
                room = int(f.read())
            self.worker.freeze()
            # Two names in turn: the kernel drops an event that equals the one before.
            for i in range(room + 2):
                with open(os.path.join(self.worker.tasks, f".fill-{i % 2}"), "w", encoding="ascii"):
                    pass
            self.write("late-4")
            for pid in pids["task-5"]:
                os.kill(pid, signal.SIGKILL)
            os.unlink(self.path("task-5"))
            self.worker.thaw()
            self.wait_running(TASKS + 3)
            wait_for(lambda: self.observed() == {1: TASKS + 4, 2: 1}, 30, "late-4, whose event was lost, in the log")
        self.fleet.assert_view_is_fold()

        with self.subTest("the directory is removed and made again"):
            shutil.rmtree(self.worker.tasks)
            self.worker.wait_log("the directory of task files was removed")
            wait_for(lambda: os.path.isdir(self.worker.tasks), 30, "the worker makes the directory again")
            self.write("late-5")
            self.wait_running(TASKS + 4)


class DockerTasks(Volume, DockerHost):
    @classmethod
    def start_workers(cls):
        """The test starts its worker, on an engine that is full of containers."""

    def begin(self, name):
        self.docker.run(name, "--label", f"io.stopfleet.task={name}")

    def test_one_observation_a_container(self):
        for i in range(CONTAINERS):
            self.begin(f"volume-{i}")
        worker = self.docker_worker("docker-volume", self.host_id)
        self.wait_running(CONTAINERS)
        self.assertEqual(self.observed(), {1: CONTAINERS})
        for number, end in enumerate((worker.stop, worker.kill), 1):
            with self.subTest("the worker starts again", end=end.__name__):
                end()
                worker.start()
                self.begin(f"late-{number}")
                self.wait_running(CONTAINERS + number)
                self.assertEqual(self.observed(), {1: CONTAINERS + number})
        with self.subTest("Redis emptied"):
            self.redis.call("FLUSHALL")
            self.fleet.audit("rebuild")
            self.begin("late-3")
            self.wait_running(CONTAINERS + 3)
            self.assertEqual(self.observed(), {1: CONTAINERS + 3})
        with self.subTest("the engine's events lost"):
            worker.kill()
            self.docker.docker("rm", "-f", "volume-0", "volume-1")
            self.begin("late-4")
            worker.start()
            self.wait_running(CONTAINERS + 2)
            wait_for(lambda: self.observed() == {1: CONTAINERS + 4}, 30, "late-4 in the log")


if __name__ == "__main__":
    unittest.main()
