"""Each thread looks up a name that it has made itself: the cache of attributes keeps it a while."""


class Thing:
    def say_hello(self):
        pass


def stress(thread_index):
    thing = Thing()
    for _ in range(50):
        getattr(thing, "_".join(["say", "hello"]))()
