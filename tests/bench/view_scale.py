#!/usr/bin/env python3
"""The API over a view of many hosts: how long its answers take, and what a task costs in Redis.

  tests/bench/view_scale.py [--hosts N] [--tasks N] [--fill PROGRAM]

STOPFLEET_BIN says which programs (default build/release/bin); --fill which fill_view (default
build/dev/tests/fill_view: a bench has no need of it in a release). One line a measurement, each of one caller, over
--calls calls on one connection. Exit status 1 if an answer was not what it should be.
"""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.path.insert(0, HERE)
os.environ.setdefault("STOPFLEET_BIN", os.path.join(HERE, "..", "..", "build", "release", "bin"))

from stopfleet import CLUSTER, TARGET, Fleet  # noqa: E402
from redis_server import Redis  # noqa: E402
from stop_task import DevBroker  # noqa: E402


class Caller:
    """One connection that stays open."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlparse(url).netloc, timeout=30)

    def call(self, operation, body):
        self.connection.request("POST", "/", json.dumps({"cluster": CLUSTER, **body}),
                                {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET + operation})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"view_scale.py: {operation}: {answer.status} {text[:300]}")
        return json.loads(text)

    def measure(self, what, operation, body, calls, wanted):
        took = []
        for _ in range(calls):
            began = time.perf_counter()
            answer = self.call(operation, body)
            took.append((time.perf_counter() - began) * 1000)
            if not wanted(answer):
                sys.exit(f"view_scale.py: {what}: a wrong answer: {str(answer)[:300]}")
        took.sort()
        print(f"{what}: p50 {took[len(took) // 2]:.2f} ms, p99 {took[int(len(took) * 0.99)]:.2f} ms", flush=True)


def used_memory(redis):
    return int(next(line for line in redis.call("INFO", "memory").decode().splitlines() if line.startswith("used_memory:")).split(":")[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--fill", default=os.path.join(HERE, "..", "..", "build", "dev", "tests", "fill_view"))
    arguments = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="stopfleet-bench-")
    broker = DevBroker(os.path.join(directory, "broker")).start()
    redis = Redis(os.path.join(directory, "redis")).start()
    fleet = Fleet(directory, broker, redis)
    try:
        fleet.kafka_flags = ["--kafka-brokers", broker.bootstrap]
        fleet.make_topics()
        empty = used_memory(redis)
        began = time.monotonic()
        subprocess.run([arguments.fill, redis.address, str(arguments.hosts), str(arguments.tasks)], check=True)
        total = arguments.hosts * arguments.tasks
        print(f"{arguments.hosts} hosts with {arguments.tasks} tasks each put in {time.monotonic() - began:.1f} s; "
              f"{(used_memory(redis) - empty) / total:.0f} bytes of Redis a task, hosts included", flush=True)
        caller = Caller(fleet.api().url)
        arns = caller.call("ListTasks", {})["taskArns"]
        instances = caller.call("ListContainerInstances", {})["containerInstanceArns"]
        calls = arguments.calls
        caller.measure("ListTasks, a page of 100", "ListTasks", {}, calls, lambda a: len(a["taskArns"]) == 100 and a["nextToken"])
        caller.measure("DescribeTasks of 100", "DescribeTasks", {"tasks": arns}, calls, lambda a: len(a["tasks"]) == 100)
        caller.measure("DescribeTasks of 1", "DescribeTasks", {"tasks": arns[:1]}, calls, lambda a: len(a["tasks"]) == 1)
        caller.measure("ListTasks of one family", "ListTasks", {"family": "service-3"}, calls // 10, lambda a: a["taskArns"] and a["nextToken"])
        caller.measure("ListContainerInstances, a page of 100", "ListContainerInstances", {}, calls,
                       lambda a: len(a["containerInstanceArns"]) == 100)
        caller.measure("DescribeContainerInstances of 100", "DescribeContainerInstances", {"containerInstances": instances}, calls // 4,
                       lambda a: len(a["containerInstances"]) == 100 and a["containerInstances"][0]["runningTasksCount"] == arguments.tasks)
        caller.measure("DescribeClusters", "DescribeClusters", {"clusters": [CLUSTER]}, calls,
                       lambda a: a["clusters"][0]["runningTasksCount"] == total)
    finally:
        fleet.close()
        redis.stop()
        broker.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
