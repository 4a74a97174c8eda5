#!/usr/bin/env python3
"""How soon a worker that was killed with many stops in flight acts again.

  tests/bench/recovery.py [--stops N] [--rounds N] [--dev-broker]

Process tasks that ignore SIGTERM, all in their grace; then kill -9 of the worker and its start: until it says that stops are taken
up, and until a StopTask with a stop timeout of 0 of one of them has ended that process. Exit status 1 if any of them got a second
stop signal.
"""

import argparse
import sys
import time

from bench import HOST, Caller, Sleepers, fleet, memory_mib, open_tasks, say, say_machine, wait_quickly
from server import process_start_ticks

GRACE_S = 300


def measure(made, sleepers):
    api = made.api()
    caller = Caller(api.url)
    worker = made.process_worker(host_id=HOST)
    worker.wait_log("runtime.back")
    sleepers.write_all(worker.tasks, stop_timeout=GRACE_S)
    count = len(sleepers.pids)
    wait_quickly(lambda: open_tasks(made) == count, 120, "all in the view")
    ids = caller.tasks()
    caller.stop_all(ids)
    wait_quickly(lambda: len(made.events(kind="SignalSent")) == count, 60, "all signalled", every=0.2)
    worker.kill()
    acts = worker.log_text().count("worker.acts")
    began = time.time()
    worker.launch()
    acting = wait_quickly(lambda: worker.log_text().count("worker.acts") > acts, 60, "the worker acts") - began
    status, answer = api.call("StopTask", {"cluster": "prod", "task": ids[0]}, path="/stop-timeout/0")
    if status != 200:
        sys.exit(f"recovery.py: StopTask: {status} {answer}")
    gone = wait_quickly(lambda: any(process_start_ticks(pid) is None for pid in sleepers.pids), 60, "a process killed") - began
    twice = len(made.events(kind="SignalSent")) - count
    print(f"{count} stops in flight: acts {acting:.2f} s after its start, the first SIGKILL has worked after {gone:.2f} s; "
          f"{memory_mib(worker.pid, 'VmHWM'):.1f} MiB at the peak; {twice} second signals", flush=True)
    return acting, gone, twice


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stops", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    results = []
    for _ in range(arguments.rounds):
        sleepers = Sleepers(arguments.stops, manner="ignore")
        try:
            with fleet(arguments.dev_broker) as made:
                results.append(measure(made, sleepers))
        finally:
            sleepers.close()
    say(f"start with {arguments.stops} stops in flight, until stops are taken up", [r[0] for r in results], "s", 2)
    say("until a StopTask made after the start has ended its process", [r[1] for r in results], "s", 2)
    sys.exit(1 if any(r[2] for r in results) else 0)


if __name__ == "__main__":
    main()
