"""While the process is alone nothing is told; all is with its second thread, or in a child."""

import ctypes
import os
import sys
import threading
import time

LENGTH = 32
"""Where it stands in a list, bytes."""

library = ctypes.PyDLL(None)
why = ctypes.c_char_p()
if library.ftstress_start(ctypes.byref(why)):
    sys.exit(f"ftstress_start: {why.value!r}")


def race(made: list[int]) -> None:
    """One thread appends under the list's lock, the other reads its length without any."""
    length = ctypes.c_ssize_t.from_address(id(made) + LENGTH)

    def append() -> None:
        made.append(1)
        time.sleep(0.2)  # it takes no lock before the other has read

    def read() -> None:
        time.sleep(0.05)
        _ = length.value

    threads = [threading.Thread(target=append), threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


assert library.ftstress_quiet()
import decimal  # noqa: E402  an import that takes and gives back locks

made = [int(decimal.Decimal(2))]
child = os.fork()
if child == 0:
    race(made)
    os._exit(0)
os.waitpid(child, 0)
assert library.ftstress_quiet()
made.append(3)
race(made)
assert not library.ftstress_quiet(), "it has had a second thread"
print("done", flush=True)
