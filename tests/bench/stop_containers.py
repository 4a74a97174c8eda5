#!/usr/bin/env python3
"""Many Docker containers stopped at once: Stopfleet beside `docker stop` with all their names, in one run.

  tests/bench/stop_containers.py [--containers N] [--rounds N] [--grace SECONDS] [--dev-broker]

On an engine of its own (root). Each round makes the containers twice: one set ends by `docker stop`, the other, each a task of its
own, by StopTask of each at once; the two take turns in going first. Measured from the command or the first request until the
engine says that none runs. First with containers that obey SIGTERM, then with ones that ignore it.
"""

import argparse
import subprocess
import time

from bench import HOST, Caller, Containers, fleet, open_tasks, say, say_machine, wait_quickly
from private_engine import PrivateEngine
import docker_engine


def running(containers, ids):
    filters = "%7B%22status%22%3A%5B%22running%22%5D%7D"
    return {c["Id"] for c in containers.request("GET", f"/containers/json?filters={filters}")} & set(ids)


def by_docker(made, containers, grace):
    began = time.time()
    subprocess.run([docker_engine.client(), "-H", f"unix://{containers.socket}", "stop", "-t", str(grace), *containers.ids], check=True,
                   stdout=subprocess.DEVNULL)
    took = time.time() - began
    assert not running(containers, containers.ids)
    return took


def by_stopfleet(made, containers, grace):
    caller = Caller(made.url)
    wait_quickly(lambda: open_tasks(made) == len(containers.ids), 60, "all in the view")
    ids = caller.tasks()
    began = time.time()
    caller.stop_all(ids)
    recorded = time.time() - began
    # The view's answer costs the engine nothing; each end in it was proven by the engine before.
    took = wait_quickly(lambda: open_tasks(made) == 0, grace + 120, "all stopped in the view", every=0.005) - began
    assert not running(containers, containers.ids)
    print(f"{len(ids)} StopTask recorded in {recorded * 1000:.0f} ms", flush=True)
    return took


def measure(arguments, engine, made, manner, grace):
    took = {"docker stop": [], "Stopfleet": []}
    ways = [("docker stop", by_docker), ("Stopfleet", by_stopfleet)]
    for turn in range(arguments.rounds):
        for name, way in ways if turn % 2 == 0 else reversed(ways):
            containers = Containers(engine.socket)
            try:
                containers.make(f"{manner}-{name[0]}-{turn}", arguments.containers, command=(manner,))
                took[name].append(way(made, containers, grace))
            finally:
                containers.close()
            wait_quickly(lambda: open_tasks(made) == 0, 60, "none in the view")
    for name, values in took.items():
        say(f"{arguments.containers} containers that {manner}, {name}", values, "s", 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--containers", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--grace", type=int, default=3)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    engine = PrivateEngine()
    try:
        engine.start()
        with fleet(arguments.dev_broker) as made:
            made.url = made.api().url
            made.worker("host", HOST, ["--docker-endpoint", f"unix://{engine.socket}", "--stop-timeout", str(arguments.grace)])
            for manner in ("obey", "ignore"):
                measure(arguments, engine, made, manner, arguments.grace)
    finally:
        engine.close()


if __name__ == "__main__":
    main()
