"""How deep a thread with a small stack comes in C before it gets a RecursionError."""

import ctypes
import sys
import threading

STACK = 256 * 1024

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if hasattr(library, "ftstress_start") and library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")

depths: list[int] = []


def deeper(depth: int) -> int:
    """max() calls it in C."""
    try:
        return max([depth + 1], key=deeper)
    except RecursionError:
        depths.append(depth)
        return depth


threading.stack_size(STACK)
thread = threading.Thread(target=deeper, args=(0,))
thread.start()
thread.join()
print("depth", depths[0] if depths else 0, flush=True)
