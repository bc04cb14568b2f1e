"""Two locks of two lines, made in either order, are always taken in the order of their id()."""

import random
import threading

locks = {}


def make_reading():
    locks["reading"] = threading.Lock()


def make_writing():
    locks["writing"] = threading.Lock()


def setup():
    for make in random.sample([make_reading, make_writing], 2):
        make()


def stress(thread_index):
    first, second = sorted(locks.values(), key=id)
    with first, second:
        pass
