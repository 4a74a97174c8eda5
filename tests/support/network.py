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


class Interface:
    """An interface of this machine that leads nowhere: networks whose containers have addresses of their own need one (macvlan)."""

    def __init__(self, name):
        self.name = name
        _ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-end")
        for end in (name, f"{name}-end"):
            _ip("link", "set", end, "up")

    def close(self):
        _ip("link", "del", self.name)


class Cable:
    """address: of its other end. wrapper: what a program is run under to be there."""

    def __init__(self, name, network, address, beside=None):
        """beside: a cable of another network, to whose other end this one leads too."""
        self.name = name
        self.network = network
        self.address = address
        self.namespace = beside.namespace if beside else name
        self.wrapper = ["ip", "netns", "exec", self.namespace]
        if beside is None:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        network.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", self.namespace)
        network.ip("link", "set", name, "master", network.name, "up")
        for words in (["addr", "add", f"{address}/24", "dev", name], ["link", "set", name, "up"]):
            _ip("-n", self.namespace, *words)

    def pull(self):
        """Packets vanish; nobody is told."""
        self.network.ip("link", "set", self.name, "nomaster")

    def plug_in(self):
        self.network.ip("link", "set", self.name, "master", self.network.name)

    def close(self):
        if self.namespace == self.name:
            _ip("netns", "del", self.name)
        else:
            self.network.ip("link", "del", self.name)


class Network:
    """address: of this machine in it."""

    def __init__(self, apart=False):
        """apart: this machine is not in it. Only then do its hosts reach each other: a machine with a Docker engine drops what it is to forward."""
        if os.geteuid() != 0:
            raise ServerError("only root can make network namespaces: run this as root")
        self.name = f"sf{random.randrange(1 << 24):06x}"
        self.prefix = f"10.{random.randrange(128, 255)}.{random.randrange(255)}"
        self.address = f"{self.prefix}.1"
        self.cables = []
        self.lock = threading.Lock()
        self.where = ["-n", self.name] if apart else []
        if apart:
            _ip("netns", "add", self.name)
        self.ip("link", "add", self.name, "type", "bridge")
        if not apart:
            self.ip("addr", "add", f"{self.address}/24", "dev", self.name)
        self.ip("link", "set", self.name, "up")

    def ip(self, *words):
        _ip(*self.where, *words)

    def cable(self, beside=None):
        with self.lock:
            number = len(self.cables) + 2
            cable = Cable(f"{self.name}n{number}", self, f"{self.prefix}.{number}", beside)
            self.cables.append(cable)
        return cable

    def close(self):
        for cable in self.cables:
            cable.close()
        self.ip("link", "del", self.name)
        if self.where:
            _ip("netns", "del", self.name)
