"""Pairs of calls: RACES are made by two threads with nothing between them, ORDERED are twins with
something that orders them. A case is a function that makes the shared state and returns one call
for each thread; in ORDERED the second may wait for the first, never by time."""

import array
import collections
import contextlib
import ctypes
import functools
import io
import itertools
import os
import runpy
import threading

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


def iterator(name, make, into=RACES):
    def case():
        shared = make()
        return both(lambda: next(shared))

    into["next_" + name] = case


iterator("range", lambda: iter(range(1000)))
iterator("long_range", lambda: iter(range(1 << 70, (1 << 70) + 9)))
iterator("generator", lambda: (i for i in range(100)))
iterator("enumerate", lambda: enumerate(range(1000)))
iterator("zip", lambda: zip(range(1000), range(1000)))
iterator("zip_longest", lambda: itertools.zip_longest(range(9), range(9)))
iterator("pairwise", lambda: itertools.pairwise(range(99)))
iterator("islice", lambda: itertools.islice(range(99), 50))
iterator("chain", lambda: itertools.chain([1, 2], [3, 4]))
iterator("product", lambda: itertools.product([1, 2], [3, 4]))
iterator("permutations", lambda: itertools.permutations([1, 2, 3]))
iterator("combinations", lambda: itertools.combinations([1, 2, 3, 4], 2))
iterator("accumulate", lambda: itertools.accumulate(iter([1, 2, 3, 4])))
iterator("dropwhile", lambda: itertools.dropwhile(lambda x: False, [1, 2, 3, 4]))
iterator("groupby", lambda: itertools.groupby([1, 2, 3, 4]))
iterator("tee", lambda: itertools.tee([1, 2, 3, 4])[0])
iterator("batched", lambda: itertools.batched([1, 2, 3, 4, 5, 6], 2), ORDERED)
iterator("exhausted_dict", lambda: iter({}))
iterator("exhausted_callable", lambda: iter(int, 0))
iterator("repeat", lambda: itertools.repeat(1, 50), ORDERED)
iterator("map", lambda: map(abs, range(9)))
iterator("filter", lambda: filter(None, range(1, 9)))
iterator("list", lambda: iter([1, 2, 3]), ORDERED)
iterator("reversed_list", lambda: reversed([1, 2, 3]), ORDERED)
iterator("tuple", lambda: iter((1, 2, 3)), ORDERED)
iterator("str", lambda: iter("abcdef"))
iterator("bytes", lambda: iter(b"abcdef"))
iterator("bytearray", lambda: iter(bytearray(b"abcdef")), ORDERED)
iterator("memoryview", lambda: iter(memoryview(b"abcdef")))
iterator("dict", lambda: iter({1: 1, 2: 2, 3: 3}), ORDERED)
iterator("dict_items", lambda: iter({1: 1, 2: 2, 3: 3}.items()), ORDERED)
iterator("set", lambda: iter({1, 2, 3}))
iterator("deque", lambda: iter(collections.deque(range(9))), ORDERED)
iterator("odict", lambda: iter(collections.OrderedDict.fromkeys(range(9))), ORDERED)
iterator("sequence", lambda: iter(type("S", (), {"__getitem__": lambda s, i: i})()))
iterator("callable", lambda: iter(int, 1), ORDERED)
iterator("struct", lambda: __import__("struct").iter_unpack("b", b"abcdef"))
iterator("array", lambda: iter(array.array("i", range(9))))
iterator("csv", lambda: __import__("csv").reader(iter(["a,b", "c,d", "e,f"] * 9)), ORDERED)
iterator("finditer", lambda: __import__("re").finditer("a", "aaaaaaaa"), ORDERED)


@race
def next_cycle():
    shared = itertools.cycle([1, 2, 3])
    return both(lambda: [next(shared) for _ in range(7)])


@race
def array_set():
    a = array.array("i", [0])
    return both(lambda: a.__setitem__(0, 1))


@race
def array_append():
    a = array.array("i", [0])
    return both(lambda: a.append(1))


@ordered
def bytearray_set_and_get():
    a = bytearray(8)
    return lambda: a.__setitem__(0, 1), lambda: a[0]


@ordered
def ctypes_value():
    a = ctypes.c_int(1)
    return both(lambda: setattr(a, "value", 2))


@ordered
def ctypes_pointer():
    a = (ctypes.c_int * 4)()
    return both(lambda: a.__setitem__(1, 2))


@race
def memoryview_release():
    m = memoryview(bytearray(9))
    return lambda: m.release(), lambda: m.nbytes


@race
def memoryview_set():
    m = memoryview(bytearray(9))
    return both(lambda: m.__setitem__(1, 1))


@ordered
def stringio_read():
    b = io.StringIO("x" * 1000)
    return both(lambda: b.read(3))


@ordered
def bytesio_getvalue():
    b = io.BytesIO(b"x" * 1000)
    return both(lambda: b.read(3))


@ordered
def textio_write():
    t = io.TextIOWrapper(io.BytesIO())
    return both(lambda: t.write("a"))


@ordered
def textio_read():
    t = io.TextIOWrapper(io.BytesIO(b"abc\n" * 100))
    return both(lambda: t.read(1))


@race
def exception_init():
    e = ValueError(1)
    return both(lambda: e.__init__(2))


@race
def oserror_init():
    e = StopIteration(1)
    return both(lambda: e.__init__(2))


@ordered
def exception_attribute():
    e = OSError(1, "a")
    return both(lambda: setattr(e, "strerror", "b"))


@race
def syntax_error_init():
    e = SyntaxError("a", ("f", 1, 1, "t"))
    return both(lambda: e.__init__("a", ("f", 1, 1, "t")))


@race
def property_init():
    p = property()
    return both(lambda: p.__init__(abs))


@race
def staticmethod_init():
    p = staticmethod(abs)
    return both(lambda: p.__init__(len))


@race
def partial_setstate():
    p = functools.partial(abs)
    return both(lambda: p.__setstate__((len, (), {}, None)))


@race
def function_name():
    def f():
        pass

    return lambda: setattr(f, "__name__", "g" + str(1)), lambda: f.__name__


@race
def function_closure_default():
    def f(a=1):
        pass

    return lambda: setattr(f, "__defaults__", (2,)), lambda: f()


@race
def function_code():
    def f():
        pass

    def g():
        return 1

    return lambda: setattr(f, "__code__", g.__code__), lambda: f()


@ordered
def slot_member():
    class C:
        __slots__ = ("a",)

    c = C()
    c.a = 1
    return both(lambda: setattr(c, "a", object()))


@race
def super_init():
    s = super(int, 1)
    return both(lambda: super.__init__(s, int, 2))


@ordered
def slice_of_shared_odict():
    d = collections.OrderedDict.fromkeys(range(9))
    return lambda: d.move_to_end(3), lambda: d.popitem()


@race
def int_digits_limit():
    import sys

    return lambda: sys.set_int_max_str_digits(5000), lambda: str(1 << 5000)


@ordered
def gc_threshold():
    import gc

    return lambda: gc.set_threshold(2000), lambda: gc.get_threshold()


@ordered
def frame_lines():
    import sys

    frames = []

    def f():
        frames.append(sys._getframe())
        for i in range(20):
            pass

    return f, lambda: frames[0].f_lineno


@ordered
def json_scanner():
    import json

    m = json.scanner.make_scanner(json.JSONDecoder())
    return both(lambda: setattr(json.decoder, "x", 1) or m('{"a": 1}', 0))


@race
def etree_append():
    from xml.etree import ElementTree

    e = ElementTree.Element("a")
    return both(lambda: e.append(ElementTree.Element("b")))


@race
def etree_set():
    from xml.etree import ElementTree

    e = ElementTree.Element("a")
    return both(lambda: setattr(e, "text", "b"))


@race
def pickler_dump():
    import pickle

    p = pickle.Pickler(io.BytesIO())
    return both(lambda: p.dump([1]))


@race
def decimal_precision():
    import decimal

    c = decimal.Context()
    return lambda: setattr(c, "prec", 9), lambda: c.prec


@ordered
def switch_interval():
    import sys

    return lambda: sys.setswitchinterval(0.004), lambda: sys.getswitchinterval()


@ordered
def eval_small():
    return both(lambda: eval("1+1"))


def numpy_race(name, make):
    def case():
        import numpy

        return make(numpy)

    RACES["numpy_" + name] = case


def numpy_cases():
    def store(np):
        a = np.zeros(4)
        return lambda: a.__setitem__(0, 1), lambda: a[0]

    numpy_race("item", store)

    def inplace(np):
        a = np.zeros(64)

        def add():
            nonlocal a
            np.add(a, 1, out=a)

        return both(add)

    numpy_race("add_out", inplace)

    def sort(np):
        a = np.arange(64)[::-1].copy()
        return both(lambda: a.sort())

    numpy_race("sort", sort)

    def flat(np):
        f = np.arange(64).flat
        return both(lambda: next(f))

    numpy_race("flatiter", flat)

    def nditer(np):
        f = np.nditer(np.arange(64))
        return both(lambda: next(f))

    numpy_race("nditer", nditer)

    def broadcast(np):
        f = np.broadcast(np.arange(8), np.arange(8))
        return both(lambda: next(f))

    numpy_race("broadcast", broadcast)

    def flags(np):
        a = np.arange(8)
        return lambda: a.setflags(write=False), lambda: a.flags.writeable

    numpy_race("setflags", flags)

    def shape(np):
        a = np.zeros((2, 4))
        return lambda: setattr(a, "shape", (4, 2)), lambda: a.shape

    numpy_race("shape", shape)

    def state(np):
        return both(lambda: (np.random.seed(1), np.random.get_state()))

    numpy_race("seed", state)

    def fill(np):
        a = np.zeros(8)
        return both(lambda: a.fill(2))

    numpy_race("fill", fill)

    def dtype_names(np):
        d = np.dtype([("a", "i4"), ("b", "i4")])
        return lambda: setattr(d, "names", ("c", "d")), lambda: d.names

    numpy_race("dtype_names", dtype_names)


numpy_cases()


# What two threads may do: silent under both levels.


@ordered
def nothing():
    return both(lambda: None)


@ordered
def own_objects():
    def call():
        d = {str(i): [i] for i in range(50)}
        return sorted(d), repr(d), "%s" % (tuple(d),)

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
def imports():
    def call():
        import colorsys, this_is_missing  # noqa

    def quiet():
        with contextlib.suppress(ImportError):
            call()

    return both(quiet)


@ordered
def shared_dict_and_list():
    d, l = {"a": [1]}, [1, 2]

    def call():
        d["b"] = object()
        l.append(d.get("a"))
        d.pop("b", None)
        l[0], len(l), "a" in d, list(d), l[:]

    return both(call)


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


@after
def lock(write, read):
    guard = threading.Lock()

    def one():
        with guard:
            write()

    def two():
        with guard:
            read()

    return one, two


@after
def rlock(write, read):
    guard = threading.RLock()

    def one():
        with guard, guard:
            write()

    def two():
        with guard:
            read()

    return one, two


@after
def condition(write, read):
    guard, done = threading.Condition(), []

    def one():
        with guard:
            write()
            done.append(1)
            guard.notify_all()

    def two():
        with guard:
            guard.wait_for(lambda: done)
        read()

    return one, two


@after
def event(write, read):
    done = threading.Event()
    return lambda: (write(), done.set()), lambda: (done.wait(), read())


@after
def event_polled(write, read):
    done = threading.Event()

    def two():
        while not done.is_set():
            pass
        read()

    return lambda: (write(), done.set()), two


@after
def semaphore(write, read):
    done = threading.Semaphore(0)
    return lambda: (write(), done.release()), lambda: (done.acquire(), read())


@after
def barrier(write, read):
    done = threading.Barrier(2)
    return lambda: (write(), done.wait()), lambda: (done.wait(), read())


@after
def queue_put_get(write, read):
    import queue

    line = queue.Queue()
    return lambda: (write(), line.put(1)), lambda: (line.get(), read())


@after
def simple_queue(write, read):
    import queue

    line = queue.SimpleQueue()
    return lambda: (write(), line.put(1)), lambda: (line.get(), read())


@after
def future(write, read):
    from concurrent.futures import Future

    result = Future()
    return lambda: (write(), result.set_result(1)), lambda: (result.result(), read())


@after
def pool_map(write, read):
    from concurrent.futures import ThreadPoolExecutor

    def one():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(write).result()
            read()

    return one, lambda: None


@after
def start_and_join(write, read):
    def one():
        write()
        other = threading.Thread(target=read)
        other.start()
        other.join()
        write()

    return one, lambda: None


@after
def join_by_another(write, read):
    import queue

    threads = queue.SimpleQueue()

    def one():
        other = threading.Thread(target=write)
        other.start()
        threads.put(other)

    def two():
        threads.get().join()
        read()

    return one, two


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
    place, ready = [None], threading.Lock()
    ready.acquire()

    def move():
        place[0]  # from here on readers take no lock
        with ready:
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


@ordered
def last_decref():
    """Both use the object; whoever lets it go last destroys it."""
    boxes = [[array.array("i", [1] * 9) for _ in range(20)] for _ in range(2)]
    boxes[1] = list(boxes[0])

    def use(mine):
        while mine:
            cell = mine.pop()
            len(cell), cell.itemsize

    return lambda: use(boxes[0]), lambda: use(boxes[1])


@ordered
def last_decref_of_instances():
    class C:
        def __init__(self):
            self.a, self.b = [1], {1: 2}

    shared = [C() for _ in range(20)]
    boxes = [list(shared), list(shared)]
    del shared

    def use(mine):
        while mine:
            c = mine.pop()
            c.a, c.b, c.__dict__, hash(c)

    return lambda: use(boxes[0]), lambda: use(boxes[1])


@ordered
def made_here_ended_there():
    """A makes and lets go while B still has it, and the other way round."""
    place = collections.deque()

    def one():
        for i in range(50):
            value = bytearray(100)
            value[0] = 1
            place.append(value)

    def two():
        got = 0
        while got < 50:
            try:
                value = place.popleft()
            except IndexError:
                continue
            value[0]
            got += 1
            del value

    return one, two


@ordered
def merged_by_owner():
    """B lets one of two references go, so A, the owner, merges the counts; B ends the object."""
    import time

    first, second, done = collections.deque(), collections.deque(), []

    def one():
        for i in range(50):
            value = 10**6 + i
            first.append(value)
            second.append(value)
            del value
        while not done:
            pass

    def two():
        while first:
            first.pop()
        time.sleep(0.1)
        while second:
            second.pop()
        [2 * 10**6 + i for i in range(60)]
        done.append(1)

    return one, two


@ordered
def freed_here_reused_there():
    place = collections.deque()

    def one():
        for i in range(200):
            place.append([bytes(200), bytearray(300), {str(i): i}])

    def two():
        for _ in range(200):
            with contextlib.suppress(IndexError):
                place.pop()
            mine = [bytearray(300), {"a": 1}, [1] * 40]
            mine[0][0] = 2

    return one, two


@ordered
def type_published():
    place = []

    def one():
        class Base:
            limit = [1]

            def f(self):
                return self.limit

        class C(Base):
            __slots__ = ("x",)

        place.append(C)

    def two():
        C = poll(lambda: place[0])
        c = C()
        c.x = 1
        return c.f(), c.x, repr(c), isinstance(c, C), C.__mro__

    return one, two


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


@ordered
def module_published():
    import sys

    sys.modules.pop("colorsys", None)

    def call():
        import colorsys

        return colorsys.rgb_to_hsv(1, 2, 3)

    return both(call)


@ordered
def interned():
    import sys

    def call():
        for i in range(30):
            s = sys.intern("a rather unlikely string %d" % i)
            {s: 1}[s], hash(s), s.upper()

    return both(call)


@ordered
def garbage_collected():
    import gc

    def call():
        for i in range(20):
            a, b = [], {}
            a.append(b)
            b["a"] = a
        gc.collect()

    return both(call)


@ordered
def functions_called():
    def f(a, b=1, *c, d=2, **e):
        return [a, b, c, d, e]

    def g():
        yield from f(1)

    def call():
        for i in range(20):
            f(i), f(i, 2, 3, d=4, e=5), list(g())

    return both(call)


@ordered
def cached_function():
    @functools.lru_cache(maxsize=8)
    def f(x):
        return [x]

    def call():
        for i in range(20):
            f(i % 12)

    return both(call)


@ordered
def regular_expressions():
    import re

    def call():
        for i in range(5):
            re.sub(r"(a)(b)?" + "c" * i, r"\1", "abc" * 9)

    return both(call)


@ordered
def attribute_dict_shared():
    class C:
        pass

    c = C()

    def call():
        for i in range(20):
            c.a = [i]
            c.__dict__.get("a")
            setattr(c, "b%d" % i, i)
            getattr(c, "b%d" % (i - 1), None)
            vars(c).copy()

    return both(call)


@ordered
def thread_local():
    space = threading.local()

    def call():
        space.v = [1]
        space.v.append(2)

    return both(call)


@ordered
def many_threads():
    def call():
        others = [threading.Thread(target=lambda: [object() for _ in range(50)]) for _ in range(4)]
        for other in others:
            other.start()
        for other in others:
            other.join()

    return both(call)


@ordered
def bytesio_shared():
    b = io.BytesIO(b"x" * 1000)
    return both(lambda: (b.read(3), b.seek(0), b.getvalue()))


@ordered
def print_and_format():
    out = io.StringIO()
    return both(lambda: print(f"{1.5:>8} {'a':5} {[1]!r}", file=io.StringIO()))


@ordered
def eval_and_exec():
    def call():
        eval("1 + 1")
        exec("def f(x): return [y for y in x]\nf([1])", {})

    return both(call)


# The suite of planted races: each bug, and its correct twin.

PLANTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../stress/planted/cases")


def planted(file):
    def case():
        stress = runpy.run_path(os.path.join(PLANTED, file))["stress"]
        return lambda: stress(0), lambda: stress(1)

    name = "planted_" + file[: -len(".py")]
    (RACES if name.endswith("_bug") else ORDERED)[name] = case


if any(
    os.path.isdir(os.path.join(place, "planted"))
    for place in os.environ.get("PYTHONPATH", "").split(":")
):
    for file in sorted(os.listdir(PLANTED)):
        if file.endswith(".py"):
            planted(file)
