#!/usr/bin/env python3
"""Thousands of process tasks on one worker, all stopped at once.

  tests/bench/stop_processes.py [--tasks N] [--ignoring N] [--grace SECONDS] [--dev-broker]

First --tasks that obey: from the first event of the worker until the view has the last one stopped; what the worker takes of memory
at the peak, and what each stop in flight adds. Then --ignoring that ignore SIGTERM: when each of them was killed, by the worker's
own KillSent events against its SignalSent and the grace; exit status 1 if one was killed before its grace was over.
"""

import argparse
import sys
import time

from bench import (HOST, Caller, Sleepers, cpu_seconds, fleet, memory_mib, open_tasks, say, say_machine, wait_quickly)


def start(made, sleepers, grace):
    """A worker with all of them in its view; the ids of the tasks."""
    caller = Caller(made.api().url)
    worker = made.process_worker(host_id=HOST)
    worker.wait_log("runtime.back")
    sleepers.write_all(worker.tasks, stop_timeout=grace)
    wait_quickly(lambda: open_tasks(made) == len(sleepers.pids), 120, "all in the view")
    return caller, worker, caller.tasks()


def obeying(arguments, made, sleepers):
    caller, worker, ids = start(made, sleepers, 30)
    # All requests are there when the worker comes back to them.
    worker.freeze()
    began = time.time()
    caller.stop_all(ids)
    print(f"{len(ids)} StopTask recorded in {time.time() - began:.2f} s", flush=True)
    before_mib, before_s, began = memory_mib(worker.pid), cpu_seconds(worker.pid), time.time()
    worker.thaw()
    done = wait_quickly(lambda: open_tasks(made) == 0, 120, "all stopped in the view", every=0.01)
    peak, used = memory_mib(worker.pid, "VmHWM"), cpu_seconds(worker.pid) - before_s
    events = made.events()
    first = min(e["ts"] for e in events if e["type"] == "StopAccepted") / 1000
    last = max(e["ts"] for e in events if e["type"] == "TaskStopped") / 1000
    print(f"{len(ids)} obeying: last TaskStopped written {last - first:.2f} s after the first event, in the view after {done - first:.2f} s "
          f"({done - began:.2f} s after the worker could act); {used:.2f} s of CPU", flush=True)
    print(f"memory: {before_mib:.1f} MiB before, {peak:.1f} MiB at the peak, {(peak - before_mib) * 1024 / len(ids):.2f} KiB more a stop", flush=True)


def ignoring(arguments, made, sleepers):
    caller, _, ids = start(made, sleepers, arguments.grace)
    caller.stop_all(ids)
    wait_quickly(lambda: open_tasks(made) == 0, arguments.grace + 60, "all stopped in the view", every=0.01)
    events = made.events()
    signalled = {e["task"]: e for e in events if e["type"] == "SignalSent"}
    killed = {e["task"]: e for e in events if e["type"] == "KillSent"}
    late = [killed[t]["ts"] - signalled[t]["ts"] - arguments.grace * 1000 for t in ids]
    say(f"{len(ids)} that ignore SIGTERM, killed after their grace of {arguments.grace} s by", late)
    print(f"killed more than 50 ms late: {sum(l > 50 for l in late)}, early: {sum(l < 0 for l in late)}", flush=True)
    return any(l < 0 for l in late)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--ignoring", type=int, default=1000)
    parser.add_argument("--grace", type=int, default=5)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    wrong = False
    for measure, count, manner in ((obeying, arguments.tasks, "obey"), (ignoring, arguments.ignoring, "ignore")):
        if count == 0:
            continue
        sleepers = Sleepers(count, manner=manner)
        try:
            with fleet(arguments.dev_broker) as made:
                wrong = measure(arguments, made, sleepers) or wrong
        finally:
            sleepers.close()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
