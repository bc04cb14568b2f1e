"""Runs cases under both levels and prints the table.   table.py [-n RUNS] [-g GAP] [-l LEVEL] [CASE ...]"""
import argparse
import collections
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
RINGS, RING = 256, 256 * 1024
STRIDE = 4096 + RING
REPORT = 4
TSAN = ("handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:symbolize=0:exitcode=0:"
        "history_size=7:die_after_fork=0")


def arena():
    fd = os.memfd_create("arena", 0)
    os.ftruncate(fd, 4096 + RINGS * STRIDE)
    os.set_inheritable(fd, True)
    memory = mmap.mmap(fd, 4096 + RINGS * STRIDE)
    memory[:24] = struct.pack("<QIIII", 0x3173736572747366, 1, RINGS, RING, 0xFFFFFFFF)
    return fd, memory


class Reader(threading.Thread):
    """Takes the records out of the rings while the program runs; counts reports by process."""

    def __init__(self, memory):
        super().__init__()
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
            head, = struct.unpack_from("<Q", self.memory, start)
            tail, = struct.unpack_from("<Q", self.memory, start + 64)
            while tail < head:
                at = start + 4096 + tail % RING
                length, kind, _, pid = struct.unpack_from("<IHHI", self.memory, at)
                self.reports[pid] += kind == REPORT
                tail += length
            struct.pack_into("<Q", self.memory, start + 64, tail)

    def end(self):
        self.ended.set()
        self.join()
        lost = sum(struct.unpack_from("<Q", self.memory, 4096 + ring * STRIDE + 8)[0]
                   for ring in range(RINGS))
        assert not lost, f"{lost} records lost"
        return self.reports


def run(level, runs, gap, names, library, python):
    fd, memory = arena()
    reader = Reader(memory)
    path = tempfile.mktemp()
    environment = dict(os.environ, FTSTRESS_ARENA_FD=str(fd), LD_PRELOAD=library,
                       TSAN_OPTIONS=TSAN, FTSTRESS_HAPPENS_BEFORE=level)
    program = ("import ctypes, runpy, sys; w = ctypes.c_char_p();"
               "assert ctypes.PyDLL(None).ftstress_start(ctypes.byref(w)) == 0, w.value;"
               "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')")
    subprocess.run([python, "-c", program, os.path.join(HERE, "inside.py"), path, str(runs),
                    str(gap), *names], env=environment, pass_fds=(fd,), check=True)
    reports = reader.end()
    hits, bad = collections.Counter(), collections.Counter()
    for line in open(path):
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
    parser.add_argument("-l", action="append")
    parser.add_argument("-s", default="races")
    parser.add_argument("-k", default="")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    sys.path.insert(0, HERE)
    import cases
    names = options.cases or list(cases.RACES if options.s == "races" else cases.ORDERED)
    names = [n for n in names if options.k in n and (n in cases.RACES or n in cases.ORDERED)]
    library = os.environ.get("FTSTRESS_LIBRARY", os.path.join(HERE, "../../build/libftstress.so"))
    python = os.environ.get("FTSTRESS_PYTHON",
                            os.path.expanduser("~/.cache/ftstress/python/3.14-tsan-hand/bin/python3.14t"))
    levels = options.l or ["as-written", "meant"]
    table = {level: run(level, options.n, options.g, names, library, python) for level in levels}
    for name in names:
        print(f"{name:28}", *(f"{table[l][0][name]:3}/{options.n}" + (f" !{table[l][1][name]}" if table[l][1][name] else "") for l in levels))
    for l in levels:
        print(l, "found in every run:", sum(table[l][0][n] == options.n for n in names), "of", len(names),
              "in some:", sum(table[l][0][n] > 0 for n in names))


main()
