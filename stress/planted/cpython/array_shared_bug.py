"""Two threads use one array for all that it can do."""

import array

import planted

shared = array.array("l", range(8))
meeting = planted.Meeting()


def use():
    for number in range(50):
        shared.append(number)
        shared.extend([number, number])
        shared[0] = shared[1]
        shared[1:3] = array.array("l", [number] * 4)
        shared.pop()
        max(shared)


def stress(thread_index):
    meeting.run(use)
