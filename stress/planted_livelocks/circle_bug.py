"""Two threads move the first link of a chain behind the second: it is closed to a circle."""

import threading
import time

present = []


class Link:
    def __init__(self, name, after=None):
        self.name = name
        self.after = after


def setup():
    global first
    present.clear()
    first = None
    for name in "edcba":
        first = Link(name, first)


def find(name):
    link = first
    while link is not None and link.name != name:
        link = link.after
    return link


def meet():
    """All threads of the test have come; or there is one alone."""
    while len(present) < threading.active_count() - 1:
        time.sleep(0.01)


def stress(thread_index):
    global first
    head, second = first, first.after
    present.append(thread_index)
    meet()
    time.sleep(0.03 * thread_index)  # each after the other, but with what they saw before
    first = second
    rest = second.after
    second.after = head
    head.after = rest
    time.sleep(0.02)
    find("z")
