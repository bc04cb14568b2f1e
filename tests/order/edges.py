"""Which synchronisation orders the second call of a case after the first.   edges.py CASE [ROUNDS]

With FROM=1 in the environment what the first thread did counts from the beginning of its call, else
from its end."""

import os
import subprocess
import sys
import tempfile

import table

HERE = table.HERE
INSIDE = """
import ctypes, os, sys, threading, time
sys.path.insert(0, {here!r})
trace = ctypes.PyDLL({trace!r})
import cases
calls = (cases.RACES | cases.ORDERED)[{case!r}]()
def work(number):
    time.sleep(0.2 + 0.15 * number)
    trace.edge_mark(1 + 2 * number)
    calls[number]()
    trace.edge_mark(2 + 2 * number)
threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
trace.edge_start()
for thread in threads:
    thread.start()
time.sleep(1)
trace.edge_save({output!r}.encode())
os._exit(0)
"""


def main():
    with tempfile.TemporaryDirectory() as place:
        trace, output = os.path.join(place, "edge_trace.so"), os.path.join(place, "edges")
        subprocess.run(
            [
                "clang-22",
                "-O1",
                "-fno-omit-frame-pointer",
                "-fPIC",
                "-shared",
                "-o",
                trace,
                os.path.join(HERE, "edge_trace.c"),
                "-ldl",
            ],
            check=True,
        )
        fd, memory = table.arena()
        reader = table.Reader(memory)
        environment = dict(
            os.environ,
            FTSTRESS_ARENA_FD=str(fd),
            TSAN_OPTIONS=table.TSAN,
            LD_PRELOAD=f"{table.LIBRARY}:{trace}",
            FTSTRESS_HAPPENS_BEFORE=os.environ.get("FTSTRESS_HAPPENS_BEFORE", "meant"),
        )
        program = table.START + INSIDE.format(
            here=HERE, trace=trace, case=sys.argv[1], output=output
        )
        subprocess.run([table.PYTHON, "-c", program], env=environment, pass_fds=(fd,), check=True)
        print("reports:", sum(reader.end().values()))
        subprocess.run(
            [sys.executable, os.path.join(HERE, "explain.py"), output, *sys.argv[2:3]], check=True
        )


main()
