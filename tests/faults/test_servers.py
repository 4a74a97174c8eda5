"""Servers that die, freeze, come back empty or cannot be reached, each with stops under way on several hosts."""

import concurrent.futures
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fault_fleet import ALL, FaultFleet  # noqa: E402
from fault_host import FaultHost  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from network import Network  # noqa: E402

HOSTS = 40 if ALL else 3
HOSTS_AT_ONCE = 20
THROUGH_THE_DEADLINE_S = 2  # the graces are 1 s


class ServerFaults(FaultFleet):
    worker_flags = ()

    def new_host(self, number):
        host = FaultHost(self.fleet, self.api, self.watch, f"{self.id().rsplit('.', 1)[1]}-{number}".replace("_", "-"))
        host.worker.arguments += self.worker_flags
        return host

    def begin(self, number):
        host = self.new_host(number)
        host.start()
        host.add_probes()
        host.find_tasks()
        host.stop_tasks()
        host.wait_signalled()
        return host

    def finish(self, host):
        host.wait(host.all_stopped, 90, "its stops")
        host.end()
        return host.stops

    def in_mid_stop(self, fault):
        """Stops under way on each host, the fault, and what became of them."""
        with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            hosts = list(pool.map(self.begin, range(HOSTS)))
            fault(hosts)
            stops = [stop for stops in pool.map(self.finish, hosts) for stop in stops]
        self.check(stops)
        print(f"{self.id().rsplit('.', 1)[1]}: {len(hosts)} hosts, {len(stops)} stops, 0 broken promises")

    def assert_killed_without(self, hosts):
        """What ignores its signal is gone while the server still is."""
        for host in hosts:
            for stop in host.stops:
                host.wait(lambda stop=stop: self.watch.ended_boot_ms(stop.pid), 20, f"the end of {stop.name}")


class OneNode(ServerFaults):
    def test_redis_killed_and_empty(self):
        def fault(hosts):
            self.redis.kill()
            self.assert_killed_without(hosts)
            self.redis.start()
            self.fleet.audit("rebuild")  # else an empty view is no ground to say what there is not

        self.in_mid_stop(fault)

    def test_kafka_frozen_through_the_deadline(self):
        def fault(hosts):
            self.kafka.freeze()
            self.assert_killed_without(hosts)
            self.kafka.thaw()

        self.in_mid_stop(fault)

    def end_workers_without_kafka(self, away, back):
        """An end that nobody answers is an end with status 0 all the same, and what was not sent is sent by the next start."""
        def fault(hosts):
            away()
            with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
                list(pool.map(FaultHost.end, hosts))
            back()
            for host in hosts:
                host.start()

        self.in_mid_stop(fault)

    def test_workers_ended_while_kafka_is_dead(self):
        self.end_workers_without_kafka(self.kafka.kill, self.kafka.start)

    def test_workers_ended_while_kafka_is_frozen(self):
        self.end_workers_without_kafka(self.kafka.freeze, self.kafka.thaw)

    def test_workers_ended_in_their_limit(self):
        """librdkafka waits longer for the group's coordinator than the worker does."""
        self.worker_flags = ["--kafka-option", "session.timeout.ms=60000"]
        self.end_workers_without_kafka(self.kafka.kill, self.kafka.start)

    if ALL:
        def test_redis_frozen_through_the_deadline(self):
            def fault(hosts):
                self.redis.freeze()
                self.assert_killed_without(hosts)
                self.redis.thaw()

            self.in_mid_stop(fault)

        def test_kafka_and_redis_and_every_worker_killed(self):
            def fault(hosts):
                self.kafka.kill()
                self.redis.kill()
                for host in hosts:
                    host.worker.kill()
                    host.start()
                self.assert_killed_without(hosts)
                self.redis.start()
                self.kafka.start()
                self.fleet.audit("rebuild")

            self.in_mid_stop(fault)


class ThreeBrokers(ServerFaults):
    """Replication 3, min.insync.replicas 2, as in production."""

    @classmethod
    def make_kafka(cls):
        return Kafka(os.path.join(cls.directory, "kafka"), count=3, heap="256m").start()

    @classmethod
    def make_topics(cls):
        cls.fleet.make_topics(partitions=6, replication=3, in_sync=2)

    def test_one_broker_killed(self):
        def fault(hosts):
            self.kafka.nodes[0].kill()
            self.assert_killed_without(hosts)

        self.in_mid_stop(fault)
        self.kafka.nodes[0].start()

    if ALL:
        def test_two_brokers_frozen(self):
            """Too few in sync: nothing can be recorded until they are back."""
            def fault(hosts):
                for node in self.kafka.nodes[1:]:
                    node.freeze()
                self.assert_killed_without(hosts)
                for node in self.kafka.nodes[1:]:
                    node.thaw()

            self.in_mid_stop(fault)


class Unplugged(ServerFaults):
    """Each host's worker is in a network namespace of its own, whose cable is pulled in mid-stop."""

    @classmethod
    def setUpClass(cls):
        cls.network = Network()
        cls.addClassCleanup(cls.network.close)
        super().setUpClass()

    @classmethod
    def make_kafka(cls):
        return Kafka(os.path.join(cls.directory, "kafka"), host=cls.network.address).start()

    def new_host(self, number):
        host = super().new_host(number)
        host.cable = self.network.cable()
        host.worker.wrapper = host.cable.wrapper
        return host

    def test_unplugged_through_the_deadline(self):
        def fault(hosts):
            for host in hosts:
                host.cable.pull()
            self.assert_killed_without(hosts)
            time.sleep(THROUGH_THE_DEADLINE_S)
            for host in hosts:
                host.cable.plug_in()

        self.in_mid_stop(fault)

    if ALL:
        def test_unplugged_and_worker_killed(self):
            def fault(hosts):
                for host in hosts:
                    host.cable.pull()
                    host.worker.kill()
                    host.start()
                self.assert_killed_without(hosts)
                for host in hosts:
                    host.cable.plug_in()

            self.in_mid_stop(fault)


if __name__ == "__main__":
    unittest.main()
