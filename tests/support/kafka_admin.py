"""What an operator does to a Kafka cluster, in the few requests that a test needs: groups forgotten, topics deleted, partitions added."""

import socket
import struct

from server import ServerError

TIMEOUT_MS = 10000
CREATE_PARTITIONS, DELETE_TOPICS, DELETE_GROUPS = 37, 20, 42


def _text(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _ask(port, api, version, body):
    """The error code of the one thing that was asked for."""
    request = struct.pack(">hhi", api, version, 1) + _text("tests") + body
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_MS / 1000 + 5) as s:
        s.sendall(struct.pack(">i", len(request)) + request)
        with s.makefile("rb") as f:
            [size] = struct.unpack(">i", f.read(4))
            answer = f.read(size)
    # correlation id, throttle time, then an array of (name, error code, ...)
    count, length = struct.unpack(">ih", answer[8:14])
    [code] = struct.unpack(">h", answer[14 + length:16 + length])
    if count != 1 or code != 0:
        raise ServerError(f"kafka refuses request {api} with error {code}")


def delete_group(node, group):
    _ask(node.port, DELETE_GROUPS, 0, struct.pack(">i", 1) + _text(group))


def delete_topic(node, topic):
    _ask(node.port, DELETE_TOPICS, 1, struct.pack(">i", 1) + _text(topic) + struct.pack(">i", TIMEOUT_MS))


def raise_partitions(node, topic, count):
    _ask(node.port, CREATE_PARTITIONS, 0, struct.pack(">i", 1) + _text(topic) + struct.pack(">iiib", count, -1, TIMEOUT_MS, 0))
