"""The same of tuples of numbers, texts and intervals, by what KeyError says."""

from datetime import timedelta

known = {}


def find(number):
    try:
        return known[number]
    except KeyError:
        known[number] = (number * 1000.5, f"text {number}", timedelta(minutes=number))
        return known[number]


def stress(thread_index):
    for number in range(1, 40):
        assert find(number)[2] == timedelta(minutes=number)
