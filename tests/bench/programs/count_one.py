"""Carries out an operation of Python between two marks for steps.c, ROUNDS times.

    count_one.py STATEMENT ROUNDS

The statement stands TIMES times between the marks; SETUP makes what it works on.
"""

import ctypes
import mmap
import sys

TIMES = 5
SETUP = """
import threading
class Thing:
    pass
class Slotted:
    __slots__ = ("x",)
thing, slotted = Thing(), Slotted()
thing.x = slotted.x = 0
table, items, lock, value = {"a": 0, 7: 0}, [], threading.Lock(), 300
rlock, found, things = threading.RLock(), set(), [None] * 100
"""

library = ctypes.PyDLL(None)
if hasattr(library, "ftstress_start"):
    why = ctypes.c_char_p()
    if library.ftstress_start(ctypes.byref(why)):
        sys.exit(f"ftstress_start: {why.value!r}")


class Method(ctypes.Structure):  # PyMethodDef
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


NO_ARGUMENTS = 4  # METH_NOARGS
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
# Two bytes that become ud2; mov $None, %rax; ret. A call through ctypes would cost more.
code.write(b"\x66\x90\x48\xb8" + id(None).to_bytes(8, "little") + b"\xc3")
method = Method(b"mark", ctypes.addressof(ctypes.c_char.from_buffer(code)), NO_ARGUMENTS, None)
make = ctypes.pythonapi.PyCFunction_NewEx
make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p] * 3
mark = make(ctypes.addressof(method), None, None)

statement, rounds = sys.argv[1], int(sys.argv[2])
names = "mark, thing, slotted, table, items, lock, value, found, things, Thing"
body = "\n    ".join(["mark()"] + [statement] * TIMES + ["mark()"])
space = {"mark": mark}
exec(f"{SETUP}\ndef counted({names}):\n    {body}", space)
counted, given = space["counted"], [space[name] for name in names.split(", ")]
for _ in range(200):  # until the interpreter has specialized it, and has grown what grows
    counted(*given)
del space["items"][-90:]  # what comes next fits
code[0:2] = b"\x0f\x0b"
for _ in range(rounds):
    counted(*given)
