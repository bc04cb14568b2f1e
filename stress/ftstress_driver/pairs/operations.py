"""What can be done with an object: candidates, each as Python source.

    o.add(*a)           a method; a: arguments that tests gave it, or some of a small pool
    o.position          an attribute read; and set, to what another such object has there
    len(o), o[0], ...   what methods with underscores mean
    copy.copy(o), ...   what may be done with any object
    f(o, 1)             functions that tests gave such an object to

Whether a candidate works is for survey.py to find out.
"""

import ast
import re
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

# Says the same as another, or is about the class.
MEANINGLESS = frozenset(
    [
        "__new__",
        "__class__",
        "__init_subclass__",
        "__subclasshook__",
        "__getattribute__",
        "__setattr__",
        "__delattr__",
        "__dir__",
        "__doc__",
        "__class_getitem__",
        "__getattr__",
        "__format__",
        "__text_signature__",
        "__mro__",
        "mro",
        "__subclasses__",
        "__prepare__",
        "__instancecheck__",
        "__subclasscheck__",
        "__base__",
        "__bases__",
        "__module__",
        "__dictoffset__",
        "__flags__",
        "__itemsize__",
        "__basicsize__",
        "__weakrefoffset__",
        "__abstractmethods__",
        "__getnewargs__",
        "__getnewargs_ex__",
        "__reduce_ex__",
        "__ge__",
        "__gt__",
        "__le__",
        "__ne__",
        "__dict__",
        "__weakref__",
        "__array_finalize__",
        "__array_prepare__",
        "__array_wrap__",
        "__buffer__",
        "__release_buffer__",
        "__annotations__",
        "__annotate__",
        "__type_params__",
        "__name__",
        "__qualname__",
        "__del__",
    ]
)

NAMES = frozenset(["__name__", "__qualname__"])

# Waits for another thread, ends the process, or is about what a process has only one of.
UNFIT = {
    "acquire": "it waits for another thread",
    "wait": "it waits for another thread",
    "poll": "it waits",
    "select": "it waits",
    "accept": "it waits for a connection",
    "connect": "it opens a connection",
    "fromfd": "it takes over a descriptor",
    "detach": "it gives a descriptor away",
    "madvise": "it can take memory away from others",
    "set_trace_callback": "it prints",
    "enable_load_extension": "it loads code",
    "load_extension": "it loads code",
    "load_verify_locations": "it reads the machine's certificates",
    "load_default_certs": "it reads the machine's certificates",
    "set_default_verify_paths": "it reads the machine's certificates",
    "get_ca_certs": "it reads the machine's certificates",
}

# By the method that the type must have. O(1) of time, and harmless to who holds the object.
GENERAL = (
    ("copy", "copy.copy(o)", None),
    ("deepcopy", "copy.deepcopy(o)", None),
    ("pickle", "pickle.dumps(o)", None),
    ("sizeof", "sys.getsizeof(o)", None),
    ("str", "str(o)", None),
    ("list", "list(itertools.islice(o, 30))", "__iter__"),
    ("bytes", "bytes(memoryview(o))", "__buffer__"),
    ("view", "memoryview(o).release()", "__buffer__"),
    ("in", "1 in o", "__contains__"),
    ("bool", "bool(o)", None),
)

# A function in which the other thread makes its call: who sleeps gives its turn away. What a caller
# has read before, and what it locks with a critical section, is not the same any more after it.
CALLBACK = "lambda *a: time.sleep(0) or 0"

# Tried where tests have shown no arguments: o2 is another object of the same making.
POOL = (
    "",
    "0",
    "1",
    "'a'",
    "b'ab'",
    "[1, 2]",
    "o2",
    CALLBACK,
    "None",
    "1, 2",
    "0, 0",
    "'a', 1",
    "b'a', b'b'",
    "{}",
    "max",
    "'utf-8'",
    "bytearray(4)",
    "[b'a']",
    "['a']",
    "slice(0, 2)",
    "slice(0, 1), o2",
    "(1, 2)",
    "'a', 'b'",
    "0, 1, 2",
    "{1: 2}",
    "{'a': 1}",
    "1.5",
    "0, 'a'",
    "o",
    "[('a', 1)]",
    "ValueError",
)
# The same, with something that is in the object: a key of a mapping, an item of a sequence.
INSIDE = ("next(iter(o2))", "next(iter(o2)), 1", "next(iter(o2)), next(iter(o2))")
BY_ITEM = frozenset({"__contains__", "__getitem__", "__setitem__", "__delitem__"})
MOST_ARGUMENTS = 4
"""Argument lists of a method that are kept."""
MOST_OPERANDS = 2
"""The same of a method with underscores, and of values that an attribute is set to."""
MOST_TAKERS = 20
"""Functions that take such an object."""
ASSIGNED = ("None", "1", "'a'", "max", "{}", "b'a'", "0")

CONTAINER_METHODS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "clear",
        "reverse",
        "sort",
        "update",
        "popitem",
        "setdefault",
        "add",
        "discard",
        "__setitem__",
        "__delitem__",
        "__iadd__",
        "__ior__",
        "__isub__",
        "__iand__",
        "__imul__",
        "intersection_update",
        "symmetric_difference_update",
        "difference_update",
    ]
)
"""What changes a list, dict, set or bytearray: the other side of a call that takes one."""


@dataclass(frozen=True)
class Candidate:
    """An operation that may work."""

    name: str
    """What it is called in a pair's name."""
    code: str
    """An expression or statement over o (the object) and a (the arguments)."""
    arguments: tuple[str, ...] = ("",)
    """Argument lists to try, in this order, as source."""
    keep: int = 1
    """So many of those that work are operations of their own."""
    taker: bool = False
    """The object is an argument of somebody else's function."""


def candidates(
    kind: type, methods: dict[str, Counter[str]], takers: Counter[str]
) -> Iterator[Candidate]:
    """Of an extension's type."""
    for name in sorted(dir(kind)):
        found, owner = find(kind, name)
        if (name in MEANINGLESS and not _is_of_objects(kind, name)) or (
            owner is object and name not in ("__repr__", "__reduce__", "__hash__")
        ):
            continue
        if isinstance(found, types.FunctionType | types.ModuleType) or found is None:
            continue
        if re.fullmatch(r"__r(?!epr|educe|eversed|ound)\w+__", name):
            continue  # the same with its operands exchanged
        what = type(found).__name__
        # Only the module's own code calls it, under conditions of its own.
        private = name.startswith("_") and not name.startswith("__") and name not in methods
        if what in ("getset_descriptor", "member_descriptor", "property"):
            yield Candidate(name, f"o.{name}")
            if private:
                continue
            values = (f"o2.{name}", *ASSIGNED)
            yield Candidate(f"{name}=", f"o.{name} = a[0]", values, MOST_OPERANDS)
        elif callable(found) and not isinstance(found, type) and not private:
            yield method(name, methods.get(name, Counter()), hasattr(kind, "__iter__"))
    for name, code, needed in GENERAL:
        if needed is None or hasattr(kind, needed):
            yield Candidate(name, code)
    if getattr(kind, "__dictoffset__", 0):
        yield Candidate("setattr", "o.zz = 1")
        yield Candidate("vars", "vars(o)")
    yield from _takers(takers)


def container_candidates(
    kind: type, methods: dict[str, Counter[str]], takers: Counter[str]
) -> Iterator[Candidate]:
    """Of a list, dict, set or bytearray that a package's function takes: what changes it."""
    for name in sorted(CONTAINER_METHODS & set(dir(kind))):
        yield method(name, methods.get(name, Counter()), True)
    yield from _takers(takers)


def capsule_candidates(
    kind: type, methods: dict[str, Counter[str]], takers: Counter[str]
) -> Iterator[Candidate]:
    """Of a pointer that a package hands out and takes back: nothing but the package knows it."""
    yield from _takers(takers)


def way_of(arguments: str) -> str:
    """What the arguments make possible beyond the call: that two objects take each other's locks,
    that the other thread acts in the middle of it."""
    if CALLBACK in arguments:
        return "a function"
    return "another object" if re.search(r"(?<!\()\bo2\b(?![.(])", arguments) else ""


def applied(candidate: Candidate, arguments: str, to: str) -> str | None:
    """The call as one expression; None where it is a statement."""
    if candidate.taker and len(re.findall(r"\bo\b", candidate.code)) == 1:
        return re.sub(r"\bo\b", lambda found: to, candidate.code)
    if " = " in candidate.code or not candidate.code.startswith("o."):
        return None
    if candidate.name in ("iter", "reversed"):
        return f"{candidate.name}({to})"
    return to + candidate.code[1:].replace("*a", arguments)


def derived(candidate: Candidate, arguments: str, result: object) -> tuple[str, str, str] | None:
    """What an operation gave and goes on with the object, a view or an iterator of it, is used by
    one thread while the other changes the object: name, code and arguments of that, or None."""
    if candidate.taker or (arguments and not candidate.code.endswith("(*a)")):
        return None
    if isinstance(result, (str, bytes, tuple, list, dict, set, frozenset, range, bytearray, type)):
        return None
    made = applied(candidate, arguments, "o")
    if made is None:
        return None
    if hasattr(type(result), "__next__"):
        return f"{candidate.name}.next", "next(a[0])", made
    if hasattr(type(result), "__iter__") and hasattr(type(result), "__len__"):
        return f"{candidate.name}.list", "list(a[0])", made
    return None


def _is_of_objects(kind: type, name: str) -> bool:
    """Is a function's __name__, say, an attribute of the function, not of its type?"""
    found = vars(kind).get(name)
    return name in NAMES and type(found).__name__ == "getset_descriptor"


def find(kind: type, name: str) -> tuple[object, type | None]:
    """What a class or one of its bases has of that name, and which of them."""
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name], base
    return None, None


def method(name: str, seen: Counter[str], has_items: bool) -> Candidate:
    """A call of it, with arguments that tests gave it, and others."""
    recorded = [arguments for arguments, _ in seen.most_common(8)]
    dunder = name.startswith("__")
    if name == "__setstate__":
        first: tuple[str, ...] = ("o2.__reduce__()[2]", "o2.__getstate__()", "o2")
    elif dunder and name not in BY_ITEM:
        first = ("o2",)
    else:
        first = INSIDE if has_items and not {"", "o2"} & set(recorded) else ()
    arguments = dict.fromkeys((*first, *recorded, *POOL))
    # Nobody expects __init__ of a live object to be safe: one is enough.
    keep = 1 if name == "__init__" else MOST_OPERANDS if dunder else MOST_ARGUMENTS
    return Candidate(_operator(name), f"o.{name}(*a)", tuple(arguments), keep)


REMADE = ("__init__", "__setstate__", "__setstate_cython__")
"""What makes a living object anew; a method setstate() need not."""


def _operator(name: str) -> str:
    """__len__ is called len."""
    dunder = name.startswith("__") and name.endswith("__")
    return name[2:-2] if dunder and name not in REMADE else name


def _takers(takers: Counter[str]) -> Iterator[Candidate]:
    """One a function: the call that came most often; of the functions that took it most often."""
    seen: Counter[str] = Counter()
    for code, _ in takers.most_common(200):
        if len(seen) >= MOST_TAKERS:
            break
        function = called(code)
        if function is None or seen[function[0]]:
            continue
        seen[function[0]] += 1
        yield Candidate(f"{function[1]}(.)", code, taker=True)


def called(code: str) -> tuple[str, str] | None:
    """The function that an expression calls, as source, and its short name: of
    `re.compile('(').match(o)` they are `re.compile('(').match` and `match`. None: it is no call, or
    of something without a name."""
    try:
        call = ast.parse(code, mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(call, ast.Call):
        return None
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func), call.func.attr
    return (call.func.id, call.func.id) if isinstance(call.func, ast.Name) else None
