"""The list of cases. RACES are made by two threads with nothing between them, ORDERED are twins
with something that orders them. A case is a function that makes the shared state and returns one
call for each thread; in ORDERED the second may wait for the first, never by time."""

import array

RACES = {}
ORDERED = {}


def race(make):
    RACES[make.__name__] = make
    return make


def ordered(make):
    ORDERED[make.__name__] = make
    return make


def both(call):
    return call, call


def after(order):
    """A twin: writer and reader of an array, which itself orders nothing, with `order` between."""

    def case():
        cell = array.array("i", [0, 0])

        def write():
            cell[0] += 1

        def read():
            cell[0] += 1
            cell[1] += cell[0]

        return order(write, read)

    case.__name__ = order.__name__
    ORDERED[order.__name__] = case
    return case
