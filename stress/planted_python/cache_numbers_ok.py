"""A lock around both dicts: one thread makes each number."""

from threading import Lock

largest = {}
roots = {}
lock = Lock()


def find(bits):
    with lock:
        try:
            value = largest[bits]
        except KeyError:
            value = (1 << bits) - 1
            largest[bits] = value
        return value


def root(number):
    with lock:
        if number not in roots:
            roots[number] = number**0.5
        return roots[number]


def stress(thread_index):
    for bits in range(20, 100):
        assert find(bits) == 2**bits - 1
        assert root(bits) ** 2 > bits - 1
