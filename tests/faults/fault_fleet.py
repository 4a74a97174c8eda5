"""Kafka, Redis, an API and an oracle's witnesses for a class of fault runs."""

import os
import shutil
import sys
import tempfile
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_HERE, os.path.join(_HERE, "..", "e2e")]

from stopfleet import Fleet  # noqa: E402
import oracle  # noqa: E402
import probe_record  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from redis_server import Redis  # noqa: E402

ALL = os.environ.get("STOPFLEET_FAULTS") == "all"


class FaultFleet(unittest.TestCase):
    """A test gives its stops to check()."""

    partitions = 16

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="stopfleet-faults-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.kafka = cls.make_kafka()
        cls.addClassCleanup(cls.kafka.stop)
        cls.redis = Redis(os.path.join(cls.directory, "redis"), host=cls.kafka.host, options=["--protected-mode", "no"]).start()
        cls.addClassCleanup(cls.redis.stop)
        cls.fleet = Fleet(cls.directory, cls.kafka, cls.redis)
        cls.addClassCleanup(cls.fleet.close)
        cls.make_topics()
        cls.api = cls.fleet.api()
        cls.watch = probe_record.EndWatch()

    @classmethod
    def make_kafka(cls):
        return Kafka(os.path.join(cls.directory, "kafka")).start()

    @classmethod
    def make_topics(cls):
        cls.fleet.make_topics(partitions=cls.partitions)

    def check(self, stops):
        """O1 to O4."""
        found = oracle.broken(self.fleet, self.api, stops, self.watch)
        self.assertEqual(len(found), 0, "\n" + "\n".join(found))
