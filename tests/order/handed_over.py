"""Twins: one thread makes something and hands it to the other in a place that CPython keeps."""

import array
import builtins
import collections
import threading

from pairs import ORDERED


def poll(get):
    while True:
        try:
            if (value := get()) is not None:
                return value
        except (LookupError, AttributeError, NameError):
            pass


def handed_over(name, make):
    """An array that one thread fills and hands to the other through a place that CPython keeps."""

    def case():
        put, get = make()

        def one():
            cell = array.array("i", [0] * 4)
            cell[0] = 1
            put(cell)

        def two():
            cell = poll(get)
            cell[0] += 1

        return one, two

    ORDERED["through_" + name] = case


def through_dict():
    place = {}
    return lambda v: place.__setitem__("v", v), lambda: place["v"]


def through_dict_get():
    place = {}
    return lambda v: place.__setitem__("v", v), lambda: place.get("v")


def through_dict_int():
    place = {}
    return lambda v: place.__setitem__(7, v), lambda: place[7]


def through_dict_tuple():
    """The key is the first thread's; the other's is equal, and is compared with it."""
    place = {(i, "other"): i for i in range(6)}
    return lambda v: place.__setitem__((6, "key"), v), lambda: place.get((6, "key"))


def through_dict_pop():
    place = {}
    return lambda v: place.__setitem__("v", v), lambda: place.pop("v")


def through_list():
    place = [None]
    return lambda v: place.__setitem__(0, v), lambda: place[0]


def through_list_append():
    place = []
    return place.append, lambda: place[0]


def through_list_pop():
    place = []
    return place.append, lambda: place.pop()


def through_list_iter():
    place = []
    return place.append, lambda: next(iter(place), None)


def through_deque():
    place = collections.deque()
    return place.append, lambda: place.popleft()


def through_set():
    place = set()

    class Box:
        pass

    def put(v):
        box = Box()
        box.v = v
        place.add(box)

    return put, lambda: place.pop().v


def through_attribute():
    class Place:
        v = None

    place = Place()
    return lambda v: setattr(place, "v", v), lambda: place.v


def through_slot():
    class Place:
        __slots__ = ("v",)

    place = Place()
    return lambda v: setattr(place, "v", v), lambda: place.v


def through_class_attribute():
    class Place:
        v = None

    return lambda v: setattr(Place, "v", v), lambda: Place.v


def through_inherited_class_attribute():
    class Base:
        v = None

    class Place(Base):
        pass

    place = Place()
    return lambda v: setattr(Base, "v", v), lambda: place.v


def through_global():
    space = {"v": None}
    exec("def put(x):\n global v\n v = x\ndef get():\n return v", space)
    return space["put"], space["get"]


def through_builtin():
    """A name that is not there for many tries, so that its line is made a fast one meanwhile."""
    space = {}
    exec("def get():\n return handed_over_by_name", space)

    def put(v):
        builtins.handed_over_by_name = v

    return put, space["get"]


def through_closure():
    cell = None

    def put(v):
        nonlocal cell
        cell = v

    return put, lambda: cell


def through_weakref():
    import weakref

    class Place:
        v = None

    strong, weak = [], []

    def put(v):
        place = Place()
        place.v = v
        strong.append(place)
        weak.append(weakref.ref(place))

    return put, lambda: weak[0]().v


def through_weak_dict():
    import weakref

    class Place:
        pass

    strong, place = [], weakref.WeakValueDictionary()

    def put(v):
        box = Place()
        box.v = v
        strong.append(box)
        place["v"] = box

    return put, lambda: place["v"].v


def through_default():
    def f(v=None):
        return v

    return lambda v: setattr(f, "__defaults__", (v,)), lambda: None


def through_instance_dict():
    class Place:
        pass

    place = Place()
    return lambda v: place.__dict__.__setitem__("v", v), lambda: place.v


def through_module():
    import types

    place = types.ModuleType("place")
    return lambda v: setattr(place, "v", v), lambda: place.v


def through_contents_of_tuple():
    place = {}
    return lambda v: place.__setitem__("v", (1, (v,))), lambda: place["v"][1][0]


def through_context_var_copy():
    import contextvars

    variable = contextvars.ContextVar("v")
    place = []

    def put(v):
        variable.set(v)
        place.append(contextvars.copy_context())

    return put, lambda: place[0][variable]


def through_generator():
    def produce():
        value = yield
        while True:
            yield value

    place = []

    def put(v):
        g = produce()
        next(g)
        g.send(v)
        place.append(g)

    return put, lambda: next(place[0])


def through_method():
    class C:
        def __init__(self, v):
            self.v = v

        def get(self):
            return self.v

    place = []
    return lambda v: place.append(C(v).get), lambda: place[0]()


def through_exception():
    place = []

    def put(v):
        try:
            raise ValueError(v)
        except ValueError as e:
            place.append(e)

    return put, lambda: place[0].args[0]


def through_moved_list_slot():
    place, ready = [], threading.Lock()
    for _ in range(5):
        place.append(None)  # makes room for eight: a new table would order all that was before
    ready.acquire()

    def move():
        place[0]  # from here on readers take no lock
        with ready:
            place[0]  # nor for this one
            place.insert(0, 0)

    mover = threading.Thread(target=move)
    mover.start()

    def put(v):
        place.insert(0, v)
        ready.release()

    return put, lambda: place[1]


for make in (
    through_moved_list_slot,
    through_dict,
    through_dict_get,
    through_dict_int,
    through_dict_tuple,
    through_dict_pop,
    through_list,
    through_list_append,
    through_list_pop,
    through_list_iter,
    through_deque,
    through_set,
    through_attribute,
    through_slot,
    through_class_attribute,
    through_inherited_class_attribute,
    through_global,
    through_builtin,
    through_closure,
    through_weakref,
    through_weak_dict,
    through_instance_dict,
    through_module,
    through_contents_of_tuple,
    through_context_var_copy,
    through_generator,
    through_method,
    through_exception,
):
    handed_over(make.__name__[len("through_") :], make)
