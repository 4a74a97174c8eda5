"""Kafka is not what it was: offsets forgotten, partitions added, the log begun anew. Each has a name in the worker's log and a way out."""

import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import test_bad_days  # noqa: E402
import kafka_admin  # noqa: E402
from server import ServerError, wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

HOST = test_bad_days.HOST
TOPIC = "stopfleet.events"


class LogChanged(test_bad_days.BadDay):
    @property
    def node(self):
        return self.kafka.nodes[0]

    def forget_offsets(self):
        """Whether there were any."""
        try:
            kafka_admin.delete_group(self.node, f"stopfleet-worker.{HOST}")
            return True
        except ServerError:
            return False

    def test_offsets_forgotten_in_mid_grace(self):
        before = self.run_probe("stopped-before", "obey")
        self.assertEqual(self.stop(before)[0], 200)
        self.fleet.wait_status(self.api, before, "STOPPED")
        under_way = self.run_probe("under-way", "ignore", flags=["--stop-timeout", "9"])
        self.assertEqual(self.stop(under_way)[0], 200)
        self.fleet.wait_events(under_way, "SignalSent")
        of_before = self.fleet.events(before)
        wait_for(self.forget_offsets, 20, "a commit that can be forgotten")
        self.worker.kill()
        self.forget_offsets()
        self.worker.start()
        document = self.fleet.wait_status(self.api, under_way, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        self.assertIn("log.offsets_forgotten", self.worker.log_text())
        self.assertEqual(self.probe_signals("under-way"), ["TERM"])
        self.assertEqual(self.probe_signals("stopped-before"), ["TERM"])
        self.assertEqual(self.fleet.events(before), of_before)

    def test_partitions_added(self):
        """Nobody moves; hosts that come later use the new ones, and the API writes to them."""
        kafka_admin.raise_partitions(self.node, TOPIC, 6)
        workers = []
        try:
            for i in range(5):
                workers.append(self.fleet.process_worker(name=f"later-{i}", host_id=f"later-{i}"))
                workers[-1].wait_log("registration.done")
            new = [w for w in workers if "partition=4" in w.log_text() or "partition=5" in w.log_text()]
            self.assertEqual(len(new), 2, [w.log_text()[:600] for w in workers])
            first, self.worker = self.worker, new[0]
            try:
                task = self.run_probe("on-a-new-partition", "obey", "7")
            finally:
                self.worker = first
            wait_for(lambda: self.stop(task)[0] == 200, 20, "StopTask on a new partition")
            self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 7)
            task = self.run_probe("on-an-old-partition", "obey", "8")
            self.assertEqual(self.stop(task)[0], 200)
            self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 8)
        finally:
            for worker in workers:
                worker.stop()


    def test_topics_that_could_lose_records_are_refused_before_a_registration(self):
        worker = self.fleet.worker("careful", "careful-host", ["--runtime", "process", "--process-directory", self.directory], start=False)
        worker.arguments.remove("--unsafe-topics")
        worker.launch()
        self.assertEqual(worker.process.wait(30), 2, worker.log_text())
        self.assertIn("records could be lost", worker.log_text())
        self.assertNotIn("registration.done", worker.log_text())
        status, answer = self.api.call("DescribeContainerInstances", {"cluster": CLUSTER, "containerInstances": ["careful-host"]})
        self.assertEqual((status, [f["reason"] for f in answer["failures"]]), (200, ["MISSING"]))


class LogBegunAnew(test_bad_days.BadDay):
    def make_topics(self):
        try:
            return self.fleet.make_topics()
        except ServerError:
            return None

    def test_a_log_begun_anew_is_named_and_the_way_out_works(self):
        task = self.run_probe("of-the-old-log", "obey", "3")
        early = self.run_probe("stopped-early", "obey", "4")
        for i in range(3):
            ended = self.run_probe(f"fills-the-log-{i}", "obey")
            self.assertEqual(self.stop(ended)[0], 200)
            self.fleet.wait_status(self.api, ended, "STOPPED")
        wait_for(lambda: int(self.redis.call("HGET", f"stopfleet:h:{HOST}", "seen") or 0) > 10, 20, "seen moves")
        kafka_admin.delete_topic(self.kafka.nodes[0], TOPIC)
        wait_for(self.make_topics, 30, "the topic made again")
        # The worker that runs finds it out by itself, and its next start does too: neither goes on with a view that hides the log.
        for start in (False, True):
            if start:
                self.worker.launch()
            self.assertEqual(self.worker.process.wait(60), 2, self.worker.log_text())
        self.assertIn("log.begun_anew", self.worker.log_text())
        self.assertIn("the log was begun anew or put back from an older copy", self.worker.log_text())
        # The API and the audit name it too.
        status, answer = wait_for(lambda: (lambda a: a if "begun anew" in str(a) else None)(self.stop(ended)), 30, "the API names it")
        self.assertEqual((status, answer["__type"]), (500, "ServerException"), answer)
        # This one is in the new log, which has no observation of its task yet.
        status, answer = self.stop(early)
        self.assertEqual((status, answer["__type"]), (500, "ServerException"), answer)
        result = self.fleet.audit("check", check=False)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("ahead of the log: ", result.stdout)
        self.assertIn("begun anew", result.stdout)
        # What docs/operate.md says to do.
        self.redis.call("FLUSHDB")
        self.worker.start()
        # Kafka forgets a deleted topic's offsets, sooner or later.
        wait_for(lambda: self.worker.log_text().rfind("worker.acts") > self.worker.log_text().rfind("begun_anew"), 20, "the worker acts")
        self.assertRegex(self.worker.log_text(), r"log\.offsets_forgotten|log\.ends_early")
        self.fleet.audit("rebuild")
        self.assertEqual(self.fleet.wait_status(self.api, early, "STOPPED")["containers"][0]["exitCode"], 4)
        self.assertEqual(self.probe_signals("stopped-early"), ["TERM"])
        # Of this one the new log has a StopTask too, and nothing of it runs any more.
        self.assertEqual(self.fleet.wait_status(self.api, ended, "STOPPED")["containers"], [])
        [gone] = self.fleet.events(ended, "TaskGone")
        self.assertIn("never described", gone["reason"])
        self.assertEqual(self.fleet.task_of(self.api, "of-the-old-log"), task)
        wait_for(lambda: self.stop(task)[0] == 200, 20, "StopTask works")
        self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 3)
        self.assertEqual(self.probe_signals("of-the-old-log"), ["TERM"])


class LogPutBack(test_bad_days.BadDay):
    """The topic is lost and put back from a backup while the workers are ended."""

    KEY, END = "<<key>>", "<<end of record>>"

    def kcat(self, *arguments, **options):
        program = shutil.which("kcat") or shutil.which("kafkacat")
        self.assertIsNotNone(program, "no kcat here: deploy/packages/install.sh test")
        return subprocess.run([program, "-q", "-b", self.kafka.bootstrap, "-t", TOPIC, *arguments], check=True, timeout=60, **options)

    def back_up(self):
        """The records of each partition, as kcat writes and reads them."""
        return [self.kcat("-C", "-e", "-o", "beginning", "-p", str(p), "-K", self.KEY, "-D", self.END, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL).stdout for p in range(4)]

    def put_back(self, backup, before=b""):
        kafka_admin.delete_topic(self.kafka.nodes[0], TOPIC)
        wait_for(self.made_again, 30, "the topic made again")
        for p, records in enumerate(backup):
            if records:
                self.kcat("-P", "-p", str(p), "-K", self.KEY, "-D", self.END, input=before + records)

    def made_again(self):
        try:
            return self.fleet.make_topics()
        except ServerError:
            return None

    def assert_stops(self, name, task, code):
        wait_for(lambda: self.stop(task)[0] == 200, 30, "StopTask works")
        self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], code)
        self.assertEqual(self.probe_signals(name), ["TERM"])

    def test_put_back_as_it_was_and_at_other_offsets(self):
        ended, first, second = [self.run_probe(name, "obey", code) for name, code in (("ended", "3"), ("first", "4"), ("second", "5"))]
        self.assert_stops("ended", ended, 3)
        self.worker.stop()
        # As it was: nothing is to be done.
        self.put_back(self.back_up())
        self.worker.start()
        self.assert_stops("first", first, 4)
        self.assertNotIn("begun_anew", self.worker.log_text())
        self.fleet.assert_view_is_fold()
        # With a record more in front: the view is not of this log, and check says so.
        self.worker.stop()
        self.put_back(self.back_up(), f"nobody{self.KEY}garbage{self.END}".encode())
        result = self.fleet.audit("check", check=False)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(f"differs: {CLUSTER}/{ended}", result.stdout)
        # What docs/operate.md says to do.
        self.redis.call("FLUSHDB")
        self.worker.start()
        wait_for(lambda: self.fleet.audit("rebuild", check=False).returncode in (0, 1), 20, "a rebuild")
        self.assert_stops("second", second, 5)
        for name, task, code in (("ended", ended, 3), ("first", first, 4)):
            self.assertEqual(self.fleet.describe(self.api, task)["containers"][0]["exitCode"], code)
            self.assertEqual(self.probe_signals(name), ["TERM"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
