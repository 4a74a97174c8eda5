#!/usr/bin/env python3
"""Thousands of process tasks on one worker, all stopped at once.

  tests/bench/stop_processes.py [--tasks N] [--ignoring N] [--grace SECONDS] [--rounds N]\
                                [--dev-broker]

First --tasks that obey: from the first event of the worker until the view has the last one stopped; what the worker takes of memory
at the peak, and what each stop in flight adds. Then --ignoring that ignore SIGTERM: when each of them was killed, by the worker's
own KillSent events against its SignalSent and the grace; exit status 1 if one was killed before its grace was over. Each --rounds times.
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
    before_mib, before_s = memory_mib(worker.pid), cpu_seconds(worker.pid)
    worker.thaw()
    done = wait_quickly(lambda: open_tasks(made) == 0, 120, "all stopped in the view", every=0.01)
    peak, used = memory_mib(worker.pid, "VmHWM"), cpu_seconds(worker.pid) - before_s
    first = min(e["ts"] for e in made.events(kind="StopAccepted")) / 1000
    last = max(e["ts"] for e in made.events(kind="TaskStopped")) / 1000
    print(f"last TaskStopped written {last - first:.2f} s after the first event, in the view after {done - first:.2f} s; {used:.2f} s of CPU", flush=True)
    print(f"memory: {before_mib:.1f} MiB before, {peak:.1f} MiB at the peak", flush=True)
    return {"obeying, from the first event to the last in the view, s": done - first, "resident memory at the peak, MiB": peak,
            "memory more a stop, KiB": (peak - before_mib) * 1024 / len(ids)}


def ignoring(arguments, made, sleepers):
    caller, _, ids = start(made, sleepers, arguments.grace)
    caller.stop_all(ids)
    wait_quickly(lambda: open_tasks(made) == 0, arguments.grace + 60, "all stopped in the view", every=0.01)
    signalled = {e["task"]: e for e in made.events(kind="SignalSent")}
    killed = {e["task"]: e for e in made.events(kind="KillSent")}
    late = [killed[t]["sent_boot_ms"] - signalled[t]["sent_boot_ms"] - arguments.grace * 1000 for t in ids]
    print(f"{len(ids)} killed {min(late)} to {max(late)} ms after their grace of {arguments.grace} s", flush=True)
    return {"ignoring: killed after the grace, first, ms": min(late), "ignoring: killed after the grace, last, ms": max(late),
            "ignoring: killed more than 50 ms late": sum(ms > 50 for ms in late), "ignoring: killed early": sum(ms < 0 for ms in late)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--ignoring", type=int, default=1000)
    parser.add_argument("--grace", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dev-broker", action="store_true")
    arguments = parser.parse_args()
    say_machine()
    figures = {}
    for measure, count, manner in ((obeying, arguments.tasks, "obey"), (ignoring, arguments.ignoring, "ignore")):
        for _ in range(arguments.rounds if count else 0):
            sleepers = Sleepers(count, manner=manner)
            try:
                with fleet(arguments.dev_broker) as made:
                    for what, value in measure(arguments, made, sleepers).items():
                        figures.setdefault(what, []).append(value)
            finally:
                sleepers.close()
    for what, values in figures.items():
        name, unit = what.rsplit(", ", 1) if ", " in what else (what, "")
        say(name, values, unit, 2)
    sys.exit(1 if any(figures.get("ignoring: killed early", [])) else 0)


if __name__ == "__main__":
    main()
