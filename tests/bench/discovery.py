#!/usr/bin/env python3
"""How long a worker takes to find the containers of a Docker engine, and a new one among them.

  tests/bench/discovery.py [--containers N] [--created N] [--rounds N] [--starts N] [--dev-broker]

On an engine of its own (root). Each round has an empty log, view and state directory: from the worker's start until the view
has all. Then new containers are started one by one: from the start by the engine's clock until the view has the task. At the
end the worker is killed and started again; exit status 1 if that wrote a TaskObserved. --created: so many of the containers
are only created, not started. --dev-broker: it instead of the real Kafka.
"""

import argparse
import sys
import time

from bench import HOST, Caller, Containers, cpu_seconds, fleet, memory_mib, observed, open_tasks, say, say_machine, wait_quickly
from private_engine import PrivateEngine

def start_worker(made, engine):
    return made.worker("host", HOST, ["--docker-endpoint", f"unix://{engine.socket}"])


def new_ones(made, containers, starts, prefix):
    took = []
    for i in range(starts):
        before = open_tasks(made)
        container = containers.create(f"{prefix}-{i}")
        containers.start(container)
        seen = wait_quickly(lambda: open_tasks(made) > before, 10, "a new container in the view")
        took.append((seen - containers.started_at(container)) * 1000)
    return took


def measure(arguments, engine, containers):
    first, new = [], []
    for turn in range(arguments.rounds):
        with fleet(arguments.dev_broker) as made:
            caller = Caller(made.api().url)
            total = len(containers.ids)
            began = time.time()
            worker = start_worker(made, engine)
            first.append(wait_quickly(lambda: open_tasks(made) == total, 60, "all in the view") - began)
            counted = caller.running()
            if counted != total:
                sys.exit(f"discovery.py: DescribeClusters counts {counted} running tasks, not {total}")
            new += new_ones(made, containers, arguments.starts, f"new-{turn}")
            print(f"round {turn + 1}: {total} in the view {first[-1]:.2f} s after the start; worker: peak {memory_mib(worker.pid, 'VmHWM'):.1f} MiB, "
                  f"{cpu_seconds(worker.pid):.2f} s of CPU", flush=True)
            before = observed(made)
            worker.kill()
            worker.start()
            # That this one is in the view shows that all were compared.
            new_ones(made, containers, 1, f"after-{turn}")
            written = observed(made) - before - 1
            print(f"restart with {len(containers.ids) - 1} containers: {written} TaskObserved", flush=True)
            if written:
                sys.exit(1)
    say(f"a worker's start on {total} containers until all are in the view", first, "s", 2)
    say("a new container, from its start until it is in the view", new)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--containers", type=int, default=500)
    parser.add_argument("--created", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    engine = PrivateEngine()
    try:
        engine.start()
        containers = Containers(engine.socket)
        began = time.time()
        containers.make("running", arguments.containers - arguments.created)
        containers.make("created", arguments.created, running=False)
        print(f"{arguments.containers} containers made in {time.time() - began:.0f} s, {arguments.created} of them not started", flush=True)
        try:
            measure(arguments, engine, containers)
        finally:
            containers.close()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
