"""Two threads replace the code of one function."""

import planted


def function():
    pass


code = function.__code__
meeting = planted.Meeting()


def change():
    for number in range(300):
        function.__code__ = code


def stress(thread_index):
    meeting.run(change)
