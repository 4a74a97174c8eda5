"""Servers that die, freeze, come back empty or cannot be reached, each with stops under way on several hosts."""

import concurrent.futures
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fault_fleet import ALL  # noqa: E402
from fault_host import FaultHost  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from network import Network  # noqa: E402
from server import wait_for  # noqa: E402
from server_faults import ServerFaults  # noqa: E402

THROUGH_THE_DEADLINE_S = 2  # the graces are 1 s
# What librdkafka waits for in an hour of Kafka away, made so short that each has run out many times in the seconds of a test.
SHORT_TIMEOUTS = ("message.timeout.ms=2000", "request.timeout.ms=1000", "socket.timeout.ms=1500", "socket.connection.setup.timeout.ms=1000",
                  "metadata.max.age.ms=4000", "topic.metadata.refresh.interval.ms=1000", "reconnect.backoff.max.ms=1000")
AWAY_S = 25


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

    def test_workers_ended_while_kafka_is_frozen(self):
        self.end_workers_without_kafka(self.kafka.freeze, self.kafka.thaw)

    def test_workers_ended_in_their_limit(self):
        """librdkafka waits longer for the group's coordinator than the worker does."""
        self.worker_flags = ["--kafka-option", "session.timeout.ms=60000"]
        self.end_workers_without_kafka(self.kafka.kill, self.kafka.start)

    if ALL:
        def test_workers_ended_while_kafka_is_dead(self):
            self.end_workers_without_kafka(self.kafka.kill, self.kafka.start)

    def beyond_every_timeout(self, away, back):
        """The events of the stops are given back by librdkafka again and again, and are all in the log once Kafka is back."""
        def fault(hosts):
            until = time.monotonic() + AWAY_S
            away()
            try:
                self.assert_killed_without(hosts)
                wait_for(lambda: any("outbox.waits" in host.worker.log_text() for host in hosts), 60, "events that are given back")
                time.sleep(max(0, until - time.monotonic()))
            finally:
                back()

        self.worker_flags = ["--kafka-option", ",".join(SHORT_TIMEOUTS)]
        self.in_mid_stop(fault)

    if ALL:
        def test_kafka_frozen_beyond_every_timeout(self):
            self.beyond_every_timeout(self.kafka.freeze, self.kafka.thaw)

        def test_kafka_dead_beyond_every_timeout(self):
            self.beyond_every_timeout(self.kafka.kill, self.kafka.start)

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
