"""Containers that end while others of their task run on: the Task document keeps them, as ECS does."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from server import wait_for  # noqa: E402


def of(document, name):
    """The container of this name; None if the document has none."""
    return next((c for c in document["containers"] if c["name"] == name), None)


class EndedContainers(DockerHost):
    def begin(self, task, **members):
        """A task of containers that end with these codes at a signal; its id. A name with _rm is removed as it ends."""
        for name, code in members.items():
            flags = ["--rm"] if name.endswith("_rm") else []
            self.docker.run(f"{task}-{name}", "--label", f"io.stopfleet.task={task}", *flags, command=["obey", str(code)])
        return self.task_with(*[f"{task}-{name}" for name in members])

    def task_with(self, *names):
        """The id of the running task whose containers these are."""
        def find():
            for task in self.fleet.tasks(self.api):
                document = self.fleet.describe(self.api, task)
                if document and sorted(c["name"] for c in document["containers"]) == sorted(names):
                    return task
            return None
        return wait_for(find, 20, f"a task of {names}")

    def wait_container(self, task, name, status):
        """The Task document once the container has this status."""
        def reached():
            document = self.fleet.describe(self.api, task)
            container = of(document, name)
            return document if container and container["lastStatus"] == status else None
        return wait_for(reached, 20, f"{name} {status}")

    def wait_looked(self, name):
        """A task that is started now is in the view: what was there before has been looked at."""
        self.run_task(name)

    def observed(self, task):
        return len(self.fleet.events(task, "TaskObserved"))

    def test_what_ended_stays_in_the_document(self):
        task = self.begin("shop", web=0, migrate=3, seed_rm=7)
        before = self.fleet.describe(self.api, task)
        identity = {c["name"]: (c["containerArn"], c["runtimeId"], c["image"]) for c in before["containers"]}
        self.docker.signal("shop-migrate", "TERM")
        self.wait_container(task, "shop-migrate", "STOPPED")
        self.docker.signal("shop-seed_rm", "TERM")
        document = self.wait_container(task, "shop-seed_rm", "STOPPED")
        self.assertEqual({c["name"]: (c["lastStatus"], c.get("exitCode")) for c in document["containers"]},
                         {"shop-web": ("RUNNING", None), "shop-migrate": ("STOPPED", 3), "shop-seed_rm": ("STOPPED", 7)})
        for member in ("lastStatus", "desiredStatus", "createdAt", "startedAt", "group", "tags"):
            self.assertEqual(document[member], before[member], member)
        self.assertNotIn("executionStoppedAt", document)
        # The engine forgets it, and the worker is another one: nothing changes, and nothing is written.
        self.docker.docker("rm", "shop-migrate")
        self.wait_looked("shop-removed")
        written = self.observed(task)
        self.worker.restart()
        self.wait_looked("shop-restarted")
        self.assertEqual(self.observed(task), written)
        stopped = self.stop_and_wait(task)
        self.assertEqual({c["name"]: (c["lastStatus"], c.get("exitCode")) for c in stopped["containers"]},
                         {"shop-web": ("STOPPED", 0), "shop-migrate": ("STOPPED", 3), "shop-seed_rm": ("STOPPED", 7)})
        self.assertEqual({c["name"]: (c["containerArn"], c["runtimeId"], c["image"]) for c in stopped["containers"]}, identity)
        web = of(stopped, "shop-web")["runtimeId"]
        self.assertEqual([e["container_id"] for e in self.fleet.events(task, "SignalSent")], [web])
        [accepted] = self.fleet.events(task, "StopAccepted")
        self.assertEqual([run["container_id"] for run in accepted["plan"]], [web])

    def test_started_again_it_runs_again(self):
        task = self.begin("again", app=0, helper=4)
        self.docker.signal("again-helper", "TERM")
        document = self.wait_container(task, "again-helper", "STOPPED")
        self.docker.docker("start", "again-helper")
        running = self.wait_container(task, "again-helper", "RUNNING")
        self.assertNotIn("exitCode", of(running, "again-helper"))
        self.assertEqual(of(running, "again-helper")["containerArn"], of(document, "again-helper")["containerArn"])
        stopped = self.stop_and_wait(task)
        self.assertEqual(sorted(c["exitCode"] for c in stopped["containers"]), [0, 4])
        self.assertEqual(len(self.fleet.events(task, "SignalSent")), 2)

    def test_the_worker_was_down_while_it_ended(self):
        task = self.begin("unseen", app=0, kept=5, gone_rm=6)
        self.worker.stop()
        self.docker.signal("unseen-kept", "TERM")
        self.docker.signal("unseen-gone_rm", "TERM")
        self.docker.docker("wait", "unseen-kept")
        wait_for(lambda: not self.docker.docker("ps", "-aq", "--filter", "name=unseen-gone_rm"), 20, "its removal")
        self.worker.start()
        document = self.wait_container(task, "unseen-kept", "STOPPED")
        self.assertEqual(of(document, "unseen-kept")["exitCode"], 5)
        gone = of(document, "unseen-gone_rm")
        self.assertEqual((gone["lastStatus"], gone.get("exitCode")), ("STOPPED", None), "nobody knows its exit code")
        self.assertIn("ContainerVanishedError", gone["reason"])
        # It runs and ends once more without a worker: the latest run counts.
        self.worker.stop()
        self.docker.docker("start", "unseen-kept")
        self.docker.signal("unseen-kept", "KILL")
        self.docker.docker("wait", "unseen-kept")
        self.worker.start()
        wait_for(lambda: of(self.fleet.describe(self.api, task), "unseen-kept").get("exitCode") == 137, 20, "the latest run's code")
        # ... and the whole task ends without one.
        self.worker.stop()
        self.docker.docker("start", "unseen-kept")
        self.docker.signal("unseen-kept", "TERM")
        self.docker.docker("wait", "unseen-kept")
        self.docker.signal("unseen-app", "TERM")
        self.docker.docker("wait", "unseen-app")
        self.worker.start()
        stopped = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual({c["name"]: c.get("exitCode") for c in stopped["containers"]},
                         {"unseen-app": 0, "unseen-kept": 5, "unseen-gone_rm": None})

    def test_all_end_one_after_another(self):
        task = self.begin("natural", first=3, last=8)
        self.docker.signal("natural-first", "TERM")
        self.wait_container(task, "natural-first", "STOPPED")
        self.docker.docker("rm", "natural-first")
        self.docker.signal("natural-last", "TERM")
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual({c["name"]: c.get("exitCode") for c in document["containers"]},
                         {"natural-first": 3, "natural-last": 8})
        self.assertEqual(document["stopCode"], "EssentialContainerExited")

    def test_made_again_it_is_replaced(self):
        task = self.begin("remade", app=0, part=1)
        before = self.fleet.describe(self.api, task)
        old = of(before, "remade-part")["runtimeId"]
        for _ in range(3):
            self.docker.run("remade-part", "--label", "io.stopfleet.task=remade")
            wait_for(lambda: of(self.fleet.describe(self.api, task), "remade-part")["runtimeId"] != old, 20, "the new one")
            document = self.wait_container(task, "remade-part", "RUNNING")
            self.assertEqual(len(document["containers"]), 2)
            old = of(document, "remade-part")["runtimeId"]
        self.assertEqual(document["createdAt"], before["createdAt"])
        self.stop_and_wait(task)

    def test_a_process_that_ended(self):
        worker = self.fleet.process_worker()
        self.addCleanup(worker.stop)
        script = "trap 'exit {}' TERM; while :; do sleep 0.05; done"
        for name, code in (("main", 0), ("side", 9)):
            self.fleet.run_process(worker, "pair", script.format(code), name=name)
        task = self.task_with("main", "side")
        side = of(self.fleet.describe(self.api, task), "side")["runtimeId"]
        os.kill(int(side.rsplit("-", 2)[1]), signal.SIGTERM)
        document = self.wait_container(task, "side", "STOPPED")
        self.assertEqual(of(document, "side")["exitCode"], 9)
        self.assertEqual(of(document, "side")["runtimeId"], side)
        self.assertEqual(document["lastStatus"], "RUNNING")
        stopped = self.stop_and_wait(task)
        self.assertEqual({c["name"]: c.get("exitCode") for c in stopped["containers"]}, {"main": 0, "side": 9})


if __name__ == "__main__":
    unittest.main()
