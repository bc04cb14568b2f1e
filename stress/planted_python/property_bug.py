"""An attribute behind a property is counted up."""


class Meter:
    def __init__(self):
        self._units = 0

    @property
    def units(self):
        return self._units

    @units.setter
    def units(self, units):
        self._units = units


meter = Meter()


def stress(thread_index):
    for _ in range(50):
        meter.units += 1
