"""Looks first, and is prepared for the other one's having been quicker: nothing is lost."""

import contextlib
import threading
from collections import deque

stack = list(range(400))
queue = deque(range(400))
jobs = dict.fromkeys(range(400), "job")
tags = set(range(400))
room = list(range(400))
lock = threading.Lock()


def pop_all():
    while stack:
        try:
            stack.pop()
        except IndexError:
            break


def take_one():
    if not queue:
        return None
    try:
        with lock:
            pass
        return queue.popleft()
    except (AttributeError, LookupError):
        return None


def delete(number):
    if number in jobs:
        try:
            del jobs[number]
        except ValueError:
            raise
        except KeyError:
            pass


def forget(number):
    if number in tags:
        with contextlib.suppress(KeyError):
            tags.remove(number)


def clear():
    while room:
        try:
            try:
                room.pop()
            finally:
                ""
        except:  # noqa: E722
            break


def stress(thread_index):
    pop_all()
    while take_one() is not None:
        pass
    for number in range(400):
        delete(number)
        forget(number)
    clear()
