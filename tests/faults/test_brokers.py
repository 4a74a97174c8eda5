"""Of three brokers one is killed, two freeze, or one is cut off from the others while every client still reaches all of them."""

import concurrent.futures
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fault_fleet import ALL  # noqa: E402
import kafka_admin  # noqa: E402
from kafka_server import Kafka, Place  # noqa: E402
from network import Network  # noqa: E402
from server import wait_for  # noqa: E402
from server_faults import HOSTS_AT_ONCE, ServerFaults  # noqa: E402

TOPIC = "stopfleet.events"


class ThreeBrokers(ServerFaults):
    """Replication 3, min.insync.replicas 2, as in production. Brokers speak with clients on one network and among themselves on another."""

    @classmethod
    def setUpClass(cls):
        cls.clients, cls.peers = Network(), Network(apart=True)
        cls.addClassCleanup(cls.clients.close)
        cls.addClassCleanup(cls.peers.close)
        super().setUpClass()

    @classmethod
    def make_kafka(cls):
        to_clients = [cls.clients.cable() for _ in range(3)]
        cls.to_peers = [cls.peers.cable(beside=cable) for cable in to_clients]
        places = [Place(client.address, peer.address, client.wrapper) for client, peer in zip(to_clients, cls.to_peers)]
        return Kafka(os.path.join(cls.directory, "kafka"), places=places, heap="256m").start()

    @classmethod
    def make_topics(cls):
        cls.fleet.make_topics(partitions=6, replication=3, in_sync=2)

    def setUp(self):
        for node in self.kafka.nodes:
            if not node.alive():
                node.start()

    def test_one_broker_killed(self):
        def fault(hosts):
            self.kafka.nodes[0].kill()
            self.assert_killed_without(hosts)

        self.in_mid_stop(fault)

    def leader_for(self, host):
        """The index of the broker that has the records of this host."""
        [partition] = set(re.findall(r"\bworker\.starts\b.*\bpartition=(\d+)", host.worker.log_text()))
        return kafka_admin.leaders(self.kafka.nodes[0], TOPIC)[int(partition)] - 1

    def cut_off(self, choose):
        """It goes on taking records as a leader, which it may not acknowledge; the others elect new leaders, and StopTask is answered again."""
        def fault(hosts):
            chosen = choose(hosts)
            old = kafka_admin.leaders(self.kafka.nodes[chosen], TOPIC)
            self.assertIn(chosen + 1, old.values(), "the broker leads nothing")
            self.to_peers[chosen].pull()
            with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
                stopping = pool.map(lambda host: host.stop_tasks(seconds=120), hosts)
                wait_for(lambda: chosen + 1 not in kafka_admin.leaders(self.kafka.nodes[chosen - 1], TOPIC).values(), 30,
                         "new leaders by the word of the others")
                list(stopping)
            self.assertEqual(old, kafka_admin.leaders(self.kafka.nodes[chosen], TOPIC), "the one cut off was told of new leaders")
            self.to_peers[chosen].plug_in()

        self.late_tasks = True
        self.in_mid_stop(fault)

    def test_leader_of_a_host_cut_off(self):
        self.cut_off(lambda hosts: self.leader_for(hosts[0]))

    def test_two_brokers_frozen(self):
        """Too few in sync: nothing can be recorded until they are back."""
        def fault(hosts):
            for node in self.kafka.nodes[1:]:
                node.freeze()
            self.assert_killed_without(hosts)
            for node in self.kafka.nodes[1:]:
                node.thaw()

        self.in_mid_stop(fault)

    if ALL:
        def test_broker_1_cut_off(self):
            self.cut_off(lambda _: 0)

        def test_broker_2_cut_off(self):
            self.cut_off(lambda _: 1)

        def test_broker_3_cut_off(self):
            self.cut_off(lambda _: 2)


if __name__ == "__main__":
    unittest.main()
