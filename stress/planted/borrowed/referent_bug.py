"""The referent of a weak reference is used while another thread drops it."""

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
        planted.referent_bug(holder.reference, Thing)
