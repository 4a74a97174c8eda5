"""Bad input and bad days: every one gets a clear answer, nothing is lost, and the service heals by itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fleet_case import FleetCase  # noqa: E402
from stopfleet import CLUSTER, Containers  # noqa: E402
import docker_engine  # noqa: E402
import probe_record  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from server import wait_for  # noqa: E402

HOST = "c" * 32
ANSWER_LIMIT_S = 6.0


class BadDay(FleetCase):
    """One worker of the process runtime."""

    worker_flags = ()
    probe = docker_engine.probe_program()

    @classmethod
    def start_workers(cls):
        cls.worker = cls.fleet.process_worker(host_id=HOST, extra=cls.worker_flags)

    def run_probe(self, task, *mode, flags=()):
        """A task of one probe process; its id. Its signals are in probe_signals(task)."""
        record = os.path.join(self.directory, f"{task}.signals")
        self.fleet.run_process(self.worker, task, f"exec {self.probe} --file {record} {' '.join(mode)}", name=task, flags=flags)
        return self.fleet.task_of(self.api, task)

    def probe_record(self, task):
        with open(os.path.join(self.directory, f"{task}.signals"), encoding="ascii") as f:
            return f.read()

    def probe_signals(self, task):
        return [signal.name for signal in probe_record.signals(self.probe_record(task))]

    def away(self, codes, address):
        """To be called before a server goes away: a function that waits until each program has said so, by its code, with the address."""
        before = {program: len(program.log_text()) for program in codes}

        def said(program, code):
            lines = program.log_text()[before[program]:].splitlines()
            return any(f" {code}: " in line and f"={address} " in line for line in lines)

        return lambda: [wait_for(lambda p=program, c=code: said(p, c), 30, f"{program.name} says {code} of {address}")
                        for program, code in codes.items()]

    def probe_pid(self, task):
        return probe_record.lines(self.probe_record(task))[0].pid

    def stop(self, task, **members):
        return self.api.call("StopTask", {"cluster": CLUSTER, "task": task, **members})

    def assert_server_exception(self, task):
        began = time.monotonic()
        status, answer = self.stop(task)
        took = time.monotonic() - began
        self.assertEqual((status, answer.get("__type")), (500, "ServerException"), answer)
        self.assertLess(took, ANSWER_LIMIT_S)
        return answer["message"]


class Input(BadDay):
    def test_bad_requests(self):
        task = "0" * 32
        arn = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{task}"
        table = [
            (b"{", "SerializationException", None),
            (b"", "SerializationException", None),
            (b"null", "SerializationException", None),
            (b"[]", "SerializationException", "Start of list found where not expected"),
            ({"task": 5}, "SerializationException", "NUMBER_VALUE can not be converted to a String"),
            ({"task": True}, "SerializationException", "TRUE_VALUE can not be converted to a String"),
            ({"task": ["x"]}, "SerializationException", "Start of list found where not expected"),
            ({"cluster": CLUSTER}, "InvalidParameterException", "Task can not be blank."),
            ({"cluster": CLUSTER, "task": None}, "InvalidParameterException", "Task can not be blank."),
            ({"cluster": CLUSTER, "task": ""}, "InvalidParameterException", "Task can not be blank."),
            ({"cluster": CLUSTER, "task": task}, "InvalidParameterException", "The referenced task was not found."),
            ({"cluster": CLUSTER, "task": task[:31]}, "InvalidParameterException", "taskId length should be one of [32,36]"),
            ({"cluster": CLUSTER, "task": task + "0"}, "InvalidParameterException", "taskId length should be one of [32,36]"),
            ({"cluster": CLUSTER, "task": "a/b/c/d"}, "InvalidParameterException", "Invalid identifier: Unexpected number of separators"),
            ({"task": arn}, "InvalidParameterException", f"Invalid identifier: Identifier is for cluster {CLUSTER}. Your cluster is default"),
            ({"cluster": CLUSTER, "task": arn.replace("us-east-1", "eu-west-1")}, "InvalidParameterException", "Invalid Region in ARN"),
            ({"cluster": CLUSTER, "task": arn.replace("000000000000", "111111111111")}, "InvalidParameterException",
             "Identifier is for 111111111111. Your accountId is 000000000000"),
            ({"cluster": CLUSTER, "task": arn.replace(":task/", ":service/")}, "InvalidParameterException", "Task Identifier is invalid"),
            ({"cluster": "nowhere", "task": task}, "ClusterNotFoundException", "Cluster not found."),
            ({"cluster": CLUSTER, "task": task, "reason": "x" * 1025}, "InvalidParameterException", "reason longer than 1024."),
        ]
        for body, kind, text in table:
            with self.subTest(body=body):
                status, answer = self.api.call("StopTask", body)
                self.assertEqual(status, 400, answer)
                self.assertEqual(answer["__type"], kind)
                if text is not None:
                    self.assertEqual(answer["message"], text)
        self.assertEqual(self.fleet.events(kind="StopRequested"), [], "a refused call was recorded")
        status, answer = self.api.call("RunTask", {})
        self.assertEqual((status, answer["__type"]), (400, "UnknownOperationException"))

    def test_broken_events_do_not_stop_the_others(self):
        task = self.run_probe("among-garbage", "obey", "4")
        kcat = shutil.which("kcat") or shutil.which("kafkacat")
        self.assertIsNotNone(kcat, "no kcat here: deploy/packages/install.sh test")
        newer = b"\x82\xa1v\x02\xa4type\xa1X"
        partition = str(self.partition())
        for garbage in (b"garbage", b"\xdd\xff\xff\xff\xff", b"\x81\xa1v\x01", newer):
            path = os.path.join(self.directory, "garbage")
            with open(path, "wb") as f:
                f.write(garbage)
            subprocess.run([kcat, "-P", "-b", self.kafka.bootstrap, "-t", "stopfleet.events", "-p", partition, "-k", HOST, path],
                           check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
        self.assertEqual(self.stop(task)[0], 200)
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 4)
        self.assertTrue(self.worker.alive())
        self.assertIn("unreadable", self.worker.log_text())
        result = self.fleet.audit("events", check=False)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.count("is no event that this version can read"), 4)

    def partition(self):
        """The partition of this class's worker."""
        result = self.fleet.audit("events", "--json", "--host", HOST, check=False)
        return json.loads(result.stdout.splitlines()[0])["partition"]

    def test_wrong_starts(self):
        fleet = self.fleet
        # Then its state directory is locked.
        self.worker.wait_log("worker.acts", 60)
        api = ["stopfleet-api", *fleet.kafka_flags, "--redis", self.redis.address, "--unsafe-topics"]
        worker = ["stopfleet-worker", *fleet.kafka_flags, "--redis", self.redis.address, "--unsafe-topics", "--runtime", "process",
                  "--process-directory", self.directory]
        taken = self.api.url.rsplit(":", 1)[1]
        readonly = os.path.join(self.directory, "a-file")
        with open(readonly, "w", encoding="ascii") as f:
            f.write("not a directory")
        for words, text in [
            ([*api, "--listen", f"127.0.0.1:{taken}"], taken),
            ([*api, "--lissten", "127.0.0.1:0"], "listen"),
            ([*api, "--listen", "0.0.0.0:0"], "loopback"),
            ([*worker, "--host-id", "d" * 32, "--state-directory", readonly], readonly),
            ([*worker, "--host-id", HOST, "--state-directory", self.worker.state], self.worker.state),
            ([*worker, "--stop-timeout", "soon", "--state-directory", self.directory], "stop-timeout"),
            (["stopfleet-audit", "evnts"], "evnts"),
            (["stopfleet-audit", "events"], "kafka-brokers"),
        ]:
            with self.subTest(words=words):
                result = fleet.run(*words, check=False, timeout=30)
                self.assertEqual(result.returncode, 2, result.stderr)
                lines = result.stderr.strip().splitlines()
                self.assertEqual(len(lines), 1, result.stderr)
                self.assertIn(text, lines[0])


class Outages(BadDay):
    def test_kill_9_of_the_worker_in_mid_grace(self):
        task = self.run_probe("survivor", "ignore", flags=["--stop-timeout", "4"])
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_events(task, "SignalSent")
        self.worker.kill()
        time.sleep(1)
        self.worker.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        self.assertEqual(self.probe_signals("survivor"), ["TERM"])
        [term] = self.fleet.events(task, "SignalSent")
        [kill] = self.fleet.events(task, "KillSent")
        self.assertNotIn("maybe_repeated", term)
        grace = kill["sent_boot_ms"] - term["sent_boot_ms"]
        self.assertGreaterEqual(grace, 4000)
        self.assertGreaterEqual(kill["sent_unix_ms"], term["deadline_unix_ms"])
        self.assertLess(grace, 8000, "the grace began anew")
        self.assertEqual(len(self.fleet.events(task, "TaskStopped")), 1)

    def test_kill_9_of_the_worker_before_it_sees_the_request(self):
        task = self.run_probe("unseen", "obey", "6")
        self.worker.kill()
        self.assertEqual(self.stop(task)[0], 200)
        self.worker.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 6)
        self.assertEqual(self.probe_signals("unseen"), ["TERM"])

    def test_redis_frozen(self):
        task = self.run_probe("redis-frozen", "obey")
        self.redis.freeze()
        try:
            self.assert_server_exception(task)
        finally:
            self.redis.thaw()
        wait_for(lambda: self.stop(task)[0] == 200, 15, "StopTask works again")
        self.fleet.wait_status(self.api, task, "STOPPED")

    def test_redis_killed_and_empty(self):
        task = self.run_probe("redis-killed", "obey", "2")
        said = self.away({self.api: "redis.away", self.worker: "view.away"}, self.redis.address)
        self.redis.kill()
        self.assert_server_exception(task)
        said()
        self.redis.start()
        wait_for(lambda: self.fleet.describe(self.api, task), 20, "the worker puts its tasks again")
        # An empty view never says 'not found'.
        status, answer = self.stop("9" * 32)
        self.assertEqual((status, answer["__type"]), (500, "ServerException"), answer)
        self.fleet.audit("rebuild")
        status, answer = self.stop("9" * 32)
        self.assertEqual((status, answer["message"]), (400, "The referenced task was not found."))
        self.assertEqual(self.stop(task)[0], 200)
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 2)

    def test_kafka_frozen(self):
        task = self.run_probe("kafka-frozen", "obey")
        self.kafka.freeze()
        try:
            message = self.assert_server_exception(task)
            self.assertIn("may", message)
        finally:
            self.kafka.thaw()
        wait_for(lambda: self.stop(task)[0] == 200, 30, "StopTask works again")
        self.fleet.wait_status(self.api, task, "STOPPED")

    def test_kafka_killed_in_mid_grace(self):
        task = self.run_probe("kafka-killed", "ignore", flags=["--stop-timeout", "3"])
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_events(task, "SignalSent")
        said = self.away({self.api: "kafka.away", self.worker: "log.away"}, self.kafka.bootstrap)
        self.kafka.kill()
        self.assert_server_exception(task)
        # The stop goes on to its end without Kafka; its results follow when it is back.
        wait_for(lambda: not os.path.exists(f"/proc/{self.probe_pid('kafka-killed')}"), 20, "the end of the process")
        said()
        self.kafka.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED", seconds=60)
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        [term] = self.fleet.events(task, "SignalSent")
        [kill] = self.fleet.events(task, "KillSent")
        self.assertLess(kill["sent_boot_ms"] - term["sent_boot_ms"], 3900, "the kill waited for Kafka")
        wait_for(lambda: self.api.get("/readyz")[0] == 200, 30, "the API ready")

    def test_sigterm_leaves_the_grace_to_the_next_start(self):
        task = self.run_probe("handed-over", "late", "2500", "8", flags=["--stop-timeout", "30"])
        self.assertEqual(self.stop(task)[0], 200)
        self.fleet.wait_events(task, "SignalSent")
        self.worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.worker.process.wait(10), 0)
        self.worker.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 8)
        self.assertEqual(self.probe_signals("handed-over"), ["TERM"])


    def test_sigterm_finishes_the_stop_first(self):
        """As configured; a second one leaves it to the next start."""
        worker = self.fleet.process_worker("finisher", "d" * 32, ["--on-termination", "finish"])
        tasks = {name: self.fleet.run_process(worker, name, script, flags=["--stop-timeout", "20"]) for name, script in (
            ("ends", 'trap "sleep 2; exit 6" TERM; while :; do sleep 0.1; done'),
            ("stays", 'trap "" TERM; while :; do sleep 0.1; done'))}
        ids = {name: wait_for(lambda n=name: next((t for t in self.fleet.tasks(self.api)
                                                  if f"/{n}:" in self.fleet.describe(self.api, t)["taskDefinitionArn"]), None),
                              20, f"the task {name}") for name in tasks}
        self.assertEqual(self.stop(ids["ends"])[0], 200)
        self.fleet.wait_events(ids["ends"], "SignalSent")
        worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(worker.process.wait(20), 0)
        self.assertEqual(self.fleet.events(ids["ends"], "ContainerExited")[0]["exit_code"], 6)
        self.assertEqual(len(self.fleet.events(ids["ends"], "TaskStopped")), 1)
        worker.start()
        self.assertEqual(self.stop(ids["stays"])[0], 200)
        self.fleet.wait_events(ids["stays"], "SignalSent")
        worker.process.send_signal(signal.SIGTERM)
        wait_for(lambda: worker.log_text().count("a second signal leaves them") == 2, 15, "the second start has the first signal")
        worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(worker.process.wait(10), 0)
        self.assertEqual(self.fleet.events(ids["stays"], "ContainerExited"), [])
        worker.start()
        self.assertEqual(self.api.call("StopTask", {"cluster": CLUSTER, "task": ids["stays"]}, path="/stop-timeout/0")[0], 200)
        self.fleet.wait_status(self.api, ids["stays"], "STOPPED")


class Engine(BadDay):
    def test_docker_away_at_the_start(self):
        socket = os.path.join(self.directory, "docker.sock")
        containers = Containers()
        worker = self.fleet.worker("docker-late", "e" * 32, ["--runtime", "docker", "--docker-endpoint", f"unix://{socket}"])
        worker.wait_log("docker")
        time.sleep(2)
        self.assertTrue(worker.alive())
        away = [line for line in worker.log_text().splitlines() if "runtime.away" in line]
        self.assertEqual(len(away), 1, worker.log_text())
        try:
            container = containers.run("late-engine", "--label", "io.stopfleet.task=late-engine", command=["obey", "9"])
            os.symlink(docker_engine.SOCKET, socket)
            task = self.fleet.task_of(self.api, "late-engine")
            self.assertEqual(self.stop(task)[0], 200)
            self.fleet.wait_status(self.api, task, "STOPPED")
            self.assertEqual(containers.signals(container), ["TERM"])
        finally:
            worker.stop()
            containers.close()

    def test_docker_restarted_under_the_worker(self):
        """live-restore keeps the container running while its engine is away, in mid-grace."""
        containers = Containers(PrivateEngine(live_restore=True).start())
        worker = self.fleet.worker("docker-restarted", "f" * 32, ["--runtime", "docker", "--docker-endpoint", containers.endpoint])
        try:
            container = containers.run("restarted", "--label", "io.stopfleet.task=restarted", "--stop-timeout", "5", command=["ignore"])
            task = self.fleet.task_of(self.api, "restarted")
            self.assertEqual(self.stop(task)[0], 200)
            [term] = self.fleet.wait_events(task, "SignalSent")
            containers.engine.stop()
            worker.wait_log("runtime.away")
            containers.engine.start()
            document = self.fleet.wait_status(self.api, task, "STOPPED", seconds=60)
            self.assertEqual(document["containers"][0]["exitCode"], 137)
            self.assertEqual(containers.signals(container), ["TERM"])
            [kill] = self.fleet.events(task, "KillSent")
            self.assertGreaterEqual(kill["sent_boot_ms"] - term["sent_boot_ms"], 5000)
            # It goes on finding what is started there.
            containers.run("afterwards", "--label", "io.stopfleet.task=afterwards", command=["obey", "3"])
            task = self.fleet.task_of(self.api, "afterwards")
            self.assertEqual(self.stop(task)[0], 200)
            self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 3)
        finally:
            worker.stop()
            containers.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
