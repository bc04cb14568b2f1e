"""Two-object critical sections in both orders."""

import planted_locks as locks

one = {}
other = []


def nothing():
    pass


turns = locks.Turns(2)


def part_0():
    locks.with_sections(one, other, nothing)


def part_1():
    locks.with_sections(other, one, nothing)


def stress(thread_index):
    turns.run(thread_index, part_0, part_1)
