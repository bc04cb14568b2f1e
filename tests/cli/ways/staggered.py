"""One thread after the other, ordered by nothing but the reference count of what both have used."""

import array
import time

shared = array.array("i", [0])
used = object()


def stress(thread):
    time.sleep(0.5 * thread)
    _ = [used, used]
    shared[0] = thread
    _ = [used, used]
