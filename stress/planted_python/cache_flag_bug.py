"""True is equal to True, and still two threads have begun what only one should."""

begun = {}
started = []


def stress(thread_index):
    for number in range(40):
        if number not in begun:
            begun[number] = True
            started.append(number)
