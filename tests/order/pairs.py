"""The list of cases. RACES are made by two threads with nothing between them, ORDERED are twins
with something that orders them. A case is a function that makes the shared state and returns one
call for each thread; in ORDERED the second may wait for the first, never by time."""

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
