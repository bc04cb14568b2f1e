"""As circle_bug.py, with a lock."""

import threading
import time

moving = threading.Lock()


class Link:
    def __init__(self, name, after=None):
        self.name = name
        self.after = after


def setup():
    global first
    first = None
    for name in "edcba":
        first = Link(name, first)


def find(name):
    link = first
    while link is not None and link.name != name:
        link = link.after
    return link


def stress(thread_index):
    global first
    with moving:
        head, second = first, first.after
        first = second
        rest = second.after
        second.after = head
        head.after = rest
    time.sleep(0.02)
    with moving:
        find("z")
