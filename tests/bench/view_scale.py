#!/usr/bin/env python3
"""The API over a view of many hosts whose hearts beat: how long its answers take, and what a task costs in Redis.

  tests/bench/view_scale.py [--hosts N] [--tasks N] [--fill PROGRAM]

STOPFLEET_BIN says which programs (default build/release/bin); --fill which fill_view (default
build/dev/tests/fill_view: a bench has no need of it in a release). While the calls are measured, fill_view does for each host what its worker
does in Redis all the time. One line a measurement, each of one caller, over --calls calls on one connection; those with a goal
with a verdict on their median. Exit status 1 if an answer was not what it
should be: how fast a machine is fails nothing.
"""

import argparse
import os
import subprocess
import sys
import time

from bench import CLUSTER, HERE, Caller, fleet, say_machine


PAGE_GOAL_MS, DESCRIBED_GOAL_MS = 5, 10


def verdict(goal, median):
    return "" if goal is None else f"; goal {goal} ms: {'reached' if median < goal else 'MISSED'}"


class Measured(Caller):
    def measure(self, what, operation, body, calls, wanted, goal=None):
        self.measure_each(what, lambda: self.call(operation, body), calls, wanted, goal)

    @staticmethod
    def measure_each(what, call, calls, wanted, goal=None):
        took = []
        for _ in range(calls):
            began = time.perf_counter()
            answer = call()
            took.append((time.perf_counter() - began) * 1000)
            if not wanted(answer):
                sys.exit(f"view_scale.py: {what}: a wrong answer: {str(answer)[:300]}")
        took.sort()
        median = took[len(took) // 2]
        print(f"{what}: p50 {median:.2f} ms, p99 {took[int(len(took) * 0.99)]:.2f} ms{verdict(goal, median)}", flush=True)


def used_memory(redis):
    return int(next(line for line in redis.call("INFO", "memory").decode().splitlines() if line.startswith("used_memory:")).split(":")[1])


def measure_all(caller, calls, tasks_a_host, total):
    arns = caller.call("ListTasks", {})["taskArns"]
    instances = caller.call("ListContainerInstances", {})["containerInstanceArns"]
    for what, filters, most in (
            ("a page of 100", {}, 100), ("of one family", {"family": "service-3"}, 100),
            ("of one family on one host", {"family": "service-3", "containerInstance": instances[-1]}, tasks_a_host // 10),
            ("of one service", {"serviceName": "service-3"}, 100), ("by startedBy", {"startedBy": "deploy-3"}, 100),
            ("by a startedBy that one task in a hundred has", {"startedBy": "rare"}, 100),
            ("that have stopped", {"desiredStatus": "STOPPED"}, 100),
            ("of one family that have stopped", {"family": "service-3", "desiredStatus": "STOPPED"}, 100),
            ("of one host", {"containerInstance": instances[-1]}, tasks_a_host),
            ("of one host that have stopped", {"containerInstance": instances[-1], "desiredStatus": "STOPPED"}, tasks_a_host // 5)):
        caller.measure(f"ListTasks {what}", "ListTasks", filters, calls, lambda a, most=most: len(a["taskArns"]) == most, PAGE_GOAL_MS)
    caller.measure("DescribeTasks of 100", "DescribeTasks", {"tasks": arns}, calls, lambda a: len(a["tasks"]) == 100,
                   DESCRIBED_GOAL_MS)
    caller.measure("DescribeTasks of 1", "DescribeTasks", {"tasks": arns[:1]}, calls, lambda a: len(a["tasks"]) == 1)
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
        with subprocess.Popen([arguments.fill, made.redis.address, str(arguments.hosts), str(arguments.tasks)], stdout=subprocess.PIPE,
                              text=True) as hosts:
            if hosts.stdout.readline() != "filled\n":
                sys.exit("view_scale.py: the view could not be filled")
            total = arguments.hosts * arguments.tasks
            print(f"{arguments.hosts} hosts with {arguments.tasks} running tasks each and {arguments.tasks // 5} ended ones put in "
                  f"{time.monotonic() - began:.1f} s; {(used_memory(made.redis) - empty) / (total * 1.2):.0f} bytes of Redis a task, "
                  "hosts included", flush=True)
            measure_all(Measured(made.api().url), arguments.calls, arguments.tasks, total)
            hosts.terminate()
        if hosts.returncode != 0:
            sys.exit("view_scale.py: the hosts could not beat")


if __name__ == "__main__":
    main()
