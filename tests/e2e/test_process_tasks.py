"""Tasks of plain processes: what a process leaves behind, files that lie, and pids that are somebody else's."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import test_bad_days  # noqa: E402
from server import process_start_ticks, wait_for  # noqa: E402

# Version 1 has no cgroup.kill; a machine without it has version 2 at the top.
GROUPS = "/sys/fs/cgroup/freezer" if os.path.isdir("/sys/fs/cgroup/freezer") else "/sys/fs/cgroup"


class ProcessTasks(test_bad_days.BadDay):
    def run_parent(self, task, *, trap="trap 'exit 3' TERM", flags=()):
        """A task whose process has two children, one of which left its session; the task's id and the children's pids."""
        path = os.path.join(self.directory, f"{task}.pids")
        script = (f"{trap}; setsid sleep 1000 & left=$!; sleep 1001 & echo $left $! >{path}.new; mv {path}.new {path}; "
                  "while :; do sleep 0.05; done")
        self.fleet.run_process(self.worker, task, script, name=task, flags=flags)
        task_id = self.fleet.task_of(self.api, task)
        wait_for(lambda: os.path.exists(path), 10, "both children")
        pids = self.pids(path)
        self.addCleanup(lambda: [os.kill(pid, 9) for pid in pids if self.lives(pid)])
        return task_id, pids

    @staticmethod
    def pids(path):
        with open(path, encoding="ascii") as f:
            return [int(word) for word in f.read().split()]

    @staticmethod
    def lives(pid):
        return process_start_ticks(pid) is not None

    def task_file(self, task):
        with open(os.path.join(self.worker.tasks, f"{task}.{task}.json"), encoding="utf-8") as f:
            return json.load(f)["processes"][0]

    def stop_and_wait(self, task):
        self.assertEqual(self.stop(task)[0], 200)
        return self.fleet.wait_status(self.api, task, "STOPPED")

    def test_what_an_obeying_process_leaves_behind(self):
        task, children = self.run_parent("parent")
        cgroup = self.task_file("parent")["cgroup"]
        document = self.stop_and_wait(task)
        # STOPPED is said when nothing is left, and not before.
        self.assertEqual([self.lives(pid) for pid in children], [False, False])
        self.assertEqual(document["containers"][0]["exitCode"], 3)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])
        wait_for(lambda: not os.path.exists(cgroup), 10, "the end of the control group")

    def test_what_a_killed_process_leaves_behind(self):
        task, children = self.run_parent("stubborn", trap="trap '' TERM", flags=["--stop-timeout", "1"])
        document = self.stop_and_wait(task)
        self.assertEqual([self.lives(pid) for pid in children], [False, False])
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        # An ordinary stop is three lines of the worker's log.
        lines = [line for line in self.worker.log_text().splitlines() if task in line and " stop." in line]
        self.assertEqual([line.split(" stop.")[1].split(":")[0] for line in lines], ["begins", "kill", "ends"])
        self.assertIn(f"request={self.fleet.events(task, 'StopRequested')[0]['id']}", lines[0])
        self.assertRegex(lines[2], r"duration_ms=\d+")

    def test_what_is_left_while_the_worker_is_away(self):
        """The process obeys while nobody looks: the next worker ends what it left."""
        task, children = self.run_parent("unwatched", trap="trap 'exit 4' USR1; trap '' TERM", flags=["--stop-timeout", "60"])
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_events(task, "SignalSent")
        self.worker.kill()
        pid = self.task_file("unwatched")["pid"]
        os.kill(pid, 10)
        wait_for(lambda: not self.lives(pid), 10, "the end of the process")
        self.assertEqual([self.lives(pid) for pid in children], [True, True])
        self.worker.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual([self.lives(pid) for pid in children], [False, False])
        self.assertEqual(document["containers"][0]["exitCode"], 4)

    def test_nobody_asked(self):
        """A process that ends without a StopTask keeps what it leaves behind."""
        task, children = self.run_parent("by-itself")
        os.kill(self.task_file("by-itself")["pid"], 15)
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["stopCode"], "EssentialContainerExited")
        self.assertEqual([self.lives(pid) for pid in children], [True, True])

    def write_task(self, task, pid, **members):
        entry = {"name": task, "pid": pid, "start_time": process_start_ticks(pid), "stop_timeout": 1, **members}
        path = os.path.join(self.worker.tasks, f"{task}.json")
        with open(f"{path}.new", "w", encoding="utf-8") as f:
            json.dump({"task": task, "processes": [entry]}, f)
        os.rename(f"{path}.new", path)
        self.addCleanup(os.unlink, path)

    def child(self, *argv):
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def test_a_cgroup_that_is_somebody_elses(self):
        """A file names a group that its process is not in: it is not touched."""
        bystander, mine = self.child("sleep", "1000"), self.child("sleep", "1000")
        group = os.path.join(GROUPS, f"bystander-{os.getpid()}")
        os.mkdir(group)
        self.addCleanup(lambda: (bystander.kill(), bystander.wait(), os.rmdir(group)))
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as f:
            f.write(str(bystander.pid))
        self.write_task("liar", mine.pid, cgroup=group)
        self.stop_and_wait(self.fleet.task_of(self.api, "liar"))
        self.assertIsNone(bystander.poll())
        self.assertIn("is not in the cgroup", self.worker.log_text())

    def test_a_group_made_by_hand(self):
        """In the freezer of version 1 each process is looked for."""
        group = os.path.join(GROUPS, f"mine-{os.getpid()}")
        os.mkdir(group)
        self.addCleanup(lambda: wait_for(lambda: not os.path.exists(group) or not os.rmdir(group), 5, "an empty group"))
        mine = self.child("sh", "-c", f"echo $$ >{group}/cgroup.procs; setsid sleep 1002 & setsid sleep 1003 & exec sleep 1004")
        def members():
            with open(os.path.join(group, "cgroup.procs"), encoding="ascii") as f:
                return [int(line) for line in f]
        wait_for(lambda: len(members()) == 3, 10, "three processes in the group")
        self.write_task("frozen", mine.pid, cgroup=group)
        task = self.fleet.task_of(self.api, "frozen")
        self.stop_and_wait(task)
        self.assertEqual(members(), [])

    def test_init_and_the_worker_are_no_tasks(self):
        self.write_task("init", 1)
        self.write_task("suicide", self.worker.pid)
        self.run_probe("honest", "obey")
        names = {c["name"] for t in self.fleet.tasks(self.api) for c in self.fleet.describe(self.api, t)["containers"]}
        self.assertEqual(names & {"init", "suicide", "honest"}, {"honest"})
        self.assertIn("is this worker itself", self.worker.log_text())

    def test_a_pid_that_was_given_to_another(self):
        """The start time says that it is not the process of the file: it has ended, and gets nothing."""
        other = self.child("sleep", "1000")
        self.write_task("reused", other.pid, start_time=process_start_ticks(other.pid) - 1)
        self.run_probe("after-reused", "obey")
        names = {c["name"] for t in self.fleet.tasks(self.api) for c in self.fleet.describe(self.api, t)["containers"]}
        self.assertNotIn("reused", names)
        self.assertIsNone(other.poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
