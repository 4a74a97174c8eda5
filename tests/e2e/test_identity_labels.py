"""Labels of ECS, of services and of contradiction on a real engine; and what somebody could try with labels and ids to have
a container stopped that is not his."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from stopfleet import CLUSTER, Containers  # noqa: E402
from private_engine import PrivateEngine  # noqa: E402
from server import wait_for  # noqa: E402

ACCOUNT, REGION = "111122223333", "eu-west-1"
PLACE = ["--account", ACCOUNT, "--region", REGION]
ECS = "com.amazonaws.ecs."
COMPOSE = "com.docker.compose."
OF_COMPOSE = {COMPOSE + "config-hash": "0a1b"}  # as on every container of Compose


def arn(task, cluster=CLUSTER, account=ACCOUNT, region=REGION):
    return f"arn:aws:ecs:{region}:{account}:task/{cluster}/{task}"


def labels(**values):
    return [word for key, value in values.items() for word in ("--label", f"{key}={value}")]


class Labels(DockerHost):
    """A host of an account and a region of its own, where each Compose service is a task."""

    host_id = "1" * 32
    worker_flags = ("--group-by", "service", *PLACE)
    api_flags = PLACE

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.flags = ["--docker-endpoint", cls.docker.endpoint, *cls.worker_flags]

    def report(self):
        """What `stopfleet-worker tasks` says: tasks by name, reasons by container, labels of no use by container."""
        result = self.fleet.run("stopfleet-worker", "tasks", "--json", "--host-id", "1" * 32, "--cluster", CLUSTER, *self.flags)
        listed = json.loads(result.stdout)
        return (listed["tasks"], {c["name"]: c["reason"] for c in listed["notDiscovered"]},
                {(w["container"], w["label"]): w for w in listed["labelsOfNoUse"]})

    def stop(self, task):
        return self.api.call("StopTask", {"cluster": CLUSTER, "task": task})

    def stop_and_wait(self, task):
        status, answer = self.stop(task)
        self.assertEqual(status, 200, answer)
        return self.fleet.wait_status(self.api, task, "STOPPED")

    def assert_untouched(self, *containers):
        for container in containers:
            self.assertTrue(self.docker.inspect(container)["State"]["Running"])
            self.assertEqual(self.docker.signals(container), [])

    def wait_looked(self):
        """A container that is started now is in the view: all that happened before has been looked at."""
        self.docker.run("looked", *labels(**{"io.stopfleet.task": "looked"}))
        self.stop_and_wait(self.fleet.task_of(self.api, "looked"))

    def task_with(self, container):
        """The id of the running task that this container is in."""
        def find():
            for task in self.fleet.tasks(self.api):
                if container in [c["runtimeId"] for c in (self.fleet.describe(self.api, task) or {"containers": []})["containers"]]:
                    return task
            return None
        return wait_for(find, 20, f"a task with container {container[:12]} in the view")

    def observed(self, task):
        return len(self.fleet.events(task, "TaskObserved"))

    def test_a_task_of_ecs(self):
        """The labels that the ECS agent writes: id, family, revision and names are ECS's own."""
        task = "00112233445566778899aabbccddeeff"
        common = {ECS + "task-arn": arn(task), ECS + "cluster": CLUSTER, ECS + "task-definition-family": "shop",
                  ECS + "task-definition-version": "7"}
        members = {name: self.docker.run(f"ecs-shop-7-{name}-ab12", *labels(**common, **{ECS + "container-name": name}))
                   for name in ("web", "log-router")}
        wait_for(lambda: len((self.fleet.describe(self.api, task) or {"containers": []})["containers"]) == 2, 20, "both containers")
        document = self.fleet.describe(self.api, task)
        self.assertEqual(document["taskArn"], arn(task))
        self.assertTrue(document["taskDefinitionArn"].endswith(":task-definition/shop:7"), document["taskDefinitionArn"])
        self.assertEqual({c["name"]: c["runtimeId"] for c in document["containers"]}, members)
        listed = self.fleet.aws(self.api, "list-tasks", "--cluster", CLUSTER, "--family", "shop")
        self.assertEqual(listed["taskArns"], [arn(task)])
        self.fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", arn(task))
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual([c["exitCode"] for c in document["containers"]], [0, 0])
        # Its id was given, so it cannot be new twice.
        self.docker.docker("start", members["web"])
        self.worker.wait_log("discovery.id_taken")
        self.assertEqual(self.fleet.describe(self.api, task)["lastStatus"], "STOPPED")

    def test_tasks_of_ecs_elsewhere(self):
        """Another cluster, account or region, and an ARN that contradicts its own cluster label: somebody else's."""
        task = "ffeeddccbbaa99887766554433221100"
        others = {
            "other-cluster": {ECS + "task-arn": arn(task, cluster="dev")},
            "other-account": {ECS + "task-arn": arn(task, account="999988887777")},
            "other-region": {ECS + "task-arn": arn(task, region="us-east-1")},
            "contrary": {ECS + "task-arn": arn(task), ECS + "cluster": "dev"},
            "contrary-arn": {ECS + "task-arn": arn(task), ECS + "cluster": f"arn:aws:ecs:{REGION}:999988887777:cluster/{CLUSTER}"},
            # A task label and a project of this cluster do not bring it in.
            "tempting": {ECS + "task-arn": arn(task, account="999988887777"), "io.stopfleet.task": "mine",
                         "io.stopfleet.cluster": CLUSTER, COMPOSE + "project": "mine", **OF_COMPOSE},
        }
        containers = [self.docker.run(name, *labels(**said)) for name, said in others.items()]
        _, reasons, useless = self.report()
        for name in others:
            self.assertIn("another cluster, account or region", reasons[name])
        self.assertIn("--account", useless["other-account", ECS + "task-arn"]["accepted"])
        self.assertIn("--region", useless["other-region", ECS + "task-arn"]["accepted"])
        self.wait_looked()
        status, answer = self.stop(task)
        self.assertEqual((status, answer["message"]), (400, "The referenced task was not found."))
        self.assert_untouched(*containers)

    def test_labels_that_contradict_each_other(self):
        """ECS's ARN goes before a task label, that before a Compose project; each says what holds."""
        task = "abababababababababababababababab"
        both = self.docker.run("both", *labels(**{ECS + "task-arn": arn(task), "io.stopfleet.task": "named", COMPOSE + "project": "p", **OF_COMPOSE}))
        named = self.docker.run("named", *labels(**{"io.stopfleet.task": "named", COMPOSE + "project": "p",
                                                  COMPOSE + "service": "s", **OF_COMPOSE}))
        rest = self.docker.run("rest", *labels(**{COMPOSE + "project": "p", COMPOSE + "service": "s", **OF_COMPOSE}))
        _, _, useless = self.report()
        self.assertIn("the ECS task ARN says", useless["both", "io.stopfleet.task"]["instead"])
        self.assertEqual(self.task_with(both), task)
        for container in (both, named):
            document = self.stop_and_wait(self.task_with(container))
            self.assertEqual([c["runtimeId"] for c in document["containers"]], [container])
        self.assert_untouched(rest)
        self.stop_and_wait(self.task_with(rest))

    def test_each_service_is_a_task(self):
        project = {COMPOSE + "project": "store", **OF_COMPOSE}
        web = [self.docker.run(f"store-web-{n}", *labels(**project, **{COMPOSE + "service": "web", COMPOSE + "container-number": n}))
               for n in (1, 2)]
        db = self.docker.run("store-db-1", *labels(**project, **{COMPOSE + "service": "db", COMPOSE + "container-number": 1}))
        task = self.fleet.task_of(self.api, "web-2")
        self.assertNotEqual(self.fleet.task_of(self.api, "db"), task)
        document = self.stop_and_wait(task)
        self.assertEqual({c["name"]: c["runtimeId"] for c in document["containers"]}, {"web-1": web[0], "web-2": web[1]})
        self.assertEqual(document["group"], "family:store-web")
        self.assert_untouched(db)

    def test_a_mistyped_refusal_is_a_refusal(self):
        """Who mistypes "leave this alone" means it."""
        wrong = {"no-value": {"io.stopfleet.ignore": ""}, "mistyped": {"io.stopfleet.ignore": "ture"}, "upper": {"io.stopfleet.Ignore": "true"},
                 "no-cluster": {"io.stopfleet.cluster": ""}, "no-component": {"io.stopfleet.component": ""}}
        containers = [self.docker.run(name, *labels(**said, **{"io.stopfleet.task": name})) for name, said in wrong.items()]
        tasks, reasons, useless = self.report()
        self.assertEqual([t["name"] for t in tasks if t["name"] in wrong], [])
        self.assertLessEqual(set(wrong), set(reasons))
        self.assertIn("left alone", useless["mistyped", "io.stopfleet.ignore"]["instead"])
        self.wait_looked()
        names = {c["name"] for t in self.fleet.tasks(self.api) for c in self.fleet.describe(self.api, t)["containers"]}
        self.assertEqual(names & set(wrong), set())
        self.assert_untouched(*containers)

    def test_what_changes_nothing_is_not_written(self):
        """pause, exec, a health of the engine's, and a rename beside a name of Compose: no new revision."""
        container = self.docker.run("quiet-1", *labels(**{COMPOSE + "project": "quiet", COMPOSE + "service": "quiet", **OF_COMPOSE}))
        task = self.fleet.task_of(self.api, "quiet")
        self.docker.docker("pause", container)
        self.docker.docker("unpause", container)
        self.docker.docker("exec", "-d", container, "/probe", "exit", "0")
        self.docker.docker("rename", container, "quiet-2")
        self.wait_looked()
        self.assertEqual(self.observed(task), 1)
        self.docker.docker("update", "--cpu-shares", "512", container)
        self.fleet.wait_events(task, "TaskObserved", 2)
        self.stop_and_wait(task)

    def test_an_api_of_another_account_stops_nothing(self):
        """Two accounts that share a view by mistake: neither sees or stops the other's tasks."""
        container = self.docker.run("account", *labels(**{"io.stopfleet.task": "account"}))
        task = self.fleet.task_of(self.api, "account")
        for name, place in (("account-2", ["--account", "999988887777", "--region", REGION]), ("region-2", ["--account", ACCOUNT, "--region", "us-east-1"])):
            other = self.fleet.api(name, place)
            status, answer = other.call("StopTask", {"cluster": CLUSTER, "task": task})
            self.assertEqual((status, answer["message"]), (400, "The referenced task was not found."))
            self.assertIsNone(self.fleet.describe(other, task))
            other.stop()
        self.assert_untouched(container)
        self.assertEqual(self.fleet.events(task, "StopRequested"), [])

    def test_a_task_of_another_cluster(self):
        """Two clusters on one engine and one view: an id stops its task in its own cluster only, and only when it is whole."""
        container = self.docker.run("dev-box", *labels(**{"io.stopfleet.task": "dev-box", "io.stopfleet.cluster": "dev"}))
        worker = self.fleet.worker("dev-host", "3" * 32, ["--docker-endpoint", self.docker.endpoint, *PLACE], start=False)
        worker.arguments[worker.arguments.index(CLUSTER)] = "dev"
        # What is not said to be of a cluster is for the first one here; the second is told what is its own.
        rest = self.docker.run("prod-box", *labels(**{"io.stopfleet.task": "prod-box", "io.stopfleet.cluster": CLUSTER}))
        worker.start()
        def dev_tasks():
            return [a.rsplit("/", 1)[1] for a in self.api.call("ListTasks", {"cluster": "dev"})[1].get("taskArns", [])]
        def named():
            return [t for t in dev_tasks() if self.fleet.describe(self.api, t, "dev")["containers"][0]["runtimeId"] == container]
        try:
            [task] = wait_for(named, 20, "the task of the other cluster")
            for wanted in (task, arn(task), task.upper(), container[:32]):
                status, answer = self.stop(wanted)
                self.assertEqual((status, answer["message"]), (400, "The referenced task was not found."), wanted)
            for wanted in (arn(task, cluster="dev"), task[:12], container, "*", f"{task}*"):
                self.assertEqual(self.stop(wanted)[0], 400, wanted)
            self.assertIsNone(self.fleet.describe(self.api, task))
            self.assertNotIn(task, self.fleet.tasks(self.api))
            self.assert_untouched(container, rest)
            self.assertEqual(self.api.call("StopTask", {"cluster": "dev", "task": arn(task, cluster="dev")})[0], 200)
            wait_for(lambda: self.fleet.describe(self.api, task, "dev")["lastStatus"] == "STOPPED", 20, "its stop in its own cluster")
            self.assert_untouched(rest)
        finally:
            worker.stop()

    def test_one_id_on_two_hosts(self):
        """A copy of an ECS task's labels on another host: the id stays the first one's, and a stop of it reaches that alone."""
        task = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
        said = labels(**{ECS + "task-arn": arn(task), ECS + "container-name": "web"})
        first = self.docker.run("first", *said)
        wait_for(lambda: self.fleet.describe(self.api, task), 20, "the first in the view")
        elsewhere = Containers(PrivateEngine().start())
        worker = self.fleet.worker("host-2", "2" * 32, ["--docker-endpoint", elsewhere.endpoint, *PLACE])
        try:
            copy = elsewhere.run("copy", *said)
            elsewhere.run("beside", *labels(**{"io.stopfleet.task": "beside"}))
            self.fleet.task_of(self.api, "beside")
            self.assertEqual([c["runtimeId"] for c in self.fleet.describe(self.api, task)["containers"]], [first])
            worker.wait_log("view.elsewhere")
            document = self.stop_and_wait(task)
            self.assertEqual([c["runtimeId"] for c in document["containers"]], [first])
            self.assertEqual(elsewhere.signals(copy), [])
            self.assertTrue(elsewhere.inspect(copy)["State"]["Running"])
            self.assertEqual(self.docker.signals(first), ["TERM"])
        finally:
            worker.stop()
            elsewhere.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
