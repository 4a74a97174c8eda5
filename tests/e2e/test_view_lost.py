"""Redis emptied, older, or full of garbage while the service runs: no wrong 'not found', and the view comes back by itself."""

import collections
import os
import re
import signal
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import test_bad_days  # noqa: E402
from redis_server import Redis  # noqa: E402
from server import free_port, wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

COMPLETE = "stopfleet:complete"
# Members of a host's open tasks that are none: no name of a task, and a task that never was.
STRAY = ("no task", f"{CLUSTER}/{'f' * 32}")


class Traffic:
    """Calls without end, of tasks that are there; what was answered wrongly is in `wrong`.

    DescribeTasks of `tasks` and ListTasks, which must have those of them that nobody stops; from fault() on also StopTask of
    `ending`, tasks that are there for it, one after the other until each was accepted, and then all over again.
    """

    def __init__(self, test, tasks, running, ending):
        self.test, self.tasks, self.running, self.ending = test, tasks, set(running), ending
        self.wrong, self.answers, self.before = [], collections.Counter(), None
        self.accepted = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def fault(self):
        """The fault comes now."""
        self.before = self.answers.copy()

    def call(self, operation, lacks, **members):
        """Whether it was answered with 200; `lacks` says of such an answer what is not in it."""
        status, answer = self.test.api.call(operation, {"cluster": CLUSTER, **members})
        if status not in (200, 500) or status == 200 and lacks(answer):
            self.wrong.append((operation, members, status, answer))
        self.answers[operation, status] += 1
        return status == 200

    def run(self):
        try:
            while not self.ended.is_set():
                for task in self.tasks:
                    self.call("DescribeTasks", lambda answer: answer["failures"] or not answer["tasks"], tasks=[task])
                self.call("ListTasks", lambda answer: self.running - {arn.rsplit("/", 1)[1] for arn in answer["taskArns"]})
                if self.before is not None:
                    task = self.ending[self.accepted % len(self.ending)]
                    if self.call("StopTask", lambda answer, task=task: not answer["task"]["taskArn"].endswith(task), task=task):
                        self.accepted += 1
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(error)

    def went_on(self):
        """Each operation was answered with 200 after the fault, StopTask of each task."""
        return self.accepted >= len(self.ending) and all(
            self.answers[operation, 200] > self.before[operation, 200] for operation in ("DescribeTasks", "ListTasks", "StopTask"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                wait_for(lambda: self.wrong or self.went_on(), 30, "answers after the fault")
        finally:
            self.ended.set()
            self.thread.join()
        if kind is None:
            self.test.assertEqual(self.wrong, [])


class ViewLost(test_bad_days.BadDay):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.watch = cls.fleet.begin_audit("rebuild", "--watch")
        cls.lines = []
        cls.reader = threading.Thread(target=lambda: cls.lines.extend(cls.watch.stdout), daemon=True)
        cls.reader.start()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.watch.send_signal(signal.SIGTERM)
            status = cls.watch.wait(15)
            cls.reader.join()
        finally:
            super().tearDownClass()
        if status != 0:
            raise AssertionError(f"rebuild --watch ended with {status}: {cls.watch.stderr.read()}")

    def complete(self):
        """An unknown task is said to be unknown."""
        return self.stop("9" * 32)[0] == 400

    def tasks_of(self, name, count=3):
        return [self.run_probe(f"{name}-{i}", "obey", str(i + 1)) for i in range(count)]

    def assert_stops(self, tasks, name):
        for i, task in enumerate(tasks):
            self.assertEqual(wait_for(lambda t=task: self.stop(t)[0] == 200, 20, f"StopTask of {task}"), True)
            self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], i + 1)
            self.assertEqual(self.probe_signals(f"{name}-{i}"), ["TERM"])

    def test_emptied_under_traffic(self):
        tasks, ending = self.tasks_of("emptied"), self.tasks_of("emptied-ending")
        wait_for(self.complete, 20, "a complete view")
        with Traffic(self, tasks, tasks[1:], ending) as traffic:
            self.assertEqual(self.stop(tasks[0])[0], 200)
            traffic.fault()
            self.redis.call("FLUSHALL")
            self.run_probe("emptied-later", "obey")
            wait_for(self.complete, 30, "the view complete again")
            wait_for(lambda: all(self.fleet.describe(self.api, t) for t in tasks), 20, "all tasks again")
        self.assertTrue(any(line.startswith("rebuilding: ") for line in self.lines), self.lines)
        self.assert_stops(tasks, "emptied")
        self.assert_stops(ending, "emptied-ending")

    def test_failed_over_to_an_older_state(self):
        older = self.tasks_of("older", 1)
        wait_for(self.complete, 20, "a complete view")
        self.redis.call("SAVE")
        newer, ending = self.tasks_of("newer", 2), self.tasks_of("newer-ending")
        self.assertEqual(self.stop(older[0])[0], 200)
        self.fleet.wait_status(self.api, older[0], "STOPPED")
        with Traffic(self, older + newer, newer, ending) as traffic:
            traffic.fault()
            self.redis.kill()
            self.redis.start()
            wait_for(self.complete, 30, "the view complete again")
            wait_for(lambda: all(self.fleet.describe(self.api, t) for t in newer), 20, "the newer tasks again")
        self.assertEqual(self.fleet.wait_status(self.api, older[0], "STOPPED")["containers"][0]["exitCode"], 1)
        self.assertIn("view.fell_back", self.worker.log_text())
        self.assert_stops(newer, "newer")
        self.assert_stops(ending, "newer-ending")

    def test_failed_over_to_a_replica_that_lagged(self):
        """A real replica with older data takes the master's address: it counts as away, and once promoted as an older view."""
        older = self.tasks_of("replicated", 1)
        wait_for(self.complete, 20, "a complete view")
        replica = Redis(os.path.join(self.directory, "replica")).start()
        self.addCleanup(lambda: replica is self.redis or replica.stop())
        replica.call("REPLICAOF", "127.0.0.1", self.redis.port)
        wait_for(lambda: replica.call("EXISTS", f"stopfleet:t:{CLUSTER}/{older[0]}") == 1, 20, "the replica has the data")
        # From now on it follows nobody: what comes after this it never gets.
        replica.call("REPLICAOF", "127.0.0.1", free_port())
        newer, ending = self.tasks_of("unreplicated", 2), self.tasks_of("unreplicated-ending")
        self.assertEqual(replica.call("EXISTS", f"stopfleet:t:{CLUSTER}/{newer[0]}"), 0)
        with Traffic(self, older + newer, older + newer, ending) as traffic:
            traffic.fault()
            self.redis.kill()
            replica.call("CONFIG", "SET", "port", self.redis.port)
            replica.port = self.redis.port
            type(self).redis = replica
            # It takes no writes yet.
            self.assert_server_exception(older[0])
            replica.call("REPLICAOF", "NO", "ONE")
            wait_for(self.complete, 30, "the view complete again")
            wait_for(lambda: all(self.fleet.describe(self.api, t) for t in newer), 20, "the newer tasks again")
        self.assert_stops(older, "replicated")
        self.assert_stops(newer, "unreplicated")
        self.assert_stops(ending, "unreplicated-ending")

    def corrupt_keys(self):
        """What the worker has found not to be right so far."""
        return re.findall(r"view\.corrupt: .* key=(\S+)", self.worker.log_text())

    def has_no_strays(self, host):
        """Whether the host's open tasks are a set, without any of STRAY."""
        if self.redis.call("TYPE", host + ":open") != b"set":
            return False
        return not {word.encode() for word in STRAY} & set(self.redis.call("SMEMBERS", host + ":open"))

    def test_garbage_under_our_keys(self):
        """Each kind of garbage, one after the other: healed by the worker, with clear errors until then."""
        tasks, ending = self.tasks_of("garbage"), self.tasks_of("garbage-ending")
        wait_for(self.complete, 20, "a complete view")
        key = f"stopfleet:t:{CLUSTER}/{tasks[0]}"
        host = f"stopfleet:h:{test_bad_days.HOST}"
        running = f"stopfleet:c:{CLUSTER}:running"
        kinds = {
            # First: each kind after it is found by a look that has to find nothing more of these.
            "keys of somebody else": [("SET", "stopfleet:t:other", "x"), ("SADD", host + ":open", *STRAY)],
            # In one step: a key that is gone for a moment cannot be told from a task that never was.
            "a task that is a list": [("RPUSH", "stopfleet:made", "x"), ("RENAME", "stopfleet:made", key)],
            "a task without a position": [("HDEL", key, "pos")],
            "a task without a base": [("HDEL", key, "base")],
            "a host that is text": [("SET", host, "x")],
            "seen that is no number": [("HSET", host, "seen", "far")],
            "open tasks that are text": [("SET", host + ":open", "x")],
            "running tasks that are text": [("SET", running, "x")],
            "clusters that are text": [("SET", "stopfleet:clusters", "x")],
            "a marker that is text": [("SET", COMPLETE, "x")],
        }
        with Traffic(self, tasks, tasks, ending) as traffic:
            traffic.fault()
            for kind, calls in kinds.items():
                with self.subTest(kind=kind):
                    for call in calls:
                        self.redis.call(*call)
                    wait_for(lambda: self.complete() and all(self.fleet.describe(self.api, t) for t in tasks)
                             and set(tasks) <= set(self.fleet.tasks(self.api)) and self.has_no_strays(host),
                             60, f"{kind}, healed", self.worker.alive)
        found = self.corrupt_keys()
        self.assertIn(key, found)
        self.assertEqual(found.count(f"stopfleet:t:{STRAY[1]}"), 1)
        self.assertTrue(self.has_no_strays(host))
        self.assert_stops(tasks, "garbage")
        self.assert_stops(ending, "garbage-ending")

    def test_a_base_of_an_older_version(self):
        """Named at the worker's start, and folded again from the log."""
        [task] = self.tasks_of("older-fold", 1)
        wait_for(self.complete, 20, "a complete view")
        self.worker.kill()
        key = f"stopfleet:t:{CLUSTER}/{task}"
        reducer = int(self.redis.call("HGET", key, "rn"))
        self.redis.call("HSET", key, "rn", reducer - 1)
        self.worker.start()
        self.worker.wait_log("view.older_fold")
        wait_for(lambda: int(self.redis.call("HGET", key, "rn")) == reducer, 20, "the base folded again")
        self.assert_stops([task], "older-fold")

    def test_bytes_that_are_no_base(self):
        """Found by a worker that runs, and at its next start."""
        [task] = self.tasks_of("no-base", 1)
        wait_for(self.complete, 20, "a complete view")
        key = f"stopfleet:t:{CLUSTER}/{task}"
        self.redis.call("HSET", key, "base", b"\xc1\xc1", "pos", "999999")
        wait_for(lambda: self.fleet.describe(self.api, task), 60, "the base put again")
        self.assertIn(f"key={key}", self.worker.log_text())
        self.worker.kill()
        self.redis.call("HSET", key, "base", b"\xc1\xc1", "pos", "999999")
        message = self.assert_server_exception(task)
        self.assertNotIn("not found", message)
        self.worker.start()
        wait_for(lambda: self.fleet.describe(self.api, task), 20, "the base made anew")
        self.assertIn("view.base_unreadable", self.worker.log_text())
        self.assert_stops([task], "no-base")


if __name__ == "__main__":
    unittest.main(verbosity=2)
