"""An attribute is made when it is looked for and is not there."""


class Thing:
    pass


things = [Thing() for _ in range(100)]


def parts_of(thing):
    try:
        return thing.parts
    except AttributeError:
        thing.parts = []
        return thing.parts


def stress(thread_index):
    for thing in things:
        parts_of(thing)
