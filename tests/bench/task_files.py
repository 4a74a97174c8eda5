#!/usr/bin/env python3
"""How long a worker of the process runtime takes until thousands of task files are tasks in the view.

  tests/bench/task_files.py [--tasks N] [--rounds N] [--dev-broker]

Each round: a worker on an empty directory, then the files all at once, each of one process. From the first file until the view
has all; then the same for the worker's restart with all of them there, which writes no TaskObserved: exit status 1 if it does.
"""

import argparse
import sys
import time

from bench import HOST, Caller, Sleepers, cpu_seconds, fleet, memory_mib, observed, open_tasks, say, say_machine, wait_quickly


def measure(made, sleepers):
    caller = Caller(made.api().url)
    worker = made.process_worker(host_id=HOST)
    worker.wait_log("runtime.back")
    began = time.time()
    sleepers.write_all(worker.tasks)
    written = time.time() - began
    all_in = wait_quickly(lambda: open_tasks(made) == len(sleepers.pids), 120, "all in the view") - began
    if caller.running() != len(sleepers.pids):
        sys.exit("task_files.py: DescribeClusters counts others")
    print(f"{len(sleepers.pids)} files written in {written:.2f} s; worker: peak {memory_mib(worker.pid, 'VmHWM'):.1f} MiB, "
          f"{cpu_seconds(worker.pid):.2f} s of CPU", flush=True)
    worker.kill()
    worker.start()
    late = Sleepers(1, "late")
    late.write_all(worker.tasks)
    wait_quickly(lambda: open_tasks(made) == len(sleepers.pids) + 1, 60, "a task after the restart")
    late.close()
    more = observed(made) - len(sleepers.pids) - 1
    print(f"restart: {more} TaskObserved", flush=True)
    return all_in, more


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    took, wrong = [], 0
    for _ in range(arguments.rounds):
        sleepers = Sleepers(arguments.tasks)
        try:
            with fleet(arguments.dev_broker) as made:
                seconds, more = measure(made, sleepers)
                took.append(seconds)
                wrong += more
        finally:
            sleepers.close()
    say(f"{arguments.tasks} task files, from the first until all are in the view", took, "s", 2)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
