"""An attribute behind a property is counted up under a lock, and set by one thread alone."""

import threading


class Meter:
    def __init__(self):
        self._units = 0
        self._limit = 0

    @property
    def units(self):
        return self._units

    @units.setter
    def units(self, units):
        self._units = units

    @property
    def limit(self):
        return self._limit

    @limit.setter
    def limit(self, limit):
        self._limit = limit


meter = Meter()
lock = threading.Lock()


def stress(thread_index):
    full = False
    for step in range(50):
        if full:
            break
        with lock:
            meter.units += 1
        if thread_index:
            full = meter.limit > 40
        else:
            meter.limit = step
