"""Docker Compose for tests: the machine's own, and version 2 where that is version 1.

Debian 12 packages 1.29 (Python), Debian 13 packages 2.26 (Go), whose program needs nothing but libc: it is taken out
of Debian 13's package, which apt fetches and whose signature it checks, and kept in the cache folder.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile

from server import CACHE, ServerError

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"


def version(program):
    """The first line of what it says of itself: "2.26.1"."""
    return subprocess.run([program, "version", "--short"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, timeout=60, check=True).stdout.strip()


def _own():
    for program in (shutil.which("docker-compose"), "/" + _PLUGIN):
        if program and os.path.exists(program):
            return program
    raise ServerError("no docker-compose here: deploy/packages/install.sh test")


def _run(argv, directory):
    result = subprocess.run(argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, timeout=300, check=False)
    if result.returncode != 0:
        raise ServerError(f"{' '.join(argv)}: exit {result.returncode}\n{result.stdout[-2000:]}")


def _fetch(target):
    """Debian 13's package by an apt of its own lists and caches: nothing of the machine's changes."""
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        sources = os.path.join(directory, "sources.list")
        with open(sources, "w", encoding="ascii") as f:
            f.write(f"deb [signed-by={_KEYRING}] http://deb.debian.org/debian trixie main\n")
        for folder in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(directory, folder))
        apt = ["apt-get", "-q", "-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=/dev/null",
               "-o", f"Dir::State::Lists={directory}/lists", "-o", f"Dir::Cache={directory}/cache", "-o", "APT::Sandbox::User=root"]
        _run([*apt, "update"], directory)
        _run([*apt, "download", "docker-compose"], directory)
        [package] = [name for name in os.listdir(directory) if name.endswith(".deb")]
        _run(["dpkg-deb", "-x", package, "tree"], directory)
        os.rename(os.path.join(directory, "tree", _PLUGIN), target)


def version_2():
    """A docker-compose of version 2 or later."""
    own = _own()
    if not version(own).startswith("1."):
        return own
    os.makedirs(CACHE, exist_ok=True)
    program = os.path.join(CACHE, "docker-compose-2")
    with open(os.path.join(CACHE, "compose.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(program):
            _fetch(program)
    return program


def programs():
    """Every docker-compose that this machine can have, by version."""
    return {version(program): program for program in (_own(), version_2())}
