"""What two threads may do: silent under both levels."""

import _abc
import abc
import array
import collections
import collections.abc
import contextlib
import functools
import io
import os
import sys
import threading
import weakref

from handed_over import poll
from pairs import after, both, ordered


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


@after
def class_registered(write, read):
    Abstract = abc.ABCMeta("Abstract", (), {})

    class Marker:
        pass

    def one():
        write()
        Abstract.register(Marker)

    def two():
        poll(lambda: issubclass(Marker, Abstract) or None)
        read()

    return one, two


@after
def class_found_in_cache(write, read):
    Abstract = abc.ABCMeta("Abstract", (), {})

    class Marker:
        pass

    class Sub(Marker):
        pass

    Abstract.register(Marker)

    def one():
        write()
        isinstance(Sub(), Abstract)

    def two():
        poll(lambda: any(ref() is Sub for ref in _abc._get_dump(Abstract)[1]) or None)
        read()

    return one, two


@after
def weakref_counted(write, read):
    thing = type("Thing", (), {})()
    kept = []

    def one():
        write()
        kept.append(weakref.ref(thing))

    def two():
        poll(lambda: weakref.getweakrefcount(thing) or None)
        read()

    return one, two


@after
def weakref_made_by_c(write, read):
    """The cursor makes a weak reference to itself, in C, and keeps it in the connection."""
    import sqlite3

    connection = sqlite3.connect(":memory:", check_same_thread=False)
    cursor = sqlite3.Cursor.__new__(sqlite3.Cursor)

    def one():
        write()
        cursor.__init__(connection)

    def two():
        poll(lambda: weakref.getweakrefcount(cursor) or None)
        read()

    return one, two


@ordered
def closure_rewritten():
    """Each makes the variable's next value of the last one, which the other may have made."""
    cell = array.array("i", [0])

    def call():
        nonlocal cell
        for _ in range(100):
            cell = array.array("i", [cell[0] + 1])

    return both(call)


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


class Thing:
    """Whoever ends it uses it once more."""

    def __init__(self):
        self.cell = array.array("i", [0])

    def __del__(self):
        self.cell[0] += 1


@ordered
def ended_by_second():
    """A uses the object until it lets it go; B, who had it before that, lets it go last."""
    place, taken = collections.deque(), collections.deque()

    def one():
        thing = Thing()
        place.append(thing)
        poll(taken.popleft)
        place.clear()
        thing.cell[0] = 1

    def two():
        alone = Thing()
        mine = poll(lambda: place[0])
        taken.append(1)
        while sys.getrefcount(mine) > sys.getrefcount(alone):  # orders nothing
            pass
        del mine

    return one, two


@ordered
def owner_gone():
    """The owner uses the object after it has given it away, and ends; B ends the object."""
    place, taken = collections.deque(), collections.deque()

    def one():
        thing = Thing()
        place.extend([f"/proc/self/task/{threading.get_native_id()}", thing])
        poll(taken.popleft)
        thing.cell[0] = 1

    def two():
        path, thing = poll(place.popleft), poll(place.popleft)
        taken.append(1)
        while os.path.exists(path):  # orders nothing
            pass
        del thing

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


@ordered
def everyday():
    """A bit of everything that threads do without sharing: edges.py looks for what orders it."""

    class Shape:
        def __init__(self, sides):
            self.sides = sides

        @property
        def corners(self):
            return self.sides

        def __repr__(self):
            return f"{type(self).__name__}({self.sides})"

    def produce(count):
        yield from range(count)

    # What an abstract class has answered once, it finds in its caches.
    assert isinstance("", collections.abc.Sequence) and not isinstance(1, collections.abc.Sized)
    units, names = [object() for _ in range(5)], {str(i): object() for i in range(5)}

    def call():
        shapes = {str(i): Shape(i) for i in produce(20)}
        total = sum(s.corners for s in shapes.values())
        text = ", ".join(sorted(map(repr, shapes.values())))
        words = [w.upper() for w in text.split(", ")]
        with contextlib.suppress(KeyError):
            shapes["missing"]
        assert all(isinstance(word, collections.abc.Sequence) for word in words)
        assert not isinstance(total, collections.abc.Sized)
        assert units[2] is not names["3"]
        file = io.StringIO()
        print(total, words[:3], {1, 2} | {total}, file=file)
        array.array("i", [1] * 9).append(total)
        return collections.deque(words).popleft(), file.getvalue()

    return both(call)
