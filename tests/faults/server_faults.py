"""Stops under way on several hosts while a server fails: what the classes of such faults have in common."""

import concurrent.futures
import time

from fault_fleet import ALL, FaultFleet
from fault_host import FaultHost

HOSTS = 40 if ALL else 3
HOSTS_AT_ONCE = 20
GRACE_S = 8 if ALL else 1  # the last of many hosts is to be asked before the grace of the first has run out


class ServerFaults(FaultFleet):
    worker_flags = ()
    late_tasks = False  # each host gets tasks that the fault stops

    def new_host(self, number):
        host = FaultHost(self.fleet, self.api, self.watch, f"{self.id().rsplit('.', 1)[1]}-{number}".replace("_", "-"))
        host.worker.arguments += self.worker_flags
        return host

    def begin(self, number):
        host = self.new_host(number)
        host.start()
        host.add_probes(grace_s=GRACE_S)
        now = len(host.stops)
        if self.late_tasks:
            host.add_probes("-late")
        host.find_tasks()
        host.stop_tasks(count=now)
        host.wait_signalled()
        return host

    def finish(self, host):
        host.finish(90)
        return host.stops

    def in_mid_stop(self, fault):
        """Stops under way on each host, the fault, and what became of them."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            hosts = list(pool.map(self.begin, range(HOSTS)))
            fault(hosts)
            stops = [stop for stops in pool.map(self.finish, hosts) for stop in stops]
        self.check(stops)
        print(f"{self.id().rsplit('.', 1)[1]}: {len(hosts)} hosts, {len(stops)} stops, 0 broken promises, in {time.monotonic() - began:.0f} s")

    def assert_killed_without(self, hosts):
        """What ignores its signal is gone while the server still is."""
        for host in hosts:
            for stop in host.stops:
                host.wait(lambda stop=stop: self.watch.ended_boot_ms(stop.pid), 20, f"the end of {stop.name}")
