"""Which synchronisation orders the second call of a case after the first.

    edges.py CASE [ROUNDS [verbose]]
    edges.py --tap      a test: under `meant` only what KNOWN names orders everyday Python

With FROM=1 in the environment what the first thread did counts from the beginning of its call, else
from its end."""

import os
import subprocess
import sys
import tempfile

import explain
import table

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import tap

HERE = table.HERE

INSIDE = """
import ctypes, os, sys, threading, time
sys.path.insert(0, {here!r})
trace = ctypes.PyDLL({trace!r})
import cases
def work(number, call):
    time.sleep(0.2 + 0.15 * number)
    trace.edge_mark(1 + 2 * number)
    call()
    trace.edge_mark(2 + 2 * number)
calls = (cases.RACES | cases.ORDERED)[{case!r}]()
threads = [threading.Thread(target=work, args=(i, calls[i])) for i in range(2)]
trace.edge_start()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
trace.edge_save({output!r}.encode())
os._exit(0)
"""

# Who comes second learns what the first had done when it filled a cache, and no more.
KNOWN = {
    "_PyOnceFlag_CallOnceSlow",
    "insert_split_key",  # 3.13
}


def library(place):
    """The tracer, built in the folder."""
    built = os.path.join(place, "edge_trace.so")
    if not os.path.exists(built):
        flags = ["-O1", "-fno-omit-frame-pointer", "-fPIC", "-shared"]
        source = os.path.join(HERE, "edge_trace.c")
        subprocess.run(["clang-22", *flags, "-o", built, source, "-ldl"], check=True)
    return built


def record(case, level, place):
    """Runs the case with the tracer; returns the trace's file and how many reports there were."""
    tracer, output = library(place), os.path.join(place, f"edges-{level}")
    fd, memory = table.arena()
    reader = table.Reader(memory)
    environment = dict(
        os.environ,
        FTSTRESS_ARENA_FD=str(fd),
        TSAN_OPTIONS=table.TSAN,
        LD_PRELOAD=f"{table.LIBRARY}:{tracer}",
        FTSTRESS_HAPPENS_BEFORE=level,
    )
    program = table.START + INSIDE.format(here=HERE, trace=tracer, case=case, output=output)
    subprocess.run([table.PYTHON, "-c", program], env=environment, pass_fds=(fd,), check=True)
    os.close(fd)
    return output, sum(reader.end().values())


def givers(level, runs, place):
    """The functions whose releases ordered B after A's beginning in each of the runs."""
    found = []
    for _ in range(runs):
        trace = explain.Trace(record("everyday", level, place)[0], 1)
        found.append({trace.edge_name(*chain[-1])[1] for chain in trace.chains(40)})
    return set.intersection(*found)


def check(place):
    meant, written = givers("meant", 2, place) - KNOWN, givers("as-written", 1, place) - KNOWN
    new = [f"a new edge: {name} (FROM=1 edges.py everyday 40 tells more)" for name in sorted(meant)]
    tap.ok(not meant, "under meant, two threads are ordered by caches only", *new)
    tap.ok(bool(written), "as written, they are ordered by more")
    return tap.done()


def main():
    with tempfile.TemporaryDirectory() as place:
        if sys.argv[1:] == ["--tap"]:
            return check(place)
        level = os.environ.get("FTSTRESS_HAPPENS_BEFORE", "meant")
        path, reports = record(sys.argv[1], level, place)
        print("reports:", reports, flush=True)
        command = [sys.executable, os.path.join(HERE, "explain.py"), path, *sys.argv[2:]]
        subprocess.run(command, check=True)
        return 0


if __name__ == "__main__":
    sys.exit(main())
