"""Unruly containers (unruly_containers.py) on a real Docker engine."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import DockerHost  # noqa: E402
from unruly_containers import UnrulyContainers  # noqa: E402


class Unruly(UnrulyContainers, DockerHost):
    pass


if __name__ == "__main__":
    unittest.main(verbosity=2)
