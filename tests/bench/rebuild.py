#!/usr/bin/env python3
"""How long stopfleet-audit rebuild takes to make an emptied view of thousands of tasks again.

  tests/bench/rebuild.py [--tasks N] [--rounds N] [--against PROGRAM]

The tasks are processes of one worker, which then ends; each round empties Redis and rebuilds it. --against names another
stopfleet-audit, whose rounds take turns with this one's. Exit status 1 if a rebuilt view does not have every task.
"""

import argparse
import os
import subprocess
import sys
import time

from bench import HOST, Sleepers, fleet, open_tasks, say, say_machine, wait_quickly


def rebuild(made, program, tasks):
    made.redis.call("FLUSHALL")
    began = time.perf_counter()
    subprocess.run([program, "rebuild", *made.kafka_flags, "--redis", made.redis.address], check=True, stdout=subprocess.DEVNULL, timeout=300)
    took = time.perf_counter() - began
    if open_tasks(made) != tasks:
        sys.exit(f"rebuild.py: {open_tasks(made)} of {tasks} tasks after a rebuild by {program}")
    return took * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against")
    arguments = parser.parse_args()
    programs = [os.path.join(os.environ["STOPFLEET_BIN"], "stopfleet-audit"), *([arguments.against] if arguments.against else [])]
    took = {program: [] for program in programs}
    say_machine()
    sleepers = Sleepers(arguments.tasks)
    try:
        with fleet() as made:
            worker = made.process_worker(host_id=HOST)
            worker.wait_log("runtime.back")
            sleepers.write_all(worker.tasks)
            wait_quickly(lambda: open_tasks(made) == arguments.tasks, 300, "all in the view", every=0.1)
            worker.kill()
            for _ in range(arguments.rounds):
                for program in programs:
                    took[program].append(rebuild(made, program, arguments.tasks))
    finally:
        sleepers.close()
    for program in programs:
        say(f"{program}: rebuild of {arguments.tasks} tasks", took[program])


if __name__ == "__main__":
    main()
