"""Looks like a cache of numbers, but each thread stores its own: two take the same place."""

owners = {}


def claim(place, owner):
    if place not in owners:
        owners[place] = owner
    return owners[place] == owner


def stress(thread_index):
    for place in range(40):
        claim(place, 1000 + thread_index)
