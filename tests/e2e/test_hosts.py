"""Hosts as container instances: listed, described, drained, given up, and back again."""

import json
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fleet_case import FleetCase  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402
from ecs_model import mistakes  # noqa: E402
from server import wait_for  # noqa: E402

HOST, OTHER = "c" * 32, "d" * 32
GIVEN_UP = "Container instance deregistration forced by user"


class Hosts(FleetCase):
    @classmethod
    def start_workers(cls):
        flags = ["--heartbeat-interval", "300ms", "--stop-timeout", "2s", "--attribute", "rack=r7"]
        cls.worker = cls.fleet.process_worker(host_id=HOST, extra=flags)
        cls.other = cls.fleet.process_worker("other-host", host_id=OTHER, extra=flags)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        wait_for(lambda: len(cls.call("ListContainerInstances")[1].get("containerInstanceArns", [])) == 2, 20, "both hosts in the view")

    @classmethod
    def aws(cls, operation, *arguments, **options):
        return cls.fleet.aws(cls.api, operation, "--cluster", CLUSTER, *arguments, **options)

    @classmethod
    def call(cls, operation, **members):
        """Without the CLI, which takes its time."""
        return cls.api.call(operation, {"cluster": CLUSTER, **members})

    @classmethod
    def list_instances(cls, *arguments):
        answer = cls.aws("list-container-instances", *arguments) if arguments else cls.call("ListContainerInstances")[1]
        return [arn.rsplit("/", 1)[1] for arn in answer["containerInstanceArns"]]

    def describe(self, host):
        status, answer = self.call("DescribeContainerInstances", containerInstances=[host])
        self.assertEqual((status, answer.get("failures")), (200, []), answer)
        self.assertEqual(mistakes(answer, "DescribeContainerInstancesResponse"), [])
        return answer["containerInstances"][0]

    def end(self, task):
        status, answer = self.call("StopTask", task=task)
        self.assertEqual(status, 200, answer)
        return self.fleet.wait_status(self.api, task, "STOPPED")

    def running(self):
        return self.fleet.tasks(self.api)

    def task(self, name):
        self.fleet.run_process(self.worker, name, "trap 'exit 3' TERM; while :; do sleep 0.05; done", name=name)
        return self.fleet.task_of(self.api, name)

    def test_a_host_is_described_as_it_is(self):
        host = self.aws("describe-container-instances", "--container-instances", HOST)["containerInstances"][0]
        resources = {r["name"]: r for r in host["registeredResources"]}
        with open("/proc/meminfo", encoding="ascii") as f:
            memory = int(f.readline().split()[1]) // 1024
        self.assertEqual(resources["CPU"]["integerValue"], os.cpu_count() * 1024)
        self.assertEqual(resources["MEMORY"]["integerValue"], memory)
        self.assertEqual((host["status"], host["agentConnected"]), ("ACTIVE", True))
        attributes = {a["name"]: a["value"] for a in host["attributes"]}
        self.assertEqual(attributes["rack"], "r7")
        self.assertEqual(attributes["ecs.os-type"], "linux")
        self.assertEqual(attributes["stopfleet.runtime"], "process")
        answer = self.aws("describe-container-instances", "--container-instances", "e" * 32)
        self.assertEqual([f["reason"] for f in answer["failures"]], ["MISSING"])
        refused = self.aws("list-tasks", "--container-instance", "e" * 32, check=False)
        self.assertIn("The referenced container instance was not found.", refused.stderr)

    def test_health_is_whether_the_worker_reaches_its_runtime(self):
        answer = self.aws("describe-container-instances", "--container-instances", HOST, "--include", "CONTAINER_INSTANCE_HEALTH")
        health = answer["containerInstances"][0]["healthStatus"]
        self.assertEqual((health["overallStatus"], [d["type"] for d in health["details"]]), ("OK", ["CONTAINER_RUNTIME"]))
        self.assertNotIn("healthStatus", self.describe(HOST))
        away = self.worker.tasks + ".away"
        os.rename(self.worker.tasks, away)
        [check] = wait_for(lambda: self.health("IMPAIRED"), 20, "the runtime away")
        self.assertEqual((check["status"], check["statusReason"]), ("IMPAIRED", "the worker cannot reach its engine"))
        os.rename(away, self.worker.tasks)
        [check] = wait_for(lambda: self.health("OK"), 20, "the runtime back")
        self.assertNotIn("statusReason", check)
        self.assertGreaterEqual(check["lastUpdated"], check["lastStatusChange"])

    def health(self, wanted):
        """The checks of the first host, where its overall health is the wanted one."""
        _, answer = self.call("DescribeContainerInstances", containerInstances=[HOST], include=["CONTAINER_INSTANCE_HEALTH"])
        self.assertEqual(mistakes(answer, "DescribeContainerInstancesResponse"), [])
        health = answer["containerInstances"][0]["healthStatus"]
        return health["details"] if health["overallStatus"] == wanted else None

    def test_pages(self):
        self.assertEqual(sorted(self.list_instances("--page-size", "1")), [HOST, OTHER])

    def test_filters(self):
        self.assertEqual(sorted(self.list_instances("--filter", "attribute:rack == r7 and agentConnected == true")), [HOST, OTHER])
        self.assertEqual(self.list_instances("--filter", "attribute:rack in [r8] or registeredAt < 2020-01-01"), [])
        task = self.task("grouped")
        group = self.fleet.describe(self.api, task)["group"]
        self.assertEqual(self.list_instances("--filter", f"task:group == {group}"), [HOST])
        self.assertEqual(self.list_instances("--filter", f"task:group != {group}"), [OTHER])
        cluster = self.fleet.aws(self.api, "describe-clusters", "--clusters", CLUSTER, "--include", "STATISTICS")["clusters"][0]
        statistics = {s["name"]: int(s["value"]) for s in cluster["statistics"]}
        self.assertEqual(statistics["runningExternalTasksCount"], len(self.running()))
        self.assertEqual(sum(statistics.values()), len(self.running()))
        self.end(task)
        refused = self.aws("list-container-instances", "--filter", "attribute:rack is r7", check=False)
        self.assertIn("is wanted at character 16", refused.stderr)

    def test_draining_is_shown_and_hides_nothing(self):
        task = self.task("drained")
        answer = self.aws("update-container-instances-state", "--container-instances", HOST, "--status", "DRAINING")
        self.assertEqual([i["status"] for i in answer["containerInstances"]], ["DRAINING"])
        self.assertEqual(self.list_instances("--status", "DRAINING"), [HOST])
        self.assertEqual(self.list_instances("--status", "ACTIVE"), [OTHER])
        self.assertEqual(sorted(self.list_instances()), [HOST, OTHER])
        self.assertIn(task, self.running())
        # It outlives the worker and an emptied Redis.
        self.worker.kill()
        self.redis.call("FLUSHALL")
        self.worker.start()
        self.fleet.audit("rebuild")
        wait_for(lambda: task in self.running(), 20, "the task in the view again")
        self.assertEqual(self.describe(HOST)["status"], "DRAINING")
        self.end(task)
        self.aws("update-container-instances-state", "--container-instances", HOST, "--status", "ACTIVE")
        self.assertEqual(self.list_instances("--status", "DRAINING"), [])

    def test_check_compares_the_states_of_hosts_with_the_log(self):
        key, ghost = f"stopfleet:h:{OTHER}", "f" * 32
        self.fleet.assert_view_is_fold()
        before = {f: self.redis.call("HGET", key, f) for f in ("started_offset", "record", "seen")}
        started = int(before["started_offset"])
        self.assertGreater(int(before["seen"]), started)
        tampering = [
            ([("HSET", key, "status", "DRAINING", "status_offset", started)], f"differs: host {CLUSTER}/{OTHER} is DRAINING in the view, ACTIVE by the log",
             [("HDEL", key, "status", "status_offset")]),
            ([("HDEL", key, "started_offset")], f"lacks: host {CLUSTER}/{OTHER}, its fact at position {started}",
             [("HSET", key, "started_offset", started)]),
            ([("HSET", key, "deregistered_offset", started + 1000)], f"ahead of the log: host {CLUSTER}/{OTHER}, a fact at position {started + 1000}",
             [("HDEL", key, "deregistered_offset")]),
            ([("HDEL", key, "record")], f"lacks: host {CLUSTER}/{OTHER}, its registration", [("HSET", key, "record", before["record"])]),
            ([("HSET", f"stopfleet:h:{ghost}", "cluster", CLUSTER, "record", before["record"]), ("SADD", f"stopfleet:c:{CLUSTER}:hosts", ghost)],
             f"differs: host {CLUSTER}/{ghost} is in the view, stopfleet.hosts does not have it there",
             [("DEL", f"stopfleet:h:{ghost}"), ("SREM", f"stopfleet:c:{CLUSTER}:hosts", ghost)]),
        ]
        for calls, wanted, back in tampering:
            with self.subTest(wanted=wanted):
                for call in calls:
                    self.redis.call(*call)
                result = self.fleet.audit("check", check=False)
                for call in back:
                    self.redis.call(*call)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(wanted, result.stdout)
        self.fleet.assert_view_is_fold()
        # Who drained a host, and from where, is in the log.
        self.aws("update-container-instances-state", "--container-instances", OTHER, "--status", "DRAINING")
        self.aws("update-container-instances-state", "--container-instances", OTHER, "--status", "ACTIVE")
        lines = self.fleet.audit("events", "--type", "HostStateChanged", "--json").stdout.splitlines()
        said = [json.loads(line)["event"] for line in lines]
        said = [e for e in said if e["host"] == OTHER][-2:]
        self.assertEqual([(e["status"], e["principal"], e["source_address"]) for e in said],
                         [("DRAINING", "anonymous", "127.0.0.1"), ("ACTIVE", "anonymous", "127.0.0.1")])
        self.assertIn("aws-cli/", said[0]["user_agent"])

    def test_a_host_that_is_given_up_and_comes_back(self):
        task = self.task("left-behind")
        before = self.describe(HOST)
        self.assertEqual(before["runningTasksCount"], 1)
        self.worker.kill()
        refused = self.aws("deregister-container-instance", "--container-instance", HOST, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("Found running tasks on the instance.", refused.stderr)
        answer = self.aws("deregister-container-instance", "--container-instance", HOST, "--force")
        self.assertEqual(answer["containerInstance"]["status"], "INACTIVE")
        self.assertNotIn(task, self.running())
        self.assertIn(task, self.fleet.tasks(self.api, "STOPPED"))
        self.assertEqual(self.list_instances(), [OTHER])
        document = self.fleet.describe(self.api, task)
        self.assertEqual((document["desiredStatus"], document["lastStatus"], document["connectivity"], document["stoppedReason"]),
                         ("STOPPED", "RUNNING", "DISCONNECTED", GIVEN_UP))
        self.assertNotIn("stoppedAt", document)
        self.assertNotIn("exitCode", document["containers"][0])
        cluster = self.cluster()
        self.assertEqual(cluster["registeredContainerInstancesCount"], 1)
        # The audit: nothing is proven.
        self.assertIn("unproven: 1 open tasks", self.fleet.audit("check").stdout)
        replayed = [json.loads(line) for line in self.fleet.audit("replay").stdout.splitlines()]
        self.assertEqual([t["taskArn"].rsplit("/", 1)[1] for t in replayed if t.get("unproven")], [task])
        self.assertTrue(json.loads(self.fleet.audit("replay", "--task", task, "--cluster", CLUSTER).stdout)["unproven"])
        # A rebuild of an emptied view says the same.
        self.redis.call("FLUSHALL")
        self.fleet.audit("rebuild")
        self.assertNotIn(task, self.running())
        self.assertEqual(self.fleet.describe(self.api, task)["stoppedReason"], GIVEN_UP)
        # A StopTask is recorded, and carried out when the host is back.
        self.aws("stop-task", "--task", task, "--reason", "late")
        self.worker.start()
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual((document["stoppedReason"], document["containers"][0]["exitCode"]), ("late", 3))
        self.assertEqual(self.describe(HOST)["status"], "ACTIVE")
        self.assertEqual(sorted(self.list_instances()), [HOST, OTHER])

    def test_an_emptied_view_while_a_host_is_given_up(self):
        """Its worker alone could put the host again: until a rebuild or its return nobody says that it is not there."""
        task = self.task("of-a-lost-host")
        self.worker.kill()
        self.aws("deregister-container-instance", "--container-instance", HOST, "--force")
        self.redis.call("FLUSHALL")
        self.other.wait_log("view.fell_back")
        wait_for(lambda: self.call("DescribeContainerInstances", containerInstances=[OTHER])[0] == 200, 20, "the other host again")
        for operation, members in (("DescribeTasks", {"tasks": [task]}), ("StopTask", {"task": task}), ("ListContainerInstances", {}),
                                   ("DescribeContainerInstances", {"containerInstances": [HOST]}), ("ListTasks", {})):
            with self.subTest(operation=operation):
                status, answer = self.call(operation, **members)
                self.assertEqual((status, answer.get("__type")), (500, "ServerException"), answer)
        self.worker.start()
        document = wait_for(lambda: self.fleet.describe(self.api, task), 20, "the task again, by its worker alone")
        self.assertEqual((document["lastStatus"], document["desiredStatus"]), ("RUNNING", "RUNNING"))
        wait_for(lambda: self.call("DescribeContainerInstances", containerInstances=[HOST])[0] == 200, 20, "the host again")
        self.assertEqual(self.describe(HOST)["status"], "ACTIVE")
        self.fleet.audit("rebuild")
        self.assertNotIn("unproven", self.fleet.audit("check").stdout)
        self.end(task)

    def cluster(self):
        status, answer = self.api.call("DescribeClusters", {"clusters": [CLUSTER], "include": ["STATISTICS", "TAGS", "SETTINGS"]})
        self.assertEqual((status, answer.get("failures")), (200, []), answer)
        self.assertEqual(mistakes(answer, "DescribeClustersResponse"), [])
        return answer["clusters"][0]

    def test_a_host_that_is_given_up_while_its_worker_runs_registers_again(self):
        task = self.task("kept")
        self.aws("deregister-container-instance", "--container-instance", HOST, "--force")
        wait_for(lambda: self.describe(HOST)["status"] == "ACTIVE", 20, "the host registered again")
        wait_for(lambda: task in self.running(), 20, "its task is listed again")
        self.assertIn("worker.deregistered", self.worker.log_text())
        self.end(task)

    def test_a_stop_waits_for_a_host_that_is_away(self):
        task = self.task("waiting")
        self.worker.kill()
        wait_for(lambda: not self.describe(HOST)["agentConnected"], 20, "the host is disconnected")
        self.aws("stop-task", "--task", task)
        document = self.fleet.describe(self.api, task)
        self.assertEqual((document["desiredStatus"], document["lastStatus"], document["connectivity"]),
                         ("STOPPED", "RUNNING", "DISCONNECTED"))
        self.assertIn("stops that wait for a host: 1\n", self.fleet.audit("check").stdout)
        self.worker.start()
        self.assertEqual(self.fleet.wait_status(self.api, task, "STOPPED")["containers"][0]["exitCode"], 3)
        self.assertNotIn("wait for a host", self.fleet.audit("check").stdout)
        wait_for(lambda: self.describe(HOST)["agentConnected"], 20, "the host is connected again")

    def test_a_host_that_flaps_stays_disconnected(self):
        """Beats further apart than three intervals are no connection; three in a row are."""
        host = "e" * 32
        worker = self.fleet.process_worker("flapping-host", host_id=host, extra=["--heartbeat-interval", "800ms"])
        wait_for(lambda: host in self.list_instances() and self.describe(host)["agentConnected"], 20, "connected with the first beat")
        self.fleet.run_process(worker, "flapping", "exec sleep 600", name="flapping")
        task = self.fleet.task_of(self.api, "flapping")
        key = f"stopfleet:hb:{host}"
        since = self.fleet.describe(self.api, task)["connectivityAt"]
        worker.process.send_signal(signal.SIGSTOP)
        for _ in range(2):
            wait_for(lambda: self.redis.call("EXISTS", key) == 0, 20, "the last beat passes")
            self.assertEqual(self.describe(host)["agentConnected"], False)
            worker.process.send_signal(signal.SIGCONT)
            wait_for(lambda: self.redis.call("EXISTS", key) == 1, 20, "a beat")
            worker.process.send_signal(signal.SIGSTOP)
            document = self.fleet.describe(self.api, task)
            self.assertEqual((document["connectivity"], document["connectivityAt"]), ("DISCONNECTED", since))
        worker.process.send_signal(signal.SIGCONT)
        wait_for(lambda: self.describe(host)["agentConnected"], 20, "the host is connected again")
        document = self.fleet.describe(self.api, task)
        self.assertEqual(document["connectivity"], "CONNECTED")
        self.assertGreater(document["connectivityAt"], since)
        self.end(task)
        # An empty host needs no force.
        worker.stop()
        self.aws("deregister-container-instance", "--container-instance", host)
        self.assertEqual(self.describe(host)["status"], "INACTIVE")


if __name__ == "__main__":
    unittest.main(verbosity=2)
