"""What the measurements share: a Stopfleet of release programs, quick looks at the view, and what a process has used."""

import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
os.environ.setdefault("STOPFLEET_BIN", os.path.join(HERE, "..", "..", "build", "release", "bin"))

from stopfleet import CLUSTER, TARGET, Fleet, Program  # noqa: E402
import docker_engine  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from redis_server import Redis  # noqa: E402
from server import process_start_ticks  # noqa: E402

HOST = "d" * 32


class DevBroker(Program):
    def __init__(self, directory):
        self.address_file = os.path.join(directory, "address")
        super().__init__(directory, "stopfleet-devbroker", ["--address-file", self.address_file])

    def is_ready(self):
        return os.path.exists(self.address_file)

    @property
    def bootstrap(self):
        with open(self.address_file, encoding="ascii") as f:
            return f.read().strip()


@contextlib.contextmanager
def fleet(dev_broker=False):
    """A Fleet with topics on a Kafka and a Redis of its own; the dev broker instead of Kafka if so wanted."""
    directory = tempfile.mkdtemp(prefix="stopfleet-bench-")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        place = os.path.join(directory, "broker")
        broker = (DevBroker(place) if dev_broker else Kafka(place)).start()
        stack.callback(broker.stop)
        redis = Redis(os.path.join(directory, "redis")).start()
        stack.callback(redis.stop)
        made = Fleet(directory, broker, redis)
        stack.callback(made.close)
        # The dev broker does not end a waiting fetch when a record comes.
        made.kafka_flags = ["--kafka-brokers", broker.bootstrap, *(["--kafka-option", "fetch.wait.max.ms=10"] if dev_broker else [])]
        made.make_topics()
        yield made


class Caller:
    """One connection to the API that stays open."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlparse(url).netloc, timeout=30)

    def call(self, operation, body):
        self.connection.request("POST", "/", json.dumps({"cluster": CLUSTER, **body}),
                                {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET + operation})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{sys.argv[0]}: {operation}: {answer.status} {text[:300]}")
        return json.loads(text)

    def running(self):
        """How many tasks DescribeClusters counts as running."""
        return self.call("DescribeClusters", {"clusters": [CLUSTER]})["clusters"][0]["runningTasksCount"]

    def tasks(self, **filters):
        """The ids of all running tasks, page by page."""
        ids, body = [], dict(filters)
        while True:
            answer = self.call("ListTasks", body)
            ids += [arn.rsplit("/", 1)[1] for arn in answer["taskArns"]]
            if "nextToken" not in answer:
                return ids
            body["nextToken"] = answer["nextToken"]

    def stop_all(self, ids, connections=8):
        """StopTask of each over several connections."""
        url = "http://" + self.connection.host + f":{self.connection.port}"
        parts = [ids[i::connections] for i in range(connections)]

        def stop(part):
            caller = Caller(url)
            for task in part:
                caller.call("StopTask", {"task": task})

        with ThreadPoolExecutor(connections) as pool:
            list(pool.map(stop, parts))


def wait_quickly(condition, seconds, what, every=0.003):
    """Until the condition is true; when that was, by time.time()."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{sys.argv[0]}: {what}: not within {seconds} s")
        time.sleep(every)
    return time.time()


def open_tasks(made):
    """How many open tasks of HOST the view has."""
    return made.redis.call("SCARD", f"stopfleet:h:{HOST}:open")


def observed(made):
    """How many TaskObserved the log has."""
    return len(made.events(kind="TaskObserved"))


class Sleepers:
    """Processes that wait for a signal, and a task file for each of them. They obey SIGTERM, or ignore it."""

    SCRIPT = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        if sys.argv[2] == "ignore":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pause()
        os._exit(0)
    print(pid, flush=True)
signal.pause()
"""

    def __init__(self, count, prefix="task", manner="obey"):
        self.prefix = prefix
        self.parent = subprocess.Popen([sys.executable, "-S", "-c", self.SCRIPT, str(count), manner], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.pids = [int(self.parent.stdout.readline()) for _ in range(count)]

    def write_all(self, directory, **members):
        """One task file each; members go into the file's process."""
        for i, pid in enumerate(self.pids):
            process = {"name": "main", "pid": pid, "start_time": process_start_ticks(pid), **members}
            draft = os.path.join(directory, f".{self.prefix}-{i}")
            with open(draft, "w", encoding="ascii") as f:
                json.dump({"task": f"{self.prefix}-{i}", "processes": [process]}, f)
            os.rename(draft, os.path.join(directory, f"{self.prefix}-{i}.json"))

    def close(self):
        os.killpg(self.parent.pid, 9)
        self.parent.wait()
        self.parent.stdout.close()


class Containers:
    """Many containers of the probe image on one engine, made through its API; they go with close()."""

    def __init__(self, socket):
        self.socket = socket
        self.image = docker_engine.probe_image(at=socket)
        self.ids = []

    def request(self, method, path, body=None, wanted=(200, 201, 204)):
        status, answer = docker_engine.request(method, path, body, timeout=120, at=self.socket)
        if status not in wanted:
            sys.exit(f"{sys.argv[0]}: {method} {path}: {status} {answer}")
        return answer

    def create(self, name, command=("obey",), **host):
        body = {"Image": self.image, "Cmd": list(command), "Labels": {"io.stopfleet.task": name}, "HostConfig": {"NetworkMode": "none", **host}}
        container = self.request("POST", f"/containers/create?name={name}", body)["Id"]
        self.ids.append(container)
        return container

    def start(self, container):
        self.request("POST", f"/containers/{container}/start")

    def started_at(self, container):
        """Unix time by the engine."""
        text = self.request("GET", f"/containers/{container}/json")["State"]["StartedAt"]
        whole, fraction = re.fullmatch(r"([^.Z]+)(\.\d+)?Z", text).groups()
        return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(fraction or 0)

    def make(self, prefix, count, running=True, command=("obey",), at_once=8):
        def one(i):
            container = self.create(f"{prefix}-{i}", command)
            if running:
                self.start(container)
            return container

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(one, range(count)))

    def close(self):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda c: self.request("DELETE", f"/containers/{c}?force=1", wanted=(204, 404, 409)), self.ids))


def cpu_seconds(pid):
    """User and system time of a process, all its threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, which="VmRSS"):
    """VmRSS: resident now; VmHWM: at the peak."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(rf"{which}:\s+(\d+)", f.read()).group(1)) / 1024


def say_machine():
    """The date and how busy the machine is: stands before the figures."""
    with open("/proc/loadavg", encoding="ascii") as f:
        load = f.read().split()[0]
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, load average before: {load}", flush=True)


def say(what, values, unit="ms", digits=0):
    """One line: best, median and worst of several."""
    print(f"{what}: best {min(values):.{digits}f}, median {statistics.median(values):.{digits}f}, worst {max(values):.{digits}f} {unit} "
          f"of {len(values)}", flush=True)
