"""A host of a fault run: one worker that may die, and probes as its tasks, as processes or as containers."""

import json
import os
import signal
import time

import docker_engine
import oracle
import probe_record
from server import ServerError, wait_for
from stopfleet import CLUSTER

POLL_SECONDS = 0.1
CODE = 7  # of what obeys
CONNECTIONS_OF_A_BROKER = 3  # of what writes, what reads, and what looks for the group's coordinator; with a pipe each at times
COMMAND_MS = 700  # that a pre-stop command runs


def read_text(path):
    """"" where there is none yet."""
    try:
        with open(path, encoding="ascii") as f:
            return f.read()
    except FileNotFoundError:
        return ""


class FaultHost:
    """watch: a probe_record.EndWatch. Its worker's deaths by SIGKILL are undone by poll()."""

    engine_connections = 0  # that are kept for further calls
    history = False  # whether what runs the tasks can tell which signals it sent

    def __init__(self, fleet, api, watch, name):
        self.fleet = fleet
        self.api = api
        self.watch = watch
        self.name = name
        self.stops = []
        self.asked = 0  # of them
        self.log_at = 0  # where the log of the last start begins
        self.deaths = 0
        self.before = None  # what its worker held before the first stop
        self.worker = self.make_worker()

    def make_worker(self, instance="worker", tasks=None):
        """Not started. tasks: the task directory of another worker of this host."""
        return self.fleet.process_worker(f"{self.name}-{instance}", self.name, start=False, tasks=tasks)

    def start(self, **environment):
        """environment: of the worker, until it dies."""
        self.worker.extra = environment
        self.log_at = len(self.worker.log_text())
        self.worker.launch()

    def poll(self):
        """Starts the worker anew if a fault point killed it; any other end is an error."""
        if self.worker.alive():
            return
        status = self.worker.process.returncode
        if status != -signal.SIGKILL:
            raise ServerError(f"worker of {self.name} ended with {status}:\n{self.worker.log_text()[-2000:]}")
        self.deaths += 1
        self.start()

    def wait(self, condition, seconds, what):
        """As wait_for, with the worker kept alive."""
        deadline = time.monotonic() + seconds
        while True:
            self.poll()
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name}: {what}: not within {seconds} s:\n{self.worker.log_text()[-2000:]}")
            time.sleep(POLL_SECONDS)

    def run_probe(self, name, task, mode, grace_s):
        """Starts it as a task; what reads its record, and its pid."""
        record = os.path.join(self.worker.directory, f"{name}.record")

        def read():
            return read_text(record)

        self.fleet.run_process(self.worker, task, f"exec {docker_engine.probe_program()} --file {record} {' '.join(mode)}",
                               name=task, flags=["--stop-timeout", str(grace_s)])
        [start] = wait_for(lambda: probe_record.lines(read()), 20, f"the start of {task}")
        return read, start.pid

    def add_probe(self, name, *mode, grace_s, code):
        task = f"{self.name}-{name}"
        read, pid = self.run_probe(name, task, mode, grace_s)
        self.watch.add(pid)
        self.stops.append(oracle.Stop(task, None, read, pid, grace_ms=grace_s * 1000, code=code, history=self.history))

    def add_probes(self, number="", grace_s=1):
        """One that obeys and one that ignores."""
        self.add_probe(f"obeys{number}", "obey", str(CODE), grace_s=20, code=CODE)
        self.add_probe(f"ignores{number}", "ignore", grace_s=grace_s, code=None)

    def find_tasks(self):
        """Waits until the view has those that were added; their ids."""
        names = {stop.name: stop for stop in self.stops if stop.task is None}

        def found():
            status, answer = self.api.call("ListTasks", {"cluster": CLUSTER, "containerInstance": self.name})
            arns = answer["taskArns"] if status == 200 else []
            return arns if len(arns) == len(names) else None

        arns = self.wait(found, 60, "its tasks in the view")
        _, answer = self.api.call("DescribeTasks", {"cluster": CLUSTER, "tasks": arns})
        for task in answer["tasks"]:
            names[task["containers"][0]["name"]].task = task["taskArn"].rsplit("/", 1)[1]
        self.before = self.before or self.wait(self.usage, 30, "what its worker holds")

    def usage(self):
        """None of a worker that has just died."""
        try:
            usage = oracle.Usage(self.worker.pid, CONNECTIONS_OF_A_BROKER * len(self.fleet.kafka.nodes) + self.engine_connections)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        return usage if self.worker.alive() else None

    def stop_tasks(self, down=False, seconds=30, count=None):
        """StopTask for each not asked yet, or so many of them, tried again as every AWS client does where the answer is ServerException.
        down: a dead worker stays dead."""
        for stop in self.stops[self.asked:][:count]:
            def answered(stop=stop):
                status, answer = self.api.call("StopTask", {"cluster": CLUSTER, "task": stop.task, "reason": oracle.REASON})
                if status not in (200, 500):
                    raise ServerError(f"StopTask of {stop.task}: {status} {answer}")
                return status == 200

            (wait_for if down else self.wait)(answered, seconds, f"StopTask of {stop.task} answered 200")
            self.asked += 1

    def all_stopped(self):
        status, answer = self.api.call("DescribeTasks", {"cluster": CLUSTER, "tasks": [stop.task for stop in self.stops]})
        statuses = [task["lastStatus"] for task in answer["tasks"]] if status == 200 else []
        return statuses == ["STOPPED"] * len(self.stops)

    def signalled_boot_ms(self):
        """When each probe noted its first signal."""
        return {stop.name: probe_record.signals(stop.read())[0].boot_ms for stop in self.stops}

    @staticmethod
    def now_boot_ms():
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000

    def wait_signalled(self):
        self.wait(lambda: all(probe_record.signals(stop.read()) for stop in self.stops[:self.asked]), 30, "the stop signals")

    def finish(self, seconds=60, until=None):
        """All its stops end, its worker holds no more than before them (O5), and ends. until: what else is awaited before."""
        self.wait(self.all_stopped, seconds, "its stops")
        if until:
            until(self)

        def is_back():
            usage = self.usage()
            return usage is not None and usage.is_back_to(self.before)

        try:
            self.wait(is_back, 30, "O5")
        except ServerError as e:
            raise ServerError(f"O5: before the stops {self.before}, after them {self.usage()}: {e}") from None
        self.end()

    def end(self):
        """SIGTERM to the worker once it acts: an orderly end with status 0."""
        self.wait(lambda: "worker.acts" in self.worker.log_text()[self.log_at:], 30, "its last start")
        self.worker.stop()
        if self.worker.process.returncode != 0:
            raise ServerError(f"worker of {self.name} ended with {self.worker.process.returncode} after SIGTERM")


class DockerFaultHost(FaultHost):
    """containers: stopfleet.Containers of an engine that no other host uses at the time. pre_stop: its tasks have a pre-stop command."""

    history = True
    engine_connections = 16  # the worker's --engine-calls

    def __init__(self, fleet, api, watch, name, containers, pre_stop=False):
        self.containers = containers
        self.pre_stop = pre_stop
        super().__init__(fleet, api, watch, name)

    def make_worker(self, instance="worker", tasks=None):
        return self.fleet.worker(f"{self.name}-{instance}", self.name, ["--runtime", "docker", "--docker-endpoint", self.containers.endpoint], start=False)

    def run_probe(self, name, task, mode, grace_s):
        flags = ["--label", f"io.stopfleet.task={task}", "--label", f"io.stopfleet.stop-timeout={grace_s}"]
        if self.pre_stop:
            flags += self.pre_stop_flags(task)
        container = self.containers.run(task, *flags, command=mode)
        return lambda: self.containers.record(container), self.containers.inspect(container)["State"]["Pid"]

    def command_record(self, task):
        return os.path.join(self.worker.directory, f"{task}.commands", "record")

    def pre_stop_flags(self, task):
        """The command is the probe, too, which notes when it starts and ends."""
        directory = os.path.dirname(self.command_record(task))
        os.makedirs(directory, exist_ok=True)
        command = json.dumps(["/probe", "--file", "/out/record", "exit", "0", str(COMMAND_MS)])
        return ["--volume", f"{directory}:/out", "--label", f"io.stopfleet.pre-stop={command}"]

    def add_probes(self, number="", grace_s=None):
        """With a pre-stop command the grace is as long as it, and what a worker's start takes."""
        super().add_probes(number, grace_s or (3 if self.pre_stop else 1))

    def add_probe(self, name, *mode, grace_s, code):
        super().add_probe(name, *mode, grace_s=grace_s, code=code)
        if self.pre_stop:
            stop = self.stops[-1]
            stop.read_command = lambda: read_text(self.command_record(stop.name))

    def wait_commands(self):
        self.wait(lambda: all(probe_record.lines(stop.read_command()) for stop in self.stops), 30, "the pre-stop commands")
