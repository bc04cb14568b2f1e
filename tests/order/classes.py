"""Classes: what their making, their changes and the type cache order, and what they do not."""

import array
import contextlib
import ctypes
import gc
import struct
import threading
import time
import unittest

from handed_over import poll
from pairs import ORDERED, after, both, ordered, race


@race
def instances_made_between():
    """A class counts its first thirty instances under a lock, which says nothing."""
    cell = array.array("i", [0])

    class Counted:
        def __init__(self):
            self.number = 1

    Counted()  # its methods are in the type cache

    def one():
        Counted()
        cell.append(1)
        Counted()

    return both(one)


@race
def test_cases_run_between():
    cell = array.array("i", [0])

    class Case(unittest.TestCase):
        def test(self):
            cell.append(1)

    return both(lambda: Case("test").run())


@race
def dicts_of_instances_between():
    """They share their keys, and count it."""
    cell = array.array("i", [0])

    class Plain:
        pass

    def one():
        vars(Plain())
        cell.append(1)
        vars(Plain())

    for _ in range(40):
        vars(Plain())
    return both(one)


@race
def names_dropped_between():
    """One thread's names make room in the type cache for the other's, which did its part before."""
    cell = array.array("i", [0])

    class C:
        pass

    def look_up(prefix, count):
        for i in range(count):
            hasattr(C, prefix + str(i))

    def one():
        look_up("a", 500)
        time.sleep(0.3)  # the other does all its part meanwhile
        cell.append(1)

    def two():
        cell.append(1)
        look_up("b", 500)
        time.sleep(0.3)

    return one, two


def used(write, use, between):
    """Two threads use a class; one of them does something `between` that fills entries."""

    def one():
        write()
        between()
        use()

    def two():
        use()
        write()

    return one, two


def used_class():
    class Used:
        def f(self):
            return self

        def g(self):
            return self

    return lambda: Used().f().g()


@race
def class_first_used_between():
    cell = array.array("i", [0])
    return used(lambda: cell.append(1), used_class(), lambda: None)


@race
def entries_filled_again_between():
    """Some names of one class push out some of another's, which is used again."""
    cell, names = array.array("i", [0]), ["n%d" % i for i in range(100)]

    class Used:
        pass

    class Other:
        pass

    def use():
        for name in names:
            hasattr(Used, name)

    def between():
        for i in range(500):
            hasattr(Other, "o%d" % i)

    use()
    return used(lambda: cell.append(1), use, between)


@race
def other_class_made_between():
    cell, use = array.array("i", [0]), used_class()
    use(), use()  # the first time gives the class its version
    return used(lambda: cell.append(1), use, used_class)


@race
def other_class_changed_between():
    class Other:
        v = 1

    def between():
        Other.v += 1

    cell, use = array.array("i", [0]), used_class()
    use(), use()  # the first time gives the class its version
    return used(lambda: cell.append(1), use, between)


@race
def super_called_between():
    """It reads the class out of a cell, under the cell's lock."""
    cell = array.array("i", [0])

    class C:
        def f(self):
            parent = super()
            cell.append(1)
            return parent, super()

    c = C()
    c.f()
    return both(c.f)


@race
def module_of_base_looked_for_between():
    """A method of a class's base finds its module's state through the bases."""
    cell = array.array("i", [0])

    class Shape(struct.Struct):
        pass

    shape = Shape("i")

    def one():
        shape.pack(1)
        cell.append(1)
        shape.pack(1)

    one()
    return both(one)


def handed_over_by_class(make):
    """One thread puts an array into a class and uses that, so that it is who fills the entries of
    the type cache; the other finds them."""

    def case():
        change, use = make()
        changed = []

        def one():
            cell = array.array("i", [0] * 4)
            cell[0] = 1
            change(cell)
            for _ in range(20):
                use()
            changed.append(1)

        def two():
            while not changed:  # orders nothing
                pass
            for _ in range(20):
                use()[0] += 1

        return one, two

    ORDERED["class_" + make.__name__] = case
    return make


@handed_over_by_class
def attribute():
    class C:
        v = None

    assert C().v is None
    return lambda cell: setattr(C, "v", cell), lambda: C().v


@handed_over_by_class
def attribute_of_base():
    class Base:
        v = None

    class C(Base):
        pass

    assert C().v is None
    return lambda cell: setattr(Base, "v", cell), lambda: C().v


@handed_over_by_class
def attribute_of_class_not_used_before():
    class Base:
        pass

    class C(Base):
        pass

    return lambda cell: setattr(Base, "v", cell), lambda: C.v


@handed_over_by_class
def attribute_of_metaclass():
    class Meta(type):
        v = None

    class C(metaclass=Meta):
        pass

    assert C.v is None
    return lambda cell: setattr(Meta, "v", cell), lambda: C.v


@handed_over_by_class
def attribute_removed():
    class Base:
        pass

    class C(Base):
        v = None

    def change(cell):
        Base.v = cell
        del C.v

    return change, lambda: C().v


@handed_over_by_class
def function():
    class C:
        pass

    return lambda cell: setattr(C, "f", lambda self: cell), lambda: C().f()


@handed_over_by_class
def descriptor():
    class C:
        v = 1

    c = C()
    return lambda cell: setattr(C, "v", property(lambda self: cell)), lambda: c.v


@handed_over_by_class
def class_of_instance():
    class C:
        v = None

    c = C()

    def change(cell):
        c.__class__ = type("D", (), {"v": cell})

    return change, lambda: c.v


@handed_over_by_class
def dict_changed_in_c():
    """As extensions did before there were functions for it. The class has no version yet."""

    class C:
        pass

    def change(cell):
        (space,) = (d for d in gc.get_referents(C.__dict__) if isinstance(d, dict))
        space["v"] = cell
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(C))

    return change, lambda: C.v


@handed_over_by_class
def entry_of_third_thread():
    class C:
        v = None

    def change(cell):
        C.v = cell
        third = threading.Thread(target=lambda: C.v)
        third.start()
        third.join()

    return change, lambda: C.v


@ordered
def names_looked_up_by_both():
    """Each makes names; in the type cache they take each other's place."""

    class C:
        pass

    def look_up(prefix):
        for i in range(6000):
            getattr(C, "%s%d" % (prefix, i), None)

    return lambda: look_up("a"), lambda: look_up("b")


@ordered
def classes_made_and_dropped():
    def call():
        for i in range(100):
            C = type("C", (), {"v": [i], "f": lambda self: self.v})
            C().f()[0] += 1
            C.v = [0]
            C().f()[0] += 1

    return both(call)


@ordered
def own_class():
    def call():
        class C:
            x = 1

            def f(self):
                return self.x

        c = C()
        c.f()
        C.x = 2
        return c.f()

    return both(call)


@ordered
def type_published():
    place = []

    def use(kind):
        for _ in range(20):
            c = kind(1)
            c.f(), c[0], c.x, repr(c), isinstance(c, kind), kind.__mro__

    def one():
        class Base:
            limit = [1]

            def f(self):
                return self.limit

        class C(Base):
            __slots__ = ("x",)

            def __init__(self, x):
                self.x = x

            def __getitem__(self, at):
                return at

        use(C)
        place.append(C)

    return one, lambda: use(poll(lambda: place[0]))


@ordered
def type_changed_under_lock():
    guard = threading.Lock()

    class C:
        v = 1

    class D(C):
        pass

    d = D()

    def one():
        with guard:
            for i in range(9):
                C.v = [i]
                d.v
                C.f = lambda self: 1
                d.f()

    return one, one


@ordered
def type_read_by_both():
    class Base:
        a = [1]

        def f(self):
            return 1

        @property
        def p(self):
            return 2

    kinds = [type("C%d" % i, (Base,), {"b": i}) for i in range(20)]

    def call():
        for C in kinds:
            c = C()
            c.a, c.b, c.f(), c.p, C.b, isinstance(c, Base)
            with contextlib.suppress(AttributeError):
                c.missing

    return both(call)


@after
def subclass_made(write, read):
    class Base:
        pass

    made = []

    def one():
        write()
        made.append(type("New", (Base,), {}))

    def two():
        while not made:  # orders nothing; CPython reads its list of subclasses without a lock
            pass
        poll(lambda: Base.__subclasses__() or None)
        read()

    return one, two
