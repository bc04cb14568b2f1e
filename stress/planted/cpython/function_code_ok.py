"""Two threads replace the code of one function. Under a lock."""

import threading

import planted


def function():
    pass


code = function.__code__
lock = threading.Lock()
meeting = planted.Meeting()


def change():
    for number in range(300):
        with lock:
            function.__code__ = code


def stress(thread_index):
    meeting.run(change)
