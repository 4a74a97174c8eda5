"""A file system in which one name is never found and never not found: who opens it cannot be killed until the end of this.

It speaks FUSE by itself, as far as a mount and one look-up need it: what was handed to its reader waits uninterruptibly.
"""

import ctypes
import errno
import os
import struct
import threading

from server import ServerError

NAME = "stuck"
_LOOKUP, _FORGET, _GETATTR, _STATFS, _INIT, _INTERRUPT = 1, 2, 3, 17, 26, 36
_MNT_FORCE, _MNT_DETACH = 1, 2
_HEADER = struct.Struct("=IIQQIIII")
_libc = ctypes.CDLL(None, use_errno=True)


class StuckFiles:
    """Mounted at `directory`, which is made."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if _libc.mount(b"stuck", directory.encode(), b"fuse", 0, options.encode()) != 0:
            code = ctypes.get_errno()
            os.close(self.device)
            raise ServerError(f"mounting FUSE at {directory}: {os.strerror(code)}")
        self.asked = threading.Event()  # somebody opens the name, and hangs
        self.reader = threading.Thread(target=self._serve, daemon=True)
        self.reader.start()

    def _serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 17)
            except OSError as e:
                if e.errno in (errno.EINTR, errno.ENOENT):
                    continue
                return  # ENODEV: it was unmounted
            _, opcode, unique, _, _, _, _, _ = _HEADER.unpack_from(request)
            if opcode in (_FORGET, _INTERRUPT):
                continue
            if opcode == _LOOKUP and request[_HEADER.size:].rstrip(b"\0").decode() == NAME:
                self.asked.set()
                continue
            error, body = self._answer(opcode)
            os.write(self.device, struct.pack("=IiQ", 16 + len(body), -error, unique) + body)

    @staticmethod
    def _answer(opcode):
        """(errno, body)"""
        if opcode == _INIT:
            return 0, struct.pack("=IIIIHHIIHH32x", 7, 31, 0, 0, 1, 1, 4096, 1, 1, 0)
        if opcode == _GETATTR:
            return 0, struct.pack("=QII6Q10I", 3600, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o040755, 2, 0, 0, 0, 4096, 0)
        if opcode == _STATFS:
            return 0, bytes(80)
        return (errno.ENOENT if opcode == _LOOKUP else errno.ENOSYS), b""

    def close(self):
        """Ends every wait in it with an error."""
        if self.device < 0:
            return
        path = self.directory.encode()
        while _libc.umount2(path, _MNT_FORCE) != 0 and _libc.umount2(path, _MNT_DETACH) == 0:
            pass
        self.reader.join(10)
        os.close(self.device)
        self.device = -1
