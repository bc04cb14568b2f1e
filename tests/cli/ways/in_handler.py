"""Crashes in a C handler of a signal, which ThreadSanitizer runs with all signals blocked."""

import ctypes
import signal

libc = ctypes.CDLL(None)
HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)
libc.signal.argtypes = [ctypes.c_int, HANDLER]


@HANDLER
def handler(number):
    ctypes.string_at(16)


def stress(thread):
    if thread == 0:
        libc.signal(signal.SIGUSR1, handler)
        libc["raise"](signal.SIGUSR1)
