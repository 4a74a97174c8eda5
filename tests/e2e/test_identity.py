"""Identity and life of tasks on a real engine with real Compose: what is one task, for how long, and what is none."""

import functools
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402
import compose  # noqa: E402
from server import ROOT, wait_for  # noqa: E402

HOST_ID = "d" * 32
ECS_ID = "0123456789abcdef0123456789abcdef"
COMPOSE = ["--label", "com.docker.compose.config-hash=0a1b"]  # as on every container of Compose
ARN = f"arn:aws:ecs:us-east-1:000000000000:task/{{}}/{ECS_ID}"


def transcript():
    """(command, task, lastStatus, stopCode, names of the task's containers) of the project's life in docs/tasks.md."""
    with open(os.path.join(ROOT, "docs", "tasks.md"), encoding="utf-8") as f:
        shown = re.findall(r"^    \$ docker compose -p shop (.+)\n    (\{.+\})$", f.read(), re.M)
    steps = [(command, json.loads(document)) for command, document in shown]
    return [(command, d["task"], d["lastStatus"], d.get("stopCode"), sorted(d["containers"])) for command, d in steps]


def numbered(steps):
    """The same with the tasks' numbers, in the order of their first steps, instead of their ids."""
    ids = list(dict.fromkeys(step[1] for step in steps))
    return [(command, ids.index(task), *rest) for command, task, *rest in steps]


class Identity(DockerHost):
    host_id = HOST_ID

    def compose(self, program, project, *arguments, path=None):
        """docker-compose on the file at path, else on one with the services db and web, web after db."""
        if path is None:
            path = os.path.join(self.directory, "compose.yml")
            service = {"image": self.docker.image, "network_mode": "none"}
            with open(path, "w", encoding="utf-8") as f:
                json.dump({"version": "3.8", "services": {"db": service, "web": {**service, "depends_on": ["db"]}}}, f)
        result = subprocess.run([program, "-p", project, "-f", path, *arguments], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                                env={**os.environ, "DOCKER_HOST": self.docker.endpoint})
        self.assertEqual(result.returncode, 0, result.stdout)

    def names(self, task):
        document = self.fleet.describe(self.api, task)
        return sorted(c["name"] for c in document["containers"]) if document else []

    def wait_names(self, task, names):
        wait_for(lambda: self.names(task) == names, 20, f"{names} in {task}")

    def tasks_of(self, family, count):
        """The documents of the running tasks of a family; None unless there are so many."""
        documents = [self.fleet.describe(self.api, t) for t in self.fleet.tasks(self.api)]
        found = [d for d in documents if f"/{family}:" in d["taskDefinitionArn"]]
        return found if len(found) == count else None

    def task_named(self, family):
        [document] = wait_for(lambda: self.tasks_of(family, 1), 20, f"one running task of {family}")
        return document["taskArn"].rsplit("/", 1)[1]

    def stop_and_wait(self, task):
        self.fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task)
        return self.fleet.wait_status(self.api, task, "STOPPED")

    def test_the_life_of_a_compose_project(self):
        for version, program in compose.programs().items():
            with self.subTest(compose=version):
                project = f"shop{version[0]}"
                self.live_through(project, functools.partial(self.compose, program, project), version)

    def live_through(self, project, run, version):
        bystander = self.docker.run("bystander", "--label", "io.stopfleet.task=bystander")
        seen = []
        def step(*words, task=None, names, stop_code=None):
            """One command, and what it makes of the task; the task's id (None given: that of the project's running one)."""
            run(*words)
            task = task or self.task_named(project)
            self.wait_names(task, names)
            document = self.fleet.wait_status(self.api, task, "STOPPED" if stop_code else "RUNNING")
            self.assertEqual(document.get("stopCode"), stop_code)
            seen.append((" ".join(words), task, document["lastStatus"], stop_code, names))
            return task
        first = step("up", "-d", names=["db", "web"])
        step("up", "-d", "--scale", "web=2", task=first, names=["db", "web-1", "web-2"])
        step("up", "-d", "--force-recreate", "--no-deps", "db", task=first, names=["db", "web-1", "web-2"])
        step("stop", "-t", "5", task=first, names=["db", "web-1", "web-2"], stop_code="EssentialContainerExited")
        revisions = [e["revision"] for e in self.fleet.events(first, "TaskObserved")]
        self.assertEqual(revisions, sorted(set(revisions)))
        second = step("start", names=["db", "web-1", "web-2"])
        step("down", "-t", "5", task=second, names=["db", "web-1", "web-2"], stop_code="EssentialContainerExited")
        third = step("up", "-d", names=["db", "web"])
        self.assertEqual(len({first, second, third}), 3)
        self.assertEqual(numbered(seen), numbered(transcript()), "what docs/tasks.md shows")
        self.assertEqual(self.stop_and_wait(third)["stopCode"], "UserInitiated")
        if not version.startswith("1."):  # Version 1 says nothing of depends_on in its labels.
            steps = [e["type"] for e in self.fleet.events(third) if e["type"] in ("SignalSent", "ContainerExited")]
            self.assertEqual(steps, ["SignalSent", "ContainerExited"] * 2, "web needs db: db is told when web has ended")
        self.assertTrue(self.docker.inspect(bystander)["State"]["Running"])
        self.assertEqual(self.docker.signals(bystander), [])
        run("down")

    def test_a_rename_and_a_restart_by_policy_keep_the_id(self):
        container = self.docker.run("before", "--label", "io.stopfleet.task=kept", "--restart", "always")
        task = self.fleet.task_of(self.api, "before")
        self.docker.docker("rename", container, "after")
        self.wait_names(task, ["after"])
        started = self.docker.inspect(container)["State"]["StartedAt"]
        os.kill(self.docker.inspect(container)["State"]["Pid"], 9)
        wait_for(lambda: self.docker.inspect(container)["State"]["StartedAt"] != started, 20, "a restart by the engine")
        self.fleet.wait_events(task, "TaskObserved", 3)
        self.assertEqual(self.task_named("kept"), task)

    def test_a_one_off_container_is_a_task_of_its_own(self):
        for version, program in compose.programs().items():
            with self.subTest(compose=version):
                project = f"jobs{version[0]}"
                self.run_one_off(project, functools.partial(self.compose, program, project))

    def run_one_off(self, name, run):
        run("up", "-d", "db")
        project = self.task_named(name)
        run("run", "-d", "--no-deps", "--name", "job", "web")
        self.docker.ids.append("job")
        job = self.docker.inspect("job")["Id"]
        def one_off():
            tasks = [self.fleet.describe(self.api, t) for t in self.fleet.tasks(self.api)]
            return [t["taskArn"].rsplit("/", 1)[1] for t in tasks if [c["runtimeId"] for c in t["containers"]] == [job]]
        [task] = wait_for(one_off, 20, "a task of the one-off container alone")
        self.assertNotEqual(task, project)
        self.stop_and_wait(task)
        self.assertEqual(self.fleet.describe(self.api, project)["lastStatus"], "RUNNING")
        self.assertEqual(self.names(project), ["db"])
        self.docker.docker("rm", "-f", "job")
        run("down", "-t", "5")

    def test_an_image_that_compose_built_is_no_part_of_the_project(self):
        """BuildKit writes project and service on the image: a container that somebody else runs of it has these labels."""
        folder = os.path.join(self.directory, "built")
        os.makedirs(os.path.join(folder, "web"))
        for name, text in (("web/Dockerfile", f"FROM {self.docker.image}\nENV BUILT=yes\n"), ("compose.yml", json.dumps(
                {"services": {"web": {"build": "./web", "command": ["obey"], "network_mode": "none"}}}))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        run = functools.partial(self.compose, compose.version_2(), "built", path=os.path.join(folder, "compose.yml"))
        run("up", "-d")
        mine = self.docker.docker("ps", "-q", "--no-trunc", "--filter", "label=com.docker.compose.service=web",
                                  "--filter", "label=com.docker.compose.project=built")
        theirs = self.docker.docker("run", "-d", "--name", "theirs-of-built", "--network", "none", "built-web", "obey")
        self.docker.ids.append(theirs)
        self.assertEqual(self.docker.inspect(theirs)["Config"]["Labels"]["com.docker.compose.project"], "built")
        task = self.task_named("built")
        self.docker.run("looked", "--label", "io.stopfleet.task=looked")
        self.fleet.task_of(self.api, "looked")
        document = self.stop_and_wait(task)
        self.assertEqual([c["runtimeId"] for c in document["containers"]], [mine])
        self.assertEqual(self.docker.signals(theirs), [])
        self.assertTrue(self.docker.inspect(theirs)["State"]["Running"])
        run("down")

    def test_an_image_made_of_a_container_of_the_project_is_no_part_of_it(self):
        """`docker commit` writes all labels of the container on the image: who runs it is in no project, Compose's own is."""
        path = os.path.join(self.directory, "source.yml")
        run = functools.partial(self.compose, compose.version_2(), "source", path=path)

        def up(image):
            with open(path, "w", encoding="utf-8") as f:
                json.dump({"services": {"web": {"image": image, "network_mode": "none", "command": ["obey"]}}}, f)
            run("up", "-d")
            return self.docker.docker("ps", "-q", "--no-trunc", "--filter", "name=source-web")

        image = "stopfleet/committed:test"
        self.docker.docker("commit", up(self.docker.image), image)
        mine = up(image)  # before theirs: Compose itself takes that for its own, and would replace it
        theirs = self.docker.docker("run", "-d", "--name", "theirs-committed", "--network", "none", image, "obey")
        self.docker.ids.append(theirs)
        self.assertIn("com.docker.compose.config-hash", self.docker.inspect(theirs)["Config"]["Labels"])
        self.docker.run("looked-committed", "--label", "io.stopfleet.task=looked-committed")
        self.fleet.task_of(self.api, "looked-committed")
        document = self.stop_and_wait(self.task_named("source"))
        self.assertIn(mine, [c["runtimeId"] for c in document["containers"]])
        self.assertNotIn(theirs, [c["runtimeId"] for c in document["containers"]])
        self.assertEqual(self.docker.signals(theirs), [])
        self.assertTrue(self.docker.inspect(theirs)["State"]["Running"])
        run("down")

    def test_an_image_of_a_container_that_is_gone_says_nothing(self):
        """Started again when its committed image is removed: who made the container cannot be told, so it is in no project."""
        labels = {"com.docker.compose.project": "rmi", "com.docker.compose.service": "web", "com.docker.compose.config-hash": "0a"}
        mine = self.docker.run("rmi-web-1", *[word for label in labels.items() for word in ("--label", "=".join(label))])
        image = "stopfleet/committed:removed"
        self.worker.stop()
        self.docker.docker("commit", mine, image)
        theirs = self.docker.docker("create", "--name", "theirs-removed", "--network", "none", image, "obey")
        self.docker.ids.append(theirs)
        self.docker.docker("rmi", "-f", self.docker.inspect(theirs)["Image"])
        self.docker.docker("start", theirs)
        self.worker.start()
        self.docker.run("looked-removed", "--label", "io.stopfleet.task=looked-removed")
        self.fleet.task_of(self.api, "looked-removed")
        document = self.stop_and_wait(self.task_named("rmi"))
        self.assertEqual([c["runtimeId"] for c in document["containers"]], [mine])
        self.assertEqual(self.docker.signals(theirs), [])
        self.assertTrue(self.docker.inspect(theirs)["State"]["Running"])

    def test_a_one_off_container_of_a_service_with_a_task_label(self):
        """`compose run` gives its container the labels of the service: a stop of the service's task is not for it."""
        path = os.path.join(self.directory, "labelled.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"version": "3.8", "services": {"web": {"image": self.docker.image, "network_mode": "none",
                                                             "labels": {"io.stopfleet.task": "labelled"}}}}, f)
        for version, program in compose.programs().items():
            with self.subTest(compose=version):
                run = functools.partial(self.compose, program, f"labelled{version[0]}", path=path)
                run("up", "-d")
                run("run", "-d", "--name", "labelled-job", "web")
                self.docker.ids.append("labelled-job")
                job = self.docker.inspect("labelled-job")["Id"]
                tasks = wait_for(lambda: self.tasks_of("labelled", 2), 20, "a task of the service and one of the job")
                [task] = [t["taskArn"].rsplit("/", 1)[1] for t in tasks if t["containers"][0]["runtimeId"] != job]
                self.stop_and_wait(task)
                self.assertEqual(self.docker.signals(job), [])
                self.assertTrue(self.docker.inspect(job)["State"]["Running"])
                [job_task] = self.tasks_of("labelled", 1)
                self.assertEqual([c["runtimeId"] for c in self.stop_and_wait(job_task["taskArn"])["containers"]], [job])
                self.docker.docker("rm", "-f", "labelled-job")
                run("down")

    def test_one_label_across_projects(self):
        flags = [["--label", "io.stopfleet.task=across", "--label", f"com.docker.compose.project={p}", *COMPOSE] for p in ("left", "right")]
        members = [self.docker.run("left-part", *flags[0]), self.docker.run("right-part", *flags[1])]
        rest = self.docker.run("left-rest", "--label", "com.docker.compose.project=left", *COMPOSE)
        task = self.task_named("across")
        self.wait_names(task, ["left-part", "right-part"])
        document = self.stop_and_wait(task)
        self.assertEqual(sorted(c["runtimeId"] for c in document["containers"]), sorted(members))
        self.assertEqual(self.docker.signals(rest), [])

    def test_empty_labels_say_nothing(self):
        self.docker.run("blank", *COMPOSE, "--label", "com.docker.compose.project=blank", "--label", "com.docker.compose.service=")
        self.docker.run("bare", "--label", "io.stopfleet.task=bare", "--label", "com.amazonaws.ecs.container-name=",
                        "--label", "com.amazonaws.ecs.task-definition-family=", "--label", "io.stopfleet.tag.team=")
        for name in ("blank", "bare"):
            task = self.task_named(name)
            self.wait_names(task, [name])
            self.stop_and_wait(task)

    def test_nobody_elses_container_is_stopped(self):
        mine = self.docker.run("mine", "--label", f"com.amazonaws.ecs.task-arn={ARN.format(CLUSTER)}")
        others = [self.docker.run("theirs", "--label", f"com.amazonaws.ecs.task-arn={ARN.format('dev')}"),
                  self.docker.run("contrary", "--label", f"com.amazonaws.ecs.task-arn={ARN.format(CLUSTER)}",
                                  "--label", "com.amazonaws.ecs.cluster=dev"),
                  self.docker.run("elsewhere", "--label", "io.stopfleet.cluster=dev", "--label", "io.stopfleet.task=x")]
        result = self.fleet.run("stopfleet-worker", "tasks", "--json", "--host-id", HOST_ID, "--cluster", CLUSTER,
                                "--docker-endpoint", self.docker.endpoint)
        listed = json.loads(result.stdout)
        left_alone = {c["name"]: c["reason"] for c in listed["notDiscovered"]}
        for name in ("theirs", "contrary", "elsewhere"):
            self.assertIn("another cluster", left_alone[name])
        self.assertIn(("theirs", "com.amazonaws.ecs.task-arn"),
                      [(w["container"], w["label"]) for w in listed["labelsOfNoUse"]])
        [task] = [t for t in listed["tasks"] if t["kind"] == "ecs"]
        self.assertEqual((task["id"], task["idIsGiven"], [c["id"] for c in task["containers"]]), (ECS_ID, True, [mine]))
        self.assertEqual(self.fleet.task_of(self.api, "mine"), ECS_ID)
        document = self.stop_and_wait(ECS_ID)
        self.assertEqual([c["runtimeId"] for c in document["containers"]], [mine])
        for other in others:
            self.assertTrue(self.docker.inspect(other)["State"]["Running"])
            self.assertEqual(self.docker.signals(other), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
