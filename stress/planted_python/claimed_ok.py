"""setdefault() stores one of the two."""

owners = {}


def claim(place, owner):
    return owners.setdefault(place, owner) == owner


def stress(thread_index):
    for place in range(40):
        claim(place, 1000 + thread_index)
