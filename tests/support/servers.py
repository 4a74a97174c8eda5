#!/usr/bin/env python3
"""Real servers for tests, on free loopback ports: redis, kafka (4.1), kafka3 (three nodes), docker.

  servers.py run NEED... -- COMMAND...   COMMAND with the servers up; its exit status
  servers.py start DIRECTORY NEED...     starts them and leaves them; prints the environment
  servers.py stop DIRECTORY              stops what `start` started there
  servers.py docker                      an answering Docker engine and the probe image
  servers.py docker-answers              whether an engine answers: exit status 0 or 1
  servers.py docker-stop                 stops the engine if the tests started it
  servers.py kafka-jars                  fetches and checks the Kafka jars

The environment of COMMAND: STOPFLEET_TEST_REDIS and STOPFLEET_TEST_KAFKA (host:port, comma between
several), STOPFLEET_TEST_REDIS_PID, STOPFLEET_TEST_KAFKA_PID (to freeze or kill), STOPFLEET_TEST_DOCKER
(the socket), STOPFLEET_TEST_DOCKER_PROBE (an image), STOPFLEET_TEST_PROBE (a program), and
STOPFLEET_TEST_CONTROL, a unix socket that takes lines "redis restart" (also kafka; start, kill, freeze,
thaw) and answers "ok PID" or "error TEXT".
"""

import json
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import docker_engine  # noqa: E402
from kafka_server import Kafka, jars  # noqa: E402
from redis_server import Redis  # noqa: E402
from server import ServerError, process_start_ticks  # noqa: E402

NEEDS = ("redis", "kafka", "kafka3", "docker", "probe")
ACTIONS = ("start", "restart", "kill", "freeze", "thaw")


class Servers:
    """The servers that were asked for, by name."""

    def __init__(self, needs, directory, detached=False):
        unknown = [n for n in needs if n not in NEEDS]
        if unknown:
            raise ServerError(f"unknown server {unknown[0]!r}; there are: {' '.join(NEEDS)}")
        self.needs = needs
        self.running = {}
        if "redis" in needs:
            self.running["redis"] = Redis(os.path.join(directory, "redis"))
            self.running["redis"].detached = detached
        if "kafka" in needs or "kafka3" in needs:
            self.running["kafka"] = Kafka(directory, count=3 if "kafka3" in needs else 1,
                                          detached=detached)

    def start(self):
        for server in self.running.values():
            server.start()
        if "docker" in self.needs:
            docker_engine.ensure()
            docker_engine.probe_image()

    def stop(self):
        for server in self.running.values():
            server.stop()

    def environment(self):
        result = {}
        for name, server in self.running.items():
            result[f"STOPFLEET_TEST_{name.upper()}"] = server.address
            result[f"STOPFLEET_TEST_{name.upper()}_PID"] = str(server.pid)
        if "docker" in self.needs:
            result["STOPFLEET_TEST_DOCKER"] = docker_engine.SOCKET
            result["STOPFLEET_TEST_DOCKER_PROBE"] = docker_engine.PROBE
        if "docker" in self.needs or "probe" in self.needs:
            result["STOPFLEET_TEST_PROBE"] = docker_engine.probe_program()
        return result

    def pids(self):
        nodes = [n for s in self.running.values() for n in getattr(s, "nodes", [s])]
        return [n.pid for n in nodes]

    def command(self, line):
        """One line of the control socket; the answer."""
        name, _, action = line.strip().partition(" ")
        server = self.running.get(name)
        if server is None or action not in ACTIONS:
            return f"error: say {'|'.join(self.running)} {'|'.join(ACTIONS)}, not {line.strip()!r}"
        try:
            getattr(server, action)()
            return f"ok {server.pid}"
        except (ServerError, OSError) as e:
            return "error: " + str(e).replace("\n", " ")


def serve_control(servers, path):
    """Serves the control socket from a thread until the process ends."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.wfile.write(servers.command(line.decode(errors="replace")).encode() + b"\n")

    # Handled in this one thread: it lives as long as the process, and so do the servers that it
    # starts (a parent-death signal comes when the starting thread ends).
    control = socketserver.UnixStreamServer(path, Handler)
    threading.Thread(target=control.serve_forever, daemon=True).start()


def run(needs, command):
    directory = tempfile.mkdtemp(prefix="stopfleet-test-")
    servers = Servers(needs, directory)
    keep = False
    try:
        servers.start()
        serve_control(servers, os.path.join(directory, "control"))
        environment = {**os.environ, **servers.environment(),
                       "STOPFLEET_TEST_CONTROL": os.path.join(directory, "control")}
        status = subprocess.run(command, env=environment, check=False).returncode
        keep = status != 0
        return status if status >= 0 else 128 - status
    except ServerError:
        keep = True
        raise
    finally:
        servers.stop()
        if keep:
            print(f"servers.py: the servers' logs are in {directory}", file=sys.stderr)
        else:
            shutil.rmtree(directory, ignore_errors=True)


def start(directory, needs):
    os.makedirs(directory, exist_ok=True)
    servers = Servers(needs, directory, detached=True)
    try:
        servers.start()
    except BaseException:
        servers.stop()
        raise
    started = [[pid, process_start_ticks(pid)] for pid in servers.pids()]
    with open(os.path.join(directory, "pids.json"), "w", encoding="ascii") as f:
        json.dump(started, f)
    for name, value in servers.environment().items():
        print(f"{name}={value}")
    return 0


def stop(directory):
    path = os.path.join(directory, "pids.json")
    try:
        with open(path, encoding="ascii") as f:
            started = json.load(f)
    except FileNotFoundError:
        raise ServerError(f"nothing was started in {directory}") from None
    for pid, ticks in started:
        if process_start_ticks(pid) == ticks:
            os.kill(pid, signal.SIGKILL)
    os.unlink(path)
    return 0


def main(words):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if len(words) >= 3 and words[0] == "run" and "--" in words:
        split = words.index("--")
        return run(words[1:split], words[split + 1:])
    if len(words) >= 3 and words[0] == "start":
        return start(words[1], words[2:])
    if len(words) == 2 and words[0] == "stop":
        return stop(words[1])
    if words == ["docker"]:
        print(docker_engine.ensure(), docker_engine.probe_image())
        return 0
    if words == ["docker-answers"]:
        return 0 if docker_engine.answers() else 1
    if words == ["docker-stop"]:
        print("stopped" if docker_engine.stop_started() else "not started by the tests")
        return 0
    if words == ["kafka-jars"]:
        print(jars())
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ServerError as error:
        print(f"servers.py: {error}", file=sys.stderr)
        sys.exit(1)
