"""Two calls on one shared object: a race, or ordered by CPython's own locks and atomics."""

import _thread
import array
import collections
import ctypes
import functools
import io
import itertools
import signal
import weakref

from pairs import ORDERED, RACES, both, ordered, race


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
def next_between_lines():
    """Lines before and after the access look up globals: that orders nothing either."""
    shared = iter(range(1000))

    def call():
        for text in map(str, range(9)):
            len(text), repr(text)
        next(shared)
        for text in map(repr, range(9)):
            int(text), ord(text)

    return both(call)


@race
def array_set():
    a = array.array("i", [0])
    return both(lambda: a.__setitem__(0, 1))


@race
def array_set_in_closure():
    a = array.array("i", [0])

    def call():
        a[0] = 1
        return a  # 3.13 locks the variable to read it

    return both(call)


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


def by_c(name, make):
    """C code that a section of CPython would run, which is more than to read."""

    def case():
        cell = array.array("i", [1] * 99)
        return make(cell), lambda: cell.append(1)

    RACES["by_c_" + name] = case


def key_that_appends(cell):
    """Equal to nothing, and whoever compares it appends to the array, without a line of Python."""
    return type("Key", (), {"__eq__": cell.append, "__hash__": (10**6).__hash__})()


def dict_key_compared(cell):
    key, d = key_that_appends(cell), {10**6: 1}
    return lambda: d.get(key)


def set_key_compared(cell):
    key, s = key_that_appends(cell), {10**6}
    contains = ctypes.pythonapi.PySet_Contains
    contains.argtypes = [ctypes.py_object] * 2
    return lambda: contains(s, key)


def weakref_hashed(cell):
    thing = type("Thing", (), {"__hash__": cell.pop})()
    ref = weakref.ref(thing)
    return lambda: (hash(ref), thing)


by_c("dict_key_compared", dict_key_compared)
by_c("set_key_compared", set_key_compared)
by_c("weakref_hashed", weakref_hashed)


@race
def dict_key_compared_by_python():
    """All keys are strings, so that the section is one that reads, until the line begins."""
    cell, number = array.array("i", [0]), hash("name")
    d = {"".join(["na", "me"]): 1}  # a string that no other thread has seen

    class Key:
        def __hash__(self):
            return number

        def __eq__(self, other):
            cell.append(1)
            return False

    key = Key()
    return lambda: d.get(key), lambda: cell.append(1)


@race
def counted_by_lru_cache():
    """Hits and misses are counted, by all."""
    cell = array.array("i", [0])
    cached = functools.cache(lambda n: n)
    cached(1)

    def one():
        cached(1)
        cell.append(1)
        cached(1)

    return both(one)


@race
def interrupted_between():
    """Each sets a bit for the main thread: that tells the two nothing of each other."""
    cell = array.array("i", [0])
    signal.signal(signal.SIGUSR1, lambda *_: None)
    interrupt = functools.partial(_thread.interrupt_main, signal.SIGUSR1)
    return lambda: (cell.append(1), interrupt()), lambda: (interrupt(), cell.append(1))


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
