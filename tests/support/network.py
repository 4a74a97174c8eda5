"""Hosts that can be unplugged: network namespaces, each with a cable (veth) to this machine.

Servers listen on `address`, which only this machine and its namespaces reach. Needs root and ip (iproute2)."""

import os
import random
import subprocess
import threading

from server import ServerError


def _ip(*words):
    result = subprocess.run(["ip", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        raise ServerError(f"ip {' '.join(words)}: {result.stdout.strip()}")


class Cable:
    """wrapper: what a program is run under to be at the other end."""

    def __init__(self, name, network, other):
        self.name = name
        self.network = network
        self.wrapper = ["ip", "netns", "exec", name]
        _ip("netns", "add", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", name, "master", network.name, "up")
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{other}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            _ip("-n", name, *words)

    def pull(self):
        """Packets vanish; nobody is told."""
        _ip("link", "set", self.name, "nomaster")

    def plug_in(self):
        _ip("link", "set", self.name, "master", self.network.name)

    def close(self):
        _ip("netns", "del", self.name)


class Network:
    def __init__(self):
        if os.geteuid() != 0:
            raise ServerError("only root can make network namespaces: run this as root")
        self.name = f"sf{random.randrange(1 << 24):06x}"
        self.prefix = f"10.{random.randrange(128, 255)}.{random.randrange(255)}"
        self.address = f"{self.prefix}.1"
        self.cables = []
        self.lock = threading.Lock()
        _ip("link", "add", self.name, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")

    def cable(self):
        with self.lock:
            number = len(self.cables) + 2
            cable = Cable(f"{self.name}n{number}", self, f"{self.prefix}.{number}")
            self.cables.append(cable)
        return cable

    def close(self):
        for cable in self.cables:
            cable.close()
        _ip("link", "del", self.name)
