"""Runs the cases of cases.py under both levels and prints how often each was reported.

    table.py [-n RUNS] [-g SECONDS BETWEEN] [-j AT A TIME] [-l LEVEL]... [-s races|ordered]
             [-k PART OF NAME] [CASE ...]
    table.py --tap      under `meant`, as a test

PYTHONPATH names the places of NumPy and of the planted extension built with TSan; without them
their cases are left out. FTSTRESS_LIBRARY and FTSTRESS_PYTHON replace the defaults."""

import argparse
import collections
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import tap

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "../../include/ftstress/arena.h")) as header:
    VERSION = int(header.read().partition("FTS_ARENA_VERSION ")[2].partition("u")[0])
RINGS, RING = 256, 256 * 1024
STRIDE = 4096 + RING
COVER = 3584 * 1024
REPORT = 4
LIBRARY = os.environ.get("FTSTRESS_LIBRARY", os.path.join(HERE, "../../build/libftstress.so"))
PYTHON = os.environ.get("FTSTRESS_PYTHON", "python3.14t")
START = (
    "import ctypes, runpy, sys; w = ctypes.c_char_p();"
    "assert ctypes.PyDLL(None).ftstress_start(ctypes.byref(w)) == 0, w.value;"
)
TSAN = (
    "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:symbolize=0:exitcode=0:"
    "history_size=7:die_after_fork=0"
)


def arena():
    fd = os.memfd_create("arena", 0)
    os.ftruncate(fd, 4096 + RINGS * STRIDE + COVER)
    os.set_inheritable(fd, True)
    memory = mmap.mmap(fd, 4096 + RINGS * STRIDE)
    memory[:24] = struct.pack("<QIIII", 0x3173736572747366, VERSION, RINGS, RING, 0xFFFFFFFF)
    return fd, memory


class Reader(threading.Thread):
    """Takes the records out of the rings while the program runs; counts reports by process."""

    def __init__(self, memory):
        super().__init__(daemon=True)
        self.memory, self.ended = memory, threading.Event()
        self.reports = collections.Counter()
        self.start()

    def run(self):
        while not self.ended.wait(0.01):
            self.drain()
        self.drain()

    def drain(self):
        for ring in range(RINGS):
            start = 4096 + ring * STRIDE
            (head,) = struct.unpack_from("<Q", self.memory, start)
            (tail,) = struct.unpack_from("<Q", self.memory, start + 64)
            while tail < head:
                at = start + 4096 + tail % RING
                length, kind, _, pid = struct.unpack_from("<IHHI", self.memory, at)
                self.reports[pid] += kind == REPORT
                tail += length
            struct.pack_into("<Q", self.memory, start + 64, tail)

    def end(self):
        self.ended.set()
        self.join()
        lost = sum(
            struct.unpack_from("<Q", self.memory, 4096 + ring * STRIDE + 8)[0]
            for ring in range(RINGS)
        )
        assert not lost, f"{lost} records lost"
        return self.reports


def run(level, runs, gap, jobs, names):
    fd, memory = arena()
    reader = Reader(memory)
    path = tempfile.mktemp()
    environment = dict(
        os.environ,
        FTSTRESS_ARENA_FD=str(fd),
        LD_PRELOAD=LIBRARY,
        TSAN_OPTIONS=TSAN,
        FTSTRESS_HAPPENS_BEFORE=level,
    )
    program = START + "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    subprocess.run(
        [
            PYTHON,
            "-c",
            program,
            os.path.join(HERE, "inside.py"),
            path,
            str(runs),
            str(gap),
            str(jobs),
            *names,
        ],
        env=environment,
        pass_fds=(fd,),
        check=True,
    )
    reports = reader.end()
    hits, bad = collections.Counter(), collections.Counter()
    with open(path) as lines:
        for line in lines:
            name, pid, status = line.split()
            hits[name] += reports[int(pid)] > 0
            bad[name] += status != "0"
    os.unlink(path)
    os.close(fd)
    return hits, bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=2)
    parser.add_argument("-g", type=float, default=0.08)
    parser.add_argument("-j", type=int, default=4)
    parser.add_argument("-l", action="append")
    parser.add_argument("-s", default="races")
    parser.add_argument("-k", default="")
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--tap", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, HERE)
    import cases

    if options.tap:
        return check()
    names = options.cases or available(cases.RACES if options.s == "races" else cases.ORDERED)
    names = [n for n in names if options.k in n and (n in cases.RACES or n in cases.ORDERED)]
    levels = options.l or ["as-written", "meant"]
    table = {level: run(level, options.n, options.g, options.j, names) for level in levels}
    for name in names:
        cells = []
        for hits, bad in table.values():
            cells.append(f"{hits[name]:3}/{options.n}" + (f" !{bad[name]}" if bad[name] else ""))
        print(f"{name:32}", *cells)
    for level, (hits, _) in table.items():
        print(
            f"{level}: of {len(names)} found in every run "
            f"{sum(hits[n] == options.n for n in names)}, in some "
            f"{sum(hits[n] > 0 for n in names)}"
        )
    return 0


def available(names):
    """Those of the cases that this Python can run, and that are what they are called on it."""
    import cases

    places = os.environ.get("PYTHONPATH", "").split(":")
    numpy = any(os.path.isdir(os.path.join(place, "numpy")) for place in places)
    command = [PYTHON, "-c", "import sys; print(sys.version_info[1])"]
    minor = int(subprocess.run(command, capture_output=True, check=True).stdout)
    left_out = cases.GUARDED_SINCE_314 | cases.LOCKED_BEFORE_314 if minor < 14 else set()
    if minor >= 15:
        left_out |= cases.LEFT_OUT_SINCE_315
    return [n for n in names if n not in left_out and (numpy or not n.startswith("numpy_"))]


def check():
    import cases

    races, twins, runs = available(cases.RACES), available(cases.ORDERED), 2
    found, _ = run("meant", runs, 0.1, 4, races)
    told, _ = run("meant", 1, 0.1, 4, twins)
    every = [n for n in races if found[n] > 0]
    hidden = sorted(cases.BY_ONE_RULE & set(races) - set(every))
    loud = [n for n in twins if told[n]]
    tap.ok(
        len(every) >= 0.9 * len(races),
        f"nine of ten races are found in two runs of two calls 0.1 s apart "
        f"({len(every)} of {len(races)})",
    )
    for name in races:
        if name not in every:
            tap.comment(f"{name}: {found[name]} of {runs}")
    tap.ok(not loud, f"no twin is reported ({len(twins)} twins)", *loud)
    tap.ok(len(races) >= 25 and len(twins) >= 25, "25 of each at least")
    tap.ok(not hidden, "what one rule or its guard lets through is found", *hidden)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
