"""The machine's Docker engine: the one that answers, or else one that is started here and kept.

A started engine outlives the test, since starting is slow; its pid is recorded in the cache folder,
and stop_started() ends it and nothing else. Images are imported, never pulled.
"""

import fcntl
import hashlib
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import time
import urllib.parse

from server import CACHE, SUPPORT, ServerError, process_start_ticks, spawn, wait_for

SOCKET = "/var/run/docker.sock"
PROBE = "stopfleet/probe:test"
_RECORD = os.path.join(CACHE, "dockerd.json")
_IMAGE_LABEL = "stopfleet-tests.image"  # containers inherit it: no label that a worker reads
_PID_FILES = ("/var/run/docker.pid", "/var/run/docker/containerd/containerd.pid")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(method, path, body=None, *, timeout=30.0, content_type="application/json", at=SOCKET):
    """One call of the Engine API at that socket: (status, parsed JSON or bytes)."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    connection = _UnixConnection(at, timeout)
    try:
        connection.request(method, path, body, {"Content-Type": content_type} if body else {})
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    if answer.getheader("Content-Type", "").startswith("application/json") and data:
        return answer.status, json.loads(data.splitlines()[-1])
    return answer.status, data


def answers(timeout=2.0, at=SOCKET):
    try:
        return request("GET", "/_ping", timeout=timeout, at=at)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def client():
    """The docker command that belongs to the engine."""
    for program in ("/usr/bin/docker", shutil.which("docker")):
        if program and os.path.exists(program):
            return program
    raise ServerError("no docker command here: deploy/packages/install.sh docker")


def docker(*arguments, timeout=60, check=True, at=SOCKET):
    """Runs the docker command; its standard output, stripped."""
    result = subprocess.run(
        [client(), "-H", f"unix://{at}", *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)
    if check and result.returncode != 0:
        raise ServerError(f"docker {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout.strip()


def _remove_stale_pid_files():
    for path in _PID_FILES:
        try:
            with open(path, encoding="ascii") as f:
                pid = int(f.read().strip() or 0)
            with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                if f.read().strip() in ("dockerd", "containerd"):
                    continue
        except (OSError, ValueError):
            pass
        if os.path.exists(path):
            os.unlink(path)


def dockerd_program():
    program = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/sbin")
    if program is None:
        raise ServerError("no dockerd is installed: deploy/packages/install.sh docker")
    return program


def _start():
    dockerd = dockerd_program()
    if os.geteuid() != 0:
        raise ServerError(f"no Docker engine answers at {SOCKET} and only root can start one: "
                          "start it (systemctl start docker) or run this as root")
    _remove_stale_pid_files()
    log = os.path.join(CACHE, "dockerd.log")
    process = spawn([dockerd], log, detached=True)
    try:
        wait_for(answers, 60, "dockerd ready", lambda: process.poll() is None)
    except ServerError as e:
        if process.poll() is None:
            process.kill()
        process.wait()
        with open(log, encoding="utf-8", errors="replace") as f:
            raise ServerError(f"{e}; the end of {log}:\n{f.read()[-2000:]}") from None
    with open(_RECORD, "w", encoding="ascii") as f:
        json.dump({"pid": process.pid, "start_ticks": process_start_ticks(process.pid)}, f)


def ensure():
    """An engine that answers; its socket."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "docker.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answers():
            _start()
    return SOCKET


def started_pid():
    """The pid of the engine that ensure() started, if it is still that process; else None."""
    try:
        with open(_RECORD, encoding="ascii") as f:
            record = json.load(f)
    except (OSError, ValueError):
        return None
    pid = record.get("pid")
    return pid if pid and process_start_ticks(pid) == record.get("start_ticks") else None


def restart_started(down_seconds=0.0):
    """Ends the engine that ensure() started and starts it again: what a test of reconnection needs."""
    if started_pid() is None:
        raise ServerError("this Docker engine was not started by the tests: it is not restarted")
    stop_started()
    time.sleep(down_seconds)
    return ensure()


def stop_started():
    """Ends the engine that ensure() started, if it did; an engine of somebody else is left alone."""
    pid = started_pid()
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)

    def gone():
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        return process_start_ticks(pid) is None

    wait_for(gone, 60, "end of dockerd")
    os.unlink(_RECORD)
    return True


def import_image(tag, files, changes=(), at=SOCKET):
    """Makes an image of {path: bytes}, each file executable. Nothing is done if it is there as asked."""
    digest = hashlib.sha256()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in sorted(files.items()):
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    digest.update(archive.getvalue() + "\0".join(changes).encode())
    label = f'LABEL {_IMAGE_LABEL}="{digest.hexdigest()}"'
    status, image = request("GET", f"/images/{tag}/json", at=at)
    if status == 200 and (image["Config"].get("Labels") or {}).get(_IMAGE_LABEL) == digest.hexdigest():
        return tag
    name, _, version = tag.partition(":")
    query = [("fromSrc", "-"), ("repo", name), ("tag", version or "latest"),
             *(("changes", change) for change in (*changes, label))]
    status, answer = request("POST", "/images/create?" + urllib.parse.urlencode(query),
                             archive.getvalue(), content_type="application/x-tar", at=at)
    if status != 200 or "error" in answer:
        raise ServerError(f"import of image {tag}: HTTP {status} {answer}")
    return tag


def probe_program():
    """The path of the static probe program (probe.c), compiled when it is not there."""
    with open(os.path.join(SUPPORT, "probe.c"), "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()[:16]
    path = os.path.join(CACHE, f"probe-{digest}")
    if not os.path.exists(path):
        os.makedirs(CACHE, exist_ok=True)
        fresh = f"{path}.{os.getpid()}"
        subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE=", "-O2", "-static", "-pthread",
                        "-o", fresh, os.path.join(SUPPORT, "probe.c")], check=True)
        os.rename(fresh, path)
    return path


def probe_image(tag=PROBE, changes=(), at=SOCKET):
    """An image whose entry point is the probe; the command is its mode (default: obey)."""
    with open(probe_program(), "rb") as f:
        program = f.read()
    return import_image(tag, {"/probe": program}, ('ENTRYPOINT ["/probe"]', 'CMD ["obey"]', *changes), at)
