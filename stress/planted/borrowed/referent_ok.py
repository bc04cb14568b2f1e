"""It is used with a reference of one's own."""

import weakref

import planted


class Thing:
    """Has weak references."""


class Holder:
    """Keeps one."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Let the old one go."""
        self.thing = Thing()
        self.reference = weakref.ref(self.thing)


holder = Holder()


def stress(thread_index):
    for _ in range(20):
        holder.renew()
        planted.referent_ok(holder.reference, Thing)
