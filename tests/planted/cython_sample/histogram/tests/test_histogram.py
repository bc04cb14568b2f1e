"""The objects are shared by the threads that run a test at the same time."""

from histogram import Histogram_bug, Histogram_ok, first_bug, first_ok, size_bug, size_ok

DATA = bytes(range(256)) * 10
shared_bug = Histogram_bug()
shared_ok = Histogram_ok()
items_bug = [[0]]
items_ok = [[0]]


def test_add_bug():
    for _ in range(100):
        shared_bug.add(DATA)
    assert shared_bug.total() > 0


def test_add_ok():
    for _ in range(100):
        shared_ok.add(DATA)
    assert shared_ok.total() >= 100 * len(DATA)


def test_size_bug():
    for number in range(20):
        items_bug[0] = [number]
        assert size_bug(items_bug) == 1


def test_size_ok():
    for number in range(20):
        items_ok[0] = [number]
        assert size_ok(items_ok) == 1


def test_first_bug():
    items = [bytes(300)]
    assert first_bug(items) == 300
    items.clear()


def test_first_ok():
    items = [bytes(300)]
    assert first_ok(items) == 300
    items.clear()
