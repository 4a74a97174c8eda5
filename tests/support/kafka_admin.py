"""What an operator asks of a Kafka cluster, in the few requests that a test needs: groups forgotten, topics deleted, partitions added,
who leads them."""

import io
import socket
import struct

from server import ServerError

TIMEOUT_MS = 10000
METADATA, CREATE_PARTITIONS, DELETE_TOPICS, DELETE_GROUPS = 3, 37, 20, 42


def _text(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _exchange(node, api, version, body):
    """The answer's bytes after the correlation id."""
    request = struct.pack(">hhi", api, version, 1) + _text("tests") + body
    with socket.create_connection((node.place.host, node.port), timeout=TIMEOUT_MS / 1000 + 5) as s:
        s.sendall(struct.pack(">i", len(request)) + request)
        with s.makefile("rb") as f:
            [size] = struct.unpack(">i", f.read(4))
            return f.read(size)[4:]


def _ask(node, api, version, body):
    """The error code of the one thing that was asked for."""
    answer = _exchange(node, api, version, body)
    # throttle time, then an array of (name, error code, ...)
    count, length = struct.unpack(">ih", answer[4:10])
    [code] = struct.unpack(">h", answer[10 + length:12 + length])
    if count != 1 or code != 0:
        raise ServerError(f"kafka refuses request {api} with error {code}")


def delete_group(node, group):
    _ask(node, DELETE_GROUPS, 0, struct.pack(">i", 1) + _text(group))


def delete_topic(node, topic):
    _ask(node, DELETE_TOPICS, 1, struct.pack(">i", 1) + _text(topic) + struct.pack(">i", TIMEOUT_MS))


def raise_partitions(node, topic, count):
    _ask(node, CREATE_PARTITIONS, 0, struct.pack(">i", 1) + _text(topic) + struct.pack(">iiib", count, -1, TIMEOUT_MS, 0))


def leaders(node, topic):
    """The node id of each partition's leader, as this node knows it."""
    answer = io.BytesIO(_exchange(node, METADATA, 1, struct.pack(">i", 1) + _text(topic)))

    def take(form):
        return struct.unpack(">" + form, answer.read(struct.calcsize(">" + form)))

    def skip_text():
        answer.read(max(take("h")[0], 0))

    for _ in range(take("i")[0]):  # brokers: id, host, port, rack
        take("i")
        skip_text()
        take("i")
        skip_text()
    take("iih")  # controller, one topic, its error
    skip_text()
    take("b")
    found = {}
    for _ in range(take("i")[0]):
        _, partition, found_leader = take("hii")
        found[partition] = found_leader
        for _ in range(2):  # replicas, and those in sync
            answer.read(4 * take("i")[0])
    return found
