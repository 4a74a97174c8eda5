"""Containers of other supervisors and the worker's own, on a real engine: left alone, and stopped once adopted."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402
from server import wait_for  # noqa: E402
import docker_engine  # noqa: E402

SUPERVISED = {
    "kubelet": ("io.kubernetes.pod.uid", "the kubelet manages it"),
    "swarm": ("com.docker.swarm.task.id", "Docker Swarm manages it"),
    "nomad": ("com.hashicorp.nomad.alloc_id", "Nomad manages it"),
    "systemd": ("PODMAN_SYSTEMD_UNIT", "a systemd unit manages it"),
    "ecs": ("com.amazonaws.ecs.task-arn", "the ECS agent of this engine manages it"),
}
ECS_ID = "0123456789abcdef0123456789abcdef"
UNITS = {"ecs": f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{ECS_ID}"}


class Supervisors(DockerHost):
    """A host whose worker takes what Nomad manages, and nothing else that is somebody's."""

    worker_flags = ("--adopt", "nomad")

    def tearDown(self):
        super().tearDown()
        self.docker.docker("rm", "-f", *self.docker.ids)
        self.docker.ids.clear()
        wait_for(lambda: not self.fleet.tasks(self.api), 20, "no task any more")

    def report(self, *flags):
        """What `stopfleet-worker tasks` says: (tasks, reasons by container name)."""
        result = self.fleet.run("stopfleet-worker", "tasks", "--json", "--host-id", self.host_id, "--cluster", CLUSTER,
                                "--docker-endpoint", self.endpoint(), *flags)
        listed = json.loads(result.stdout)
        return listed["tasks"], {c["name"]: c["reason"] for c in listed["notDiscovered"]}

    def run_supervised(self, supervisor, unit, name):
        return self.docker.run(name, "--label", f"{SUPERVISED[supervisor][0]}={UNITS.get(supervisor, unit)}")

    def test_each_supervisors_containers(self):
        """Left alone by a worker that does not adopt its supervisor; with --adopt those of one unit are one task."""
        self.docker.run("ecs-agent", "--label", "io.stopfleet.ignore=true")
        members = {s: [self.run_supervised(s, "unit-1", f"{s}-{part}") for part in ("a", "b")] for s in SUPERVISED}
        other_unit = self.run_supervised("nomad", "unit-2", "nomad-c")
        for supervisor in SUPERVISED:
            tasks, reasons = self.report("--adopt", supervisor)
            groups = [sorted(c["id"] for c in t["containers"]) for t in tasks]
            self.assertIn(sorted(members[supervisor]), groups, supervisor)
            self.assertEqual(len(groups), 2 if supervisor == "nomad" else 1, supervisor)
            for left in set(SUPERVISED) - {supervisor}:
                self.assertIn(SUPERVISED[left][1], reasons[f"{left}-a"])
        document = self.stop_and_wait(self.fleet.task_of(self.api, "nomad-a"))
        self.assertEqual(sorted(c["runtimeId"] for c in document["containers"]), sorted(members["nomad"]))
        for container in members["nomad"]:
            self.assertEqual(self.docker.signals(container), ["TERM"])
        for container in [other_unit, *(c for s in SUPERVISED if s != "nomad" for c in members[s])]:
            self.assertEqual(self.docker.signals(container), [])
            self.assertTrue(self.docker.inspect(container)["State"]["Running"])
        names = {c["name"] for t in self.fleet.tasks(self.api) for c in self.fleet.describe(self.api, t)["containers"]}
        self.assertEqual({n for n in names if n.rsplit("-", 1)[0] in SUPERVISED}, {"nomad-c"})

    def report_from_a_container(self, network):
        """What `stopfleet-worker tasks` says that runs in a container on this engine: (names in tasks, names left alone)."""
        mounts = ["--volume", f"{os.environ['STOPFLEET_BIN']}:/stopfleet", "--volume", f"{self.docker.socket}:/engine.sock"]
        for path in ("/usr", "/lib", "/lib64", "/bin"):
            if os.path.exists(path):
                mounts += ["--volume", f"{os.path.realpath(path)}:{path}:ro"]
        result = subprocess.run(
            [docker_engine.client(), "-H", self.docker.endpoint, "run", "--rm", "--name", "worker-box", "--network", network,
             "--label", "io.stopfleet.task=worker-box", *mounts, "--entrypoint", "/stopfleet/stopfleet-worker", self.docker.image,
             "tasks", "--json", "--cluster", CLUSTER, "--host-id", self.host_id, "--docker-endpoint", "unix:///engine.sock"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        listed = json.loads(result.stdout)
        return ({c["name"] for t in listed["tasks"] for c in t["containers"]}, {c["name"] for c in listed["notDiscovered"]})

    def test_the_workers_own_container(self):
        """It is no task; nor is the container whose network it has, with which it would end."""
        base = self.docker.run("base-box", "--label", "io.stopfleet.task=base-box")
        self.assertEqual(self.report_from_a_container("none"), ({"base-box"}, {"worker-box"}))
        tasks, left_alone = self.report_from_a_container(f"container:{base}")
        self.assertEqual((tasks, left_alone), (set(), {"base-box", "worker-box"}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
