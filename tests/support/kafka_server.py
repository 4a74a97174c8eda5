"""Real Apache Kafka 4.1, one node or three, on free loopback ports.

The jars come from Maven once (kafka/pom.xml), are kept in the cache folder, and are checked against
kafka/sha256sums.txt at every start. Topics are not created by themselves.
"""

import base64
import fcntl
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import tempfile

from server import CACHE, SUPPORT, Server, ServerError, free_port, spawn

VERSION = "4.1.0"
JARS = os.path.join(CACHE, f"kafka-{VERSION}")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def _expected_sums():
    with open(os.path.join(SUPPORT, "kafka", "sha256sums.txt"), encoding="ascii") as f:
        return {name: digest for digest, name in (line.split() for line in f)}


def _what_is_wrong(directory):
    expected = _expected_sums()
    present = {n for n in os.listdir(directory) if n.endswith(".jar")} if os.path.isdir(directory) else set()
    if present != set(expected):
        return f"{len(set(expected) - present)} jars missing, {len(present - set(expected))} too many"
    for name, digest in expected.items():
        with open(os.path.join(directory, name), "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != digest:
                return f"{name} is not what kafka/sha256sums.txt says"
    return None


def _fetch(directory):
    if shutil.which("mvn") is None:
        raise ServerError("no mvn here: deploy/packages/install.sh test")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="kafka-") as fresh:
        result = subprocess.run(
            ["mvn", "-q", "-B", "-f", os.path.join(SUPPORT, "kafka", "pom.xml"), COPY,
             f"-DoutputDirectory={fresh}/jars"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        if result.returncode != 0:
            raise ServerError(f"maven could not fetch Kafka {VERSION}:\n{result.stdout[-2000:]}")
        wrong = _what_is_wrong(f"{fresh}/jars")
        if wrong:
            raise ServerError(f"Kafka {VERSION} from Maven: {wrong}")
        shutil.rmtree(directory, ignore_errors=True)
        os.rename(f"{fresh}/jars", directory)


def jars():
    """The class path, fetched if it is not there or not right."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "kafka.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _what_is_wrong(JARS):
            _fetch(JARS)
    return JARS + "/*"


def _java(*arguments, heap="512m"):
    program = shutil.which("java")
    if program is None:
        raise ServerError("no java here: deploy/packages/install.sh test")
    return [program, f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", *arguments]


class Place:
    """Where a node is: its address for clients, its address for the other nodes, and what it is run under."""

    def __init__(self, host, peers=None, wrapper=()):
        self.host = host
        self.peers = peers or host
        self.wrapper = list(wrapper)


class Node(Server):
    """One broker, which is a controller too."""

    name = "kafka"
    start_seconds = 60
    stop_seconds = 20

    def __init__(self, directory, cluster, node_id, place):
        super().__init__(directory)
        self.cluster = cluster
        self.node_id = node_id
        self.place = place
        self.port = free_port()
        self.controller_port = free_port()
        self.peers_port = free_port()

    @property
    def address(self):
        return f"{self.place.host}:{self.port}"

    def properties(self):
        nodes = self.cluster.nodes
        replicas = len(nodes)
        in_sync = 2 if replicas > 2 else 1
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.node_id,
            "controller.quorum.voters": ",".join(
                f"{n.node_id}@{n.place.peers}:{n.controller_port}" for n in nodes),
            "listeners": f"PLAINTEXT://{self.address},PEERS://{self.place.peers}:{self.peers_port},"
                         f"CONTROLLER://{self.place.peers}:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PEERS",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PEERS:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": os.path.join(self.directory, "data"),
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 5,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            # A killed broker is given up after 4 s, not 9: its restart waits for that.
            "broker.session.timeout.ms": 4000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 2,
        }
        settings.update(self.cluster.settings)
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def _properties_file(self):
        return os.path.join(self.directory, "server.properties")

    def begin_format(self):
        """Starts the formatting of its storage; the process."""
        with open(self._properties_file(), "w", encoding="ascii") as f:
            f.write(self.properties())
        return spawn(_java("-cp", self.cluster.class_path, "kafka.tools.StorageTool", "format",
                           "-t", self.cluster.cluster_id, "-c", self._properties_file()), self.log)

    def argv(self):
        return self.place.wrapper + _java("-cp", self.cluster.class_path, "kafka.Kafka", self._properties_file(), heap=self.cluster.heap)

    def is_ready(self):
        return known_brokers(self.port, self.place.host) == len(self.cluster.nodes)


class Kafka:
    """A cluster of nodes. `bootstrap` is for clients; `nodes[i]` can be killed, frozen, restarted."""

    def __init__(self, directory, *, count=1, settings=None, detached=False, host="127.0.0.1", heap="512m", places=None):
        """host: the address at which the nodes listen; or places: of each node. heap: the most that each node's objects take."""
        self.host = host
        self.heap = heap
        places = places or [Place(host)] * count
        self.settings = dict(settings or {})
        self.cluster_id = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "a")
        self.class_path = None
        self.formatted = False
        self.nodes = []
        for i, place in enumerate(places, 1):
            node = Node(os.path.join(directory, f"kafka-{i}"), self, i, place)
            node.detached = detached
            self.nodes.append(node)

    @property
    def bootstrap(self):
        return ",".join(n.address for n in self.nodes)

    address = bootstrap

    @property
    def pid(self):
        return self.nodes[0].pid

    def start(self):
        if not self.formatted:
            self.class_path = jars()
            for node, process in [(n, n.begin_format()) for n in self.nodes]:
                if process.wait(120) != 0:
                    raise ServerError(f"kafka storage format failed:\n{node.log_text()[-2000:]}")
            self.formatted = True
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()
        return self

    def stop(self):
        """Kills: the storage of a test is not worth an orderly end."""
        self.kill()

    def kill(self):
        for node in self.nodes:
            node.kill()

    def restart(self):
        """The same storage and ports, as after a power failure."""
        self.kill()
        return self.start()

    def freeze(self):
        for node in self.nodes:
            node.freeze()

    def thaw(self):
        for node in self.nodes:
            node.thaw()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def known_brokers(port, host="127.0.0.1"):
    """How many brokers the one at this port knows (a Metadata request, version 1); 0 if none answers."""
    client = b"tests"
    body = struct.pack(">hhih", 3, 1, 7, len(client)) + client + struct.pack(">i", 0)
    try:
        with socket.create_connection((host, port), timeout=2) as s:
            s.sendall(struct.pack(">i", len(body)) + body)
            with s.makefile("rb") as f:
                size = f.read(4)
                answer = f.read(struct.unpack(">i", size)[0]) if len(size) == 4 else b""
    except OSError:
        return 0
    return struct.unpack(">i", answer[4:8])[0] if len(answer) >= 8 else 0
