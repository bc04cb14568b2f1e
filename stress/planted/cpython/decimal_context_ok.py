"""Two threads use one decimal.Context. Under a lock."""

import decimal
import threading

import planted

shared = decimal.Context()
lock = threading.Lock()
meeting = planted.Meeting()


def change():
    for number in range(300):
        with lock:
            shared.prec = 10 + number % 5
            shared.divide(1, 3)


def stress(thread_index):
    meeting.run(change)
