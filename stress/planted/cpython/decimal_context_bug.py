"""Two threads use one decimal.Context."""

import decimal

import planted

shared = decimal.Context()
meeting = planted.Meeting()


def change():
    for number in range(300):
        shared.prec = 10 + number % 5
        shared.divide(1, 3)


def stress(thread_index):
    meeting.run(change)
