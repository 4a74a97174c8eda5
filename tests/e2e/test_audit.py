"""stopfleet-audit on a whole fleet: what it prints is what the API says, and a view that it made again is the view."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import test_bad_days  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402
from server import wait_for  # noqa: E402

LIVE = ("attributes", "availabilityZone", "connectivity", "connectivityAt")
COMPLETE = "stopfleet:complete"


def catches_sigint(process):
    """Whether it has its handler by now: a signal before that kills any process."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
        [caught] = [int(line.split()[1], 16) for line in f if line.startswith("SigCgt:")]
    return caught & (1 << (signal.SIGINT - 1)) != 0


class Audit(test_bad_days.BadDay):
    def marked(self):
        return self.redis.call("HGET", COMPLETE, "run_id") is not None

    def bases(self):
        """Every base in Redis, byte for byte, with its position and its reducer."""
        return {key: self.redis.call("HMGET", key, "base", "pos", "rn") for key in self.redis.call("KEYS", "stopfleet:t:*")}

    def caught_up(self):
        """Whether each base is at the last record of its task."""
        last = {}
        for line in self.fleet.audit("events", "--json").stdout.splitlines():
            record = json.loads(line)
            if "task" in record["event"]:
                last[f"stopfleet:t:{CLUSTER}/{record['event']['task']}"] = record["offset"]
        return last == {key.decode(): int(base[1]) for key, base in self.bases().items()}

    def flush_with_the_worker_down(self):
        self.worker.kill()
        self.redis.call("FLUSHALL")

    def bring_back(self):
        """For the tests after this one: a running worker and a complete view."""
        if not self.worker.alive():
            self.worker.start()
        self.fleet.audit("rebuild", check=False)

    def interrupt_frozen(self, command):
        """The command's exit status, its output and its errors, after a SIGINT while Kafka says nothing."""
        self.kafka.freeze()
        try:
            process = self.fleet.begin_audit(command, "--timeout", "60s")
            wait_for(lambda: catches_sigint(process), 15, f"{command} begins to read", lambda: process.poll() is None)
            process.send_signal(signal.SIGINT)
        finally:
            self.kafka.thaw()
        out, errors = process.communicate(timeout=30)
        return process.returncode, out, errors

    def test_replay_prints_what_the_api_says(self):
        task = self.run_probe("replayed", "obey", "3")
        self.assertEqual(self.stop(task, reason="to be replayed")[0], 200)
        self.fleet.wait_status(self.api, task, "STOPPED")
        [replayed] = [json.loads(line) for line in self.fleet.audit("replay", "--task", task).stdout.splitlines()]
        described = self.fleet.describe(self.api, task)
        # The log does not know who is connected, and replay does not say that it does.
        self.assertNotIn("connectivity", replayed)
        for member in LIVE:
            replayed.pop(member, None)
            described.pop(member, None)
        self.assertEqual(replayed, described)

    def test_events_follow_goes_on_until_sigint(self):
        process = self.fleet.begin_audit("events", "--follow", "--json")
        first = process.stdout.readline()
        self.assertIn("event", json.loads(first))
        task = self.run_probe("followed", "obey")
        self.assertEqual(self.stop(task)[0], 200)
        seen = []

        def read_on():
            for line in process.stdout:
                event = json.loads(line)["event"]
                if event.get("task") == task:
                    seen.append(event["type"])

        reader = threading.Thread(target=read_on)
        reader.start()
        try:
            wait_for(lambda: "TaskStopped" in seen, 20, "the end of the task printed", lambda: process.poll() is None)
        finally:
            process.send_signal(signal.SIGINT)
            reader.join(15)
        self.assertIn("StopRequested", seen)
        self.assertEqual((process.wait(15), process.stderr.read()), (0, ""))

    def test_filters_that_match_nothing_are_said(self):
        self.run_probe("matched", "obey")
        for command, flag, value in (("events", "--task", "0" * 32), ("events", "--host", "0" * 32), ("events", "--cluster", "nope"), ("replay", "--cluster", "nope"),
                                     ("check", "--cluster", "nope")):
            done = self.fleet.audit(command, flag, value, check=False)
            with self.subTest(command=command, flag=flag):
                self.assertEqual(done.returncode, 1)
                self.assertIn("nope" if command == "check" else flag, done.stderr)
        of_one = self.fleet.audit("check", "--cluster", CLUSTER)
        self.assertIn("hosts: left out because of --cluster", of_one.stdout)

    def test_a_reader_that_goes_is_no_failure_of_kafka(self):
        self.run_probe("read", "obey")
        reader, gone = os.pipe()
        os.close(reader)
        with os.fdopen(gone, "wb", closefd=True) as gone, open("/dev/full", "wb", buffering=0) as full:
            for words in (("events", "--json"), ("events", "--follow"), ("replay",), ("check",)):
                with self.subTest(words=words):
                    self.assertEqual(self.fleet.audit_to(gone, *words), (-signal.SIGPIPE, ""))
                    status, said = self.fleet.audit_to(full, *words)
                    self.assertEqual(status, 2, said)
                    self.assertIn("could not write standard output: No space left on device", said)

    def test_brokers_that_do_not_answer_are_named(self):
        nobody = ("--kafka-brokers", "127.0.0.1:1")
        for words, status in ((("stopfleet-audit", "events"), 3), (("stopfleet-api", "topics", "check"), 2)):
            done = self.fleet.run(*words, *nobody, check=False)
            with self.subTest(program=words[0]):
                self.assertEqual(done.returncode, status)
                self.assertIn('Kafka at "127.0.0.1:1" does not answer', done.stderr)
                self.assertIn("correct --kafka-brokers", done.stderr)

    def test_words_that_are_not_understood_are_named(self):
        for program, words, said in (("stopfleet-api", ("topics", "crate"), '"crate" is nothing that topics does; did you mean create?'),
                                     ("stopfleet-worker", ("--attribute", "foo"), '--attribute "foo" has no ='),
                                     ("stopfleet-audit", ("events", "--type", "stoprequested"), "did you mean StopRequested?")):
            done = self.fleet.run(program, *words, "--kafka-brokers", "127.0.0.1:1", check=False)
            with self.subTest(program=program):
                self.assertEqual(done.returncode, 2)
                self.assertIn(said, done.stderr)

    def test_rebuild_makes_the_same_bases(self):
        task = self.run_probe("same-base", "obey")
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.run_probe("same-open-base", "obey")
        wait_for(self.caught_up, 15, "every base at the end of the log")
        before = self.bases()
        self.assertGreaterEqual(len(before), 2)
        self.addCleanup(self.bring_back)
        self.flush_with_the_worker_down()
        self.fleet.audit("rebuild")
        self.assertEqual(self.bases(), before)

    def test_rebuild_alone_makes_a_view_that_stops_are_taken_with(self):
        task = self.run_probe("rebuilt", "obey", "5")
        self.addCleanup(self.bring_back)
        self.flush_with_the_worker_down()
        self.fleet.audit("rebuild")
        self.assertEqual(self.redis.call("ZRANGE", "stopfleet:clusters", 0, -1), [CLUSTER.encode()])
        status, answer = self.stop(task)
        self.assertEqual(status, 200, answer)
        self.worker.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 5)

    def test_an_interrupted_command_is_not_done(self):
        self.run_probe("interrupted", "obey")
        self.addCleanup(self.bring_back)
        self.flush_with_the_worker_down()
        for command in ("rebuild", "replay", "check"):
            with self.subTest(command=command):
                status, out, errors = self.interrupt_frozen(command)
                self.assertIn("interrupted before the end of the log was reached; nothing was marked", errors)
                self.assertEqual((status, out), (2 if command == "rebuild" else 3, ""))
                self.assertFalse(self.marked())
                self.assertEqual(self.bases(), {})
        self.bring_back()

    def test_check_names_what_a_complete_view_lacks(self):
        task = self.run_probe("lacking", "obey")
        self.fleet.assert_view_is_fold()
        self.addCleanup(self.bring_back)
        self.worker.kill()
        self.redis.call("DEL", f"stopfleet:t:{CLUSTER}/{task}")
        result = self.fleet.audit("check", check=False)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(f"lacks: {CLUSTER}/{task}, position ", result.stdout)
        self.redis.call("FLUSHALL")
        self.assertEqual(self.fleet.audit("check", check=False).returncode, 3, "an empty view that says nothing is no lie")
        self.redis.call("HSET", COMPLETE, "run_id", self.run_id())
        result = self.fleet.audit("check", check=False)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("and does not know its cluster", result.stdout)
        self.fleet.audit("rebuild")
        self.fleet.assert_view_is_fold(seconds=0)

    def run_id(self):
        info = self.redis.call("INFO", "server").decode()
        [run_id] = [line.split(":")[1] for line in info.splitlines() if line.startswith("run_id:")]
        return run_id


class WrittenByHand(test_bad_days.BadDay):
    """A log that holds what no program of ours wrote."""

    broken = False  # for good, as a log is

    def tearDown(self):
        if not self.broken:
            super().tearDown()

    def kcat(self, *arguments):
        program = shutil.which("kcat") or shutil.which("kafkacat")
        self.assertIsNotNone(program, "no kcat here: deploy/packages/install.sh test")
        return subprocess.run([program, "-q", "-b", self.kafka.bootstrap, "-t", "stopfleet.events", *arguments], check=True, timeout=30,
                              stdout=subprocess.PIPE).stdout

    def produce(self, partition, value):
        path = os.path.join(self.directory, "value")
        with open(path, "wb") as f:
            f.write(value)
        self.kcat("-P", "-p", str(partition), path)

    def test_rebuild_does_not_mark_a_fold_of_what_it_cannot_read(self):
        self.run_probe("among-newer", "obey")
        self.redis.call("FLUSHALL")
        self.produce(3, b"garbage")
        result = self.fleet.audit("rebuild", check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIsNotNone(self.redis.call("HGET", COMPLETE, "run_id"))
        self.redis.call("DEL", COMPLETE)
        self.produce(3, b"\x82\xa1v\x02\xa4type\xa1X")
        result = self.fleet.audit("rebuild", check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"partition 3, offset \d+ is an event of a major version")
        self.assertIsNone(self.redis.call("HGET", COMPLETE, "run_id"))

    def test_check_names_a_stop_that_broke_a_promise(self):
        task = self.run_probe("signalled-twice", "obey")
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.fleet.assert_view_is_fold()
        self.assertIn("stops: 1 checked, 0 broken promises, 0 open\n", self.fleet.audit("check").stdout)
        records = [json.loads(line) for line in self.fleet.audit("events", "--json", "--task", task).stdout.splitlines()]
        [sent] = [record for record in records if record["event"]["type"] == "SignalSent"]
        [ended] = [record for record in records if record["event"]["type"] == "TaskStopped"]
        event_id = sent["event"]["id"].encode()
        original = self.kcat("-C", "-p", str(sent["partition"]), "-o", str(sent["offset"]), "-c", "1", "-D", "")
        self.assertEqual(original.count(event_id), 1)
        self.produce(sent["partition"], original)
        self.assertIn(", 0 broken promises, ", self.fleet.audit("check").stdout, "a record that comes again is no second signal")
        self.produce(sent["partition"], original.replace(event_id, b"f" * len(event_id)))
        type(self).broken = True
        result = self.fleet.audit("check", check=False)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stdout, rf"(?m)^broken: {CLUSTER}/{task}, container \S+ \(\S+\), host {test_bad_days.HOST}, partition "
                         rf"{sent['partition']}: SignalSent at \d+ after TaskStopped at {ended['offset']}, but .* \(I4\)$")
        self.assertIn("stops: 1 checked, 1 broken promises, 0 open\n", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
