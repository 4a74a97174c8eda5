#!/usr/bin/env python3
"""The API over a view of many hosts: how long its answers take, and what a task costs in Redis.

  tests/bench/view_scale.py [--hosts N] [--tasks N] [--fill PROGRAM]

STOPFLEET_BIN says which programs (default build/release/bin); --fill which fill_view (default
build/dev/tests/fill_view: a bench has no need of it in a release). One line a measurement, each of one caller, over
--calls calls on one connection; those that GOALS_MS names with a verdict on their median. Exit status 1 if an answer was not what it
should be: how fast a machine is fails nothing.
"""

import argparse
import os
import subprocess
import sys
import time

from bench import CLUSTER, HERE, Caller, fleet, say_machine


PAGE, DESCRIBED = "ListTasks, a page of 100", "DescribeTasks of 100"
GOALS_MS = {PAGE: 5, DESCRIBED: 10}


def verdict(what, median):
    goal = GOALS_MS.get(what)
    return "" if goal is None else f"; goal {goal} ms: {'reached' if median < goal else 'MISSED'}"


class Measured(Caller):
    def measure(self, what, operation, body, calls, wanted):
        self.measure_each(what, lambda: self.call(operation, body), calls, wanted)

    @staticmethod
    def measure_each(what, call, calls, wanted):
        took = []
        for _ in range(calls):
            began = time.perf_counter()
            answer = call()
            took.append((time.perf_counter() - began) * 1000)
            if not wanted(answer):
                sys.exit(f"view_scale.py: {what}: a wrong answer: {str(answer)[:300]}")
        took.sort()
        median = took[len(took) // 2]
        print(f"{what}: p50 {median:.2f} ms, p99 {took[int(len(took) * 0.99)]:.2f} ms{verdict(what, median)}", flush=True)


def used_memory(redis):
    return int(next(line for line in redis.call("INFO", "memory").decode().splitlines() if line.startswith("used_memory:")).split(":")[1])


def measure_all(caller, calls, tasks_a_host, total):
    arns = caller.call("ListTasks", {})["taskArns"]
    instances = caller.call("ListContainerInstances", {})["containerInstanceArns"]
    caller.measure(PAGE, "ListTasks", {}, calls, lambda a: len(a["taskArns"]) == 100 and a["nextToken"])
    caller.measure_each("ListTasks of one host, all its pages", lambda: caller.tasks(containerInstance=instances[-1]), calls // 10,
                        lambda tasks: len(tasks) == tasks_a_host)
    caller.measure(DESCRIBED, "DescribeTasks", {"tasks": arns}, calls, lambda a: len(a["tasks"]) == 100)
    caller.measure("DescribeTasks of 1", "DescribeTasks", {"tasks": arns[:1]}, calls, lambda a: len(a["tasks"]) == 1)
    caller.measure("ListTasks of one family", "ListTasks", {"family": "service-3"}, calls // 10, lambda a: a["taskArns"] and a["nextToken"])
    caller.measure("ListContainerInstances, a page of 100", "ListContainerInstances", {}, calls,
                   lambda a: len(a["containerInstanceArns"]) == 100)
    caller.measure("DescribeContainerInstances of 100", "DescribeContainerInstances", {"containerInstances": instances}, calls // 4,
                   lambda a: len(a["containerInstances"]) == 100 and a["containerInstances"][0]["runningTasksCount"] == tasks_a_host)
    caller.measure("DescribeClusters", "DescribeClusters", {"clusters": [CLUSTER]}, calls,
                   lambda a: a["clusters"][0]["runningTasksCount"] == total)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--fill", default=os.path.join(HERE, "..", "..", "build", "dev", "tests", "fill_view"))
    arguments = parser.parse_args()
    say_machine()
    with fleet(dev_broker=True) as made:
        empty = used_memory(made.redis)
        began = time.monotonic()
        subprocess.run([arguments.fill, made.redis.address, str(arguments.hosts), str(arguments.tasks)], check=True)
        total = arguments.hosts * arguments.tasks
        print(f"{arguments.hosts} hosts with {arguments.tasks} tasks each put in {time.monotonic() - began:.1f} s; "
              f"{(used_memory(made.redis) - empty) / total:.0f} bytes of Redis a task, hosts included", flush=True)
        measure_all(Measured(made.api().url), arguments.calls, arguments.tasks, total)


if __name__ == "__main__":
    main()
