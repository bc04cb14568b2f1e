"""Runs work() of the program named by argv[1] three times; prints the seconds of the fastest
to stderr (stdout may be shared with the host of the arena), and the most memory, in KiB, that the
process ever had in use.

With "python" behind it the program's variables are looked at, as in a test with --python-races: all
that it has made when it was loaded is shared, as if another thread had made it. With "away" the
hooks are taken away first, as in an iteration that does not look at them."""

import ctypes
import pathlib
import resource
import runpy
import sys
import time

library = ctypes.PyDLL(None)
if hasattr(library, "ftstress_start"):
    why = ctypes.c_char_p()
    if library.ftstress_start(ctypes.byref(why)):
        sys.exit(f"ftstress_start: {why.value!r}")
program = pathlib.Path(__file__).with_name(sys.argv[1] + ".py")
work = runpy.run_path(str(program))["work"]
if sys.argv[2:] == ["away"]:
    library.ftstress_variables_off()
if sys.argv[2:] == ["python"]:
    scope = f"M {program.parent}/".encode()
    if library.ftstress_variables_scope(scope):
        sys.exit("races on Python variables are not looked at")
    library.ftstress_set_test(ctypes.c_uint32(0))
work()
best = float("inf")
for _ in range(3):
    begin = time.perf_counter()
    work()
    best = min(best, time.perf_counter() - begin)
print(f"seconds {best:.6f}", file=sys.stderr)
print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}", file=sys.stderr)
