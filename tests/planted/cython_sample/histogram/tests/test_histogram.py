"""The objects are shared by the threads that run a test at the same time."""

from histogram import Histogram_bug, Histogram_ok

DATA = bytes(range(256)) * 10
shared_bug = Histogram_bug()
shared_ok = Histogram_ok()


def test_add_bug():
    for _ in range(100):
        shared_bug.add(DATA)
    assert shared_bug.total() > 0


def test_add_ok():
    for _ in range(100):
        shared_ok.add(DATA)
    assert shared_ok.total() >= 100 * len(DATA)
