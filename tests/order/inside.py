"""Runs in the TSan interpreter: each case of the list in a forked child, RUNS times.

    inside.py OUTPUT RUNS GAP JOBS CASE ...

Writes one line `CASE PID STATUS` a run to OUTPUT. The reports of that child are in the arena. JOBS
children run at a time: they sleep most of theirs."""

import contextlib
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases


def work(number, call, gap, gate):
    # No closures here: 3.13 locks a variable that is shared with an inner function to read it.
    gate.wait()  # a thread's start orders much
    time.sleep(gap * (1 + number))
    try:
        call()
    except Exception:
        if os.environ.get("SHOW"):
            raise
    # A thread's end fills its history, and the stack of its access would be lost.
    time.sleep(gap * (2 - number) + 0.05)


def child(make, gap):
    calls = make()
    if os.environ.get("OVERLAP"):
        overlap(calls)
        return
    gate = threading.Barrier(2)
    threads = [threading.Thread(target=work, args=(i, calls[i], gap, gate)) for i in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(gap * 3 + 0.05)
    for thread in threads:
        thread.join()


def overlap(calls):
    """The control: is it a race at all?"""
    gate = threading.Barrier(2)

    def work(number):
        gate.wait()
        for _ in range(300):
            with contextlib.suppress(Exception):
                calls[number]()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start(make, gap):
    pid = os.fork()
    if pid:
        return pid
    status = 0
    try:
        child(make, gap)
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 9
    os._exit(status)


def main():
    output, runs, gap, jobs = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    names = sys.argv[5:]
    everything = cases.RACES | cases.ORDERED
    if any("numpy" in name for name in names):
        import numpy  # noqa: F401
    running = {}

    def wait(lines):
        pid, status = os.wait()
        lines.write(f"{running.pop(pid)} {pid} {status}\n")
        lines.flush()

    with open(output, "w") as lines:
        for name in names * runs:
            if len(running) == jobs:
                wait(lines)
            running[start(everything[name], gap)] = name
        while running:
            wait(lines)


main()
