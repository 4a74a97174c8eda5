"""A whole Stopfleet of real parts for a test: programs as processes, and what a person would do with them."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import docker_engine  # noqa: E402
from ecs_model import mistakes  # noqa: E402
import probe_record  # noqa: E402
from server import ROOT, Server, ServerError, wait_for  # noqa: E402

BIN = os.environ.get("STOPFLEET_BIN") or os.path.join(ROOT, "build", "dev", "bin")
CLUSTER = "prod"
TARGET = "AmazonEC2ContainerServiceV20141113."


class Program(Server):
    """One of Stopfleet's programs."""

    start_seconds = 20
    stop_seconds = 10

    def __init__(self, directory, name, arguments, environment=None):
        self.name = name
        super().__init__(directory)
        self.arguments = arguments
        self.extra = environment or {}
        self.wrapper = []  # a command that the program is run under

    def argv(self):
        return [*self.wrapper, os.path.join(BIN, self.name), *self.arguments]

    def environment(self):
        return {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", **self.extra}

    def is_ready(self):
        return True

    def wait_log(self, text, seconds=15):
        wait_for(lambda: text in self.log_text(), seconds, f"{self.name} says {text!r}", self.alive)


class Api(Program):
    def __init__(self, fleet, directory, extra=()):
        self.address_file = os.path.join(directory, "address")
        super().__init__(directory, "stopfleet-api", [
            *fleet.kafka_flags, "--redis", fleet.redis.address, "--cluster", CLUSTER, "--unsafe-topics",
            "--listen", "127.0.0.1:0", "--address-file", self.address_file, *extra])

    def launch(self):
        if os.path.exists(self.address_file):
            os.unlink(self.address_file)
        return super().launch()

    def is_ready(self):
        return os.path.exists(self.address_file) and self.get("/healthz")[0] == 200

    @property
    def url(self):
        with open(self.address_file, encoding="ascii") as f:
            return "http://" + f.read().strip()

    def get(self, path, timeout=10):
        return self._open(urllib.request.Request(self.url + path), timeout)

    def call(self, operation, body, *, path="/", headers=None, timeout=20):
        """(HTTP status, parsed answer) of one raw call; body a dict, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET + operation}
        fields.update(headers or {})
        request = urllib.request.Request(self.url + path, data, fields, method="POST")
        status, text = self._open(request, timeout)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    @staticmethod
    def _open(request, timeout):
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()


class Worker(Program):
    def __init__(self, fleet, directory, host_id, arguments, environment=None):
        self.host_id = host_id
        self.state = os.path.join(directory, "state")
        os.makedirs(self.state, exist_ok=True)
        super().__init__(directory, "stopfleet-worker", [
            *fleet.kafka_flags, "--redis", fleet.redis.address, "--cluster", CLUSTER, "--unsafe-topics",
            "--host-id", host_id, "--state-directory", self.state, *arguments], environment)


class Fleet:
    """Kafka, Redis, APIs and workers over one cluster. Servers are given, programs are started here."""

    def __init__(self, directory, kafka, redis):
        self.directory = directory
        self.kafka = kafka
        self.redis = redis
        self.kafka_flags = ["--kafka-brokers", kafka.bootstrap, "--kafka-option", "fetch.wait.max.ms=100"]
        self.programs = []
        self.clients = []

    def _place(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path, exist_ok=True)
        return path

    def make_topics(self, *, partitions=4, replication=1, in_sync=1):
        return self.run("stopfleet-api", "topics", "create", *self.kafka_flags, "--redis", self.redis.address,
                        "--unsafe-topics", "--partitions", str(partitions), "--replication", str(replication),
                        "--min-insync-replicas", str(in_sync))

    def api(self, name="api", extra=()):
        program = Api(self, self._place(name), extra)
        self.programs.append(program)
        return program.start()

    def worker(self, name, host_id, arguments, environment=None, start=True):
        program = Worker(self, self._place(name), host_id, arguments, environment)
        self.programs.append(program)
        return program.start() if start else program

    def process_worker(self, name="process-host", host_id="b" * 32, extra=(), start=True, tasks=None):
        tasks = tasks or self._place(f"{name}-tasks")
        worker = self.worker(name, host_id, ["--runtime", "process", "--process-directory", tasks, *extra], start=start)
        worker.tasks = tasks
        return worker

    def run_process(self, worker, task, script, *, name="main", flags=()):
        """One process of a task under stopfleet-run, in the background; the Popen."""
        process = subprocess.Popen(
            [os.path.join(BIN, "stopfleet-run"), "--directory", worker.tasks, "--task", task, "--name", name,
             *flags, "--", "sh", "-c", script],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        self.clients.append(process)
        return process

    def run(self, program, *arguments, check=True, timeout=60, environment=None):
        result = subprocess.run([os.path.join(BIN, program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=timeout, check=False,
                                env={**os.environ, **(environment or {})})
        if check and result.returncode != 0:
            raise ServerError(f"{program} {arguments}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def _audit_words(self, command, arguments):
        redis = ["--redis", self.redis.address] if command in ("check", "rebuild") else []
        return ["stopfleet-audit", command, *self.kafka_flags, *redis, *arguments]

    def audit(self, command, *arguments, check=True):
        return self.run(*self._audit_words(command, arguments), check=check)

    def audit_to(self, output, command, *arguments):
        """stopfleet-audit with standard output to that file; (status, standard error)."""
        program, *words = self._audit_words(command, arguments)
        result = subprocess.run([os.path.join(BIN, program), *words], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
                                text=True, timeout=60, check=False)
        return result.returncode, result.stderr

    def begin_audit(self, command, *arguments):
        """stopfleet-audit in the background; the Popen, with its output in pipes."""
        program, *words = self._audit_words(command, arguments)
        process = subprocess.Popen([os.path.join(BIN, program), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.clients.append(process)
        return process

    def events(self, task=None, kind=None):
        """The log's events as dicts, in order."""
        flags = ["--json"]
        if task:
            flags += ["--task", task]
        if kind:
            flags += ["--type", kind]
        result = self.audit("events", *flags, check=False)
        return [json.loads(line)["event"] for line in result.stdout.splitlines()]

    def wait_events(self, task, kind, count=1, seconds=20):
        def enough():
            found = self.events(task, kind)
            return found if len(found) >= count else None
        return wait_for(enough, seconds, f"{count} {kind} of {task} in the log")

    def aws(self, api, *arguments, check=True):
        """The real CLI; its answer parsed (None if it printed nothing)."""
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                       "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}
        program = shutil.which("aws")
        if program is None:
            raise ServerError("no aws CLI here: deploy/packages/install.sh test")
        result = subprocess.run([program, "--endpoint-url", api.url, "--output", "json", "ecs", *arguments],
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=120, check=False)
        if not check:
            return result
        if result.returncode != 0:
            raise ServerError(f"aws ecs {arguments}: exit {result.returncode}: {result.stderr}")
        return json.loads(result.stdout) if result.stdout.strip() else None

    @staticmethod
    def boto3(api):
        """A client of ECS as people's programs have it."""
        import boto3
        return boto3.client("ecs", endpoint_url=api.url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    def describe(self, api, task, cluster=CLUSTER):
        """The Task document, which has only what ECS's has; None where there is none."""
        status, answer = api.call("DescribeTasks", {"cluster": cluster, "tasks": [task], "include": ["TAGS"]})
        if status != 200 or not answer["tasks"]:
            return None
        [document] = answer["tasks"]
        wrong = mistakes(document, "Task")
        if wrong:
            raise AssertionError(f"the Task document of {task}: {wrong}")
        return document

    def tasks(self, api, desired="RUNNING", **filters):
        status, answer = api.call("ListTasks", {"cluster": CLUSTER, "desiredStatus": desired, **filters})
        return [arn.rsplit("/", 1)[1] for arn in answer["taskArns"]] if status == 200 else []

    def task_of(self, api, container_name, seconds=20):
        """The id of the running task that has a container of this name."""
        def find():
            for task in self.tasks(api):
                document = self.describe(api, task)
                if document and any(c["name"] == container_name for c in document["containers"]):
                    return task
            return None
        return wait_for(find, seconds, f"a task with container {container_name} in the view")

    def wait_status(self, api, task, status, seconds=30):
        def reached():
            document = self.describe(api, task)
            return document if document and document["lastStatus"] == status else None
        return wait_for(reached, seconds, f"task {task} {status}")

    def assert_view_is_fold(self, seconds=10):
        """Every base equals, byte for byte, the fold of the log to its position, and a complete view lacks none. A worker that
        has not caught up yet gets a moment."""
        deadline = time.monotonic() + seconds
        while True:
            result = self.audit("check", check=False)
            if result.returncode == 0:
                return
            lacks_only = "lacks: " in result.stdout and "differs: " not in result.stdout
            if not lacks_only or time.monotonic() > deadline:
                raise AssertionError(f"stopfleet-audit check: exit {result.returncode}\n{result.stdout}{result.stderr}")
            time.sleep(0.2)

    def remove_cgroups(self):
        """What stopfleet-run would have taken away, had it not been killed."""
        for path in glob.glob(os.path.join(self.directory, "*-tasks", "*.json")):
            with open(path, encoding="utf-8") as f:
                for group in re.findall(r'"cgroup": "([^"]+)"', f.read()):
                    for folder in (os.path.join(group, "stopfleet-stop"), group):
                        try:
                            os.rmdir(folder)
                        except OSError:
                            pass

    def close(self):
        for process in self.clients:
            if process.poll() is None:
                os.killpg(process.pid, 9)
            process.wait()
        for program in reversed(self.programs):
            program.stop()
        self.remove_cgroups()
        broken = [p for p in self.programs if "ERROR: AddressSanitizer" in p.log_text() or "runtime error:" in p.log_text()
                  or "LeakSanitizer" in p.log_text()]
        if broken:
            raise AssertionError("sanitizer findings:\n" + "\n".join(p.log_text()[-3000:] for p in broken))


class Containers:
    """Containers of the probe image on the machine's Docker engine, or on one of its own; all of them go at the end."""

    def __init__(self, engine=None):
        self.engine = engine
        self.socket = engine.socket if engine else docker_engine.ensure()
        self.endpoint = f"unix://{self.socket}"
        self.image = engine.probe if engine else docker_engine.probe_image(at=self.socket)
        self.ids = []

    def docker(self, *arguments, check=True):
        return docker_engine.docker(*arguments, at=self.socket, check=check)

    def run(self, name, *flags, command=("obey",)):
        """Starts a container; its id. A left-over of the same name goes first."""
        self.docker("rm", "-f", name, check=False)
        network = ["--network", "none"] if self.engine else []
        container = self.docker("run", "-d", "--name", name, *network, *flags, self.image, *command)
        self.ids.append(container)
        return container

    def inspect(self, container):
        return json.loads(self.docker("inspect", container))[0]

    def signal(self, container, name):
        self.docker("kill", "--signal", name, container)

    def record(self, container):
        """What its probe wrote of itself (probe_record.py)."""
        return self.docker("logs", container) + "\n"

    def signals(self, container):
        """What the container's own log says that it got, in order."""
        return [signal.name for signal in probe_record.signals(self.record(container))]

    def close(self):
        if self.ids:
            self.docker("rm", "-f", *self.ids, check=False)
        if self.engine:
            self.engine.close()
