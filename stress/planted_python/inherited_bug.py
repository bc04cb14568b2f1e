"""An attribute of a class, read by way of an object of a subclass."""


class Base:
    made = 0


class Derived(Base):
    def __init__(self):
        Base.made = self.made + 1


def stress(thread_index):
    for _ in range(50):
        Derived()
