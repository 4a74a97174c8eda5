"""A host on its bad days, each in mid-stop: disk full or read-only, journal torn or lost, wall clock stepped, worker frozen, doubled or ended."""

import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fault_fleet import ALL, FaultFleet  # noqa: E402
from fault_host import FaultHost  # noqa: E402
from server import ServerError, wait_for  # noqa: E402

HOSTS_EACH = 20 if ALL else 1
HOSTS_AT_ONCE = 16
STATE_DISK = "128k"
DAY_MS = 86400000


def begin(host, **environment):
    host.start(**environment)
    host.add_probes()
    host.find_tasks()


def begin_stop(host, **environment):
    begin(host, **environment)
    host.stop_tasks()
    host.wait_signalled()


def begin_on_own_disk(host):
    """Its state directory is a small disk of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={STATE_DISK}", "tmpfs", host.worker.state], check=True)
    begin(host)


def remount(host, how):
    subprocess.run(["mount", "-o", f"remount,{how}", host.worker.state], check=True)


def refuses_to_start(host, reason):
    """Status 2, and why; then it may start."""
    host.worker.kill()
    host.start()
    status = host.worker.process.wait(20)
    said = host.worker.log_text()[host.log_at:]
    if status != 2 or reason not in said:
        raise ServerError(f"{host.name}: status {status}, not 2 with {reason!r}:\n{said}")


def full_disk(host):
    begin_on_own_disk(host)
    filler = os.path.join(host.worker.state, "filler")
    with open(filler, "wb", buffering=0) as f:
        try:
            while f.write(b"x" * 1024):
                pass
        except OSError:
            pass
    host.stop_tasks()
    host.wait_signalled()
    host.worker.wait_log("the journal cannot be written; stops go on")
    host.wait(host.all_stopped, 60, "its stops on a full disk")
    refuses_to_start(host, "No space left on device")
    os.unlink(filler)
    host.start()


def read_only_disk(host):
    begin_on_own_disk(host)
    host.stop_tasks()
    host.wait_signalled()
    host.worker.kill()
    remount(host, "ro")
    refuses_to_start(host, "Read-only file system")
    remount(host, "rw")
    host.start()


def torn_journal(host):
    begin_stop(host)
    host.worker.kill()
    [journal] = glob.glob(os.path.join(host.worker.state, "journal-*"))
    os.truncate(journal, os.path.getsize(journal) - 3)
    host.start()
    host.worker.wait_log("the end of an older journal was torn and is cut")


def lost_state(host):
    begin_stop(host)
    host.worker.kill()
    shutil.rmtree(host.worker.state)
    os.makedirs(host.worker.state)
    host.start()


def stepped_clock(host, by_ms):
    """The worker's wall clock is set in mid-grace; the boot-time clock is as it was."""
    step = os.path.join(host.worker.directory, "wall-clock")
    begin_stop(host, STOPFLEET_TEST_WALL_CLOCK=step)
    with open(step, "w", encoding="ascii") as f:
        f.write(f"{by_ms}\n")


def clock_a_day_ahead(host):
    stepped_clock(host, DAY_MS)


def clock_a_day_back(host):
    # Else the tasks' ends are a retention ago when they are told, and the view lets them go (docs/limits.md).
    host.worker.arguments += ["--retention", "72h"]
    stepped_clock(host, -DAY_MS)


def frozen_through_the_deadline(host):
    begin_stop(host)
    host.worker.freeze()
    time.sleep(2)  # the graces end in that time
    host.worker.thaw()


def frozen_and_killed(host):
    """The worker after it finds the deadline passed."""
    begin_stop(host)
    host.worker.freeze()
    time.sleep(2)
    host.worker.kill()
    host.start()


def second_worker(host):
    """Another worker of the same identity: the newest acts, the older one ends."""
    begin_stop(host)
    first = host.worker
    host.worker = host.make_worker("second", tasks=first.tasks)
    host.start()
    wait_for(lambda: not first.alive(), 30, "the end of the older worker")
    if first.process.returncode != 2 or "a later worker" not in first.log_text():
        raise ServerError(f"the older worker ended with {first.process.returncode}:\n{first.log_text()[-1000:]}")


def ended_by_sigterm(host):
    begin_stop(host)
    host.end()
    if "a stop is left to the next start" not in host.worker.log_text():
        raise ServerError(f"{host.name}: nothing said of the stop that is left:\n{host.worker.log_text()[-1000:]}")
    host.start()


FAULTS = [full_disk, read_only_disk, torn_journal, lost_state, clock_a_day_ahead, clock_a_day_back, frozen_through_the_deadline,
          frozen_and_killed, second_worker, ended_by_sigterm]


class HostFaults(FaultFleet):
    def play(self, play):
        """The host after its fault, or why it did not come through it."""
        fault, number = play
        host = FaultHost(self.fleet, self.api, self.watch, f"{fault.__name__}-{number}".replace("_", "-"))
        try:
            fault(host)
            host.finish()
            return host
        except (ServerError, OSError, subprocess.SubprocessError) as e:
            return f"{host.name}: {e}"
        finally:
            if os.path.ismount(host.worker.state):
                host.worker.kill()
                subprocess.run(["umount", "-l", host.worker.state], check=False)

    def test_each_in_mid_stop(self):
        with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            hosts = list(pool.map(self.play, [(fault, number) for number in range(HOSTS_EACH) for fault in FAULTS]))
        stuck = [host for host in hosts if isinstance(host, str)]
        self.assertEqual(len(stuck), 0, "\n".join(stuck))
        stops = [stop for host in hosts for stop in host.stops]
        self.check(stops)
        print(f"host faults: {len(FAULTS)} faults, {len(hosts)} hosts, {len(stops)} stops, 0 broken promises")

    def test_nothing_is_held_after_the_stops(self):
        """O5"""
        host = FaultHost(self.fleet, self.api, self.watch, "usage")
        host.start()
        self.stop_probes(host, "warm", 2)
        self.stop_probes(host, "many", 90 if ALL else 30)
        host.finish()
        self.check(host.stops)

    def stop_probes(self, host, name, count):
        for number in range(count):
            host.add_probe(f"{name}{number}", "obey", "3", grace_s=20, code=3)
        host.find_tasks()
        host.stop_tasks()
        host.wait(host.all_stopped, 120, "its stops")


if __name__ == "__main__":
    unittest.main()
