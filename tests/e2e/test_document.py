"""The Task document of real containers, member by member, against what the engine says."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import MachineHost  # noqa: E402
from network import Interface  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402
from ecs_model import members  # noqa: E402
import compose  # noqa: E402
from registry import Registry  # noqa: E402
from server import ROOT, wait_for  # noqa: E402
import docker_engine  # noqa: E402

SECRET = "s3cr3t-that-nobody-may-keep"


def ports_of(bindings):
    """(protocol, address, container port, host port) of ECS NetworkBindings, ranges taken apart."""
    found = set()
    for b in bindings:
        if "containerPortRange" in b:
            ends = [[int(n) for n in b[key].split("-")] for key in ("containerPortRange", "hostPortRange")]
            pairs = zip(range(ends[0][0], ends[0][1] + 1), range(ends[1][0], ends[1][1] + 1))
        else:
            pairs = [(b["containerPort"], b["hostPort"])]
        found |= {(b["protocol"], b["bindIP"], container, host) for container, host in pairs}
    return found


def published(container):
    """The same of what the engine says."""
    return {(port.split("/")[1], b["HostIp"], int(port.split("/")[0]), int(b["HostPort"]))
            for port, bindings in container["NetworkSettings"]["Ports"].items() for b in bindings or []}


def milliseconds(time):
    """Of an engine's time, such as 2026-11-27T23:10:38.349123456Z."""
    return int(datetime.fromisoformat(time[:19] + "+00:00").timestamp()) * 1000 + int((time[20:-1] + "000")[:3])


class Document(MachineHost):
    worker_flags = ("--stop-timeout", "2s", "--availability-zone", "cellar-1", "--attribute", "rack=r7",
                    "--allowed-label", "com.example.team")

    @classmethod
    def start_workers(cls):
        super().start_workers()
        cls.processes = cls.fleet.process_worker()

    def document(self, task):
        return self.fleet.describe(self.api, task)

    def stop(self, task, *arguments):
        self.fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task, *arguments)
        self.fleet.wait_status(self.api, task, "STOPPED")
        return self.document(task)

    def assert_listed(self, task, filters, status):
        """Under each filter of ListTasks that applies to it, with that desiredStatus alone."""
        for name, value in filters.items():
            with self.subTest(filter=name):
                for desired in ("RUNNING", "STOPPED"):
                    self.assertEqual(task in self.fleet.tasks(self.api, desired, **{name: value}), desired == status)
                self.assertNotIn(task, self.fleet.tasks(self.api, status, **{name: value + "x"}))

    def test_a_whole_life(self):
        container, task = self.run_task("life", "--label", "io.stopfleet.tag.team=blue", "--label", "com.example.team=red",
                                        "--label", "com.example.other=x", "--label", "io.stopfleet.group=service:shop",
                                        "--label", "io.stopfleet.started-by=jane", command=["obey", "9"])
        truth = self.docker.inspect(container)
        running = self.document(task)
        arn = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{task}"
        instance = f"arn:aws:ecs:us-east-1:000000000000:container-instance/{CLUSTER}/{self.host_id}"
        wanted = {"taskArn": arn, "clusterArn": f"arn:aws:ecs:us-east-1:000000000000:cluster/{CLUSTER}", "containerInstanceArn": instance,
                  "launchType": "EXTERNAL", "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "connectivity": "CONNECTED",
                  "availabilityZone": "cellar-1", "group": "service:shop", "startedBy": "jane", "enableExecuteCommand": False,
                  "healthStatus": "UNKNOWN", "attachments": [], "version": 1,
                  "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/life:1",
                  "overrides": {"containerOverrides": [{"name": "life"}], "inferenceAcceleratorOverrides": []}}
        self.assertEqual({k: running.get(k) for k in wanted}, wanted)
        for absent in ("stopCode", "stoppedReason", "stoppingAt", "stoppedAt", "executionStoppedAt", "platformFamily",
                       "platformVersion", "capacityProviderName", "inferenceAccelerators", "ephemeralStorage", "fargateEphemeralStorage",
                       "pullStartedAt", "pullStoppedAt", "cpu", "memory"):
            self.assertNotIn(absent, running)
        self.assertEqual({t["key"]: t["value"] for t in running["tags"]}, {"team": "blue", "com.example.team": "red"})
        self.assertIn({"name": "rack", "value": "r7"}, running["attributes"])
        [c] = running["containers"]
        self.assertEqual((c["name"], c["runtimeId"], c["image"], c["cpu"], c["networkBindings"], c["networkInterfaces"], c["taskArn"]),
                         ("life", container, truth["Config"]["Image"], "0", [], [], arn))
        for absent in ("exitCode", "reason", "memory", "memoryReservation", "gpuIds", "imageDigest", "managedAgents"):
            self.assertNotIn(absent, c)
        filters = {"family": "life", "startedBy": "jane", "containerInstance": instance}
        self.assert_listed(task, filters, "RUNNING")
        self.assertIn(task, self.fleet.tasks(self.api, serviceName="shop"))
        stopped = self.stop(task, "--reason", "because")
        self.assert_listed(task, filters, "STOPPED")
        self.assertEqual((stopped["stopCode"], stopped["stoppedReason"], stopped["desiredStatus"], stopped["tags"]),
                         ("UserInitiated", "because", "STOPPED", []))
        self.assertLessEqual(stopped["createdAt"], stopped["startedAt"])
        self.assertLessEqual(stopped["stoppingAt"], stopped["executionStoppedAt"])
        self.assertLessEqual(stopped["executionStoppedAt"], stopped["stoppedAt"])
        self.assertEqual(stopped["containers"][0]["exitCode"], self.docker.inspect(container)["State"]["ExitCode"])
        self.assertEqual(stopped["containers"][0]["containerArn"], c["containerArn"])
        self.assertGreater(stopped["version"], running["version"])

    def test_a_macvlan_address(self):
        street = Interface(f"sf{os.getpid()}")
        self.addCleanup(street.close)
        self.docker.docker("network", "create", "-d", "macvlan", "-o", f"parent={street.name}", "--subnet", "10.77.213.0/24",
                           "--ipv6", "--subnet", "2001:db8:77:213::/64", street.name)
        self.addCleanup(self.docker.docker, "network", "rm", street.name)
        container, task = self.run_task("street", "--network", street.name)
        self.addCleanup(self.docker.docker, "rm", "-f", container)
        own = self.docker.inspect(container)["NetworkSettings"]["Networks"][street.name]
        [described] = self.document(task)["containers"]
        self.assertTrue(own["IPAddress"].startswith("10.77.213.") and own["GlobalIPv6Address"].startswith("2001:db8:77:213:"), own)
        self.assertEqual(described["networkInterfaces"],
                         [{"privateIpv4Address": own["IPAddress"], "ipv6Address": own["GlobalIPv6Address"]}])

    def test_a_whole_life_of_a_process_task(self):
        process = self.fleet.run_process(self.processes, "nightly", "trap 'exit 9' TERM; while :; do sleep 0.05; done", name="backup")
        task = self.fleet.task_of(self.api, "backup")
        with open(os.path.join(self.processes.tasks, "nightly.backup.json"), encoding="utf-8") as f:
            [entry] = json.load(f)["processes"]
        running = self.document(task)
        arn = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{task}"
        wanted = {"taskArn": arn, "clusterArn": f"arn:aws:ecs:us-east-1:000000000000:cluster/{CLUSTER}",
                  "containerInstanceArn": f"arn:aws:ecs:us-east-1:000000000000:container-instance/{CLUSTER}/{self.processes.host_id}",
                  "launchType": "EXTERNAL", "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "connectivity": "CONNECTED",
                  "group": "family:nightly", "enableExecuteCommand": False, "healthStatus": "UNKNOWN", "attachments": [], "version": 1,
                  "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/nightly:1", "tags": [],
                  "overrides": {"containerOverrides": [{"name": "backup"}], "inferenceAcceleratorOverrides": []}}
        self.assertEqual({k: running.get(k) for k in wanted}, wanted)
        for absent in ("stopCode", "stoppedReason", "stoppingAt", "stoppedAt", "executionStoppedAt", "cpu", "memory", "startedBy",
                       "availabilityZone"):
            self.assertNotIn(absent, running)
        [c] = running["containers"]
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
            boot = f.read().strip()
        self.assertIn(c["runtimeId"], [f"{b}-{entry['pid']}-{entry['start_time']}" for b in (boot, boot.replace("-", ""))])
        self.assertEqual({k: c.get(k) for k in ("name", "taskArn", "lastStatus", "healthStatus", "cpu", "networkBindings", "networkInterfaces")},
                         {"name": "backup", "taskArn": arn, "lastStatus": "RUNNING", "healthStatus": "UNKNOWN", "cpu": "0",
                          "networkBindings": [], "networkInterfaces": []})
        for absent in ("image", "imageDigest", "memory", "memoryReservation", "gpuIds", "exitCode", "reason"):
            self.assertNotIn(absent, c)
        stopped = self.stop(task, "--reason", "")
        self.assertEqual((stopped["stopCode"], stopped["stoppedReason"], stopped["desiredStatus"]),
                         ("UserInitiated", "Task stopped by user", "STOPPED"))
        self.assertLessEqual(stopped["createdAt"], stopped["startedAt"])
        self.assertLessEqual(stopped["stoppingAt"], stopped["executionStoppedAt"])
        self.assertLessEqual(stopped["executionStoppedAt"], stopped["stoppedAt"])
        [ended] = stopped["containers"]
        self.assertEqual((ended["exitCode"], ended["lastStatus"], ended["containerArn"], ended["runtimeId"]),
                         (9, "STOPPED", c["containerArn"], c["runtimeId"]))
        self.assertEqual(process.wait(10), 9)

    def test_a_restart_keeps_what_names_a_container(self):
        container, task = self.run_task("restarted")
        self.docker.run("companion", "--label", "io.stopfleet.task=restarted")
        before = wait_for(lambda: next((d for d in [self.document(task)] if len(d["containers"]) == 2), None), 20, "both containers")
        self.docker.docker("restart", "-t", "1", "restarted")
        started = self.docker.inspect(container)["State"]["StartedAt"]
        revision = before["version"]
        after = wait_for(lambda: next((d for d in [self.document(task)] if d["version"] > revision and len(d["containers"]) == 2), None), 20,
                         f"the run that started at {started}")
        names = lambda d: [(c["name"], c["runtimeId"], c["containerArn"]) for c in d["containers"]]
        self.assertEqual(names(after), names(before))
        self.stop(task)

    def test_a_tag_without_a_value(self):
        _, task = self.run_task("tagged", "--label", "io.stopfleet.tag.canary=")
        # ECS has them (botocore: TagValue is of 0 to 256 characters).
        self.assertEqual(self.document(task)["tags"], [{"key": "canary", "value": ""}])
        self.stop(task)

    def test_the_digest_of_a_pushed_image(self):
        registry = Registry().start()
        self.addCleanup(registry.close)
        image = f"{registry.address}/shop:7"
        # An image of its own: the worker asks for an image's digests once.
        local = docker_engine.probe_image("stopfleet/pushed:test", changes=(f"LABEL registry={registry.address}",), at=self.docker.socket)
        self.docker.docker("tag", local, image)
        self.addClassCleanup(self.docker.docker, "rmi", "-f", image, local, check=False)  # once its container is gone
        self.docker.docker("push", image)
        container = self.docker.docker("run", "-d", "--name", "pushed", "--label", "io.stopfleet.task=pushed", image, "obey")
        self.docker.ids.append(container)
        task = self.fleet.task_of(self.api, "pushed")
        [c] = self.document(task)["containers"]
        self.assertEqual((c["image"], [c["imageDigest"]]), (image, registry.manifests))
        self.stop(task)

    def test_ports(self):
        container, task = self.run_task("ports", "-p", "127.0.0.1:18080:80", "-p", "18081:81/udp", "-p", "18100-18103:9000-9003", "-p", "[::1]:18110-18112:9100-9102")
        bindings = self.document(task)["containers"][0]["networkBindings"]
        truth = published(self.docker.inspect(container))
        self.assertEqual(ports_of(bindings), truth)
        self.assertIn(("tcp", "127.0.0.1", 80, 18080), truth)
        self.assertTrue(any(b.get("containerPortRange") == "9000-9003" and b["hostPortRange"] == "18100-18103" for b in bindings))
        self.assertTrue(any(b.get("containerPortRange") == "9100-9102" and b["bindIP"] == "::1" for b in bindings))
        # They are in use on the host.
        answer = self.fleet.aws(self.api, "describe-container-instances", "--cluster", CLUSTER, "--container-instances", self.host_id)
        remaining = {r["name"]: r for r in answer["containerInstances"][0]["remainingResources"]}
        self.assertLessEqual({"18080", "18100", "18103"}, set(remaining["PORTS"]["stringSetValue"]))
        self.assertIn("18081", remaining["PORTS_UDP"]["stringSetValue"])
        self.stop(task)

    def test_the_host(self):
        """The container instance: its engine's versions as the engine says them, none of a host of processes."""
        engine = json.loads(self.docker.docker("version", "--format", "{{json .Server}}"))
        answer = self.fleet.aws(self.api, "describe-container-instances", "--cluster", CLUSTER, "--container-instances", self.host_id,
                                self.processes.host_id)
        self.assertEqual(answer["failures"], [])
        docker, processes = sorted(answer["containerInstances"], key=lambda i: not i["containerInstanceArn"].endswith(self.host_id))
        attributes = {a["name"]: a["value"] for a in docker["attributes"]}
        self.assertEqual(docker["versionInfo"]["dockerVersion"], f"DockerVersion: {engine['Version']}")
        self.assertEqual(attributes["stopfleet.runtime"], "docker")
        self.assertEqual(attributes["stopfleet.engine-version"], engine["Version"])
        self.assertEqual(attributes["stopfleet.engine-api-version"], engine["ApiVersion"])
        self.assertEqual((attributes["ecs.availability-zone"], attributes["rack"]), ("cellar-1", "r7"))
        self.assertEqual(docker["versionInfo"]["agentVersion"], processes["versionInfo"]["agentVersion"])
        self.assertNotIn("dockerVersion", processes["versionInfo"])
        self.assertFalse({a["name"] for a in processes["attributes"]} & {"stopfleet.engine-version", "stopfleet.engine-api-version"})

    def test_limits(self):
        _, task = self.run_task("limits", "--cpu-shares", "512", "--memory", "64m", "--memory-reservation", "32m")
        document = self.document(task)
        [c] = document["containers"]
        self.assertEqual((c["cpu"], c["memory"], c["memoryReservation"]), ("512", "64", "32"))
        self.assertEqual((document["cpu"], document["memory"]), ("512", "64"))
        _, fraction = self.run_task("fraction", "--cpus", "1.5")
        self.assertEqual(self.document(fraction)["containers"][0]["cpu"], "1536")
        self.stop(task)
        self.stop(fraction)

    def test_health(self):
        folder = os.path.join(self.directory, "health")
        os.makedirs(folder)
        shutil.copy(docker_engine.probe_program(), os.path.join(folder, "probe"))
        image = docker_engine.probe_image("stopfleet/healthy:test", changes=(
            'HEALTHCHECK --interval=300ms --timeout=5s --retries=2 CMD ["/health/probe","exit","0"]',), at=self.docker.socket)
        self.docker.docker("rm", "-f", "healthy", check=False)
        self.docker.ids.append(self.docker.docker("run", "-d", "--name", "healthy", "--label", "io.stopfleet.task=healthy", "-v",
                                                  f"{folder}:/health:ro", image, "obey"))
        task = self.fleet.task_of(self.api, "healthy")
        def is_now(status):
            document = self.document(task)
            return document["healthStatus"] == status and document["containers"][0]["healthStatus"] == status
        wait_for(lambda: is_now("HEALTHY"), 30, "a healthy task")
        version = self.document(task)["version"]
        os.unlink(os.path.join(folder, "probe"))
        wait_for(lambda: is_now("UNHEALTHY"), 30, "an unhealthy task")
        # Health is not the log's: no description was written for it.
        self.assertEqual(self.document(task)["version"], version)
        self.assertEqual(len(self.fleet.events(task, "TaskObserved")), 1)
        self.stop(task)

    def test_created_and_not_started(self):
        self.docker.docker("rm", "-f", "created", check=False)
        container = self.docker.docker("create", "--name", "created", "--label", "io.stopfleet.task=created", self.docker.image, "obey", "4")
        self.docker.ids.append(container)
        task = self.fleet.task_of(self.api, "created")
        document = self.document(task)
        self.assertEqual((document["lastStatus"], document["containers"][0]["lastStatus"]), ("PENDING", "PENDING"))
        self.assertNotIn("startedAt", document)
        counted = lambda: self.fleet.aws(self.api, "describe-clusters", "--clusters", CLUSTER)["clusters"][0]["pendingTasksCount"]
        wait_for(lambda: counted() == 1, 20, "the pending task is counted")
        self.docker.docker("start", "created")
        document = self.fleet.wait_status(self.api, task, "RUNNING")
        self.assertIn("startedAt", document)
        wait_for(lambda: counted() == 0, 20, "no task is pending")
        self.assertEqual(self.stop(task)["containers"][0]["exitCode"], 4)

    def test_out_of_memory(self):
        container, task = self.run_task("hog", "--memory", "16m", "--memory-swap", "16m", command=["hog", "4000"])
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertTrue(self.docker.inspect(container)["State"]["OOMKilled"])
        [c] = document["containers"]
        self.assertEqual((c["exitCode"], c["reason"]), (137, "OutOfMemoryError: Container killed due to memory usage"))
        self.assertEqual((document["stopCode"], document["stoppedReason"]), ("EssentialContainerExited", "Essential container in task exited"))

    def test_the_labels_of_the_ecs_agent(self):
        task = "0123456789abcdef0123456789abcdef"
        arn = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{task}"
        self.docker.run("ecs-shop-3-web-aabb", "--label", f"com.amazonaws.ecs.task-arn={arn}", "--label", "com.amazonaws.ecs.container-name=web",
                        "--label", f"com.amazonaws.ecs.cluster={CLUSTER}", "--label", "com.amazonaws.ecs.task-definition-family=shop",
                        "--label", "com.amazonaws.ecs.task-definition-version=3", command=["obey"])
        wait_for(lambda: self.fleet.describe(self.api, task), 20, "the task under its own id")
        document = self.document(task)
        self.assertEqual((document["taskArn"], document["taskDefinitionArn"], document["group"], document["containers"][0]["name"]),
                         (arn, "arn:aws:ecs:us-east-1:000000000000:task-definition/shop:3", "family:shop", "web"))
        self.stop(task)

    def test_drain_delay_and_order_of_times(self):
        _, task = self.run_task("draining", "--label", "io.stopfleet.drain-delay=3s", command=["ignore"])
        self.fleet.aws(self.api, "stop-task", "--cluster", CLUSTER, "--task", task)
        self.assertEqual(self.fleet.wait_status(self.api, task, "DEACTIVATING")["desiredStatus"], "STOPPED")
        self.fleet.wait_status(self.api, task, "STOPPING")
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], 137)

    def test_two_essentials_and_one_that_is_not(self):
        self.docker.run("pair-a", "--label", "io.stopfleet.task=pair", command=["obey"])
        self.docker.run("pair-b", "--label", "io.stopfleet.task=pair", command=["obey"])
        self.docker.run("pair-log", "--label", "io.stopfleet.task=pair", "--label", "io.stopfleet.essential=false", command=["obey"])
        task = self.fleet.task_of(self.api, "pair-log")
        document = wait_for(lambda: next((d for d in [self.document(task)] if len(d["containers"]) == 3), None), 20, "all three")
        starts = {c: self.docker.inspect(c)["State"]["StartedAt"] for c in ("pair-a", "pair-b")}
        self.assertEqual([c["name"] for c in document["containers"]], ["pair-a", "pair-b", "pair-log"])
        last = max(datetime.fromisoformat(s[:23] + "+00:00").timestamp() for s in starts.values())
        self.assertAlmostEqual(document["startedAt"], last, places=2)
        self.stop(task)

    def test_a_compose_project_is_one_task(self):
        for version, program in compose.programs().items():
            with self.subTest(compose=version):
                self.project_is_one_task(f"sfshop{version[0]}", program)

    def project_is_one_task(self, project, program):
        folder = os.path.join(self.directory, project)
        os.makedirs(folder)
        with open(os.path.join(folder, "docker-compose.yml"), "w", encoding="utf-8") as f:
            json.dump({"version": "2.4", "services": {
                "db": {"image": self.docker.image, "command": ["obey", "1"], "network_mode": "none", "stop_signal": "SIGINT",
                       "mem_limit": "64m", "cpu_shares": 512},
                "web": {"image": self.docker.image, "command": ["obey", "2"], "stop_grace_period": "7s", "ports": ["127.0.0.1:18190:80"],
                        "labels": {"io.stopfleet.depends-on": "db"}}}}, f)
        def run(*words):
            result = subprocess.run([program, "-p", project, *words], cwd=folder, check=False, stdin=subprocess.DEVNULL, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "DOCKER_HOST": self.docker.endpoint}, timeout=120)
            self.assertEqual(result.returncode, 0, result.stdout)
        def containers():
            """What the engine says, by service."""
            ids = self.docker.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={project}").split()
            return {c["Config"]["Labels"]["com.docker.compose.service"]: c for c in map(self.docker.inspect, ids)}
        run("up", "-d")
        try:
            task = self.fleet.task_of(self.api, "web")
            wait_for(lambda: len(self.document(task)["containers"]) == 2, 20, "both services")
            document = self.fleet.aws(self.api, "describe-tasks", "--cluster", CLUSTER, "--tasks", task)["tasks"][0]
            self.assert_is_of(document, containers(), project)
            stopped = self.stop(task)
            self.assertEqual({c["name"]: c["exitCode"] for c in stopped["containers"]}, {"db": 1, "web": 2})
            truth = containers()
            # The first essential container that ended.
            self.assertEqual(stopped["executionStoppedAt"], min(milliseconds(c["State"]["FinishedAt"]) for c in truth.values()) / 1000)
            [accepted] = self.fleet.events(task, "StopAccepted")
            plan = {p["name"]: (p["signal"], p["grace_ms"]) for p in accepted["plan"]}
            self.assertEqual(plan, {"db": ("SIGINT", 2000), "web": ("SIGTERM", 7000)})
            self.assertEqual(self.docker.signals(truth["db"]["Id"]), ["INT"])
            # What starts later is a new task.
            run("start")
            again = self.fleet.task_of(self.api, "web")
            self.assertNotEqual(again, task)
            self.stop(again)
        finally:
            run("down")

    def assert_is_of(self, document, truth, project):
        """The document, as the CLI gives it, of services db and web: what the engine says of their containers."""
        self.assertEqual((document["group"], document["lastStatus"]), (f"family:{project}", "RUNNING"))
        said = {c["name"]: c for c in document["containers"]}
        self.assertEqual(list(said), ["db", "web"])
        for name, container in truth.items():
            config, limits, c = container["Config"], container["HostConfig"], said[name]
            self.assertEqual((c["runtimeId"], c["image"], c["cpu"]), (container["Id"], config["Image"], str(limits["CpuShares"])))
            self.assertEqual(c.get("memory"), str(limits["Memory"] >> 20) if limits["Memory"] else None)
            self.assertEqual(ports_of(c["networkBindings"]), published(container))
        self.assertEqual((said["db"]["cpu"], said["db"]["memory"], len(published(truth["web"]))), ("512", "64", 1))
        for member, times in (("createdAt", min(milliseconds(c["Created"]) for c in truth.values())),
                              ("startedAt", max(milliseconds(c["State"]["StartedAt"]) for c in truth.values()))):
            self.assertEqual(int(datetime.fromisoformat(document[member]).timestamp() * 1000 + 0.5), times, member)

    def test_secrets_are_kept_nowhere(self):
        # As Compose gives a service its secrets; in a folder that is not looked through below.
        given = tempfile.NamedTemporaryFile("w", encoding="ascii")
        self.addCleanup(given.close)
        given.write(f"{SECRET}-compose")
        given.flush()
        container, task = self.run_task("secretive", "-v", f"{given.name}:/run/secrets/key:ro", "--health-interval", "1s",
                                        "--health-cmd", f"check --token {SECRET}-health", "-e", f"PASSWORD={SECRET}-env", "--label", f"com.example.key={SECRET}-label",
                                        "--label", f'io.stopfleet.pre-stop=["/probe", "exit", "0", "{SECRET[:6]}-pre-stop"]',
                                        "--entrypoint", "/probe", "--label", f"com.example.team={SECRET[:6]}-allowed", command=["obey", "0", f"{SECRET}-argument"])
        self.document(task)
        self.stop(task)
        self.assertIn(f"{SECRET}-argument", json.dumps(self.docker.inspect(container)))
        kept = []
        for topic in ("stopfleet.events", "stopfleet.hosts"):
            kcat = shutil.which("kcat") or shutil.which("kafkacat")
            records = subprocess.run([kcat, "-b", self.kafka.bootstrap, "-t", topic, "-C", "-o", "beginning", "-e", "-q"],
                                     stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True).stdout
            self.assertGreater(len(records), 0)
            kept.append((topic, records))
        self.redis.call("CONFIG", "SET", "rdbcompression", "no")
        self.redis.call("SAVE")
        for where, _, names in os.walk(self.directory):
            for name in names:
                path = os.path.join(where, name)
                if os.path.join(self.directory, "kafka") not in path and not os.path.islink(path):
                    with open(path, "rb") as f:
                        kept.append((path, f.read()))
        # What was looked through is what it should be: the container's name is in the dump of Redis, and the journal was read.
        self.assertTrue(any(path.endswith(".rdb") and b"secretive" in content for path, content in kept), "no dump of Redis was read")
        self.assertTrue(any(path.startswith(self.worker.state) for path, _ in kept), "no file of the state directory was read")
        self.assertEqual([where for where, content in kept if SECRET.encode() in content], [])
        # The one that the operator allowed is there; and a pre-stop command, as docs/labels.md says.
        for kind in ("stopfleet.events", ".rdb", "/state/"):
            self.assertTrue(any(f"{SECRET[:6]}-pre-stop".encode() in content for where, content in kept if kind in where), kind)
        self.assertTrue(any(f"{SECRET[:6]}-allowed".encode() in content for where, content in kept if where == "stopfleet.events"))


class Documented(unittest.TestCase):
    def test_what_the_table_names_is_there(self):
        """Each test that docs/task-document.md names, and each member of ECS's Task and Container."""
        with open(os.path.join(ROOT, "docs", "task-document.md"), encoding="utf-8") as f:
            text = f.read()
        tests = ""
        for folder, _, names in os.walk(os.path.join(ROOT, "tests")):
            for name in names:
                if name.startswith("test_"):
                    with open(os.path.join(folder, name), encoding="utf-8") as f:
                        tests += f.read()
        named = set(re.findall(r"`(test_\w+)`", text))
        self.assertGreater(len(named), 20)
        self.assertEqual([name for name in sorted(named) if f"def {name}(" not in tests and f"void {name}(" not in tests], [])
        self.assertEqual([member for shape in ("Task", "Container") for member in members(shape) if f"`{member}`" not in text], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
