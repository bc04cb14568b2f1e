import time

shared = memoryview(bytearray(1))


def stress(thread):
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        shared[0] = thread
