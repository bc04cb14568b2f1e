"""Fills the rings of its threads and of the main thread, to the last byte, with nothing."""

import ctypes
import struct

CODE = 3  # FTS_REC_CODE, of an id that nothing names
PAYLOAD = struct.pack("<IiIIII", 0xFFFFFFF0, 1, 1, 1, 2000, 0) + b"ff" + bytes(2000)


def flood():
    emit = ctypes.CDLL(None).ftstress_emit
    for _ in range(500):
        emit(CODE, PAYLOAD, len(PAYLOAD))
    for _ in range(100):
        emit(CODE, None, 0)


def stress(thread):
    flood()


def check():
    flood()
