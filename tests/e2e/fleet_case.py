"""What a test class of real parts needs: Kafka, Redis, topics, an API and workers, made once a class."""

import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stopfleet import Fleet  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from redis_server import Redis  # noqa: E402


class FleetCase(unittest.TestCase):
    """After each test every base in Redis is the fold of the log."""

    api_flags = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="stopfleet-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.kafka = Kafka(os.path.join(cls.directory, "kafka")).start()
        cls.addClassCleanup(cls.kafka.stop)
        cls.redis = Redis(os.path.join(cls.directory, "redis")).start()
        cls.addClassCleanup(cls.redis.stop)
        cls.open_engine()
        cls.fleet = Fleet(cls.directory, cls.kafka, cls.redis)
        cls.addClassCleanup(cls.fleet.close)
        cls.fleet.make_topics()
        cls.start_workers()
        cls.api = cls.fleet.api(extra=cls.api_flags)

    @classmethod
    def open_engine(cls):
        """Starts what outlives the class's programs."""

    @classmethod
    def start_workers(cls):
        """Starts those that every test of the class needs."""

    def tearDown(self):
        self.fleet.assert_view_is_fold()
