#!/usr/bin/env python3
"""What a worker takes while nothing happens on a host with many containers.

  tests/bench/idle.py [--containers N] [--seconds N] [--dev-broker]

On an engine of its own (root). After all containers are in the view and a minute has gone by: the worker's CPU time over --seconds
(its periodic list among them), and its resident memory.
"""

import argparse
import time

from bench import HOST, Containers, cpu_seconds, fleet, memory_mib, open_tasks, say_machine, wait_quickly
from private_engine import PrivateEngine

SETTLE_S = 60


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--containers", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    engine = PrivateEngine()
    try:
        engine.start()
        containers = Containers(engine.socket)
        containers.make("idle", arguments.containers)
        with fleet(arguments.dev_broker) as made:
            worker = made.worker("host", HOST, ["--docker-endpoint", f"unix://{engine.socket}"])
            wait_quickly(lambda: open_tasks(made) == arguments.containers, 60, "all in the view")
            time.sleep(SETTLE_S)
            before = cpu_seconds(worker.pid)
            time.sleep(arguments.seconds)
            used = cpu_seconds(worker.pid) - before
            print(f"idle with {arguments.containers} containers: {used / arguments.seconds * 100:.2f} % of a core over {arguments.seconds} s, "
                  f"{memory_mib(worker.pid):.1f} MiB resident, {memory_mib(worker.pid, 'VmHWM'):.1f} MiB at the peak", flush=True)
        containers.close()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
