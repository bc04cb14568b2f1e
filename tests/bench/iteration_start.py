"""Start of an iteration: from the runner's message to the fork's "started", NumPy's tests imported.

iteration_start.py LIBRARY ENV.json [ROUNDS]
"""

import json
import mmap
import os
import pathlib
import re
import socket
import statistics
import struct
import subprocess
import sys
import time

from slowdown import TSAN

TEST = "numpy/_core/tests/test_dtype.py::TestBuiltin::test_run[int]"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def arena_file():
    """A memfd laid out as include/ftstress/arena.h says."""
    header = (ROOT / "include/ftstress/arena.h").read_text()

    def number(pattern, base=10):
        found = re.search(pattern, header)
        assert found, f"arena.h has no {pattern}"
        return int(found[1], base)

    magic = number(r"FTS_ARENA_MAGIC 0x([0-9a-f]+)", 16)
    version = number(r"FTS_ARENA_VERSION (\d+)")
    rings = number(r"FTS_RING_COUNT (\d+)")
    size = number(r"FTS_RING_BYTES \((\d+)u \* 1024u\)") * 1024
    cover = number(r"FTS_COVER_BYTES \((\d+)u \* 1024u\)") * 1024
    fd = os.memfd_create("arena", 0)
    os.ftruncate(fd, 4096 + rings * (4096 + size) + cover)
    with mmap.mmap(fd, 4096) as page:
        page[:24] = struct.pack("<QIIII", magic, version, rings, size, 0xFFFFFFFF)
    return fd


def main():
    library, env_file = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    env = json.loads(pathlib.Path(env_file).read_text())
    ours, theirs = socket.socketpair()
    arena = arena_file()
    for fd in (theirs.fileno(), arena):
        os.set_inheritable(fd, True)
    environment = dict(
        os.environ,
        TSAN_OPTIONS=TSAN,
        LD_PRELOAD=os.path.abspath(library),
        FTSTRESS_ARENA_FD=str(arena),
        FTSTRESS_CONTROL_FD=str(theirs.fileno()),
        PYTHONPATH=":".join([str(ROOT / "stress"), *env["tsan_site"]]),
    )
    zygote = subprocess.Popen(
        [env["python"], "-m", "ftstress_driver", "--driver", "pytest", "--target", "numpy"],
        env=environment,
        pass_fds=(theirs.fileno(), arena),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    theirs.close()
    lines = ours.makefile("r")
    json.loads(lines.readline())
    starts = []
    for iteration in range(rounds + 1):
        message = {
            "op": "run",
            "iteration": iteration,
            "seed": iteration,
            "threads": 2,
            "switch_interval": 0.005,
            "budget": 10.0,
            "tests": [TEST],
        }
        begin = time.perf_counter()
        ours.sendall((json.dumps(message) + "\n").encode())
        while True:
            reply = json.loads(lines.readline())
            if reply["op"] == "started":
                starts.append(time.perf_counter() - begin)
            if reply["op"] == "ended":
                break
    ours.sendall(b'{"op":"quit"}\n')
    zygote.wait()
    warm = starts[1:]
    print(
        f"iteration start  median {statistics.median(warm) * 1e3:.0f} ms"
        f"   ({min(warm) * 1e3:.0f}..{max(warm) * 1e3:.0f})"
    )


if __name__ == "__main__":
    main()
